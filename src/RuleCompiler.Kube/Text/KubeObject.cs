namespace RuleCompiler.Kube.Text;

/// <summary>
/// An object with its type. Items of a typed list such as ServiceList have neither kind nor apiVersion of their own.
/// </summary>
internal readonly struct KubeObject
{
    private const string ListSuffix = "List";

    public KubeObject(Value value)
    {
        Value = value;
        Kind = value["kind"].PeekText();
        ApiVersion = value["apiVersion"].PeekText();
    }

    public KubeObject(Value value, KubeObject list)
        : this(value)
    {
        if (Kind is not null || !list.IsList) return;
        Kind = list.Kind![..^ListSuffix.Length];
        ApiVersion ??= list.ApiVersion;
    }

    public Value Value { get; }

    public string? Kind { get; }

    public string? ApiVersion { get; }

    /// <summary>A list by its kind and by having items or nothing in their place.</summary>
    public bool IsList => Kind is not null && Kind.EndsWith(ListSuffix, StringComparison.Ordinal);
}
