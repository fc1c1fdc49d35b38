using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>
/// A value of an object, or the place where one is absent (null is absent). The <c>As…</c> members read it as what the
/// API says it is: they return null for an absent value, and for a wrong one after reporting it.
/// </summary>
internal readonly partial struct Value
{
    /// <summary>
    /// In place of a parent: this value is absent because an enclosing one was wrong, which has been reported.
    /// </summary>
    private const int Reported = -2;

    private readonly ObjectTree _tree;
    private readonly int _index;
    private readonly int _parent;
    private readonly string _name;

    public Value(ObjectTree tree, int index, int parent, string name)
    {
        _tree = tree;
        _index = index;
        _parent = parent;
        _name = name;
    }

    /// <summary>Its key in the collection that it was asked from.</summary>
    public string Name => _name;

    public bool IsPresent => _index >= 0;

    public bool IsMap => IsPresent && Entry.Shape == Shape.Map;

    public Report Report => _tree.Report;

    public Location Location =>
        _parent == Reported ? Location.Whole(Report.Path) : new(Report.Path, Anchor.Line, Anchor.Column);

    private ref ObjectTree.Entry Entry => ref _tree[_index];

    /// <summary>The entry itself, or the collection that lacks it.</summary>
    private ref ObjectTree.Entry Anchor => ref _tree[_index >= 0 ? _index : _parent];

    /// <summary>A member. A value that should be a map and is something else is reported by AsMap, not here.</summary>
    public Value this[string name]
    {
        get
        {
            var found = IsMap ? _tree.Find(_index, name) : -1;
            if (found >= 0 && _tree[found].Shape == Shape.Null) found = -1;
            return new Value(_tree, found, _index >= 0 ? _index : _parent, name);
        }
    }

    /// <summary>This value if it is a map; anything else but an absent value is reported.</summary>
    public Value AsMap()
    {
        if (!IsPresent || IsMap) return this;
        FailType("an object");
        return new Value(_tree, -1, Reported, _name);
    }

    /// <summary>
    /// The elements of a sequence. Anything else but an absent value is reported, and nulls among the elements are: in Go
    /// they would be empty values, an address that is none or a port 0, which no API server lets pass.
    /// </summary>
    public ItemList Items()
    {
        if (!IsPresent) return default;
        if (Entry.Shape == Shape.Sequence) return new ItemList(_tree, _index);
        FailType("a list");
        return default;
    }

    /// <summary>The members of a map, in their order.</summary>
    public IEnumerable<(string Name, Value Value)> Members()
    {
        if (!IsMap) yield break;
        var end = Entry.Next;
        for (var at = _index + 1; at < end; at = _tree[at + 1].Next)
        {
            if (_tree[at].Text is { } name) yield return (name, new Value(_tree, at + 1, _index, name));
        }
    }

    /// <summary>The place of the member's key, for findings about the key.</summary>
    public Location KeyLocation => new(Report.Path, _tree[_index - 1].Line, _tree[_index - 1].Column);

    public string? PeekText() => IsPresent && Entry.Shape == Shape.Text ? Entry.Text : null;

    public string? AsText()
    {
        if (!IsPresent) return null;
        if (Entry.Shape == Shape.Text) return Entry.Text;
        FailType("text", Entry.Shape is Shape.Map or Shape.Sequence ? "write a single value" : "put it in quotes");
        return null;
    }

    public bool? AsFlag()
    {
        if (!IsPresent) return null;
        if (Entry.Shape == Shape.Boolean) return PlainScalar.IsTrue(Entry.Text!);
        FailType("true or false", Entry.Shape == Shape.Text ? "write it without quotes" : "write true or false");
        return null;
    }

    /// <summary>A decimal number in a range, both ends included.</summary>
    public long? AsInteger(long min, long max, string what = "a number")
    {
        if (!IsPresent) return null;
        if (Entry.Shape != Shape.Integer)
        {
            FailType(what, Entry.Shape == Shape.Text ? "write it without quotes" : "write a decimal number");
            return null;
        }

        var text = Entry.Text!;
        if (!IsPlainDecimal(text))
        {
            FailType($"{what} in plain decimal digits",
                "octal, hexadecimal and grouped numbers mean different things to YAML 1.1 and 1.2");
            return null;
        }

        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) &&
            number >= min && number <= max)
            return number;
        Fail(DiagnosticCatalog.OutOfRange, Words.Clip(text), $"{what} from {min} to {max}");
        return null;
    }

    /// <summary>A number with or without a fraction.</summary>
    public double? AsNumber()
    {
        if (!IsPresent) return null;
        var isNumber = Entry.Shape is Shape.Integer or Shape.Fraction;
        var style = NumberStyles.Float;
        if (isNumber && double.TryParse(Entry.Text, style, CultureInfo.InvariantCulture, out var number) &&
            double.IsFinite(number))
            return number;
        FailType("a number", "write a decimal number");
        return null;
    }

    /// <summary>One of a few words.</summary>
    public T? AsChoice<T>(ReadOnlySpan<(string Word, T Meaning)> choices)
        where T : struct
    {
        if (AsText() is not { } text) return null;
        foreach (var (word, meaning) in choices)
        {
            if (word == text) return meaning;
        }

        var words = new List<string>(choices.Length);
        foreach (var (word, _) in choices)
        {
            if (word.Length > 0) words.Add(word);
        }

        Fail(DiagnosticCatalog.UnknownValue, Words.Quote(text), Words.List(words));
        return null;
    }

    /// <summary>Reports an absent value, unless something around it was reported already.</summary>
    public void FailMissing(string expected)
    {
        if (_parent == Reported) return;
        Report.Add(DiagnosticCatalog.MissingField, Anchor.Line, Anchor.Column,
            $"found no {Place}, expected {expected}", "add it");
    }

    /// <summary>An element that is null.</summary>
    public void FailNull() => Fail(DiagnosticCatalog.WrongType, "null", "a value", "take the element out");

    public void Fail(DiagnosticRule rule, string found, string expected, string? hint = null) =>
        Report.Add(rule, Anchor.Line, Anchor.Column, $"found {found} at {Place}, expected {expected}", hint);

    private void FailType(string expected, string? hint = null) =>
        Fail(DiagnosticCatalog.WrongType, Describe(), expected, hint);

    private string Describe() => Entry.Shape switch
    {
        Shape.Null => "nothing",
        Shape.Boolean => $"the boolean {Words.Clip(Entry.Text!)}",
        Shape.Integer or Shape.Fraction => $"the number {Words.Clip(Entry.Text!)}",
        Shape.Text => $"the text {Words.Quote(Entry.Text!)}",
        Shape.Map => "an object",
        Shape.Sequence => "a list",
    };

    private static bool IsPlainDecimal(ReadOnlySpan<char> text)
    {
        if (text[0] == '-') text = text[1..];
        return text is "0" || (!text.IsEmpty && text[0] != '0' && !text.ContainsAnyExceptInRange('0', '9'));
    }

    /// <summary>A tree of its own, which outlives the next object.</summary>
    public ObjectTree Detach()
    {
        var (first, end) = (_index, Entry.Next);
        var copy = new ObjectTree(Report, end - first);
        for (var at = first; at < end; at++)
        {
            ref var entry = ref _tree[at];
            var index = copy.Add(new Token(TokenKind.Scalar, entry.Shape, entry.Text!, entry.Line, entry.Column),
                entry.Parent - first);
            copy[index].Next = entry.Next - first;
        }

        return copy;
    }
}
