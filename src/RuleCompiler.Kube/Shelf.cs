namespace RuleCompiler.Kube;

/// <summary>
/// The objects of one kind by name, in the order in which they were first met. A later one takes an earlier one's
/// place.
/// </summary>
internal sealed class Shelf<TName, T>
    where TName : notnull
    where T : class
{
    private readonly Dictionary<TName, int> _places = [];
    private readonly List<T?> _objects = [];

    public IEnumerable<T> Objects => _objects.OfType<T>();

    public bool IsEmpty => _places.Count == 0;

    public bool Knows(TName name) => _places.ContainsKey(name);

    public T? Find(TName name) => _places.TryGetValue(name, out var place) ? _objects[place] : null;

    /// <summary>Null keeps the name without an object. False when the name was there before.</summary>
    public bool Put(TName name, T? value)
    {
        if (_places.TryGetValue(name, out var place))
        {
            _objects[place] = value;
            return false;
        }

        _places.Add(name, _objects.Count);
        _objects.Add(value);
        return true;
    }
}
