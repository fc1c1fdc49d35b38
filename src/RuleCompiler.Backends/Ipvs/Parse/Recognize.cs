using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <content>What a text shows before it is parsed.</content>
public sealed partial class IpvsBackend
{
    private static readonly string[] _serverStarts =
        ["-A -t ", "-A -u ", "-A --sctp-service ", "TCP  ", "UDP  ", "SCTP "];

    /// <summary>Output of <c>ipset save</c>, <c>ipvsadm -Sn</c> or <c>ipvsadm -Ln</c>.</summary>
    public override bool Recognizes(Seq<ArtifactFile> files) =>
        DumpText.BeginsWithAny(files, ["create ", "IP Virtual Server ", "-A -t ", "-A -u ", "-A --"]);

    public override Seq<Family> FamiliesOf(Seq<ArtifactFile> files) => DumpText.Families(
        ipv4: DumpText.Holds(files, "family inet ") || files.Any(file => HasServer(file.Text, Family.Ipv4)),
        ipv6: DumpText.Holds(files, "family inet6 ") || files.Any(file => HasServer(file.Text, Family.Ipv6)));

    /// <summary>A virtual server of ipvsadm -Sn or -Ln; IPv6 addresses are in brackets.</summary>
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
}
