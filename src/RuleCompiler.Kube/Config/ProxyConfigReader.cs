using System.Buffers;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Config;

/// <summary>The fields of service-semantics §10.1 that stand at the top of the file.</summary>
internal static partial class ProxyConfigReader
{
    /// <summary>Ports of the health and metrics servers (pkg/cluster/ports/ports.go @v1.36).</summary>
    private const ushort HealthzPort = 10256;
    private const ushort MetricsPort = 10249;

    private static readonly (string, DetectLocalMode)[] DetectLocalModes =
    [
        ("", DetectLocalMode.ClusterCidr),
        ("ClusterCIDR", DetectLocalMode.ClusterCidr),
        ("NodeCIDR", DetectLocalMode.NodeCidr),
        ("BridgeInterface", DetectLocalMode.BridgeInterface),
        ("InterfaceNamePrefix", DetectLocalMode.InterfaceNamePrefix),
    ];

    /// <summary>What the kernel refuses, what iptables reads as a pattern, and quotes.</summary>
    private static readonly SearchValues<char> NotInInterfaceNames = SearchValues.Create("/:+\"'\\");

    public static ProxyConfig Read(Value root)
    {
        var defaults = new ProxyConfig();
        var top = new ConfigSection(root);
        _ = (top["apiVersion"], top["kind"]);
        var bind = top["bindAddress"].PeekText() is "" ? null : top["bindAddress"].AsAddress();
        var family = bind?.Family ?? Family.Ipv4;
        var detect = top.Section("detectLocal");
        var mode = top["detectLocalMode"].AsChoice<DetectLocalMode>(DetectLocalModes) ?? DetectLocalMode.ClusterCidr;
        var config = new ProxyConfig
        {
            Mode = ModeOf(top["mode"]),
            HostnameOverride = HostnameOf(top["hostnameOverride"]),
            BindAddress = bind ?? defaults.BindAddress,
            DetectLocalMode = mode,
            ClusterCidrs = ClusterCidrsOf(top["clusterCIDR"]),
            BridgeInterface = InterfaceOf(detect["bridgeInterface"], mode == DetectLocalMode.BridgeInterface),
            InterfaceNamePrefix = InterfaceOf(detect["interfaceNamePrefix"],
                mode == DetectLocalMode.InterfaceNamePrefix),
            NodePortAddresses = NodePortAddressesOf(top["nodePortAddresses"]),
            Iptables = IptablesOf(top.Section("iptables")),
            Ipvs = IpvsOf(top.Section("ipvs")),
            Nftables = NftablesOf(top.Section("nftables")),
            Winkernel = WinkernelOf(top.Section("winkernel")),
            Conntrack = ConntrackOf(top.Section("conntrack")),
            ClientConnection = ClientConnectionOf(top.Section("clientConnection")),
            Logging = LoggingOf(top.Section("logging")),
            FeatureGates = FeatureGatesOf(top["featureGates"].AsMap()),
            HealthzBindAddress = ServerAddressOf(top["healthzBindAddress"], HealthzPort, Ip.Create(family, 0)),
            MetricsBindAddress = ServerAddressOf(top["metricsBindAddress"], MetricsPort, LoopbackOf(family)),
            BindAddressHardFail = top.Flag("bindAddressHardFail"),
            EnableProfiling = top.Flag("enableProfiling"),
            ShowHiddenMetricsForVersion = HiddenMetricsVersionOf(top["showHiddenMetricsForVersion"]),
            OomScoreAdj = top.Integer("oomScoreAdj", defaults.OomScoreAdj, -1000, 1000),
            ConfigSyncPeriod = top.Period("configSyncPeriod", defaults.ConfigSyncPeriod),
            PortRange = top.Text("portRange"),
            WindowsRunAsService = top.Flag("windowsRunAsService"),
        };
        detect.WarnUnknown();
        top.WarnUnknown();
        return config;
    }

    private static ProxyMode ModeOf(Value value)
    {
        switch (value.AsText())
        {
            case null or "" or "iptables":
                return ProxyMode.Iptables;
            case "ipvs":
                return ProxyMode.Ipvs;
            case "nftables":
                return ProxyMode.Nftables;
            case var other:
                value.Fail(DiagnosticCatalog.UnknownProxyMode, Words.Quote(other), "iptables, ipvs or nftables",
                    other switch
                    {
                        "kernelspace" => "that is the mode of Windows nodes",
                        "userspace" => "Kubernetes 1.26 removed that mode",
                        _ => null,
                    });
                return ProxyMode.Iptables;
        }
    }

