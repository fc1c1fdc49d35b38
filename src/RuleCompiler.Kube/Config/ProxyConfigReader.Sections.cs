using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Config;

/// <summary>The sections of the file, in the order of service-semantics §10.1.</summary>
internal static partial class ProxyConfigReader
{
    private const int MasqueradeBitMax = 31;

    /// <summary>On and locked in 1.36 (pkg/features/kube_features.go @v1.36).</summary>
    private static readonly string[] LockedGates =
        ["MultiCIDRServiceAllocator", "NFTablesProxyMode", "PreferSameTrafficDistribution", "WinDSR", "WinOverlay"];

    private static readonly string[] SwitchableGates = ["AllAlpha", "AllBeta", FeatureGate.AllowServiceExternalIps];

    private static IptablesConfig IptablesOf(ConfigSection section)
    {
        var defaults = new IptablesConfig();
        var config = new IptablesConfig
        {
            MasqueradeBit = section.Integer("masqueradeBit", defaults.MasqueradeBit, 0, MasqueradeBitMax),
            MasqueradeAll = section.Flag("masqueradeAll"),
            LocalhostNodePorts = section.Flag("localhostNodePorts", defaults.LocalhostNodePorts),
            SyncPeriod = section.Period("syncPeriod", defaults.SyncPeriod),
            MinSyncPeriod = section.Period("minSyncPeriod", defaults.MinSyncPeriod),
        };
        CheckPeriods(section, config.SyncPeriod, config.MinSyncPeriod);
        section.WarnUnknown();
        return config;
    }

    private static IpvsConfig IpvsOf(ConfigSection section)
    {
        var config = new IpvsConfig
        {
            SyncPeriod = section.Period("syncPeriod", new IpvsConfig().SyncPeriod),
            MinSyncPeriod = section.Duration("minSyncPeriod", TimeSpan.Zero),
            Scheduler = section.Text("scheduler"),
            ExcludeCidrs = section.Prefixes("excludeCIDRs"),
            StrictArp = section.Flag("strictARP"),
            TcpTimeout = section.Duration("tcpTimeout", TimeSpan.Zero),
            TcpFinTimeout = section.Duration("tcpFinTimeout", TimeSpan.Zero),
            UdpTimeout = section.Duration("udpTimeout", TimeSpan.Zero),
        };
        CheckPeriods(section, config.SyncPeriod, config.MinSyncPeriod);
        section.WarnUnknown();
        return config;
    }

    private static NftablesConfig NftablesOf(ConfigSection section)
    {
        var defaults = new NftablesConfig();
        var config = new NftablesConfig
        {
            MasqueradeBit = section.Integer("masqueradeBit", defaults.MasqueradeBit, 0, MasqueradeBitMax),
            MasqueradeAll = section.Flag("masqueradeAll"),
            SyncPeriod = section.Period("syncPeriod", defaults.SyncPeriod),
            MinSyncPeriod = section.Period("minSyncPeriod", defaults.MinSyncPeriod),
        };
        CheckPeriods(section, config.SyncPeriod, config.MinSyncPeriod);
        section.WarnUnknown();
        return config;
    }

    private static void CheckPeriods(ConfigSection section, TimeSpan period, TimeSpan minimum)
    {
        if (minimum <= period) return;
        section["minSyncPeriod"].Fail(DiagnosticCatalog.InvalidPeriods, $"{minimum.TotalSeconds:R}s",
            $"at most syncPeriod, {period.TotalSeconds:R}s", "shorten it, or lengthen syncPeriod");
    }

    private static WinkernelConfig WinkernelOf(ConfigSection section)
    {
        var config = new WinkernelConfig
        {
            NetworkName = section.Text("networkName"),
            SourceVip = section["sourceVip"].PeekText() is "" ? null : section["sourceVip"].AsAddress(),
            EnableDsr = section.Flag("enableDSR"),
            RootHnsEndpointName = section.Text("rootHnsEndpointName", new WinkernelConfig().RootHnsEndpointName),
            ForwardHealthCheckVip = section.Flag("forwardHealthCheckVip"),
        };
        section.WarnUnknown();
        return config;
    }

    private static ConntrackConfig ConntrackOf(ConfigSection section)
    {
        var defaults = new ConntrackConfig();
        var config = new ConntrackConfig
        {
            MaxPerCore = section.Integer("maxPerCore", defaults.MaxPerCore, 0, int.MaxValue),
            Min = section.Integer("min", defaults.Min, 0, int.MaxValue),
            TcpEstablishedTimeout = section.Duration("tcpEstablishedTimeout", defaults.TcpEstablishedTimeout),
            TcpCloseWaitTimeout = section.Duration("tcpCloseWaitTimeout", defaults.TcpCloseWaitTimeout),
            TcpBeLiberal = section.Flag("tcpBeLiberal"),
            UdpTimeout = section.Duration("udpTimeout", TimeSpan.Zero),
            UdpStreamTimeout = section.Duration("udpStreamTimeout", TimeSpan.Zero),
        };
        section.WarnUnknown();
        return config;
    }

    private static ClientConnectionConfig ClientConnectionOf(ConfigSection section)
    {
        var defaults = new ClientConnectionConfig();
        var qps = section["qps"].AsNumber() ?? 0;
        var burst = section.Integer("burst", 0, 0, int.MaxValue);
        var config = new ClientConnectionConfig
        {
            Kubeconfig = section.Text("kubeconfig"),
            AcceptContentTypes = section.Text("acceptContentTypes"),
            ContentType = section.Text("contentType", defaults.ContentType),
            Qps = qps == 0 ? defaults.Qps : qps,
            Burst = burst == 0 ? defaults.Burst : burst,
        };
        section.WarnUnknown();
        return config;
    }

    private static LoggingConfig LoggingOf(ConfigSection section)
    {
        var defaults = new LoggingConfig();
        // Per-file verbosity and the options of a format say nothing to a compiler; their names are known.
        _ = (section["vmodule"], section["options"]);
        var config = new LoggingConfig
        {
            Format = section.Text("format", defaults.Format),
            FlushFrequency = section.Period("flushFrequency", defaults.FlushFrequency),
            Verbosity = section.Integer("verbosity", defaults.Verbosity, 0, int.MaxValue),
        };
        section.WarnUnknown();
        return config;
    }

    private static Seq<FeatureGate> FeatureGatesOf(Value map)
    {
        var gates = new List<FeatureGate>();
        foreach (var (name, value) in map.Members())
        {
            if (value.AsFlag() is not { } enabled) continue;
            if (LockedGates.Contains(name))
            {
                if (enabled) continue;
                value.Fail(
                    DiagnosticCatalog.LockedFeatureGate, "false", "true, to which it is locked", "remove it");
            }
            else if (!SwitchableGates.Contains(name))
            {
                value.Fail(DiagnosticCatalog.UnknownFeatureGate, Words.Quote(name),
                    Words.List(SwitchableGates.Concat(LockedGates)), "it has no effect on rules");
            }

            gates.Add(new FeatureGate(name, enabled));
        }

        return gates.OrderBy(gate => gate.Name, StringComparer.Ordinal).ToSeq();
    }
}
