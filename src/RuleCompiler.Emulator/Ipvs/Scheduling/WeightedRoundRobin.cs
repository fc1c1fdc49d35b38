using System.Numerics;

namespace RuleCompiler.Emulator;

/// <summary>
/// net/netfilter/ipvs/ip_vs_wrr.c @v6.1: rounds with a falling threshold; each gives one connection to every server
/// whose weight reaches it.
/// </summary>
internal sealed class WeightedRoundRobin : Picker
{
    /// <summary>Head of the list: before the first server.</summary>
    private const int Head = -1;

    private int _at = Head;
    private int _step;
    private int _top;
    private int _threshold;

    public WeightedRoundRobin(List<RealServerState> servers)
        : base(servers)
    {
        Measure();
        _threshold = _top;
    }

    public override bool IsRotation => true;

    public override RealServerState? Pick(in ConnTuple flow, long now, bool commits)
    {
        if (_top == 0) return null;
        var (at, threshold) = (_at, _threshold);

        // With _top above 0 some server reaches the lowest threshold, so two turns through the list find one: no server
        // is ever overloaded here, which is what the kernel's other ways out of the loop are for.
        while (true)
        {
            for (at++; at < Servers.Count; at++)
            {
                if (Servers[at].Weight < threshold) continue;
                if (commits) (_at, _threshold) = (at, threshold);
                return Servers[at];
            }

            at = Head;
            threshold -= _step;
            if (threshold <= 0) threshold = _top;
        }
    }

    public override IEnumerable<(RealServerState Server, int Share)> Turn() =>
        Servers.Where(server => server.Weight > 0).Select(server => (server, server.Weight / _step));

    /// <summary>ip_vs_wrr_dest_changed: begins at the head of the list, with the threshold on the new ladder.</summary>
    public override void Changed()
    {
        _at = Head;
        Measure();
        if (_threshold > _top || _threshold == 0)
            _threshold = _top;
        else if (_step > 1)
            _threshold = (_threshold / _step * _step) + 1;
    }

    private void Measure()
    {
        _step = 0;
        var heaviest = 0;
        foreach (var server in Servers)
        {
            if (server.Weight > 0) _step = (int)BigInteger.GreatestCommonDivisor(_step, server.Weight);
            heaviest = Math.Max(heaviest, server.Weight);
        }

        if (_step == 0) _step = 1;
        _top = heaviest - (_step - 1);
    }
}
