using System.Numerics;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>Compares what was expected of a packet with what became of it.</summary>
/// <param name="Reasons">Each difference in words; none: the expectation is met.</param>
/// <param name="Rules">The rules of an outcome that should not be, or of the packet itself.</param>
internal sealed record Judgement(Seq<string> Reasons, Seq<TraceStep> Rules)
{
    /// <summary>
    /// A share may miss what was expected by 2^-31: the grain of xt_statistic (net/netfilter/xt_statistic.c @v6.1).
    /// </summary>
    private static readonly BigInteger s_grain = BigInteger.One << 31;

    /// <param name="chosen">Where the packet before went; for <c>same endpoint</c>.</param>
    /// <param name="lastSet">The last set of two or more in the case; for <c>any endpoint</c>.</param>
    public static Judgement Of(
        Expected expected, Distribution? distribution, Passage sent, Endpoint? chosen, Expected.Endpoints? lastSet)
    {
        var seen = new Sight(distribution, sent);
        return expected switch
        {
            Expected.Reject => seen.Only(IsPortUnreachable, "an answer of port-unreachable"),
            Expected.Drop => seen.Only(way => way.Outcome is Outcome.Dropped, "a silent drop"),
            Expected.Untouched => seen.Only(way => way.Outcome is Outcome.Untouched, "no change"),
            Expected.Endpoints set => OfSet(set, seen),
            Expected.SameEndpoint same when chosen is { } endpoint => OfSet(
                new Expected.Endpoints([new ExpectedEndpoint(endpoint, null, same.Rewrite, default)], Evenly: false),
                seen),
            Expected.SameEndpoint => new Judgement(["the packet before went to no endpoint"], sent.Steps),
            Expected.AnyEndpoint any => OfSet(Again(lastSet!, any.Rewrite), seen),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
    }

    /// <summary>A reply reaches the client as if the frontend had sent it.</summary>
    public static Judgement OfReply(Expected expected, Passage reply, FlowTuple asked)
    {
        if (expected is Expected.Drop)
        {
            return new Judgement(
                reply.Fate is Fate.Dropped ? [] : [$"the answer was {Describe(reply)} instead of dropped"],
                reply.Steps);
        }

        var wanted = asked.Reversed;
        var reasons = new List<string>();
        if (expected is Expected.AnswerFrom answer && answer.Frontend != new Endpoint(wanted.Source, wanted.SourcePort))
        {
            reasons.Add($"the client asked {new Endpoint(wanted.Source, wanted.SourcePort)}, not {answer.Frontend}");
        }

        if (reply.Fate is not (Fate.Sent or Fate.Delivered) || reply.Sent.Tuple != wanted)
        {
            reasons.Add($"the answer was {Describe(reply)} instead of {wanted}");
        }

        return new Judgement(reasons.ToSeq(), reply.Steps);
    }

    public static string Describe(Passage reply) => reply.Fate switch
    {
        Fate.Dropped => "dropped",
        Fate.Rejected => "rejected",
        Fate.Unroutable => "unroutable",
        _ => reply.Sent.Tuple.ToString(),
    };

    /// <summary>Outcomes with their probabilities: simple fractions where exact, decimals otherwise.</summary>
    public static string Describe(Distribution? distribution, Passage sent) =>
        distribution is null || distribution.Outcomes.Count == 1
            ? (distribution?.Outcomes[0].Outcome ?? sent.Outcome).ToString()!
            : string.Join(", ", distribution.Outcomes.Select(way =>
                $"{way.Outcome} {Share(way.Numerator, way.Denominator)}"));

    /// <summary>The set with equal shares unless it had others. A word about sources replaces its own.</summary>
    private static Expected.Endpoints Again(Expected.Endpoints last, SourceRewrite rewrite) => new(
        last.Set
            .Select(endpoint => rewrite == SourceRewrite.Unsaid ? endpoint : endpoint with { Rewrite = rewrite })
            .ToSeq(),
        Evenly: last.Set.All(endpoint => endpoint.Share is null));

    private static bool IsPortUnreachable(WeightedOutcome way) =>
        way.Outcome is Outcome.Rejected && way.Example.Fate is Fate.Rejected { With: RejectKind.PortUnreachable };

    private static Judgement OfSet(Expected.Endpoints expected, Sight seen)
    {
        var reasons = new List<string>();
        var rules = new List<TraceStep>();
        foreach (var way in seen.Ways)
        {
            if (WrongWay(expected, way) is not { } reason) continue;
            reasons.Add(reason);
            if (rules.Count == 0) rules.AddRange(way.Example.Steps);
        }

        if (seen.IsComplete)
        {
            foreach (var endpoint in expected.Set)
            {
                if (WrongShare(endpoint, expected, seen) is { } reason) reasons.Add(reason);
            }
        }

        return new Judgement(reasons.ToSeq(), rules.Count > 0 ? rules.ToSeq() : seen.Ways[0].Example.Steps);
    }

    private static string? WrongWay(Expected.Endpoints expected, WeightedOutcome way)
    {
        if (way.Outcome is not Outcome.Translated translated) return $"some packets end in {way.Outcome}";
        var endpoint = expected.Set.FirstOrDefault(candidate => candidate.At == translated.To);
        if (endpoint is null) return $"{translated.To} is not expected";
        return (endpoint.Rewrite, translated.SourceNat) switch
        {
            (SourceRewrite.Kept, true) => $"{translated.To} sees an address of the node, not the client's",
            (SourceRewrite.Masqueraded, false) => $"{translated.To} sees the client's address, not one of the node",
            _ => null,
        };
    }

    private static string? WrongShare(ExpectedEndpoint endpoint, Expected.Endpoints expected, Sight seen)
    {
        var (top, bottom) = seen.MassOf(endpoint.At);
        if (top.IsZero) return $"{endpoint.At} never gets a packet";
        var share = endpoint.Share ?? (expected.Evenly ? new Share(1, expected.Set.Count) : (Share?)null);
        if (share is not { } wanted) return null;
        var difference = BigInteger.Abs((top * wanted.Denominator) - (wanted.Numerator * bottom));
        return difference * s_grain <= bottom * wanted.Denominator
            ? null
            : $"{endpoint.At} has the share {Share(top, bottom)} instead of {wanted.Numerator}/{wanted.Denominator}";
    }

    private static string Share(BigInteger numerator, BigInteger denominator)
    {
        if (denominator <= 1024) return $"{numerator}/{denominator}";
        const int Digits = 12;
        var scaled = ((numerator * BigInteger.Pow(10, Digits)) + (denominator / 2)) / denominator;
        return "0." + scaled.ToString(System.Globalization.CultureInfo.InvariantCulture).PadLeft(Digits, '0');
    }

    /// <summary>The ways that a packet can take; only the one it took, when the target cannot tell of others.</summary>
    private sealed class Sight(Distribution? distribution, Passage sent)
    {
        public bool IsComplete => distribution is not null;

        public Seq<WeightedOutcome> Ways { get; } = distribution is not null
            ? distribution.Outcomes
            : [new WeightedOutcome(sent.Outcome, 1, 1, sent)];

        public Judgement Only(Func<WeightedOutcome, bool> wanted, string name)
        {
            var wrong = Ways.Where(way => !wanted(way)).ToList();
            return new Judgement(
                wrong.Select(way => $"found {DescribeWay(way)} instead of {name}").ToSeq(),
                (wrong.Count > 0 ? wrong[0] : Ways[0]).Example.Steps);
        }

        /// <summary>An endpoint has two ways where some of its packets are masqueraded.</summary>
        public (BigInteger Top, BigInteger Bottom) MassOf(Endpoint endpoint)
        {
            var (top, bottom) = (BigInteger.Zero, BigInteger.One);
            foreach (var way in Ways)
            {
                if (way.Outcome is not Outcome.Translated translated || translated.To != endpoint) continue;
                (top, bottom) = ((top * way.Denominator) + (way.Numerator * bottom), bottom * way.Denominator);
            }

            return (top, bottom);
        }

        private static string DescribeWay(WeightedOutcome way) => way.Example.Fate is Fate.Rejected rejected
            ? $"a reject with {rejected.With}"
            : way.Outcome.ToString()!;
    }
}
