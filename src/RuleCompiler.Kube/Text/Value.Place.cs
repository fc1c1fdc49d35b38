using System.Globalization;

namespace RuleCompiler.Kube.Text;

/// <summary>How a value is called in messages: "spec.ports[0].port of Service shop/web".</summary>
internal readonly partial struct Value
{
    private string Place
    {
        get
        {
            var path = IsPresent ? PathOf(_index) : Join(PathOf(_parent), _name);
            var subject = Subject;
            return subject.Length == 0 ? path : path.Length == 0 ? subject : $"{path} of {subject}";
        }
    }

    /// <summary>Kind and name of the whole object, as far as it has them.</summary>
    public string Subject
    {
        get
        {
            var root = _tree.Root;
            var metadata = root["metadata"];
            var kind = root["kind"].PeekText();
            if (metadata["name"].PeekText() is not { } name) return kind is null ? "" : Words.Clip(kind);
            var full = metadata["namespace"].PeekText() is { } space ? $"{space}/{name}" : name;
            return Words.Clip(kind is null ? full : $"{kind} {full}");
        }
    }

    private string PathOf(int index)
    {
        var parent = _tree[index].Parent;
        if (parent < 0) return "";
        return _tree[parent].Shape == Shape.Map
            ? Join(PathOf(parent), Words.Clip(_tree[index - 1].Text ?? ""))
            : string.Create(CultureInfo.InvariantCulture, $"{PathOf(parent)}[{Ordinal(parent, index)}]");
    }

    private int Ordinal(int sequence, int index)
    {
        var ordinal = 0;
        for (var at = sequence + 1; at < index; at = _tree[at].Next) ordinal++;
        return ordinal;
    }

    private static string Join(string path, string name) => path.Length == 0 ? name : $"{path}.{name}";
}
