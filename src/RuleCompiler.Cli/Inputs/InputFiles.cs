using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;

namespace RuleCompiler.Cli.Inputs;

/// <summary>Reads what <c>-f</c> and its like name.</summary>
internal static class InputFiles
{
    /// <summary>What Kubernetes objects are kept in.</summary>
    public static readonly string[] Objects = [".yaml", ".yml", ".json"];

    /// <summary>
    /// Files, directories (searched through for names that end right, in ordinal order of the paths) and "-" for
    /// standard input. Null, with every reason reported, when any of it cannot be read.
    /// </summary>
    public static IReadOnlyList<InputFile>? ReadAll(IReadOnlyList<string> paths, string[] extensions, Session session)
    {
        var files = new List<InputFile>();
        var known = new HashSet<string>(StringComparer.Ordinal);
        var isComplete = true;
        foreach (var path in paths)
        {
            if (!Directory.Exists(path))
            {
                if (known.Add(path is StandardInput or "" ? path : Path.GetFullPath(path)))
                    isComplete &= Add(Read(path, session));
                continue;
            }

            var found = new List<string>();
            isComplete &= Search(path, extensions, found, session, depth: 0);
            if (isComplete && found.Count == 0)
            {
                session.Report(new Diagnostic(
                    DiagnosticCatalog.NoInput, Location.Whole(path),
                    $"found no {string.Join(" or ", extensions.Select(each => "*" + each))} in this directory",
                    "name a directory that holds some, or a file"));
                isComplete = false;
            }

            foreach (var file in found)
                if (known.Add(Path.GetFullPath(file))) isComplete &= Add(Read(file, session));
        }

        return isComplete ? files : null;

        bool Add(InputFile? file)
        {
            if (file is not null) files.Add(file);
            return file is not null;
        }
    }

    /// <summary>One file or standard input; null, with the reason reported, when it cannot be read.</summary>
    public static InputFile? Read(string path, Session session)
    {
        try
        {
            if (path == StandardInput) return new InputFile("<stdin>", ReadToEnd(session.Shell.Input));
            if (Directory.Exists(path)) return Unreadable("it is a directory; name a file");
            using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 1);
            return new InputFile(path, ReadToEnd(stream));
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            return Unreadable(ReasonOf(exception));
        }

        InputFile? Unreadable(string reason)
        {
            session.Report(
                new Diagnostic(DiagnosticCatalog.UnreadableInput, Location.Whole(path), $"cannot be read: {reason}"));
            return null;
        }
    }

    /// <summary>Why the operating system refused, without repeating the path.</summary>
    public static string ReasonOf(Exception exception) => exception switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file or directory",
        UnauthorizedAccessException => "permission denied",
        ArgumentException => "this is not a path",
        _ => exception.Message,
    };

    /// <summary>
    /// Hidden entries are passed over, and directories that are links too, so that no loop is walked; files that are
    /// links are read, since that is what a mounted ConfigMap consists of.
    /// </summary>
    private static bool Search(string directory, string[] extensions, List<string> found, Session session, int depth)
    {
        if (depth > DirectoryDepthMax)
        {
            session.Report(new Diagnostic(
                DiagnosticCatalog.UnreadableInput, Location.Whole(directory),
                $"directories are nested more than {DirectoryDepthMax} deep"));
            return false;
        }

        try
        {
            var entries = Directory.GetFileSystemEntries(directory);
            Array.Sort(entries, StringComparer.Ordinal);
            var isComplete = true;
            foreach (var entry in entries)
            {
                if (Path.GetFileName(entry).StartsWith('.')) continue;
                if (Directory.Exists(entry))
                {
                    if (new DirectoryInfo(entry).LinkTarget is null)
                        isComplete &= Search(entry, extensions, found, session, depth + 1);
                }
                else if (extensions.Contains(Path.GetExtension(entry)))
                {
                    found.Add(entry);
                }
            }

            return isComplete;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            session.Report(new Diagnostic(
                DiagnosticCatalog.UnreadableInput, Location.Whole(directory),
                $"cannot be read: {ReasonOf(exception)}"));
            return false;
        }
    }

    private static ReadOnlyMemory<byte> ReadToEnd(Stream stream)
    {
        using var buffer = new MemoryStream(stream.CanSeek ? (int)Math.Min(stream.Length, InputBytesMax) : 0);
        var chunk = new byte[1 << 16];
        while (stream.Read(chunk) is var count and > 0)
        {
            if (buffer.Length + count > InputBytesMax)
                throw new IOException($"it has more than {InputBytesMax >> 20} MiB");
            buffer.Write(chunk, 0, count);
        }

        return buffer.GetBuffer().AsMemory(0, (int)buffer.Length);
    }

    private const string StandardInput = "-";
    private const int DirectoryDepthMax = 64;

    /// <summary>Fifty times the largest dump that was measured; endless devices end here too.</summary>
    private const long InputBytesMax = 1L << 29;
}
