namespace RuleCompiler.Spec;

/// <summary>Guesses which word a mistyped one was meant to be.</summary>
internal static class Spelling
{
    /// <summary>The expected word nearest to what was found, if it is at most two edits away.</summary>
    public static string? Nearest(string found, IEnumerable<string> expected)
    {
        if (found.Length is < 2 or > 20) return null;
        string? best = null;
        var bestDistance = Math.Min(2, (found.Length - 1) / 2) + 1;
        foreach (var word in expected)
        {
            if (word.Contains(' ', StringComparison.Ordinal) || word.StartsWith('\'')) continue;
            var distance = Distance(found, word);
            if (distance >= bestDistance) continue;
            (best, bestDistance) = (word, distance);
        }

        return best;
    }

    /// <summary>Insertions, deletions, replacements and exchanges of neighbours: optimal string alignment.</summary>
    private static int Distance(string a, string b)
    {
        var cost = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++) cost[i, 0] = i;
        for (var j = 0; j <= b.Length; j++) cost[0, j] = j;
        for (var i = 1; i <= a.Length; i++)
        {
            for (var j = 1; j <= b.Length; j++)
            {
                var replace = cost[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                cost[i, j] = Math.Min(replace, Math.Min(cost[i - 1, j], cost[i, j - 1]) + 1);
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                {
                    cost[i, j] = Math.Min(cost[i, j], cost[i - 2, j - 2] + 1);
                }
            }
        }

        return cost[a.Length, b.Length];
    }
}