    private static string HostnameOf(Value value)
    {
        if (value.AsText() is not { Length: > 0 } text) return "";
        var name = text.Trim().ToLowerInvariant();
        if (DnsName.IsSubdomain(name)) return name;
        value.Fail(DiagnosticCatalog.InvalidName, Words.Quote(text), "the name of a node");
        return "";
    }

    private static Seq<Prefix> ClusterCidrsOf(Value value)
    {
        if (value.AsText() is not { Length: > 0 } text) return [];
        var cidrs = new List<Prefix>();
        foreach (var range in text.AsSpan().Split(','))
        {
            var part = text.AsSpan(range).Trim();
            if (!Prefix.TryParse(part, null, out var cidr) && !Prefix.TryParseSloppy(part, out cidr))
            {
                value.Fail(DiagnosticCatalog.InvalidAddress, Words.Quote(part.ToString()),
                    "a CIDR such as 10.244.0.0/16");
                return [];
            }

            cidrs.Add(cidr);
        }

        if (cidrs.Count == 1 || (cidrs.Count == 2 && cidrs[0].Family != cidrs[1].Family)) return cidrs.ToSeq();
        value.Fail(DiagnosticCatalog.InvalidClusterCidrs, Words.Quote(text), "one CIDR, or an IPv4 and an IPv6 one");
        return [];
    }

    /// <summary>A name that the kernel takes (net/core/dev.c:dev_valid_name @v6.1), or its beginning.</summary>
    private static string InterfaceOf(Value value, bool required)
    {
        const int InterfaceCharsMax = 15; // IFNAMSIZ - 1, include/uapi/linux/if.h
        var text = value.AsText() ?? "";
        if (text.Length == 0)
        {
            if (!required) return "";
            var (_, line, column) = value.Location;
            value.Report.Add(DiagnosticCatalog.MissingDetectorSetting, line, column,
                $"found no detectLocal.{value.Name}, expected one for this detectLocalMode",
                "add it, or choose another detectLocalMode");
            return "";
        }

        var valid = text.Length <= InterfaceCharsMax && text is not ("." or "..") &&
            !text.AsSpan().ContainsAny(NotInInterfaceNames) && !text.AsSpan().ContainsAnyExceptInRange('!', '~');
        if (valid) return text;
        value.Fail(DiagnosticCatalog.InvalidName, Words.Quote(text),
            $"an interface name of at most {InterfaceCharsMax} characters");
        return "";
    }

    private static NodePortAddresses NodePortAddressesOf(Value value)
    {
        const string PrimaryWord = "primary";
        var (primary, others) = (false, 0);
        var cidrs = new List<Prefix>();
        foreach (var item in value.Items())
        {
            others += item.PeekText() == PrimaryWord ? 0 : 1;
            if (item.PeekText() == PrimaryWord) primary = true;
            else if (item.AsPrefix() is { } cidr) cidrs.Add(cidr);
        }

        if (!primary || others == 0) return new NodePortAddresses(primary, cidrs.ToSeq());
        value.Fail(DiagnosticCatalog.InvalidNodePortAddresses, "primary beside CIDRs", "either primary alone or CIDRs");
        return new NodePortAddresses(Primary: false, []);
    }

    /// <summary>address:port, or an address, to which the port is added.</summary>
    private static Endpoint ServerAddressOf(Value value, ushort port, Ip address)
    {
        var fallback = new Endpoint(address, new Port(port));
        if (value.AsText() is not { Length: > 0 } text) return fallback;
        if (Endpoint.TryParse(text, out var endpoint) && endpoint.Port.Value != 0) return endpoint;
        if (Ip.TryParse(text.AsSpan().Trim("[]"), null, out var alone)) return new Endpoint(alone, new Port(port));
        value.Fail(DiagnosticCatalog.InvalidAddress, Words.Quote(text),
            "an IP address and port such as 0.0.0.0:10256 or [::]:10256");
        return fallback;
    }

    private static Ip LoopbackOf(Family family) => family switch
    {
        Family.Ipv4 => Ip.V4(0x7F000001),
        Family.Ipv6 => Ip.V6(1),
    };

    private static string HiddenMetricsVersionOf(Value value)
    {
        // Only the minor version before the proxy's own (component-base/metrics/version_parser.go @v1.36).
        const string PreviousMinor = "1.35";
        if (value.AsText() is not { Length: > 0 } text) return "";
        if (text == PreviousMinor) return text;
        value.Fail(DiagnosticCatalog.UnknownValue, Words.Quote(text), PreviousMinor);
        return "";
    }
}
