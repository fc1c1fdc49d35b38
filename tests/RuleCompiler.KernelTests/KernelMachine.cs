using RuleCompiler.Linux;
using Xunit;

[assembly: Xunit.v3.Parallelization(Mode = Xunit.Sdk.ParallelMode.None)]

namespace RuleCompiler.KernelTests;

/// <summary>What a machine needs for these tests; a skip says which of it is missing.</summary>
internal static class KernelMachine
{
    /// <summary>Begins the names of the namespaces that these tests make.</summary>
    public const string Owner = "rulec-kt";

    private static readonly string[] _tools =
        ["nft", "iptables-nft-restore", "iptables-legacy-restore", "ip6tables-nft-restore", "ip6tables-legacy-restore", "ip"];

    private static readonly Lazy<string?> _lack = new(FindLack);

    /// <summary>Skips the calling test where the machine cannot run it; with RULEC_KERNEL=1 that is a failure.</summary>
    public static void Require(params string[] moreTools)
    {
        if (_lack.Value is { } lack) Lacks(lack);
        if (moreTools.FirstOrDefault(tool => !IsOnPath(tool)) is { } missing) Lacks($"the program {missing}");
    }

    public static void Lacks(string what)
    {
        var text = $"this machine lacks {what}";
        if (Environment.GetEnvironmentVariable("RULEC_KERNEL") == "1") Assert.Fail($"{text}, and RULEC_KERNEL=1 forbids skips");
        Assert.Skip(text);
    }

    /// <summary>CONFIG_NF_CT_PROTO_SCTP: without it SCTP is not tracked, and so not translated.</summary>
    public static bool TracksSctp(NetworkNamespace node) =>
        node.Run(() => File.Exists("/proc/sys/net/netfilter/nf_conntrack_sctp_timeout_established"));

    private static string? FindLack()
    {
        if (!OperatingSystem.IsLinux()) return "a Linux kernel";
        if (!Environment.IsPrivilegedProcess) return "root";
        if (_tools.FirstOrDefault(tool => !IsOnPath(tool)) is { } missing)
            return $"the program {missing} (Debian: nftables, iptables, iproute2)";
        try
        {
            NetworkNamespace.SweepStale(Owner);
            using var probe = NetworkNamespace.Create(Owner, "probe");
            probe.Run(() => Tool.Run("ip", ["link", "set", "lo", "up"]));
            return null;
        }
        catch (Exception exception) when (exception is ToolException or System.ComponentModel.Win32Exception)
        {
            return $"network namespaces ({exception.Message.Trim()})";
        }
    }

    private static bool IsOnPath(string program) =>
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Append("/usr/sbin").Append("/sbin")
            .Any(folder => File.Exists(Path.Combine(folder, program)));
}
