using RuleCompiler.Backends.Iptables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Tests.Emulation;

/// <summary>
/// A second interpreter of first packets, for small worlds, written from the manual page and not from the emulator: no
/// state machine but continuations, no tuples but one record that is copied, weights in doubles (its choices are
/// multiples of 1/4, so they are exact). It knows the matches and targets that <see cref="SmallWorlds"/> makes.
/// </summary>
internal sealed class NaiveNetfilter(IptablesRuleset rules, Func<Ip, bool> isLocal, Func<Ip, string> routeTo, Ip nodeAddress)
{
    private readonly Dictionary<Outcome, double> _weights = [];

    private sealed record Parcel(
        Ip From, Ip To, int ToPort, Protocol Protocol, string? In, string? Out, uint Mark,
        Endpoint? Dnat = null, bool Masqueraded = false);

    private delegate void Next(Parcel parcel, double weight, string verdict);

    public Dictionary<Outcome, double> Outcomes(Flow flow)
    {
        _weights.Clear();
        var parcel = new Parcel(
            flow.Source, flow.Destination, flow.DestinationPort.Value, flow.Protocol, flow.InputInterface,
            flow.InputInterface is null ? routeTo(flow.Destination) : null, Mark: 0);
        if (flow.InputInterface is null)
            Output(parcel);
        else
            Hook(TableName.Nat, "PREROUTING", parcel, 1, (p, w) => Routed(p with { }, w));
        return new Dictionary<Outcome, double>(_weights);
    }

    private void Output(Parcel parcel) =>
        Hook(TableName.Nat, "OUTPUT", parcel, 1, (p, w) =>
            Hook(TableName.Filter, "OUTPUT", p with { Out = routeTo(p.To) }, w, Postrouting));

    private void Routed(Parcel parcel, double weight)
    {
        if (isLocal(parcel.To))
            Hook(TableName.Filter, "INPUT", parcel, weight, End);
        else
            Hook(TableName.Filter, "FORWARD", parcel with { Out = routeTo(parcel.To) }, weight, Postrouting);
    }

    private void Postrouting(Parcel parcel, double weight) =>
        Hook(TableName.Nat, "POSTROUTING", parcel, weight, (p, w) =>
        {
            if (p.Out == "lo")
                Hook(TableName.Filter, "INPUT", p with { In = "lo", Out = null }, w, End);
            else
                End(p, w);
        });

    private void End(Parcel parcel, double weight) => Add(
        parcel.Dnat is null && !parcel.Masqueraded
            ? new Outcome.Untouched()
            : new Outcome.Translated(
                parcel.Dnat ?? new Endpoint(parcel.To, new Port((ushort)parcel.ToPort)), parcel.Masqueraded),
        weight);

    private void Add(Outcome outcome, double weight) => _weights[outcome] = _weights.GetValueOrDefault(outcome) + weight;

    private void Hook(TableName table, string chain, Parcel parcel, double weight, Action<Parcel, double> accepted)
    {
        var policy = Find(table, chain)?.Policy == Policy.Drop ? "drop" : "accept";
        RunChain(table, chain, parcel, weight, (p, w, verdict) =>
        {
            switch (verdict == "end" ? policy : verdict)
            {
                case "accept": accepted(p, w); break;
                case "drop": Add(new Outcome.Dropped(), w); break;
                case "reject": Add(new Outcome.Rejected(), w); break;
                default: throw new InvalidOperationException(verdict);
            }
        });
    }

    private Chain? Find(TableName table, string chain) =>
        rules.Find(table)?.Chains.FirstOrDefault(found => found.Name == chain);

    private void RunChain(TableName table, string chain, Parcel parcel, double weight, Next next) =>
        RunRules(table, Find(table, chain)?.Rules.ToArray() ?? [], parcel, weight, next);

