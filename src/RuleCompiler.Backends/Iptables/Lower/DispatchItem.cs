using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <summary>What a dispatch rule tests: one address (null: any) and one port.</summary>
internal readonly record struct DispatchKey(Ip? Address, Protocol Protocol, Port Port) : IComparable<DispatchKey>
{
    /// <summary>By address, protocol and port; "any" is last.</summary>
    public int CompareTo(DispatchKey other)
    {
        if (Address is null != other.Address is null) return Address is null ? 1 : -1;
        if (Address is { } own && other.Address is { } others && own.CompareTo(others) is var order and not 0) return order;
        return Protocol != other.Protocol ? Protocol.CompareTo(other.Protocol) : Port.CompareTo(other.Port);
    }

    /// <summary>The rule that tests exactly this, then <paramref name="extensions"/>.</summary>
    public Rule To(Target? target, string comment, params ReadOnlySpan<Match> extensions) => new(
        [.. Address is { } address ? [Matches.To(address)] : (ReadOnlySpan<Match>)[], Matches.Of(Protocol), Matches.Port(Port), .. extensions],
        target, Comments.Clip(comment));

    public static bool operator <(DispatchKey left, DispatchKey right) => left.CompareTo(right) < 0;

    public static bool operator >(DispatchKey left, DispatchKey right) => left.CompareTo(right) > 0;

    public static bool operator <=(DispatchKey left, DispatchKey right) => left.CompareTo(right) <= 0;

    public static bool operator >=(DispatchKey left, DispatchKey right) => left.CompareTo(right) >= 0;
}

/// <summary>A rule of a dispatch tree with the key that it tests.</summary>
internal readonly record struct DispatchItem(DispatchKey Key, Rule Rule);
