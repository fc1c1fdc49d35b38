using System.Globalization;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// Everything that the IPVS mode programs for one family ---> the emulator's program: iptables rules with the ipsets in
/// hand, and the table of virtual servers beside them.
/// </summary>
public static class IpvsTranslator
{
    /// <summary>For artifacts that are known to be sound, such as our own. See <see cref="TryTranslate"/>.</summary>
    public static PacketProgram Translate(IpvsArtifact artifact)
    {
        var (program, diagnostics) = TryTranslate(artifact);
        return program ?? throw new ArgumentException(
            $"this artifact cannot run: {string.Join("; ", diagnostics)}", nameof(artifact));
    }

    /// <summary>For artifacts from outside. The program is null exactly when a diagnostic is an error.</summary>
    public static (PacketProgram? Program, Seq<Diagnostic> Diagnostics) TryTranslate(IpvsArtifact artifact)
    {
        var found = new List<Diagnostic>();
        CheckSets(artifact, found);
        CheckServers(artifact, found);
        if (found.Count > 0) return (null, found.ToSeq());
        var sets = artifact.Sets.ToDictionary(
            set => set.Name, set => new IpSetIndex(set, artifact.Family), StringComparer.Ordinal);
        var (program, diagnostics) = new IptablesTranslation(artifact.Rules, sets).Run();
        if (program is null) return (null, diagnostics);
        var table = new IpvsTable(artifact.Servers, artifact.Addresses, SettingsOf(artifact));
        return (program with { Ipvs = table }, diagnostics);
    }

    private static void CheckSets(IpvsArtifact artifact, List<Diagnostic> found)
    {
        foreach (var set in artifact.Sets)
        {
            foreach (var entry in set.Entries)
            {
                var hasParts = set.Type switch
                {
                    IpSetType.BitmapPort => entry is { Port: not null, Address: null, Third: null },
                    IpSetType.HashIp => entry is { Address: not null, Port: null, Third: null },
                    IpSetType.HashIpPort =>
                        entry is { Address: not null, Protocol: not null, Port: not null, Third: null },
                    IpSetType.HashIpPortIp or IpSetType.HashIpPortNet =>
                        entry is { Address: not null, Protocol: not null, Port: not null, Third: not null },
                };
                if (!hasParts)
                {
                    Report(found, DiagnosticCatalog.IpvsRefused,
                        $"found {entry} in set {set.Name}, expected the parts of {set.Type}");
                }

                if ((entry.Address is { } address && address.Family != artifact.Family) ||
                    (entry.Third is { } third && third.Family != artifact.Family))
                {
                    Report(found, DiagnosticCatalog.WrongFamily,
                        $"found {entry} in set {set.Name} of {artifact.Family.ApiName()}, expected an address of that family");
                }
            }
        }
    }

    private static void CheckServers(IpvsArtifact artifact, List<Diagnostic> found)
    {
        foreach (var server in artifact.Servers)
        {
            var name = $"{server.Protocol.KernelName()} {new Endpoint(server.Address, server.Port)}";
            if (server.OnePacket)
            {
                Report(found, DiagnosticCatalog.IpvsNotEmulated,
                    $"found one-packet scheduling (-o) of {name}, expected connections");
            }

            var endpoints = new HashSet<Endpoint>();
            foreach (var real in server.RealServers.Span)
            {
                if (!endpoints.Add(real.Endpoint) || real.Weight < 0)
                {
                    Report(found, DiagnosticCatalog.IpvsRefused,
                        $"found {real.Endpoint} with weight {real.Weight} for {name}, expected each real server once " +
                        "and no weight below 0");
                }

                if (real.Forwarding != Forwarding.Masquerade)
                {
                    Report(found, DiagnosticCatalog.IpvsNotEmulated,
                        $"found {real.Endpoint} reached by {real.Forwarding} for {name}, expected masquerading (-m)");
                }

                if (real.Endpoint.Address.Family != artifact.Family || server.Address.Family != artifact.Family)
                {
                    Report(found, DiagnosticCatalog.WrongFamily,
                        $"found {real.Endpoint} for {name} among {artifact.Family.ApiName()} servers, expected that family");
                }
            }
        }
    }

    private static void Report(List<Diagnostic> found, DiagnosticRule problem, string message) =>
        found.Add(new Diagnostic(problem, Location.Whole(""), message));

    private static IpvsSettings SettingsOf(IpvsArtifact artifact)
    {
        var settings = new IpvsSettings();
        foreach (var sysctl in artifact.Sysctls.Span)
        {
            if (!int.TryParse(sysctl.Value, CultureInfo.InvariantCulture, out var value)) continue;
            settings = sysctl.Name switch
            {
                "net.ipv4.vs.conntrack" => settings with { Conntrack = value != 0 },
                "net.ipv4.vs.conn_reuse_mode" => settings with { ConnReuseMode = value },
                "net.ipv4.vs.expire_nodest_conn" => settings with { ExpireNodestConn = value != 0 },
                "net.ipv4.vs.expire_quiescent_template" => settings with { ExpireQuiescentTemplate = value != 0 },
                "net.ipv4.vs.sloppy_tcp" => settings with { SloppyTcp = value != 0 },
                _ => settings,
            };
        }

        if (artifact.Timeouts is not { } timeouts) return settings;
        return settings with
        {
            TcpSeconds = timeouts.TcpSeconds > 0 ? timeouts.TcpSeconds : settings.TcpSeconds,
            TcpFinSeconds = timeouts.TcpFinSeconds > 0 ? timeouts.TcpFinSeconds : settings.TcpFinSeconds,
            UdpSeconds = timeouts.UdpSeconds > 0 ? timeouts.UdpSeconds : settings.UdpSeconds,
        };
    }
}
