using System.Numerics;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.KernelTests.Probing;

/// <summary>Every ending that the emulator allows for a probe, with its exact share.</summary>
internal sealed class Expectations
{
    private readonly Dictionary<Ending, (int Turn, bool KeepsPort)> _endings = [];

    private Expectations(Distribution distribution, bool canBeAnswered, Func<TraceStep, bool> isAffinity)
    {
        var shares = new List<double>();
        foreach (var (outcome, numerator, denominator, example) in distribution.Outcomes)
        {
            var ending = Ending.Of(example);
            if (ending is Ending.Rejected && !canBeAnswered) ending = new Ending.Nothing();
            var keepsPort = outcome is not Outcome.Translated { SourceNat: true };
            // Two outcomes may look alike from outside: masquerading an address of the node as itself.
            var (turn, others) = _endings.TryGetValue(ending, out var found) ? found : (shares.Count, true);
            if (turn == shares.Count) shares.Add(0);
            _endings[ending] = (turn, keepsPort && others);
            shares[turn] += Ratio(numerator, denominator);
            IsSticky |= example.Steps.Any(isAffinity);
        }

        Shares = [.. shares];
    }

    /// <summary>By turn: the order in which the rules reach them.</summary>
    public double[] Shares { get; }

    /// <summary>Session affinity is in play: a source's later choices follow its first.</summary>
    public bool IsSticky { get; }

    /// <param name="isAffinity">Which steps of a trace ask or keep session affinity.</param>
    public static Expectations Of(
        NetfilterMachine emulator, HostNetwork host, Func<TraceStep, bool> isAffinity, Probe probe) => new(
        emulator.Explore(Packet.First(probe.Tuple, probe.InputInterface)),
        canBeAnswered: !IsRouterAnycast(host, probe.Tuple.Source),
        isAffinity);

    /// <summary>Of a packet that was sent.</summary>
    public static Ending EndingOf(Passage passage, HostNetwork host, Probe probe) =>
        Ending.Of(passage) is Ending.Rejected && IsRouterAnycast(host, probe.Tuple.Source)
            ? new Ending.Nothing()
            : Ending.Of(passage);

    /// <summary>Which turn an ending is; null when none leads to it.</summary>
    public int? TurnOf(Ending ending) => _endings.TryGetValue(ending, out var found) ? found.Turn : null;

    /// <summary>False only where a masquerade may choose another source port.</summary>
    public bool KeepsSourcePort(Ending ending) => _endings[ending].KeepsPort;

    public override string ToString() => string.Join(" | ", _endings.Keys.Select(ending => ending.ToString()));

    /// <summary>
    /// To the network address of a direct IPv6 route, which every router there answers to, the kernel sends no ICMPv6
    /// error: REJECT then only drops (net/ipv6/icmp.c:icmpv6_route_lookup,
    /// include/net/ip6_route.h:ipv6_anycast_destination @v6.1).
    /// </summary>
    private static bool IsRouterAnycast(HostNetwork host, Ip source) => host.Routes.Any(route =>
        route.Destination is { Family: Family.Ipv6, Length: > 0 and < 127 } && route.Destination.Network == source);

    private static double Ratio(BigInteger numerator, BigInteger denominator) => (double)numerator / (double)denominator;
}
