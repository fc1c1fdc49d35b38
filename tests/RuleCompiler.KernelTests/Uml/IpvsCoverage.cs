using RuleCompiler.Emulator;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>What packets met on their way, by name: a run that never meets something tests less than it says.</summary>
internal sealed class IpvsCoverage
{
    private const string Prefix = "KUBE-", Ipv6Prefix = "KUBE-6-";

    /// <summary>IPSET_MAXNAMELEN of include/uapi/linux/netfilter/ipset/ip_set.h @v6.1, without the NUL.</summary>
    private const int SetNameLength = 31;

    private readonly SortedDictionary<string, long> _counts = new(StringComparer.Ordinal);

    public void Count(string name, long times = 1) => _counts[name] = _counts.GetValueOrDefault(name) + times;

    /// <summary>
    /// Rules that matched count for their ipset, and picks for their scheduler: the emulator says
    /// "ipvs: ENDPOINT by SCHEDULER to …" and "ipvs: ENDPOINT remembers …".
    /// </summary>
    public void Count(Passage passage)
    {
        foreach (var step in passage.Steps)
        {
            var (rule, effect) = (step.RuleText.Split(' '), step.Effect.Split(' '));
            var set = Array.IndexOf(rule, "--match-set");
            if (set > 0 && rule[set - 1] != "!") Count(rule[set + 1]);
            if (effect is ["ipvs:", _, "by", var scheduler, ..]) Count(scheduler);
            if (effect is ["ipvs:", _, "remembers", ..]) Count("affinity");
        }
    }

    /// <summary>Those that no packet met; a set of one family stands for both.</summary>
    public IEnumerable<string> Missing(IEnumerable<string> names) =>
        names.Where(name => !_counts.ContainsKey(name) && !_counts.ContainsKey(Ipv6Name(name)));

    private static string Ipv6Name(string name)
    {
        if (!name.StartsWith(Prefix, StringComparison.Ordinal)) return name;
        var long6 = Ipv6Prefix + name[Prefix.Length..];
        return long6.Length <= SetNameLength ? long6 : long6[..SetNameLength];
    }

    public override string ToString() => string.Join(", ", _counts.Select(one => $"{one.Key} {one.Value}"));
}
