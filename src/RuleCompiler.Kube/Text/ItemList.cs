namespace RuleCompiler.Kube.Text;

/// <summary>The elements of a sequence; a null among them is reported and passed over. The default is empty.</summary>
internal readonly struct ItemList(ObjectTree? tree, int sequence)
{
    public bool IsEmpty => tree is null || tree[sequence].Next == sequence + 1;

    public Enumerator GetEnumerator() => new(tree, sequence);

    internal struct Enumerator(ObjectTree? tree, int sequence)
    {
        private readonly int _end = tree is null ? 0 : tree[sequence].Next;
        private int _next = sequence + 1;

        public Value Current { get; private set; }

        public bool MoveNext()
        {
            while (tree is not null && _next < _end)
            {
                var at = _next;
                _next = tree[at].Next;
                Current = new Value(tree, at, sequence, "");
                if (tree[at].Shape != Shape.Null) return true;
                Current.FailNull();
            }

            return false;
        }
    }
}
