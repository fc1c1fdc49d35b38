using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>Rules as the kernel's tools print them, or as <c>rulec compile</c> does.</summary>
/// <param name="Families">
/// Those that the text shows, at least one. Text without any address means the same in both.
/// </param>
internal sealed record Dump(Backend Backend, Seq<Family> Families, Seq<ArtifactFile> Files)
{
    public Family Family => Families[0];

    public bool IsKubeProxys => Backend.IsKubeProxys(Files);

    /// <summary>
    /// In the mode that is named, or that the text shows. Null, and reported, when it cannot be read.
    /// </summary>
    public static Dump? Read(
        IReadOnlyList<string> paths, string? mode, LoadedCluster loaded, Family? family, Session session)
    {
        if (ReadAll(paths, session) is not { } files) return null;
        if (files.All(file => string.IsNullOrWhiteSpace(file.Text)))
        {
            // What a tool that failed leaves in a pipe. Taken for rules, it would answer that nothing is translated.
            session.Report(new Diagnostic(
                DiagnosticCatalog.NoInput, Location.Whole(files[0].Name), "found nothing, expected a dump of rules",
                "look whether the tool that writes it failed; rules that are none have a table at least"));
            return null;
        }

        var shown = mode ?? BackendRegistry.Recognize(files).Name;
        return ModeOption.Choose(shown, loaded.Node.Config, session) is { } chosen
            ? Create(chosen, family, files)
            : null;
    }

    /// <inheritdoc cref="Read(IReadOnlyList{string}, string?, LoadedCluster, Family?, Session)"/>
    public static Dump? Read(IReadOnlyList<string> paths, Backend backend, Family? family, Session session) =>
        ReadAll(paths, session) is { } files ? Create(backend, family, files) : null;

    private static Dump Create(Backend backend, Family? family, Seq<ArtifactFile> files) =>
        new(backend, family is { } one ? [one] : backend.FamiliesOf(files), files);

    private static Seq<ArtifactFile>? ReadAll(IReadOnlyList<string> paths, Session session)
    {
        var files = new List<ArtifactFile>();
        foreach (var path in paths)
        {
            if (InputFiles.Read(path, session) is not { } file) return null;
            files.Add(new ArtifactFile(file.Path, Encoding.UTF8.GetString(file.Content.Span)));
        }

        return files.ToSeq();
    }
}
