using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>
/// Takes a stream of tokens apart into objects: documents, items of lists (<c>kind: List</c>, any <c>…List</c> that an
/// API
/// server returns, or a bare sequence), one at a time. Bounds depth and size, and finds duplicate keys.
/// </summary>
internal sealed class DocumentReader(ITokenSource tokens, Report report, DiagnosticRule? duplicateKey = null)
{
    /// <summary>
    /// Nested collections. The deepest in use, CustomResourceDefinitions of Prometheus, have about 50.
    /// </summary>
    public const int DepthMax = 100;

    /// <summary>Keys and values of one object. A slice with its 1,000 endpoints has about 30,000.</summary>
    private const int EntriesMax = 1_000_000;

    /// <summary>Beyond this many keys a dictionary finds duplicates, below a walk is faster.</summary>
    private const int KeysWalkedMax = 16;

    /// <summary>Ten times the Services and slices of the largest clusters.</summary>
    private const int PendingMax = 200_000;

    private readonly DiagnosticRule _duplicateKey = duplicateKey ?? DiagnosticCatalog.DuplicateKey;
    private readonly ObjectTree _root = new(report);
    private readonly ObjectTree _item = new(report);

    /// <summary>Items of a typed list whose kind is not known yet: in YAML "items" comes before "kind".</summary>
    private readonly List<ObjectTree> _pending = [];

    private Action<KubeObject> _found = _ => { };

    /// <summary>Documents met, even empty lists.</summary>
    public int Documents { get; private set; }

    /// <summary>Reads to the end or to the first broken place. Each object is valid only during its call.</summary>
    public void ReadAll(Action<KubeObject> found)
    {
        _found = found;
        while (!report.IsFull && tokens.Read() is var token && token.Kind != TokenKind.End)
        {
            if (token is { Kind: TokenKind.Scalar, Shape: Shape.Null }) continue;
            Documents++;
            var whole = token.Kind switch
            {
                TokenKind.MapStart => ReadDocument(token),
                TokenKind.SequenceStart => ReadSequence(),
                TokenKind.Scalar => RefuseBareValue(token),
                TokenKind.MapEnd or TokenKind.SequenceEnd or TokenKind.End or TokenKind.Broken => false,
            };
            if (!whole) return;
        }
    }

    private bool ReadDocument(in Token start)
    {
        _root.Clear();
        _pending.Clear();
        var map = _root.Add(start, -1);
        if (!AppendMap(_root, map, depth: 1, streamItems: true)) return false;
        var document = new KubeObject(_root.Root);
        if (_root.Find(map, "items") is var items and >= 0 && _root[items].Shape == Shape.Sequence && document.IsList)
        {
            foreach (var tree in _pending) _found(new KubeObject(tree.Root, document));
        }
        else
        {
            // Says so where they are not a list.
            if (document.IsList) _root.Root["items"].Items();
            _found(document);
        }

        return true;
    }

    private bool ReadSequence()
    {
        _root.Clear();
        return ReadItems();
    }

    /// <summary>Reads the elements of a sequence as objects; the sequence's start is already taken.</summary>
    private bool ReadItems()
    {
        while (!report.IsFull)
        {
            var token = tokens.Read();
            if (token.Kind == TokenKind.SequenceEnd) return true;
            if (token.Kind is TokenKind.Broken or TokenKind.End) return false;
            if (token.Kind == TokenKind.Scalar) return RefuseBareValue(token);
            if (_pending.Count > PendingMax) return RefusePending(token);
            _item.Clear();
            if (!Append(_item, token, -1, depth: 2)) return false;
            Emit(_item.Root);
        }

        return false;
    }

    private void Emit(Value item)
    {
        var found = new KubeObject(item);
        if (found.IsList && item["items"].IsPresent)
        {
            foreach (var inner in item["items"].Items()) _found(new KubeObject(inner.Detach().Root, found));
        }
        else if (found.Kind is null && item.IsMap && _root.Count > 0 && _root.Root["kind"].PeekText() is null)
        {
            _pending.Add(item.Detach());
        }
        else
        {
            _found(found.Kind is null && _root.Count > 0 ? new KubeObject(item, new KubeObject(_root.Root)) : found);
        }
    }

