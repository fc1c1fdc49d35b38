using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Comparison;

/// <summary>Which differences are intended between whom: spec/profiles/*.md, whose README.md gives the form.</summary>
public sealed record Profile(Seq<ProfileItem> Items)
{
    private static readonly Dictionary<string, Cause> _causes = Enum.GetValues<Cause>()
        .Where(cause => cause != Cause.Unknown).ToDictionary(IdOf, StringComparer.Ordinal);

    /// <summary><c>LocalhostNodePort</c> ---> <c>localhost-node-port</c>.</summary>
    public static string IdOf(Cause cause) => string.Concat(cause.ToString().Select((letter, index) =>
        char.IsAsciiLetterUpper(letter) ? (index > 0 ? "-" : "") + char.ToLowerInvariant(letter) : letter.ToString()));

    /// <summary>The reason why a difference between the two is intended; null when it is not.</summary>
    public string? ReasonFor(Cause cause, ComparedSide left, ComparedSide right)
    {
        foreach (var item in Items)
        {
            if (item.Cause == cause && (IsAbout(item.Sides, left, right) || IsAbout(item.Sides, right, left)))
                return item.Reason;
        }

        return null;
    }

    /// <summary>Several files make one profile.</summary>
    public static (Profile Profile, Seq<Diagnostic> Diagnostics) Parse(IEnumerable<(string Path, string Text)> files)
    {
        var (items, diagnostics) = (new List<ProfileItem>(), new List<Diagnostic>());
        foreach (var (path, text) in files) Parse(path, text, items, diagnostics);
        return (new Profile(items.ToSeq()), diagnostics.ToSeq());
    }

    private static void Parse(string path, string text, List<ProfileItem> items, List<Diagnostic> diagnostics)
    {
        Seq<string> sides = [];
        var isItem = false;
        var number = 0;
        foreach (var line in text.AsSpan().EnumerateLines())
        {
            number++;
            if (line.StartsWith("## "))
            {
                sides = line[3..].ToString().Split(',', StringSplitOptions.TrimEntries).ToSeq();
                isItem = false;
                if (sides.Any(side => !IsSide(side)))
                    Report($"found '{line[3..]}', expected two of iptables, nftables, ipvs, or kube-proxy and one");
            }
            else if (line.StartsWith("- `") && line[3..].IndexOf('`') is var end and > 0)
            {
                isItem = _causes.TryGetValue(line.Slice(3, end).ToString(), out var cause);
                if (isItem) items.Add(new ProfileItem(sides, cause, line[(end + 4)..].Trim().ToString()));
                else Report($"found '{line.Slice(3, end)}', expected one of {string.Join(", ", _causes.Keys)}");
            }
            else if (isItem && line.StartsWith("  "))
            {
                items[^1] = items[^1] with { Reason = $"{items[^1].Reason} {line.Trim()}" };
            }
            else
            {
                isItem = false;
                if (line.StartsWith("- ")) Report("found an item without a cause, expected - `cause` reason");
            }
        }

        void Report(string message) => diagnostics.Add(new Diagnostic(
            DiagnosticCatalog.ProfileSyntax, new Location(path, number, 1), message, "see spec/profiles/README.md"));
    }

    private static bool IsSide(string side) => side is "iptables" or "nftables" or "ipvs"
        or "kube-proxy iptables" or "kube-proxy nftables" or "kube-proxy ipvs";

    private static bool IsAbout(Seq<string> sides, ComparedSide one, ComparedSide other) => sides.Count switch
    {
        1 => one.IsKubeProxys && sides[0] == $"kube-proxy {NameOf(one)}",
        2 => sides[0] == NameOf(one) && sides[1] == NameOf(other),
        _ => false,
    };

    private static string NameOf(ComparedSide side) => side.Mode.ToString().ToLowerInvariant();
}

/// <param name="Sides">Two modes, or one "kube-proxy MODE".</param>
public sealed record ProfileItem(Seq<string> Sides, Cause Cause, string Reason);
