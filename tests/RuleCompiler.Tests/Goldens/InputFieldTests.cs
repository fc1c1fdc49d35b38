using System.Collections;
using System.Reflection;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using RuleCompiler.Tests.Tidy;
using Xunit;

namespace RuleCompiler.Tests.Goldens;

/// <summary>
/// A field that no reader fills is dead, whatever the code behind it does. So every field of what is read must have, in
/// some golden, a value other than the one that it has when nothing is said.
/// </summary>
public sealed class InputFieldTests
{
    /// <summary>One object of each kind with the fields that the API demands.</summary>
    private const string Sparse = """
        # The first byte of JSON is a brace, of YAML something else.
        {apiVersion: v1, kind: Service, metadata: {name: a, namespace: b}, spec: {clusterIP: 10.0.0.1, ports: [{port: 1}]}}
        ---
        {apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4,
         metadata: {name: a-1, namespace: b, labels: {kubernetes.io/service-name: a}},
         endpoints: [{addresses: [10.0.0.2]}], ports: [{port: 1}]}
        ---
        {apiVersion: v1, kind: Node, metadata: {name: a}}
        ---
        {apiVersion: networking.k8s.io/v1, kind: ServiceCIDR, metadata: {name: a}, spec: {cidrs: [10.0.0.0/24]}}
        """;

    private const string SparseConfig = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    /// <summary>Where something stands is no field of it, and the kernel is told by options, not by YAML.</summary>
    private static readonly Type[] _notRead = [typeof(Location), typeof(KernelFacts)];

    [Fact]
    public void Every_field_that_is_read_is_set_in_some_golden()
    {
        var defaults = new Observations();
        defaults.Add(Read([File("sparse.yaml", Sparse)], File("sparse-config.yaml", SparseConfig), "a"));
        var seen = new Observations();
        foreach (var folder in Checkout.Scenarios)
        {
            var config = Path.Combine(folder, "kube-proxy-config.yaml");
            seen.Add(Read(
                [FileOf(Path.Combine(folder, "cluster.yaml")), FileOf(Path.Combine(folder, "nodes.yaml"))],
                System.IO.File.Exists(config) ? FileOf(config) : File("none", SparseConfig),
                "node-0"));
        }

        Assert.Superset(
            new HashSet<string> { "Service.Annotations", "SliceEndpoint.Ready", "IpvsConfig.Scheduler", "NodeFacts.Zone" },
            seen.Fields.Select(Observations.NameOf).ToHashSet());
        Findings.None(
            from field in defaults.Fields.Union(seen.Fields)
            where seen.ValuesOf(field).All(value => defaults.IsDefault(field, value))
            select $"no golden sets {Observations.NameOf(field)}");
    }

    private static (ClusterState, NodeFacts) Read(InputFile[] files, InputFile configFile, string nodeName)
    {
        var cluster = ClusterReader.Read(files).Cluster;
        var node = cluster.Nodes.Single(one => one.Name == nodeName);
        return (cluster, NodeFacts.Create(node, ConfigReader.Read(configFile).Config, new KernelFacts()));
    }

    private static InputFile FileOf(string path) => new(path, System.IO.File.ReadAllBytes(path));

    private static InputFile File(string name, string text) => new(name, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>The values that each field of each record was seen with, as far down as records hold records.</summary>
    private sealed class Observations
    {
        private readonly Dictionary<PropertyInfo, HashSet<object>> _values = [];

        private static readonly object _null = new();

        public IEnumerable<PropertyInfo> Fields => _values.Keys.OrderBy(NameOf, StringComparer.Ordinal);

        public static string NameOf(PropertyInfo field) => $"{field.DeclaringType!.Name}.{field.Name}";

        public HashSet<object> ValuesOf(PropertyInfo field) => _values.GetValueOrDefault(field) ?? [];

        /// <summary>Of a record that the sparse input does not have, the defaults are its type's.</summary>
        public bool IsDefault(PropertyInfo field, object value) => _values.TryGetValue(field, out var known)
            ? known.Contains(value)
            : Equals(value, field.PropertyType.IsValueType ? Activator.CreateInstance(field.PropertyType) : _null);

        public void Add((ClusterState Cluster, NodeFacts Node) read)
        {
            Add((object)read.Cluster);
            Add((object)read.Node);
        }

        private void Add(object? value)
        {
            if (value is null || _notRead.Contains(value.GetType())) return;
            if (value is IEnumerable items and not string)
            {
                foreach (var item in items) Add(item);
            }
            else if (IsInput(value.GetType()))
            {
                foreach (var field in FieldsOf(value.GetType()))
                {
                    var held = field.GetValue(value);
                    if (!_values.TryGetValue(field, out var values)) _values.Add(field, values = []);
                    values.Add(held ?? _null);
                    Add(held);
                }
            }
        }

        /// <summary>What is computed has no setter.</summary>
        private static IEnumerable<PropertyInfo> FieldsOf(Type record) => record
            .GetProperties(BindingFlags.Public | BindingFlags.Instance)
            .Where(property => property.CanWrite && !_notRead.Contains(property.PropertyType));

        /// <summary>Records of input; an address, a number or a name is a value.</summary>
        private static bool IsInput(Type type) =>
            type.Namespace == typeof(ClusterState).Namespace && !type.IsEnum && type != typeof(ObjectName);
    }
}