    /// <summary>Adds the value that begins with the token; false when the text ends or is refused inside.</summary>
    private bool Append(ObjectTree tree, in Token token, int parent, int depth)
    {
        if (tree.Count >= EntriesMax)
        {
            report.Refuse(DiagnosticCatalog.TooLarge, token.Line, token.Column,
                $"found an object with more than {EntriesMax} keys and values, " +
                "expected at most an EndpointSlice of 1000 endpoints",
                "check that this is the intended file");
            return false;
        }

        var index = tree.Add(token, parent);
        return token.Kind switch
        {
            TokenKind.Scalar => true,
            TokenKind.MapStart => IsShallow(token, depth) && AppendMap(tree, index, depth, streamItems: false),
            TokenKind.SequenceStart => IsShallow(token, depth) && AppendSequence(tree, index, depth),
            TokenKind.MapEnd or TokenKind.SequenceEnd or TokenKind.End or TokenKind.Broken => false,
        };
    }

    private bool AppendMap(ObjectTree tree, int map, int depth, bool streamItems)
    {
        Dictionary<string, int>? places = null;
        for (var keys = 0; ; keys++)
        {
            var key = tokens.Read();
            if (key.Kind == TokenKind.MapEnd) break;
            if (key.Kind != TokenKind.Scalar) return RefuseKey(key);
            NoteDuplicate(tree, map, key, keys, ref places);
            if (report.IsFull) return false;
            if (!Append(tree, key with { Shape = Shape.Text }, map, depth)) return false;
            var value = tokens.Read();
            if (streamItems && key.Text == "items" && value.Kind == TokenKind.SequenceStart)
            {
                tree.Add(value, map);
                if (!ReadItems()) return false;
            }
            else if (!Append(tree, value, map, depth + 1))
            {
                return false;
            }
        }

        tree.Close(map);
        return true;
    }

    private bool AppendSequence(ObjectTree tree, int sequence, int depth)
    {
        while (true)
        {
            var token = tokens.Read();
            if (token.Kind == TokenKind.SequenceEnd) break;
            if (!Append(tree, token, sequence, depth + 1)) return false;
        }

        tree.Close(sequence);
        return true;
    }

    private void NoteDuplicate(ObjectTree tree, int map, in Token key, int keys, ref Dictionary<string, int>? places)
    {
        int earlier;
        if (keys < KeysWalkedMax)
        {
            // The map is still open: its end is the end of what was added.
            tree.Close(map);
            earlier = tree.Find(map, key.Text) - 1;
        }
        else
        {
            places ??= PlacesOf(tree, map);
            earlier = places.GetValueOrDefault(key.Text, -1);
            places[key.Text] = tree.Count;
        }

        if (earlier < 0) return;
        ref var superseded = ref tree[earlier];
        var message = $"found the key {Words.Quote(key.Text)} again, first at line {superseded.Line}, expected it once";
        superseded.Text = null;
        if (_duplicateKey.Severity == Severity.Error)
            report.Refuse(_duplicateKey, key.Line, key.Column, message, "remove one of the two");
        else
            report.Add(_duplicateKey, key.Line, key.Column, message, "remove one of the two; the later one counts");
    }

    private static Dictionary<string, int> PlacesOf(ObjectTree tree, int map)
    {
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var at = map + 1; at < tree.Count; at = tree[at + 1].Next)
        {
            if (tree[at].Text is { } key) places[key] = at;
        }

        return places;
    }

    private bool IsShallow(in Token token, int depth)
    {
        if (depth <= DepthMax) return true;
        report.Refuse(DiagnosticCatalog.NestedTooDeeply, token.Line, token.Column,
            $"found more than {DepthMax} levels of nesting, expected a Kubernetes object",
            "check that this is the intended file");
        return false;
    }

    private bool RefuseKey(in Token token)
    {
        if (token.Kind is TokenKind.MapStart or TokenKind.SequenceStart)
        {
            report.Refuse(DiagnosticCatalog.BrokenYaml, token.Line, token.Column,
                "found a collection as a key, expected a word",
                "quote {{ }} placeholders, or render the template first");
        }

        return false;
    }

    private bool RefusePending(in Token token)
    {
        report.Refuse(DiagnosticCatalog.TooLarge, token.Line, token.Column,
            $"found more than {PendingMax} items without kind, expected Kubernetes objects",
            "check that this is the intended file");
        return false;
    }

    private bool RefuseBareValue(in Token token)
    {
        report.Refuse(DiagnosticCatalog.NotAnObject, token.Line, token.Column,
            $"found {Words.Quote(token.Text)}, expected an object with apiVersion and kind",
            "check that this is the intended file");
        return false;
    }
}
