using System.Numerics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>The exact distribution of a packet's outcomes.</summary>
public sealed partial class NetfilterMachine
{
    /// <summary>
    /// A service of n endpoints has n branches, twice that where the hairpin differs. Past this the rules are not those
    /// of a Service, or one packet meets several choices in a row.
    /// </summary>
    public const int BranchesMax = 100_000;

    /// <summary>
    /// Takes every turn of every choice, depth first and without walking any prefix twice. Flows and lists stay as they
    /// are. Masses are exact: products of t / 2^31 and 1 - t / 2^31, or of the words of 2^32 that give a number;
    /// for a scheduler that goes round, the shares of one whole turn (<see cref="Distribution.IsRotation"/>).
    /// Outcomes come in the order in which the rules reach them.
    /// </summary>
    /// <exception cref="ExplorationTooLargeException">More than <see cref="BranchesMax"/> branches.</exception>
    public Distribution Explore(Packet packet, bool trace = true)
    {
        RequireFamily(packet);
        var start = new Walk();
        start.Start(packet, trace);
        var now = _clock.GetUtcNow().Ticks;
        var turns = new Stack<Walk>();
        turns.Push(start);
        var found = new Dictionary<Outcome, int>();
        var results = new List<(Outcome Outcome, Mass Mass, Passage Example)>();
        var isRotation = false;
        for (var branches = 0; turns.TryPop(out var walk); branches++)
        {
            if (branches == BranchesMax) throw new ExplorationTooLargeException(packet);
            var fate = _machine.Explore(walk, now, turns, isStart: ReferenceEquals(walk, start));
            isRotation |= walk.IsRotation;
            var outcome = OutcomeOf(packet, walk, fate);
            var mass = new Mass(walk.Mass, walk.MassBits, walk.MassDivisor);
            if (found.TryGetValue(outcome, out var at))
            {
                results[at] = results[at] with { Mass = results[at].Mass + mass };
            }
            else
            {
                found.Add(outcome, results.Count);
                results.Add((outcome, mass, PassageOf(packet, walk, fate)));
            }
        }

        return new Distribution(results.Select(result =>
        {
            var (numerator, denominator) = result.Mass.Reduced();
            return new WeightedOutcome(result.Outcome, numerator, denominator, result.Example);
        }).ToSeq())
        {
            IsRotation = isRotation,
        };
    }

    /// <summary><c>Numerator</c> / (2^<c>Bits</c> · <c>Divisor</c>).</summary>
    private readonly record struct Mass(BigInteger Numerator, int Bits, BigInteger Divisor)
    {
        public static Mass operator +(Mass left, Mass right)
        {
            var bits = Math.Max(left.Bits, right.Bits);
            if (left.Divisor == right.Divisor) return new Mass(left.At(bits) + right.At(bits), bits, left.Divisor);
            return new Mass(
                (left.At(bits) * right.Divisor) + (right.At(bits) * left.Divisor), bits, left.Divisor * right.Divisor);
        }

        /// <summary>What a numerator has in common with a power of two is its trailing zeros.</summary>
        public (BigInteger Numerator, BigInteger Denominator) Reduced()
        {
            var zeros = (int)Math.Min((long)BigInteger.TrailingZeroCount(Numerator), Bits);
            var (numerator, denominator) = (Numerator >> zeros, Divisor << (Bits - zeros));
            if (Divisor.IsOne) return (numerator, denominator);
            var common = BigInteger.GreatestCommonDivisor(numerator, denominator);
            return (numerator / common, denominator / common);
        }

        private BigInteger At(int bits) => Numerator << (bits - Bits);
    }
}

/// <summary>The choices that one packet meets multiply past what can be enumerated.</summary>
public sealed class ExplorationTooLargeException(Packet packet) : InvalidOperationException(
    $"more than {NetfilterMachine.BranchesMax} branches for {packet.Tuple}: these rules make independent random choices in a row; " +
    "trace single packets instead");
