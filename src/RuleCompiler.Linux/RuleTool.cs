using RuleCompiler.Backends;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Linux;

/// <summary>
/// The two commands between a kernel's rules and their text, in the network namespace of the calling thread. Failures are
/// those of <see cref="Tool.Run"/>.
/// </summary>
/// <param name="Name">For reports.</param>
/// <param name="RestoreCommand">Reads rules on standard input and leaves alone what they do not name.</param>
/// <param name="DumpCommand">Prints what the kernel has in the form that <paramref name="RestoreCommand"/> reads.</param>
public sealed record RuleTool(string Name, Seq<string> RestoreCommand, Seq<string> DumpCommand)
{
    /// <summary>iptables or ip6tables.</summary>
    /// <param name="kind"><c>nft</c> or <c>legacy</c>: rules in nf_tables or in x_tables.</param>
    public static RuleTool Iptables(string kind, Family family)
    {
        var program = family switch { Family.Ipv4 => "iptables", Family.Ipv6 => "ip6tables" };
        return new RuleTool(
            $"iptables-{kind}", [$"{program}-{kind}-restore", "--noflush"], [$"{program}-{kind}-save"]);
    }

    /// <summary>nft; a dump has the tables of the family alone.</summary>
    public static RuleTool Nftables(Family family)
    {
        var name = family switch { Family.Ipv4 => "ip", Family.Ipv6 => "ip6" };
        return new RuleTool("nftables", ["nft", "-f", "-"], ["nft", "list", "ruleset", name]);
    }

    /// <summary>Loads rules, all or none of a file's table (iptables) or transaction (nft).</summary>
    /// <inheritdoc cref="Tool.Run" path="/exception"/>
    public void Restore(string text, CancellationToken cancellation = default) =>
        Run(RestoreCommand, text, cancellation);

    /// <summary>What the kernel has, as a file that the backend parses.</summary>
    /// <inheritdoc cref="Tool.Run" path="/exception"/>
    public ArtifactFile Observe(CancellationToken cancellation = default) =>
        new(Name, Run(DumpCommand, "", cancellation));

    private static string Run(Seq<string> command, string input, CancellationToken cancellation)
    {
        var words = command.ToArray();
        return Tool.Run(words[0], words[1..], input, limit: null, cancellation);
    }
}
