using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>Single commands that change a chain, where they are fewer than writing it again.</summary>
internal static class ChainEdits
{
    /// <summary>Differing stretches up to this product of lengths are compared rule by rule.</summary>
    private const int ComparisonsMax = 64 * 64;

    /// <summary>
    /// Commands from the last rule to the first, so that every number is one of the old chain. Null where emptying and
    /// filling takes no more commands.
    /// </summary>
    public static List<RestoreCommand>? Between(string chain, Seq<Rule> from, Seq<Rule> to)
    {
        var old = from.Span;
        var target = to.Span;
        var head = old.CommonPrefixLength(target);
        var tail = 0;
        while (tail < Math.Min(old.Length, target.Length) - head && old[^(tail + 1)] == target[^(tail + 1)]) tail++;
        old = old[head..^tail];
        target = target[head..^tail];
        if (Math.Abs(old.Length - target.Length) > to.Count || (long)old.Length * target.Length > ComparisonsMax) return null;

        var edits = new Script(chain, head, atEnd: tail == 0).Between(old, target);
        return edits.Count <= to.Count ? edits : null;
    }

    /// <param name="head">Rules in front that stay.</param>
    /// <param name="atEnd">No rule behind stays.</param>
    private readonly ref struct Script(string chain, int head, bool atEnd)
    {
        /// <summary>The fewest replacements, insertions and deletions (Wagner and Fischer 1974).</summary>
        public List<RestoreCommand> Between(ReadOnlySpan<Rule> old, ReadOnlySpan<Rule> target)
        {
            var cost = Costs(old, target);
            var commands = new List<RestoreCommand>();
            var appended = new List<RestoreCommand>();
            var (i, j) = (old.Length, target.Length);
            while (i > 0 || j > 0)
            {
                if (i > 0 && j > 0 && old[i - 1] == target[j - 1])
                {
                    (i, j) = (i - 1, j - 1);
                }
                else if (i > 0 && j > 0 && cost[i, j] == cost[i - 1, j - 1] + 1)
                {
                    commands.Add(new RestoreCommand.Replace(chain, head + i, target[j - 1]));
                    (i, j) = (i - 1, j - 1);
                }
                else if (j > 0 && cost[i, j] == cost[i, j - 1] + 1)
                {
                    if (atEnd && i == old.Length) appended.Add(new RestoreCommand.Append(chain, target[j - 1]));
                    else commands.Add(new RestoreCommand.Insert(chain, head + i + 1, target[j - 1]));
                    j--;
                }
                else
                {
                    commands.Add(new RestoreCommand.DeleteAt(chain, head + i));
                    i--;
                }
            }

            appended.Reverse();
            return [.. appended, .. commands];
        }

        private static int[,] Costs(ReadOnlySpan<Rule> old, ReadOnlySpan<Rule> target)
        {
            var cost = new int[old.Length + 1, target.Length + 1];
            for (var i = 0; i <= old.Length; i++) cost[i, 0] = i;
            for (var j = 0; j <= target.Length; j++) cost[0, j] = j;
            for (var i = 1; i <= old.Length; i++)
            {
                for (var j = 1; j <= target.Length; j++)
                {
                    cost[i, j] = old[i - 1] == target[j - 1]
                        ? cost[i - 1, j - 1]
                        : 1 + Math.Min(cost[i - 1, j - 1], Math.Min(cost[i - 1, j], cost[i, j - 1]));
                }
            }

            return cost;
        }
    }
}
