using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Kinds;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube;

/// <summary>Sorts objects by kind, reads those that a proxy watches and counts the others.</summary>
internal sealed class ClusterBuilder
{
    private readonly Shelf<ObjectName, Service> _services = new();
    private readonly Shelf<ObjectName, EndpointSlice> _slices = new();
    private readonly Shelf<string, Node> _nodes = new();
    private readonly Shelf<string, ServiceCidr> _serviceCidrs = new();
    private readonly SortedDictionary<string, int> _filtered = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _passedOver = new(StringComparer.Ordinal);

    public void Add(KubeObject found)
    {
        var root = found.Value;
        if (found.Kind is null || !root.IsMap)
        {
            root["kind"].FailMissing("an object with apiVersion and kind");
            return;
        }

        switch (found.Kind, found.ApiVersion)
        {
            case ("Service", "v1"):
                AddNamed(_services, root, ServiceReader.FilterOf, ServiceReader.Read);
                break;
            case ("EndpointSlice", "discovery.k8s.io/v1"):
                AddNamed(_slices, root, EndpointSliceReader.FilterOf, EndpointSliceReader.Read);
                break;
            case ("Node", "v1"):
                if (Metadata.ClusterNameOf(root) is { } node) Put(_nodes, node, NodeReader.Read(root, node), root);
                break;
            case ("ServiceCIDR", "networking.k8s.io/v1" or "networking.k8s.io/v1beta1"):
                if (Metadata.ClusterNameOf(root) is { } cidr)
                    Put(_serviceCidrs, cidr, ServiceCidrReader.Read(root, cidr), root);
                break;
            default:
                PassOver(found);
                break;
        }
    }

    public ClusterState ToCluster() => new(
        _services.Objects.ToSortedSeq(), _slices.Objects.ToSortedSeq(), _nodes.Objects.ToSortedSeq(),
        _serviceCidrs.Objects.ToSortedSeq());

    public InputSummary ToSummary(int files, ClusterState cluster) => new(
        files,
        [
            new("Service", cluster.Services.Count), new("EndpointSlice", cluster.EndpointSlices.Count),
            new("Node", cluster.Nodes.Count), new("ServiceCIDR", cluster.ServiceCidrs.Count),
        ],
        CountsOf(_filtered),
        CountsOf(_passedOver));

    public List<Diagnostic> CrossCheck() => CrossChecks.Run(_services, _slices);

    private void AddNamed<T>(
        Shelf<ObjectName, T> shelf, Value root, Func<Value, string?> filterOf, Func<Value, ObjectName, T?> read)
        where T : class
    {
        if (Metadata.NameOf(root) is not { } name) return;
        var filter = filterOf(root);
        if (filter is not null) Count(_filtered, filter);
        Put(shelf, name, filter is null ? read(root, name) : null, root);
    }

    private static void Put<TName, T>(Shelf<TName, T> shelf, TName name, T? value, Value root)
        where TName : notnull
        where T : class
    {
        if (shelf.Put(name, value)) return;
        root["metadata"]["name"].Fail(
            DiagnosticCatalog.DuplicateObject, Words.Quote(name.ToString()!) + " again", "each object once",
            "remove one of the two; the later one counts");
    }

    private void PassOver(KubeObject found)
    {
        var name = $"{found.ApiVersion} {found.Kind}";
        Count(_passedOver, Words.Clip(name));
        var expected = (found.Kind, found.ApiVersion) switch
        {
            ("EndpointSlice", "discovery.k8s.io/v1beta1") => "discovery.k8s.io/v1",
            ("ServiceCIDR", "networking.k8s.io/v1alpha1") => "networking.k8s.io/v1",
            ("Service" or "Node", null) => "v1",
            ("EndpointSlice", null) => "discovery.k8s.io/v1",
            _ => null,
        };
        if (expected is null) return;
        found.Value["apiVersion"].Fail(
            DiagnosticCatalog.ApiVersionNotRead, Words.Quote(found.ApiVersion ?? ""), expected,
            "the object is left out; convert it");
    }

    private static void Count(SortedDictionary<string, int> counts, string kind) =>
        counts[kind] = counts.GetValueOrDefault(kind) + 1;

    private static Seq<KindCount> CountsOf(SortedDictionary<string, int> counts) =>
        counts.Select(pair => new KindCount(pair.Key, pair.Value)).ToSeq();
}
