using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>What a text shows before it is parsed.</content>
public sealed partial class IptablesBackend
{
    private static readonly string[] _addressOptions = [" -s ", " -d "];

    /// <summary>iptables-save names itself in a comment; other texts show their family by their addresses.</summary>
    public override Seq<Family> FamiliesOf(Seq<ArtifactFile> files)
    {
        foreach (var file in files)
        {
            foreach (var line in file.Text.AsSpan().EnumerateLines())
            {
                if (line.StartsWith('#'))
                {
                    if (line.Contains("ip6tables", StringComparison.Ordinal)) return [Family.Ipv6];
                    if (line.Contains("iptables", StringComparison.Ordinal)) return [Family.Ipv4];
                }

                if (FamilyOfAddressIn(line) is { } family) return [family];
            }
        }

        return [Family.Ipv4];
    }

    /// <summary>
    /// kube-proxy's OUTPUT chain does not lead to KUBE-EXTERNAL-SERVICES: a process of the node is not refused at an
    /// external address (service-semantics §13.2 #9). Ours does.
    /// </summary>
    public override bool IsKubeProxys(Seq<ArtifactFile> files) =>
        !files.Any(file => DumpText.HasLine(file.Text, "-A OUTPUT ", "-j KUBE-EXTERNAL-SERVICES"));

    private static Family? FamilyOfAddressIn(ReadOnlySpan<char> line)
    {
        foreach (var option in _addressOptions)
        {
            var at = line.IndexOf(option, StringComparison.Ordinal);
            if (at < 0) continue;
            var word = line[(at + option.Length)..];
            var end = word.IndexOfAny('/', ' ');
            if (Ip.TryParse(end < 0 ? word : word[..end], null, out var ip)) return ip.Family;
        }

        return null;
    }
}
