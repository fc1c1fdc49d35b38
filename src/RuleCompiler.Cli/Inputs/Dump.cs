using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>The rules of one family as the kernel's tools print them, or as <c>rulec compile</c> does.</summary>
internal sealed record Dump(IMode Mode, Family Family, Seq<ArtifactFile> Files)
{
    private static readonly string[] _addressOptions = [" -s ", " -d "];

    /// <summary>In the mode that is named, or that the text shows. Null, and reported, when it cannot be read.</summary>
    public static Dump? Read(
        IReadOnlyList<string> paths, string? mode, LoadedCluster loaded, Family? family, Session session)
    {
        if (ReadAll(paths, session) is not { } files) return null;
        var shown = mode is null ? ModeOf(files).ToString().ToLowerInvariant() : mode;
        return ModeOption.Choose(shown, loaded.Node.Config, session) is { } chosen
            ? new Dump(chosen, family ?? FamilyOf(files, chosen.Mode), files)
            : null;
    }

    /// <inheritdoc cref="Read(IReadOnlyList{string}, string?, LoadedCluster, Family?, Session)"/>
    public static Dump? Read(IReadOnlyList<string> paths, IMode mode, Family? family, Session session) =>
        ReadAll(paths, session) is { } files ? new Dump(mode, family ?? FamilyOf(files, mode.Mode), files) : null;

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

    /// <summary>Each tool's text has a beginning of its own; what no other writes is for iptables to judge.</summary>
    private static ProxyMode ModeOf(Seq<ArtifactFile> files)
    {
        foreach (var file in files)
        {
            foreach (var line in file.Text.AsSpan().EnumerateLines())
            {
                var text = line.TrimStart();
                if (text.IsEmpty || text[0] == '#') continue;
                if (BeginsWithAny(text, ["{", "table ", "add table ", "delete table "])) return ProxyMode.Nftables;
                if (BeginsWithAny(text, ["create ", "IP Virtual Server ", "-A -t ", "-A -u ", "-A --"])) return ProxyMode.Ipvs;
                break;
            }
        }

        return ProxyMode.Iptables;
    }

    /// <summary>The family that a text shows; one without any address means the same in both.</summary>
    private static Family FamilyOf(Seq<ArtifactFile> files, ProxyMode mode) => mode switch
    {
        ProxyMode.Iptables => FamilyOfRules(files),
        ProxyMode.Nftables => Shows(files, "table ip ", "\"family\": \"ip\"") ? Family.Ipv4
            : Shows(files, "table ip6 ", "\"family\": \"ip6\"") ? Family.Ipv6
            : Family.Ipv4,
        ProxyMode.Ipvs => Shows(files, "family inet6", " [") ? Family.Ipv6 : Family.Ipv4,
    };

    private static bool Shows(Seq<ArtifactFile> files, string one, string other) => files.Any(file =>
        file.Text.Contains(one, StringComparison.Ordinal) || file.Text.Contains(other, StringComparison.Ordinal));

    /// <summary>The tools name themselves in a comment; other texts show their family by their addresses.</summary>
    private static Family FamilyOfRules(Seq<ArtifactFile> files)
    {
        foreach (var file in files)
        {
            foreach (var line in file.Text.AsSpan().EnumerateLines())
            {
                if (line.StartsWith('#'))
                {
                    if (line.Contains("ip6tables", StringComparison.Ordinal)) return Family.Ipv6;
                    if (line.Contains("iptables", StringComparison.Ordinal)) return Family.Ipv4;
                }

                foreach (var option in _addressOptions)
                {
                    var at = line.IndexOf(option, StringComparison.Ordinal);
                    if (at < 0) continue;
                    var word = line[(at + option.Length)..];
                    var end = word.IndexOfAny('/', ' ');
                    if (Ip.TryParse(end < 0 ? word : word[..end], null, out var ip)) return ip.Family;
                }
            }
        }

        return Family.Ipv4;
    }

    private static bool BeginsWithAny(ReadOnlySpan<char> text, ReadOnlySpan<string> starts)
    {
        foreach (var start in starts)
        {
            if (text.StartsWith(start, StringComparison.Ordinal)) return true;
        }

        return false;
    }
}
