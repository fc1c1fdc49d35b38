using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Kube;

public sealed class ServiceReaderTests
{
    /// <summary>Line 7 is clusterIP; the lines of the case begin at line 8, column 3.</summary>
    [Theory]
    [InlineData("ports:\n- port: 0", "RC1022", 9, 11)]
    [InlineData("ports:\n- port: 65536", "RC1022", 9, 11)]
    [InlineData("ports:\n- port: -1", "RC1022", 9, 11)]
    [InlineData("ports:\n- port: 99999999999999999999", "RC1022", 9, 11)]
    [InlineData("ports:\n- port: \"80\"", "RC1020", 9, 11)]
    [InlineData("ports:\n- port: 80.0", "RC1020", 9, 11)]
    [InlineData("ports:\n- port: 0x50", "RC1020", 9, 11)]
    [InlineData("ports:\n- port: 080", "RC1020", 9, 11)]
    [InlineData("ports:\n- port: [80]", "RC1020", 9, 11)]
    [InlineData("ports:\n- name: x", "RC1021", 9, 5)]
    [InlineData("ports: {port: 80}", "RC1020", 8, 10)]
    [InlineData("ports: [80]", "RC1020", 8, 11)]
    [InlineData("ports:\n- port: 80\n  nodePort: 70000", "RC1022", 10, 15)]
    [InlineData("ports:\n- port: 80\n  protocol: tcp", "RC1025", 10, 15)]
    [InlineData("ports:\n- port: 80\n  protocol: ICMP", "RC1025", 10, 15)]
    [InlineData("ports:\n- port: 80\n  name: Web_1", "RC1023", 10, 11)]
    [InlineData("ports:\n- port: 80\n  name: 80", "RC1020", 10, 11)]
    [InlineData("ports:\n- port: 80\n  name: yes", "RC1020", 10, 11)]
    [InlineData("externalIPs: [10.0.0.256]", "RC1024", 8, 17)]
    [InlineData("externalIPs: [fe80::1%eth0]", "RC1024", 8, 17)]
    [InlineData("externalIPs: 1.2.3.4", "RC1020", 8, 16)]
    [InlineData("loadBalancerSourceRanges: [10.0.0.0/33]", "RC1024", 8, 30)]
    [InlineData("loadBalancerSourceRanges: [10.0.0.0]", "RC1024", 8, 30)]
    [InlineData("sessionAffinity: clientip", "RC1025", 8, 20)]
    [InlineData("sessionAffinity: ClientIP\nsessionAffinityConfig: {clientIP: {timeoutSeconds: 0}}", "RC1022", 9, 54)]
    [InlineData("sessionAffinity: ClientIP\nsessionAffinityConfig: {clientIP: {timeoutSeconds: 86401}}", "RC1022", 9, 54)]
    [InlineData("type: Loadbalancer", "RC1025", 8, 9)]
    [InlineData("externalTrafficPolicy: local", "RC1025", 8, 26)]
    [InlineData("internalTrafficPolicy: true", "RC1020", 8, 26)]
    [InlineData("healthCheckNodePort: 65536", "RC1022", 8, 24)]
    [InlineData("clusterIPs: [10.96.0.2]", "RC1031", 7, 14)]
    [InlineData("ipFamilies: [IPv6]", "RC1027", 8, 16)]
    [InlineData("ipFamilies: [IPV4]", "RC1025", 8, 16)]
    [InlineData("clusterIPs: [10.96.0.1, nope]", "RC1024", 8, 27)]
    public void A_wrong_field_leaves_the_service_out_and_no_other(string lines, string id, int line, int column)
    {
        var result = Input.Read(Input.Service(lines) + "---\n" + Input.Service(name: "good") + "---\n" + Input.Slice("endpoints: []"));
        var error = Assert.Single(result.Diagnostics, diagnostic => diagnostic.Rule.Severity == Severity.Error);
        Assert.Equal((id, line, column), (error.Rule.Id, error.Location.Line, error.Location.Column));
        Assert.Contains("Service shop/web", error.Message, StringComparison.Ordinal);
        Assert.Equal("good", Assert.Single(result.Cluster.Services).Name.Name);
        Assert.False(result.Unreadable);
    }

    [Fact]
    public void A_diagnostic_says_found_expected_and_what_to_do() => Assert.Equal(
        "in.yaml(9,11): error RC1020: found the text \"80\" at spec.ports[0].port of Service shop/web, expected a port; write it without quotes",
        Input.Read(Input.Service("ports:\n- port: \"80\"")).Diagnostics.Only(DiagnosticCatalog.WrongType));

