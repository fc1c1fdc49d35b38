using RuleCompiler.Emulator;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.KernelTests.Net;

/// <summary>What makes a namespace the node that a <see cref="HostNetwork"/> describes, in any kernel.</summary>
internal static class NodeSettings
{
    /// <summary>
    /// Files of /proc/sys, to be written before the interfaces exist, so that they take the defaults. Values are those
    /// that the emulator's HostNetwork states, and no limit on ICMP errors, which would swallow rejections
    /// (Documentation/networking/ip-sysctl.rst).
    /// </summary>
    public static IEnumerable<(string Name, int? Value)> Sysctls(IReadOnlyCollection<HostNetwork> hosts)
    {
        foreach (var scope in (string[])["all", "default"])
        {
            yield return ($"net/ipv4/conf/{scope}/rp_filter", 0);
            yield return ($"net/ipv4/conf/{scope}/send_redirects", 0);
            yield return ($"net/ipv4/conf/{scope}/log_martians", 0);
            yield return ($"net/ipv4/conf/{scope}/route_localnet", hosts.Any(host => host.RouteLocalnet) ? 1 : 0);
            yield return ($"net/ipv6/conf/{scope}/accept_dad", 0);
            yield return ($"net/ipv6/conf/{scope}/accept_ra", 0);
            yield return ($"net/ipv6/conf/{scope}/router_solicitations", 0);
        }

        yield return ("net/ipv4/ip_forward", 1);
        yield return ("net/ipv6/conf/all/forwarding", 1);
        yield return ("net/ipv4/icmp_ratelimit", 0);
        yield return ("net/ipv4/icmp_ratemask", 0);
        yield return ("net/ipv6/icmp/ratelimit", 0);
        // The types that the limits hold for: none. A limit for all of the namespace would be left otherwise.
        yield return ("net/ipv6/icmp/ratemask", null);
    }

    /// <summary>For the world, which answers nothing.</summary>
    public static (string Name, int? Value) WorldSysctl => ("net/ipv6/conf/default/disable_ipv6", 1);

    /// <summary>The far end of a cable, in the world. A name that ip takes for the node's namespace, or its number.</summary>
    public static string Cable(string name, string far, string node, string world) =>
        $"link add {far} netns {world} type veth peer name {name} netns {node}";

    public static string FarEnd(string far) => $"link set {far} arp off up";

    /// <summary>Without a link-local address IPv6 has the same addresses to choose from as the emulator.</summary>
    public static string NearEnd(string name, int number) =>
        $"link set {name} address 02:00:00:00:01:{number:x2} addrgenmode none arp off up";

    public static IEnumerable<string> AddressesAndRoutes(HostNetwork host)
    {
        foreach (var device in host.Interfaces.AsEnumerable())
        {
            foreach (var address in device.Addresses.AsEnumerable()) yield return Address(address, device.Name);
        }

        foreach (var route in host.Routes.AsEnumerable())
            yield return $"route add {route.Destination} dev {route.OutputInterface}";
    }

    public static string Address(Ip address, string device) => address.Family == Family.Ipv4
        ? $"address add {address}/32 dev {device}"
        : $"address add {address}/128 dev {device} nodad";
}
