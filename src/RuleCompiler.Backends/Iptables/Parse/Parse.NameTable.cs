using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// One object per distinct name, comment, jump and list of matches: a dump repeats them hundred thousand times, and the
/// collector walks only one of each.
/// </summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, string> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Target.Jump> _jumps = new(StringComparer.Ordinal);
    private readonly Dictionary<Seq<Match>, Seq<Match>> _matches = [];
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _wordsBySpan;
    private readonly Dictionary<string, Target.Jump>.AlternateLookup<ReadOnlySpan<char>> _jumpsBySpan;
    private Target.Jump _lastJump = new("");
    private string _lastChain = "";

    public NameTable()
    {
        _wordsBySpan = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        _jumpsBySpan = _jumps.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    /// <summary>Room for the word that has an escape, until the next one (<see cref="Cursor"/>).</summary>
    public char[] Scratch { get; } = new char[Cursor.WordCharsMax];

    /// <summary>Extensions of the rule that is being read.</summary>
    public List<Match> Extensions { get; } = [];

    /// <summary>All matches of that rule, in canonical order.</summary>
    public List<Match> Matches { get; } = [];

    public string Word(ReadOnlySpan<char> word)
    {
        if (_wordsBySpan.TryGetValue(word, out var known)) return known;
        var text = word.ToString();
        _words.Add(text, text);
        return text;
    }

    /// <summary>The chain of a command: mostly the chain of the command before it.</summary>
    public string Chain(ReadOnlySpan<char> name) =>
        _lastChain.AsSpan().SequenceEqual(name) ? _lastChain : _lastChain = Find(name).Chain;

    /// <summary>The chain that a rule goes to: often the one that the last rule went to.</summary>
    public Target.Jump Jump(ReadOnlySpan<char> name) =>
        _lastJump.Chain.AsSpan().SequenceEqual(name) ? _lastJump : _lastJump = Find(name);

    /// <summary>For matches that many rules have, such as those without an address.</summary>
    public Seq<Match> Shared(Seq<Match> matches)
    {
        if (_matches.TryGetValue(matches, out var known)) return known;
        _matches.Add(matches, matches);
        return matches;
    }

    private Target.Jump Find(ReadOnlySpan<char> name)
    {
        if (_jumpsBySpan.TryGetValue(name, out var known)) return known;
        known = new(name.ToString());
        _jumps.Add(known.Chain, known);
        return known;
    }
}