    [Fact]
    public void Every_problem_is_told_in_one_run()
    {
        var result = Input.Read(Input.Service("type: X\nports:\n- {port: 0, nodePort: -1, protocol: Y}\n- {port: 1, name: Z}\nexternalIPs: [a, b]"));
        Assert.Equal(7, result.Diagnostics.Count(diagnostic => diagnostic.Rule.Severity == Severity.Error));
    }

    [Theory]
    [InlineData("metadata: {name: Web}", "RC1023")]
    [InlineData("metadata: {name: web, namespace: a.b}", "RC1023")]
    [InlineData("metadata: {namespace: shop}", "RC1021")]
    [InlineData("metadata: web", "RC1020")]
    [InlineData("spec: []\nmetadata: {name: web}", "RC1020")]
    [InlineData("status: 1\nmetadata: {name: web}\nspec: {clusterIP: 10.0.0.1}", "RC1020")]
    [InlineData("metadata: {name: web, creationTimestamp: yesterday}\nspec: {clusterIP: 10.0.0.1}", "RC1033")]
    [InlineData("metadata: {name: web}\nspec: {clusterIP: 10.0.0.1}\nstatus: {loadBalancer: {ingress: [{ip: 1.2.3.4, ipMode: vip}]}}", "RC1025")]
    public void Wrong_metadata_and_status_are_told(string lines, string id)
    {
        var result = Input.Read("apiVersion: v1\nkind: Service\n" + lines);
        Assert.Equal(id, Assert.Single(result.Diagnostics, diagnostic => diagnostic.Rule.Severity == Severity.Error).Rule.Id);
        Assert.Empty(result.Cluster.Services);
    }

    [Fact]
    public void Defaults_are_the_apis()
    {
        var service = One(Input.Service("ports:\n- port: 80\nsessionAffinity: ClientIP"));
        Assert.Equal(
            (ServiceType.ClusterIp, TrafficPolicy.Cluster, TrafficPolicy.Cluster, (int?)10800),
            (service.Type, service.InternalTrafficPolicy, service.ExternalTrafficPolicy, service.AffinityTimeoutSeconds));
        var port = Assert.Single(service.Ports);
        Assert.Equal(("", Protocol.Tcp, (Port?)null), (port.Name, port.Protocol, port.NodePort));
        Assert.Equal("default", One("apiVersion: v1\nkind: Service\nmetadata: {name: x}\nspec: {clusterIP: 10.0.0.1}").Name.Namespace);
    }

    [Theory]
    [InlineData("clusterIPs: [10.96.0.1, fd00::1]\nipFamilies: [IPv4, IPv6]", "10.96.0.1 fd00::1")]
    [InlineData("clusterIPs: [10.96.0.1, fd00::1]\nipFamilies: [IPv4]", "10.96.0.1")]
    [InlineData("clusterIPs: [10.96.0.1]\nipFamilies: [IPv4, IPv6]", "10.96.0.1")]
    [InlineData("clusterIPs: [10.96.0.1, fd00::1]", "10.96.0.1")]
    [InlineData("", "10.96.0.1")]
    public void Cluster_ips_are_picked_by_family(string lines, string expected) =>
        Assert.Equal(expected, string.Join(' ', One(Input.Service(lines)).ClusterIps));

    [Theory]
    [InlineData("172.30.0.041", "172.30.0.41")]
    [InlineData("::ffff:10.0.0.1", "10.0.0.1")]
    public void Unusual_addresses_are_read_with_a_warning(string text, string meaning)
    {
        var result = Input.Read(Input.Service($"externalIPs: ['{text}', '', ' ']"));
        Assert.Equal([Ip.Parse(meaning)], Assert.Single(result.Cluster.Services).ExternalIps);
        Assert.StartsWith("in.yaml(8,17): warning RC1026: ", result.Diagnostics.Only(DiagnosticCatalog.NonCanonicalAddress), StringComparison.Ordinal);
    }

    [Fact]
    public void Source_ranges_are_trimmed_and_canonical() => Assert.Equal(
        [Prefix.Parse("203.0.113.0/25"), Prefix.Parse("10.0.0.0/8")],
        One(Input.Service("loadBalancerSourceRanges: ['203.0.113.000/025', ' 10.1.2.3/8 ']")).LoadBalancerSourceRanges);

