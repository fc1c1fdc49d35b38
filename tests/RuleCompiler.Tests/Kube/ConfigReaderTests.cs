using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using RuleCompiler.Kube.Config;
using Xunit;

namespace RuleCompiler.Tests.Kube;

public sealed class ConfigReaderTests
{
    private const string Head = "apiVersion: kubeproxy.config.k8s.io/v1alpha1\nkind: KubeProxyConfiguration\n";

    [Fact]
    public void An_empty_configuration_has_upstreams_defaults()
    {
        var (config, diagnostics) = Read("");
        Assert.Empty(diagnostics);
        Assert.Equal(new ProxyConfig(), config);
        Assert.Equal("0.0.0.0:10256 127.0.0.1:10249", $"{config.HealthzBindAddress} {config.MetricsBindAddress}");
        Assert.Equal((TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(1)), (config.SyncPeriod, config.MinSyncPeriod));
    }

    [Fact]
    public void The_configuration_of_the_real_cluster_reads()
    {
        var (config, diagnostics) = ConfigReader.Read(Input.File("golden/kubernetes-1.36/kube-proxy-config.yaml"));
        Assert.Empty(diagnostics);
        Assert.Equal("node-0", config.HostnameOverride);
        Assert.Equal([Prefix.Parse("10.64.0.0/16"), Prefix.Parse("fd00:10:64::/48")], config.ClusterCidrs);
        Assert.Equal((0, 0, TimeSpan.Zero), (config.Conntrack.MaxPerCore, config.Conntrack.Min, config.Conntrack.TcpEstablishedTimeout));
    }

    /// <summary>What kube-proxy --write-config-to writes, with another value in each field.</summary>
    [Fact]
    public void Every_field_is_read()
    {
        var (config, diagnostics) = Read("""
            bindAddress: fd00::7
            bindAddressHardFail: true
            clientConnection:
              acceptContentTypes: a/b
              burst: 20
              contentType: c/d
              kubeconfig: /etc/kubeconfig
              qps: 7.5
            clusterCIDR: 10.1.0.0/16, fd00:1::/48
            configSyncPeriod: 1h2m3.5s
            conntrack: {maxPerCore: 1, min: 2, tcpBeLiberal: true, tcpCloseWaitTimeout: 3s, tcpEstablishedTimeout: 4s, udpStreamTimeout: 5s, udpTimeout: 6s}
            detectLocal:
              bridgeInterface: cbr0
              interfaceNamePrefix: veth
            detectLocalMode: InterfaceNamePrefix
            enableProfiling: true
            featureGates: {AllowServiceExternalIPs: false}
            healthzBindAddress: 10.0.0.1
            hostnameOverride: " Node-7 "
            iptables: {localhostNodePorts: false, masqueradeAll: true, masqueradeBit: 3, minSyncPeriod: 7s, syncPeriod: 8s}
            ipvs:
              excludeCIDRs: [10.9.0.0/16]
              minSyncPeriod: 9s
              scheduler: lc
              strictARP: true
              syncPeriod: 10s
              tcpFinTimeout: 11s
              tcpTimeout: 12s
              udpTimeout: 13s
            logging: {flushFrequency: 14s, format: json, verbosity: 5, options: {json: {infoBufferSize: "0"}}, vmodule: []}
            metricsBindAddress: "[::1]:99"
            mode: nftables
            nftables: {masqueradeAll: false, masqueradeBit: 4, minSyncPeriod: 15s, syncPeriod: 16s}
            nodePortAddresses: [192.168.0.0/16, fd00::/8]
            oomScoreAdj: -5
            portRange: "1-2"
            showHiddenMetricsForVersion: "1.35"
            windowsRunAsService: true
            winkernel: {enableDSR: true, forwardHealthCheckVip: true, networkName: net, rootHnsEndpointName: hns, sourceVip: 10.0.0.9}
            """);
        Assert.Empty(diagnostics);
        Assert.Equal(EveryField, config);
        Assert.False(config.AllowServiceExternalIps);
    }

