using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>
/// A chain under edit: rules in a buffer with a gap where the last edit was, so that neither appending nor inserting at the
/// head again and again moves what stands behind.
/// </summary>
/// <code>
/// _buffer  a b c . . . . d e        rules 0 to _gap - 1, the gap, the others
///                ^_gap   ^_behind
/// </code>
internal sealed class ChainEditor
{
    /// <summary>Most chains of kube-proxy have two rules.</summary>
    private const int InitialCapacity = 2;

    private Rule[] _buffer;
    private int _gap;
    private int _behind;

    public ChainEditor(string name, Policy? policy, Seq<Rule> rules)
    {
        (Name, Policy) = (name, policy);
        _buffer = rules.Span.ToArray();
        _gap = _behind = _buffer.Length;
    }

    public string Name { get; }

    public Policy? Policy { get; set; }

    public int Count => _buffer.Length - (_behind - _gap);

    public Rule At(int index) => _buffer[index < _gap ? index : index + (_behind - _gap)];

    /// <summary>The first equal rule; -1 when there is none.</summary>
    public int IndexOf(Rule rule)
    {
        var before = _buffer.AsSpan(0, _gap).IndexOf(rule);
        if (before >= 0) return before;
        var behind = _buffer.AsSpan(_behind).IndexOf(rule);
        return behind < 0 ? -1 : _gap + behind;
    }

    public void Insert(int index, Rule rule)
    {
        if (_gap == _behind) Grow();
        MoveGap(index);
        _buffer[_gap++] = rule;
    }

    public void RemoveAt(int index)
    {
        MoveGap(index);
        _behind++;
    }

    public void Clear() => (_gap, _behind) = (0, _buffer.Length);

    /// <summary>Valid until the next edit.</summary>
    public ReadOnlySpan<Rule> Rules()
    {
        MoveGap(Count);
        return _buffer.AsSpan(0, _gap);
    }

    public Seq<Rule> ToSeq() => Seq.Create(Rules());

    private void MoveGap(int index)
    {
        var length = Math.Abs(index - _gap);
        if (index < _gap)
            Array.Copy(_buffer, index, _buffer, _behind -= length, length);
        else if (index > _gap)
        {
            Array.Copy(_buffer, _behind, _buffer, _gap, length);
            _behind += length;
        }

        _gap = index;
    }

    private void Grow()
    {
        var larger = new Rule[Math.Max(InitialCapacity, _buffer.Length * 2)];
        var behind = _buffer.Length - _behind;
        Array.Copy(_buffer, larger, _gap);
        Array.Copy(_buffer, _behind, larger, larger.Length - behind, behind);
        (_buffer, _behind) = (larger, larger.Length - behind);
    }
}