    [Fact]
    public void Only_vips_with_an_address_become_frontends() => Assert.Equal(
        [Ip.Parse("1.1.1.1"), Ip.Parse("2.2.2.2")],
        One(Input.Service() + "status: {loadBalancer: {ingress: [{ip: 1.1.1.1}, {ip: 2.2.2.2, ipMode: VIP}, {ip: 3.3.3.3, ipMode: Proxy}, {hostname: a.b}, {ip: ''}]}}\n").LoadBalancerIps);

    [Fact]
    public void A_health_check_port_counts_only_for_local_load_balancers()
    {
        Assert.Equal(new Port(31000), One(Input.Service("type: LoadBalancer\nexternalTrafficPolicy: Local\nhealthCheckNodePort: 31000")).HealthCheckNodePort);
        Assert.Null(One(Input.Service("type: LoadBalancer\nhealthCheckNodePort: 31000")).HealthCheckNodePort);
        Assert.Null(One(Input.Service("type: LoadBalancer\nexternalTrafficPolicy: Local\nhealthCheckNodePort: 0")).HealthCheckNodePort);
    }

    [Theory]
    [InlineData("metadata: {name: x, labels: {service.kubernetes.io/service-proxy-name: ''}}\nspec: {clusterIP: 10.0.0.1}", "Service of another proxy")]
    [InlineData("metadata: {name: x}\nspec: {clusterIP: None}", "headless Service")]
    [InlineData("metadata: {name: x}\nspec: {clusterIP: 10.0.0.1, type: ExternalName}", "ExternalName Service")]
    public void What_a_proxy_does_not_watch_is_counted(string lines, string reason)
    {
        var result = Input.Read("apiVersion: v1\nkind: Service\n" + lines);
        Assert.Equal([new KindCount(reason, 1)], result.Summary.Filtered);
        Assert.DoesNotContain(result.Diagnostics, diagnostic => diagnostic.Rule.Severity == Severity.Error);
        Assert.Empty(result.Cluster.Services);
    }

    [Theory]
    [InlineData("spec: {}")]
    [InlineData("spec: {clusterIP: ''}")]
    [InlineData("spec: {clusterIP: null}")]
    public void A_service_without_a_cluster_ip_is_a_warning(string spec)
    {
        var result = Input.Read("apiVersion: v1\nkind: Service\nmetadata: {name: web}\n" + spec);
        Assert.Contains("warning RC1030: found no address at spec.clusterIP of Service web, expected",
            result.Diagnostics.Only(DiagnosticCatalog.NoClusterIp), StringComparison.Ordinal);
        Assert.Empty(result.Cluster.Services);
    }

    [Fact]
    public void Of_two_ports_with_one_name_and_protocol_the_later_counts()
    {
        var result = Input.Read(Input.Service("ports:\n- {port: 80}\n- {port: 81}\n- {port: 82, protocol: UDP}"));
        Assert.StartsWith("in.yaml(10,5): warning RC1032: ", result.Diagnostics.Only(DiagnosticCatalog.DuplicatePort), StringComparison.Ordinal);
        Assert.Equal("81 82", string.Join(' ', Assert.Single(result.Cluster.Services).Ports.Select(port => port.Port)));
    }

    private static Service One(string text) => Assert.Single(Input.Read(text).Cluster.Services);

    [Fact]
    public void Annotations_that_a_backend_reads_are_kept()
    {
        var result = Input.Read("""
            apiVersion: v1
            kind: Service
            metadata:
              name: web
              annotations:
                service.beta.kubernetes.io/masquerade-aware: wrr
                kubectl.kubernetes.io/last-applied-configuration: "{}"
                rulecompiler.dev/ipvs-scheduler: lc
                rulecompiler.dev/ipvs-sheduler: sh
            spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}
            """);

        Assert.Equal(
            [new("rulecompiler.dev/ipvs-scheduler", "lc"), new("service.beta.kubernetes.io/masquerade-aware", "wrr")],
            Assert.Single(result.Cluster.Services).Annotations);
        var warning = Assert.Single(result.Diagnostics, diagnostic => diagnostic.Rule.Id == "RC1034");
        Assert.Equal((9, 5), (warning.Location.Line, warning.Location.Column));
    }

    [Fact]
    public void An_annotation_is_text()
    {
        var result = Input.Read("""
            kind: Service
            apiVersion: v1
            metadata: {name: web, annotations: {rulecompiler.dev/ipvs-scheduler: 1}}
            spec: {clusterIP: 10.96.0.1, ports: [{port: 80}]}
            """);

        Assert.Equal("RC1020", Assert.Single(result.Diagnostics, one => one.Rule.Severity == Severity.Error).Rule.Id);
        Assert.Empty(result.Cluster.Services);
    }
}
