using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Kube;

public sealed class ClusterReaderTests
{
    private const string ServiceJson =
        """{"apiVersion":"v1","kind":"Service","metadata":{"name":"web","namespace":"shop"},"spec":{"clusterIP":"10.96.0.1","ports":[{"port":80}]}}""";

    [Fact]
    public void Json_and_yaml_say_the_same()
    {
        var json = Input.Read(ServiceJson).Cluster.Services[0];
        var yaml = Input.Read(Input.Service("ports:\n- port: 80")).Cluster.Services[0];
        var place = new Location("in.yaml", 1, 1);
        Assert.Equal(yaml with { Location = place, Ports = [yaml.Ports[0] with { Location = new("in.yaml", 1, 123) }] }, json);
    }

    [Theory]
    [InlineData("{0}\n{0}")]
    [InlineData("[{0}]")]
    [InlineData("{{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[{0}]}}")]
    [InlineData("{{\"items\":[{0}],\"kind\":\"List\",\"apiVersion\":\"v1\"}}")]
    [InlineData("---\n{0}\n---\n# nothing\n---\n{0}\n...\n")]
    [InlineData("items:\n- items:\n  - {0}\n  kind: List\nkind: List\n")]
    public void Objects_come_alone_in_streams_and_in_lists(string frame) =>
        Assert.Equal("shop/web", Input.Read(string.Format(null, frame, ServiceJson)).Cluster.Services.Single().Name.ToString());

    [Theory]
    [InlineData("kind: ServiceList\napiVersion: v1\nitems:\n- metadata: {name: a}\n  spec: {clusterIP: 10.0.0.1}\n- metadata: {name: b}\n  spec: {clusterIP: 10.0.0.2}\n")]
    [InlineData("items:\n- metadata: {name: a}\n  spec: {clusterIP: 10.0.0.1}\n- metadata: {name: b}\n  spec: {clusterIP: 10.0.0.2}\nkind: ServiceList\napiVersion: v1\n")]
    public void Items_of_a_typed_list_take_its_type(string text) =>
        Assert.Equal(["a", "b"], Input.Read(text).Cluster.Services.Select(service => service.Name.Name));

    [Fact]
    public void An_empty_list_is_readable_and_has_no_services()
    {
        foreach (var items in (string[])["items: []", "items: null", "metadata: {}"])
        {
            var result = Input.Read($"apiVersion: v1\nkind: List\n{items}\n");
            Assert.False(result.Unreadable);
            Assert.Equal(DiagnosticCatalog.NoServices, Assert.Single(result.Diagnostics).Rule);
        }
    }

    [Fact]
    public void Other_kinds_are_counted_and_passed_over()
    {
        var result = Input.Read(Input.Service() + "---\napiVersion: apps/v1\nkind: Deployment\n---\napiVersion: serving.knative.dev/v1\nkind: Service\n---\napiVersion: apps/v1\nkind: Deployment\n");
        Assert.Equal([new KindCount("apps/v1 Deployment", 2), new KindCount("serving.knative.dev/v1 Service", 1)], result.Summary.PassedOver);
        Assert.Equal("RC1044", Assert.Single(result.Diagnostics).Rule.Id);
    }

    [Theory]
    [InlineData("kind: Service\nmetadata: {name: x}")]
    [InlineData("kind: EndpointSlice\napiVersion: discovery.k8s.io/v1beta1\nmetadata: {name: x}")]
    public void Another_version_of_a_kind_that_counts_is_a_warning(string text) =>
        Assert.Contains(": warning RC1029: ", Input.Read(text).Diagnostics.Only(DiagnosticCatalog.ApiVersionNotRead), StringComparison.Ordinal);

    [Fact]
    public void An_object_without_a_kind_is_an_error() =>
        Assert.Equal("in.yaml(1,1): error RC1021: found no kind, expected an object with apiVersion and kind; add it",
            Input.Read("a: 1").Diagnostics.Only(DiagnosticCatalog.MissingField));

    [Theory]
    [InlineData("items: foo")]
    [InlineData("items: {a: 1}")]
    public void Items_that_are_no_list_are_an_error(string items) =>
        Assert.Contains("at items", Input.Read($"apiVersion: v1\nkind: List\n{items}").Diagnostics
            .Only(DiagnosticCatalog.WrongType), StringComparison.Ordinal);

