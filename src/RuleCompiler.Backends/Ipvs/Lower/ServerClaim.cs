using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>
/// A frontend's virtual server, and what there is of it elsewhere. Of two claims on one address, protocol and port the
/// frontend with an address of its own has it, before the NodePort that has its number.
/// </summary>
/// <param name="Binds">The address that kube-ipvs0 needs for it; null where it is the node's own.</param>
internal sealed record ServerClaim(VirtualServer Server, bool OnNodePort, Ip? Binds, Seq<SetMember> Members)
    : IKeyed<ServerClaim>
{
    public static int CompareKeys(ServerClaim left, ServerClaim right) =>
        left.Server.Key.CompareTo(right.Server.Key) is var byKey and not 0
            ? byKey
            : left.OnNodePort.CompareTo(right.OnNodePort);
}

internal readonly record struct SetMember(SetName Set, IpSetEntry Entry);