    private static ProxyConfig EveryField => new()
    {
        BindAddress = Ip.Parse("fd00::7"),
        BindAddressHardFail = true,
        BridgeInterface = "cbr0",
        ClientConnection = new() { AcceptContentTypes = "a/b", Burst = 20, ContentType = "c/d", Kubeconfig = "/etc/kubeconfig", Qps = 7.5 },
        ClusterCidrs = [Prefix.Parse("10.1.0.0/16"), Prefix.Parse("fd00:1::/48")],
        ConfigSyncPeriod = new TimeSpan(0, 1, 2, 3, 500),
        Conntrack = new()
        {
            MaxPerCore = 1,
            Min = 2,
            TcpBeLiberal = true,
            TcpCloseWaitTimeout = Seconds(3),
            TcpEstablishedTimeout = Seconds(4),
            UdpStreamTimeout = Seconds(5),
            UdpTimeout = Seconds(6),
        },
        DetectLocalMode = DetectLocalMode.InterfaceNamePrefix,
        EnableProfiling = true,
        FeatureGates = [new("AllowServiceExternalIPs", false)],
        HealthzBindAddress = Endpoint.Parse("10.0.0.1:10256"),
        HostnameOverride = "node-7",
        InterfaceNamePrefix = "veth",
        Iptables = new() { LocalhostNodePorts = false, MasqueradeAll = true, MasqueradeBit = 3, MinSyncPeriod = Seconds(7), SyncPeriod = Seconds(8) },
        Ipvs = new()
        {
            ExcludeCidrs = [Prefix.Parse("10.9.0.0/16")],
            MinSyncPeriod = Seconds(9),
            Scheduler = "lc",
            StrictArp = true,
            SyncPeriod = Seconds(10),
            TcpFinTimeout = Seconds(11),
            TcpTimeout = Seconds(12),
            UdpTimeout = Seconds(13),
        },
        Logging = new() { FlushFrequency = Seconds(14), Format = "json", Verbosity = 5 },
        MetricsBindAddress = Endpoint.Parse("[::1]:99"),
        Mode = ProxyMode.Nftables,
        Nftables = new() { MasqueradeBit = 4, MinSyncPeriod = Seconds(15), SyncPeriod = Seconds(16) },
        NodePortAddresses = new(false, [Prefix.Parse("192.168.0.0/16"), Prefix.Parse("fd00::/8")]),
        OomScoreAdj = -5,
        PortRange = "1-2",
        ShowHiddenMetricsForVersion = "1.35",
        WindowsRunAsService = true,
        Winkernel = new()
        {
            EnableDsr = true,
            ForwardHealthCheckVip = true,
            NetworkName = "net",
            RootHnsEndpointName = "hns",
            SourceVip = Ip.Parse("10.0.0.9"),
        },
    };

    [Fact]
    public void Shared_settings_follow_the_mode()
    {
        var (config, _) = Read("iptables: {masqueradeAll: true, masqueradeBit: 1, syncPeriod: 5s}\nipvs: {syncPeriod: 6s, minSyncPeriod: 2s}\nnftables: {masqueradeBit: 2, syncPeriod: 7s}");
        string Of(ProxyMode mode)
        {
            var one = config with { Mode = mode };
            return $"{one.MasqueradeAll} {one.MasqueradeBit} {one.SyncPeriod.TotalSeconds} {one.MinSyncPeriod.TotalSeconds} {one.EffectiveNodePortAddresses.Primary}";
        }

        Assert.Equal("True 1 5 1 False", Of(ProxyMode.Iptables));
        Assert.Equal("True 1 6 2 False", Of(ProxyMode.Ipvs));
        Assert.Equal("False 2 7 1 True", Of(ProxyMode.Nftables));
    }

    [Fact]
    public void Servers_follow_the_family_of_the_bind_address()
    {
        var (config, _) = Read("bindAddress: '::'");
        Assert.Equal("[::]:10256 [::1]:10249", $"{config.HealthzBindAddress} {config.MetricsBindAddress}");
    }

