using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Emulator;

/// <summary>
/// Whom a rule without a comment serves: most rules of a node are DNAT rules, and a comment would double their size in the
/// kernel (struct xt_comment_info, 256 bytes, include/uapi/linux/netfilter/xt_comment.h @v6.1).
/// </summary>
internal sealed class ChainOwners
{
    private readonly Dictionary<string, string?> _mentioned = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string?> _led = new(StringComparer.Ordinal);

    public ChainOwners(IEnumerable<(string Chain, Rule Rule)> rules)
    {
        var all = rules.ToArray();
        foreach (var (chain, rule) in all) Note(_mentioned, chain, RuleComment.ServiceOf(rule.Comment));
        foreach (var (chain, rule) in all)
        {
            var target = rule.Target switch
            {
                Target.Jump jump => jump.Chain,
                Target.Goto jump => jump.Chain,
                _ => null,
            };
            if (target is not null)
                Note(_led, target, RuleComment.ServiceOf(rule.Comment) ?? _mentioned.GetValueOrDefault(chain));
        }
    }

    /// <summary>
    /// The service-port that the rule names; for a translation that names none, the one that its chain is about: the only
    /// one named in it, or else by the rules that lead to it. Null when there is none or more than one.
    /// </summary>
    public string? ServiceOf(string chain, Rule rule) =>
        RuleComment.ServiceOf(rule.Comment) is { } named ? named
        : rule.Target is Target.Dnat ? _mentioned.GetValueOrDefault(chain) ?? _led.GetValueOrDefault(chain)
        : null;

    private static void Note(Dictionary<string, string?> services, string chain, string? service)
    {
        if (service is null) return;
        services[chain] = services.TryGetValue(chain, out var other) && other != service ? null : service;
    }
}