    [Theory]
    [InlineData("clusterIPs: [null]")]
    [InlineData("externalIPs: [null]")]
    [InlineData("loadBalancerSourceRanges: [null]")]
    [InlineData("ports: [null, {port: 80}]")]
    public void A_null_in_a_list_leaves_the_Service_out(string line)
    {
        var result = Input.Read(
            "apiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: b}\n" +
            $"spec: {{clusterIP: 10.96.0.1, type: LoadBalancer, {(line.StartsWith("ports", StringComparison.Ordinal) ? "" : "ports: [{port: 80}], ")}{line}}}");
        Assert.Contains("found null at spec.", result.Diagnostics.Only(DiagnosticCatalog.WrongType), StringComparison.Ordinal);
        Assert.Empty(result.Cluster.Services);
    }

    [Fact]
    public void The_later_of_two_objects_counts()
    {
        var result = Input.Read(Input.Service(), Input.Service(clusterIp: "10.96.0.2"));
        Assert.Equal("10.96.0.2", Assert.Single(result.Cluster.Services).ClusterIps[0].ToString());
        Assert.StartsWith("in1.yaml(4,9): warning RC1028: found \"shop/web\" again", result.Diagnostics.Only(DiagnosticCatalog.DuplicateObject), StringComparison.Ordinal);
        Assert.Empty(Input.Read(Input.Service(), Input.Service(clusterIp: "None")).Cluster.Services);
    }

    [Fact]
    public void A_slice_has_the_apis_defaults()
    {
        var slice = Assert.Single(Input.Read(Input.Service("ports:\n- port: 80"), Input.Slice(
            "endpoints:\n- addresses: [10.64.0.1, 10.64.0.2]\n- {addresses: [10.64.0.3], conditions: {ready: false}, nodeName: n, hints: {forZones: [{name: a}], forNodes: [{name: n}]}}\n- addresses: []\nports:\n- port: 8080\n- name: x\n- {name: y, port: 0}")).Cluster.EndpointSlices);
        Assert.Equal([new SlicePort("", Protocol.Tcp, new Port(8080))], slice.Ports);
        Assert.Equal(["10.64.0.1", "10.64.0.3"], slice.Endpoints.Select(endpoint => endpoint.Address.ToString()));
        var (first, second) = (slice.Endpoints[0], slice.Endpoints[1]);
        Assert.Equal((true, true, false, null), (first.Ready, first.Serving, first.Terminating, first.NodeName));
        Assert.Equal((false, true, false, "n"), (second.Ready, second.Serving, second.Terminating, second.NodeName));
        Assert.Equal(("[a]", "[n]"), ($"{second.ZoneHints}", $"{second.NodeHints}"));
    }

    [Theory]
    [InlineData("endpoints:\n- addresses: [nope]", "RC1024")]
    [InlineData("endpoints:\n- addresses: ['fd00::1']", "RC1027")]
    [InlineData("endpoints:\n- {addresses: [10.0.0.1], conditions: {ready: 1}}", "RC1020")]
    [InlineData("endpoints:\n- {addresses: [10.0.0.1], conditions: {ready: 'true'}}", "RC1020")]
    [InlineData("endpoints:\n- {addresses: [10.0.0.1], nodeName: A_b}", "RC1023")]
    [InlineData("endpoints:\n- {addresses: 10.0.0.1}", "RC1020")]
    [InlineData("endpoints:\n- addresses: [null]", "RC1020")]
    [InlineData("endpoints:\n- {addresses: [10.0.0.1], hints: {forZones: zone-a}}", "RC1020")]
    public void A_wrong_endpoint_is_left_out_alone(string endpoint, string id)
    {
        var result = Input.Read(Input.Service("ports:\n- port: 80"), Input.Slice(endpoint + "\n- addresses: [10.64.0.9]\nports:\n- port: 8080"));
        var error = Assert.Single(result.Diagnostics, diagnostic => diagnostic.Rule.Severity == Severity.Error);
        Assert.Equal((id, "in1.yaml", 10), (error.Rule.Id, error.Location.Path, error.Location.Line));
        Assert.Equal("10.64.0.9", Assert.Single(Assert.Single(result.Cluster.EndpointSlices).Endpoints).Address.ToString());
    }

    [Theory]
    [InlineData("ports:\n- port: 70000", "RC1022")]
    [InlineData("ports:\n- {port: 80, protocol: tcp}", "RC1025")]
    [InlineData("ports: 80", "RC1020")]
    [InlineData("endpoints: x", "RC1020")]
    public void A_wrong_slice_is_left_out(string lines, string id)
    {
        var result = Input.Read(Input.Service(), Input.Slice(lines));
        Assert.Equal(id, Assert.Single(result.Diagnostics, diagnostic => diagnostic.Rule.Severity == Severity.Error).Rule.Id);
        Assert.Empty(result.Cluster.EndpointSlices);
    }