    private void RunRules(TableName table, Rule[] rest, Parcel parcel, double weight, Next next)
    {
        if (rest.Length == 0)
        {
            next(parcel, weight, "end");
            return;
        }

        var later = rest[1..];
        Matches(rest[0].Matches.ToArray(), parcel, weight, (holds, w) =>
        {
            if (w == 0) return;
            if (!holds)
                RunRules(table, later, parcel, w, next);
            else
                RunTarget(table, rest[0].Target, later, parcel, w, next);
        });
    }

    private void RunTarget(TableName table, Target? target, Rule[] later, Parcel parcel, double weight, Next next)
    {
        switch (target)
        {
            case null:
                RunRules(table, later, parcel, weight, next);
                break;
            case Target.SetMark mark:
                RunRules(table, later, parcel with { Mark = (parcel.Mark & ~mark.Clear) ^ mark.Flip }, weight, next);
                break;
            case Target.Return:
                next(parcel, weight, "end");
                break;
            case Target.Goto to:
                RunChain(table, to.Chain, parcel, weight, next);
                break;
            case Target.Jump to:
                RunChain(table, to.Chain, parcel, weight, (p, w, verdict) =>
                {
                    if (verdict == "end")
                        RunRules(table, later, p, w, next);
                    else
                        next(p, w, verdict);
                });
                break;
            case Target.Accept: next(parcel, weight, "accept"); break;
            case Target.Drop: next(parcel, weight, "drop"); break;
            case Target.Reject: next(parcel, weight, "reject"); break;
            case Target.Dnat dnat:
                next(parcel with { To = dnat.To.Address, ToPort = dnat.To.Port.Value, Dnat = dnat.To }, weight, "accept");
                break;
            case Target.Masquerade:
                next(parcel with { From = nodeAddress, Masqueraded = true }, weight, "accept");
                break;
        }
    }

    private static void Split(double share, double weight, bool inverted, Action<bool, double> then)
    {
        then(!inverted, weight * share);
        then(inverted, weight * (1 - share));
    }

    private void Matches(Match[] matches, Parcel parcel, double weight, Action<bool, double> then)
    {
        if (matches.Length == 0)
        {
            then(true, weight);
            return;
        }

        if (matches[0] is Match.Statistic draw)
        {
            Split(draw.Threshold / (double)(1u << 31), weight, draw.Inverted, (holds, w) =>
            {
                if (holds)
                    Matches(matches[1..], parcel, w, then);
                else
                    then(false, w);
            });
        }
        else if (Holds(matches[0], parcel))
        {
            Matches(matches[1..], parcel, weight, then);
        }
        else
        {
            then(false, weight);
        }
    }

    /// <summary>Every flow here is new: NEW holds, and DNAT once a rule chose another destination than the packet had.</summary>
    private bool Holds(Match match, Parcel parcel) => match switch
    {
        Match.Source m => Within(parcel.From, m.Address, m.Mask) ^ m.Inverted,
        Match.Destination m => Within(parcel.To, m.Address, m.Mask) ^ m.Inverted,
        Match.InInterface m => (parcel.In == m.Name) ^ m.Inverted,
        Match.OutInterface m => (parcel.Out == m.Name) ^ m.Inverted,
        Match.OfProtocol m => (parcel.Protocol == m.Protocol) ^ m.Inverted,
        Match.DestinationPort m => (parcel.ToPort >= m.First.Value && parcel.ToPort <= m.Last.Value) ^ m.Inverted,
        Match.ConntrackState m => m.States.HasFlag(ConntrackStates.New) ^ m.Inverted,
        Match.Mark m => ((parcel.Mark & m.Mask) == m.Value) ^ m.Inverted,
        Match.SourceIsLocal m => isLocal(parcel.From) ^ m.Inverted,
        Match.DestinationIsLocal m => isLocal(parcel.To) ^ m.Inverted,
        _ => throw new InvalidOperationException($"not made here: {match}"),
    };

    private static bool Within(Ip address, Ip network, Ip mask) => (address.Bits & mask.Bits) == (network.Bits & mask.Bits);
}
