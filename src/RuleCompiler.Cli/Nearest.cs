namespace RuleCompiler.Cli;

/// <summary>The word that somebody probably meant.</summary>
internal static class Nearest
{
    /// <summary>The first of the candidates with the fewest edits, if these are few for the word's length.</summary>
    public static string? To(string word, IEnumerable<string> candidates)
    {
        if (word.Length > LongestWord) return null;
        var (best, fewest) = ((string?)null, Math.Max(1, word.Length / 3) + 1);
        foreach (var candidate in candidates)
        {
            if (Math.Abs(candidate.Length - word.Length) >= fewest) continue;
            var edits = Edits(word, candidate);
            if (edits < fewest) (best, fewest) = (candidate, edits);
        }

        return best;
    }

    /// <summary>Levenshtein's distance with one row of memory.</summary>
    private static int Edits(string from, string to)
    {
        var row = new int[to.Length + 1];
        for (var j = 0; j <= to.Length; j++) row[j] = j;
        for (var i = 1; i <= from.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= to.Length; j++)
            {
                var replace = diagonal + (from[i - 1] == to[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(replace, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }

    /// <summary>Longest DNS name, the longest thing that names anything here.</summary>
    private const int LongestWord = 253;
}