    [Theory]
    [InlineData("mode: userspace", "RC1063", "in.yaml(3,7)", "\"userspace\"", "iptables, ipvs or nftables")]
    [InlineData("mode: IPTables", "RC1063", "in.yaml(3,7)", "\"IPTables\"", "iptables, ipvs or nftables")]
    [InlineData("mode: kernelspace", "RC1063", "in.yaml(3,7)", "\"kernelspace\"", "Windows")]
    [InlineData("iptables: {masqueradeBit: 32}", "RC1022", "in.yaml(3,27)", "32", "from 0 to 31")]
    [InlineData("iptables: {syncPeriod: 30}", "RC1020", "in.yaml(3,24)", "the number 30", "text")]
    [InlineData("iptables: {syncPeriod: 30 s}", "RC1064", "in.yaml(3,24)", "\"30 s\"", "1h2m3.5s")]
    [InlineData("iptables: {syncPeriod: -1s}", "RC1022", "in.yaml(3,24)", "\"-1s\"", "not negative")]
    [InlineData("iptables: {minSyncPeriod: 1m}", "RC1065", "in.yaml(3,27)", "60s", "at most syncPeriod, 30s")]
    [InlineData("detectLocalMode: BridgeInterface", "RC1066", "in.yaml(1,1)", "no detectLocal.bridgeInterface", "expected one")]
    [InlineData("detectLocalMode: InterfaceNamePrefix", "RC1066", "in.yaml(1,1)", "no detectLocal.interfaceNamePrefix", "expected one")]
    [InlineData("detectLocalMode: nodeCIDR", "RC1025", "in.yaml(3,18)", "\"nodeCIDR\"", "NodeCIDR, BridgeInterface")]
    [InlineData("detectLocal: {bridgeInterface: a b}", "RC1023", "in.yaml(3,32)", "\"a b\"", "interface name")]
    [InlineData("clusterCIDR: 10.0.0.0/8,11.0.0.0/8", "RC1067", "in.yaml(3,14)", "10.0.0.0/8,11.0.0.0/8", "an IPv4 and an IPv6")]
    [InlineData("clusterCIDR: 10.0.0.0", "RC1024", "in.yaml(3,14)", "\"10.0.0.0\"", "a CIDR")]
    [InlineData("nodePortAddresses: [primary, 10.0.0.0/8]", "RC1068", "in.yaml(3,20)", "primary beside", "either primary alone or CIDRs")]
    [InlineData("nodePortAddresses: primary", "RC1020", "in.yaml(3,20)", "the text \"primary\"", "a list")]
    [InlineData("bindAddress: localhost", "RC1024", "in.yaml(3,14)", "\"localhost\"", "address")]
    [InlineData("healthzBindAddress: 0.0.0.0:0", "RC1024", "in.yaml(3,21)", "0.0.0.0:0", "address and port")]
    [InlineData("oomScoreAdj: 2000", "RC1022", "in.yaml(3,14)", "2000", "from -1000 to 1000")]
    [InlineData("conntrack: {min: -1}", "RC1022", "in.yaml(3,18)", "-1", "from 0")]
    [InlineData("clientConnection: {qps: fast}", "RC1020", "in.yaml(3,25)", "\"fast\"", "a number")]
    [InlineData("featureGates: {WinDSR: false}", "RC1070", "in.yaml(3,24)", "false", "locked")]
    [InlineData("featureGates: {WinDSR: 'false'}", "RC1020", "in.yaml(3,24)", "\"false\"", "true or false")]
    [InlineData("showHiddenMetricsForVersion: '1.20'", "RC1025", "in.yaml(3,30)", "\"1.20\"", "1.35")]
    [InlineData("hostnameOverride: a_b", "RC1023", "in.yaml(3,19)", "\"a_b\"", "node")]
    [InlineData("winkernel: []", "RC1020", "in.yaml(3,12)", "a list", "an object")]
    public void A_wrong_value_is_an_error_where_it_stands(string line, string id, string place, string found, string expected)
    {
        var diagnostic = Assert.Single(Read(line).Diagnostics);
        Assert.Equal(Severity.Error, diagnostic.Rule.Severity);
        Assert.StartsWith($"{place}: error {id}: found ", diagnostic.ToString(), StringComparison.Ordinal);
        Assert.Contains(found, diagnostic.ToString(), StringComparison.Ordinal);
        Assert.Contains(expected, diagnostic.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("proxyMode: ipvs", "RC1061", "in.yaml(3,1)", "proxyMode")]
    [InlineData("iptables: {syncperiod: 1s}", "RC1061", "in.yaml(3,12)", "syncperiod")]
    [InlineData("oomScoreAdj: 1\noomScoreAdj: 2", "RC1062", "in.yaml(4,1)", "oomScoreAdj")]
    [InlineData("featureGates: {Teleport: true}", "RC1069", "in.yaml(3,26)", "Teleport")]
    [InlineData("bindAddress: 010.0.0.1", "RC1026", "in.yaml(3,14)", "10.0.0.1")]
    public void What_kube_proxy_shrugs_at_is_a_warning(string line, string id, string place, string found)
    {
        var (config, diagnostics) = Read(line);
        var diagnostic = Assert.Single(diagnostics);
        Assert.StartsWith($"{place}: warning {id}: found ", diagnostic.ToString(), StringComparison.Ordinal);
        Assert.Contains(found, diagnostic.Message, StringComparison.Ordinal);
        if (id == "RC1062") Assert.Equal(2, config.OomScoreAdj);
    }

    [Theory]
    [InlineData("")]
    [InlineData("apiVersion: kubeproxy.config.k8s.io/v1\nkind: KubeProxyConfiguration")]
    [InlineData("apiVersion: v1\nkind: Service")]
    public void A_file_without_a_configuration_is_refused(string text) =>
        Assert.Equal("RC1060", Assert.Single(ConfigReader.Read(InputFile.FromText("in.yaml", text)).Diagnostics).Rule.Id);

    [Theory]
    [InlineData("0", "00:00:00")]
    [InlineData("30s", "00:00:30")]
    [InlineData("1h2m3.5s", "01:02:03.5000000")]
    [InlineData("1.5h", "01:30:00")]
    [InlineData("-1m", "-00:01:00")]
    [InlineData("250ms", "00:00:00.2500000")]
    [InlineData("5µs", "00:00:00.0000050")]
    [InlineData("1.00000000000000000000000000001s", "00:00:01")]
    [InlineData(".5s", "00:00:00.5000000")]
    public void Go_durations_are_read(string text, string duration)
    {
        Assert.True(GoDuration.TryParse(text, out var value));
        Assert.Equal(duration, value.ToString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("-")]
    [InlineData("30")]
    [InlineData("s")]
    [InlineData(".s")]
    [InlineData("1d")]
    [InlineData("1s ")]
    [InlineData("9999999999h")]
    [InlineData("99999999999999999999999999999999999999999999999s")]
    public void Other_durations_are_refused(string text) => Assert.False(GoDuration.TryParse(text, out _));

    private static TimeSpan Seconds(int seconds) => TimeSpan.FromSeconds(seconds);

    private static (ProxyConfig Config, Seq<Diagnostic> Diagnostics) Read(string lines) =>
        ConfigReader.Read(InputFile.FromText("in.yaml", Head + lines));
}
