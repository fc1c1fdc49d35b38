using System.Text;
using RuleCompiler.Backends;
using RuleCompiler.Emulator.Modes;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>Rules as the kernel's tools print them, or as <c>rulec compile</c> does.</summary>
/// <param name="Families">
/// Those that the text shows, at least one. Text without any address means the same in both.
/// </param>
internal sealed record Dump(IMode Mode, Seq<Family> Families, Seq<ArtifactFile> Files)
{
    private static readonly string[] _addressOptions = [" -s ", " -d "];

    private static readonly string[] _serverStarts =
        ["-A -t ", "-A -u ", "-A --sctp-service ", "TCP  ", "UDP  ", "SCTP "];

    public Family Family => Families[0];

    /// <summary>
    /// kube-proxy's own rules rather than ours: its nftables table has a name of its own, and its iptables rules refuse
    /// nothing that a process of the node sends to an external address (service-semantics §13.2 #9).
    /// </summary>
    public bool IsKubeProxys => Mode.Mode switch
    {
        ProxyMode.Iptables => !Files.Any(file => HasLine(file.Text, "-A OUTPUT ", "-j KUBE-EXTERNAL-SERVICES")),
        ProxyMode.Nftables => Files.Any(file => file.Text.Contains("kube-proxy", StringComparison.Ordinal)),
        ProxyMode.Ipvs => false,
    };

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

        var shown = mode ?? ModeOf(files).ToString().ToLowerInvariant();
        return ModeOption.Choose(shown, loaded.Node.Config, session) is { } chosen
            ? Create(chosen, family, files)
            : null;
    }

    /// <inheritdoc cref="Read(IReadOnlyList{string}, string?, LoadedCluster, Family?, Session)"/>
    public static Dump? Read(IReadOnlyList<string> paths, IMode mode, Family? family, Session session) =>
        ReadAll(paths, session) is { } files ? Create(mode, family, files) : null;

    private static Dump Create(IMode mode, Family? family, Seq<ArtifactFile> files) =>
        new(mode, family is { } one ? [one] : FamiliesOf(files, mode.Mode), files);

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
                if (BeginsWithAny(text, ["create ", "IP Virtual Server ", "-A -t ", "-A -u ", "-A --"]))
                    return ProxyMode.Ipvs;
                break;
            }
        }

        return ProxyMode.Iptables;
    }

    private static Seq<Family> FamiliesOf(Seq<ArtifactFile> files, ProxyMode mode) => mode switch
    {
        ProxyMode.Iptables => [FamilyOfRules(files)],
        ProxyMode.Nftables => Shown(
            Holds(files, "table ip ") || Holds(files, "\"family\": \"ip\""),
            Holds(files, "table ip6 ") || Holds(files, "\"family\": \"ip6\"")),
        ProxyMode.Ipvs => Shown(
            Holds(files, "family inet ") || files.Any(file => HasServer(file.Text, Family.Ipv4)),
            Holds(files, "family inet6 ") || files.Any(file => HasServer(file.Text, Family.Ipv6))),
    };

    private static Seq<Family> Shown(bool ipv4, bool ipv6) => (ipv4, ipv6) switch
    {
        (true, true) => [Family.Ipv4, Family.Ipv6],
        (false, true) => [Family.Ipv6],
        _ => [Family.Ipv4],
    };

    private static bool Holds(Seq<ArtifactFile> files, string text) =>
        files.Any(file => file.Text.Contains(text, StringComparison.Ordinal));

    /// <summary>A virtual server of ipvsadm -Sn or -Ln; addresses of IPv6 are in brackets.</summary>
    private static bool HasServer(string text, Family family)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            foreach (var start in _serverStarts)
            {
                if (!line.StartsWith(start, StringComparison.Ordinal)) continue;
                var address = line[start.Length..];
                if (!address.IsEmpty && address[0] == '[' == (family == Family.Ipv6)) return true;
            }
        }

        return false;
    }

    private static bool HasLine(string text, string start, string part)
    {
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            if (line.StartsWith(start, StringComparison.Ordinal) && line.Contains(part, StringComparison.Ordinal))
                return true;
        }

        return false;
    }

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
