namespace RuleCompiler.Backends.Iptables;

/// <summary>One string per distinct name or comment, one jump per chain: a dump repeats them hundred thousand times.</summary>
internal sealed class NameTable
{
    private readonly Dictionary<string, string> _words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, ChainTargets> _chains = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> _wordsBySpan;
    private readonly Dictionary<string, ChainTargets>.AlternateLookup<ReadOnlySpan<char>> _chainsBySpan;
    private ChainTargets _last;

    public NameTable()
    {
        _wordsBySpan = _words.GetAlternateLookup<ReadOnlySpan<char>>();
        _chainsBySpan = _chains.GetAlternateLookup<ReadOnlySpan<char>>();
        _last = new("");
    }

    /// <summary>Room for the word that has an escape, until the next one (<see cref="Cursor"/>).</summary>
    public char[] Scratch { get; } = new char[Cursor.WordCharsMax];

    /// <summary>Extensions of the rule that is being read.</summary>
    public List<Match> Extensions { get; } = [];

    public string Word(ReadOnlySpan<char> word)
    {
        if (_wordsBySpan.TryGetValue(word, out var known)) return known;
        var text = word.ToString();
        _words.Add(text, text);
        return text;
    }

    public ChainTargets Chain(ReadOnlySpan<char> name)
    {
        if (_last.Name.AsSpan().SequenceEqual(name)) return _last;
        if (_chainsBySpan.TryGetValue(name, out _last!)) return _last;
        _last = new(name.ToString());
        _chains.Add(_last.Name, _last);
        return _last;
    }

    internal sealed class ChainTargets(string name)
    {
        public string Name => name;

        public Target.Jump Jump { get; } = new(name);

        public Target.Goto Goto { get; } = new(name);
    }
}
