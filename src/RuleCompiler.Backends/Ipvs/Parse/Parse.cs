using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <content>
/// Reads what <see cref="Print"/> writes, and what ipset save, ipvsadm -Sn, ipvsadm -Ln, ipvsadm -L --timeout,
/// iptables-save and sysctl print: a line tells by itself which of them it is from, so dumps may share a file.
/// </content>
public sealed partial class IpvsBackend
{
    /// <summary>
    /// The state that the files' lines, one after the other, make of an empty node. A line that cannot be read, or that
    /// the kernel would refuse, is an error and is left out; reading goes on behind it. What a dump holds of the other
    /// family is passed over, with a warning where there is nothing else.
    /// </summary>
    public override Parsed<IpvsArtifact> Parse(Seq<ArtifactFile> files, Family family)
    {
        var reader = new DumpReader(family);
        foreach (var file in files) reader.Read(file);
        return reader.Finish();
    }
}