    [Theory]
    [InlineData("addressType: IPv4", "addressType: FQDN", "EndpointSlice of domain names")]
    [InlineData("kubernetes.io/service-name: web", "service.kubernetes.io/headless: ''", "EndpointSlice of a headless Service")]
    [InlineData("kubernetes.io/service-name: web", "kubernetes.io/service-name: ''", "EndpointSlice without a Service")]
    [InlineData("kubernetes.io/service-name: web", "app: web", "EndpointSlice without a Service")]
    public void Slices_that_no_proxy_uses_are_counted(string line, string instead, string reason)
    {
        var result = Input.Read(Input.Service(), Input.Slice("endpoints: []").Replace(line, instead, StringComparison.Ordinal));
        Assert.Equal([new KindCount(reason, 1)], result.Summary.Filtered);
        Assert.Empty(result.Cluster.EndpointSlices);
    }

    [Fact]
    public void Nodes_and_service_cidrs_are_read()
    {
        var cluster = Input.Read(
            "apiVersion: v1\nkind: Node\nmetadata: {name: n}\nspec: {podCIDR: 10.64.0.0/24}\nstatus: {addresses: [{type: ExternalIP, address: 1.2.3.4}, {type: Hostname, address: n}, {type: InternalIP, address: 10.0.0.1}]}\n" +
            "---\napiVersion: networking.k8s.io/v1\nkind: ServiceCIDR\nmetadata: {name: kubernetes}\nspec: {cidrs: [10.96.0.0/16, 'fd00::/108']}\n").Cluster;
        Assert.Equal("[10.64.0.0/24] [10.0.0.1, 1.2.3.4]", $"{cluster.Nodes[0].PodCidrs} {cluster.Nodes[0].Addresses}");
        Assert.Equal("kubernetes [10.96.0.0/16, fd00::/108]", $"{cluster.ServiceCidrs[0].Name} {cluster.ServiceCidrs[0].Cidrs}");
        var wrong = Input.Read("apiVersion: v1\nkind: Node\nmetadata: {name: n}\nstatus: {addresses: [{type: InternalIP, address: n}]}\n");
        Assert.Empty(wrong.Cluster.Nodes);
        Assert.Contains("RC1024", wrong.Diagnostics.Only(DiagnosticCatalog.InvalidAddress), StringComparison.Ordinal);
    }

    [Fact]
    public void A_port_name_that_the_slices_do_not_have_is_told_on_both_sides()
    {
        var diagnostics = Input.Read(
            Input.Service("ports:\n- {name: http, port: 80}"),
            Input.Slice("endpoints:\n- addresses: [10.64.0.1]\nports:\n- {name: https, port: 443}")).Diagnostics;
        Assert.Equal(
            "in0.yaml(9,5): warning RC1040: found no port \"http\" (tcp) of Service shop/web in its EndpointSlices, which have \"https\" (tcp 443), " +
            "expected the same name and protocol; rename either one; until then connections to this port are refused",
            diagnostics.Only(DiagnosticCatalog.PortNotInSlices));
        Assert.Equal(
            "in1.yaml(1,1): warning RC1043: found port \"https\" (tcp 443) in EndpointSlice shop/web-x7k, expected a port that Service shop/web has; " +
            "rename either one; nothing is sent to this port",
            diagnostics.Only(DiagnosticCatalog.SlicePortUnused));
    }

    [Fact]
    public void Services_and_slices_that_miss_each_other_are_told()
    {
        var diagnostics = Input.Read(Input.Service(), Input.Slice("endpoints: []", service: "wbe")).Diagnostics;
        Assert.StartsWith("in0.yaml(1,1): warning RC1041: ", diagnostics.Only(DiagnosticCatalog.ServiceWithoutSlices), StringComparison.Ordinal);
        Assert.StartsWith("in1.yaml(1,1): warning RC1042: ", diagnostics.Only(DiagnosticCatalog.SliceWithoutService), StringComparison.Ordinal);
        Assert.Equal(DiagnosticCatalog.NoServices, Assert.Single(Input.Read(Input.Slice("endpoints: []")).Diagnostics).Rule);
        Assert.Equal(DiagnosticCatalog.NoEndpointSlices, Assert.Single(Input.Read(Input.Service()).Diagnostics).Rule);
    }

    [Fact]
    public void Hostile_text_cannot_write_into_a_message()
    {
        var found = Input.Read(Input.Service("ports:\n- port: 80\n  protocol: \"T\\n\\e[31mX" + new string('y', 500) + "\"")).Diagnostics
            .Only(DiagnosticCatalog.UnknownValue);
        Assert.DoesNotContain(found, character => char.IsControl(character));
        Assert.InRange(found.Length, 1, 300);
    }
}
