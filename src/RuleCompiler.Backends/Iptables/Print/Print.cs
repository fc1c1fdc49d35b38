using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <summary>The iptables backend (README.md). This part writes what <c>iptables-restore --noflush</c> reads.</summary>
public sealed partial class IptablesBackend
{
    /// <summary>The file that holds one family's rules.</summary>
    public static string FileName(Family family) => family == Family.Ipv4 ? "iptables.rules" : "ip6tables.rules";

    /// <summary>
    /// One file: a block per table, in which user-defined chains are declared (created or emptied) and filled, and then the
    /// rules of built-in chains are inserted at the head, so that other owners' rules stay where they are.
    /// </summary>
    /// <exception cref="InvalidOperationException">A rule that no text expresses: a bug of who made it.</exception>
    public override Seq<ArtifactFile> Print(IptablesRuleset artifact)
    {
        var writer = new ArtifactWriter(ExpectedChars(artifact));
        foreach (var table in artifact.Tables) PrintTable(writer, table, artifact.Family);
        var (name, tool) = (FileName(artifact.Family), RestoreCommandLine(artifact.Family));
        return [new ArtifactFile(name, writer.ToString()) { Tool = tool }];
    }

    public override string ToolOf(TableBlock step, Family family) => RestoreCommandLine(family);

    /// <summary>The command that loads a file or a step; rules that the text does not name stay.</summary>
    internal static string RestoreCommandLine(Family family) =>
        family == Family.Ipv4 ? "iptables-restore --noflush" : "ip6tables-restore --noflush";

    /// <summary>One *table … COMMIT block.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Print"/>.</exception>
    public override string PrintStep(TableBlock step, Family family)
    {
        var writer = new ArtifactWriter();
        PrintBlockHead(writer, step.Table);
        foreach (var command in step.Commands) PrintCommand(writer, command, family);
        writer.Write("COMMIT\n");
        return writer.ToString();
    }

    /// <summary>One rule in its canonical spelling, without the command and chain in front.</summary>
    public static string PrintRule(Rule rule, Family family)
    {
        var writer = new ArtifactWriter(256);
        PrintRule(writer, rule, family);
        return writer.Written.TrimStart(' ').ToString();
    }

    /// <summary>
    /// User-defined chains from the last name to the first, each declared where it is filled: the nft variant keeps the
    /// chains that it has met in a list ordered by name and walks it from the head for every command and every jump
    /// (iptables/nft-cache.c:cache_chain_list_insert @iptables 1.8.9). This way it finds most of them at the head.
    /// </summary>
    private static void PrintTable(ArtifactWriter writer, Table table, Family family)
    {
        PrintBlockHead(writer, table.Name);
        foreach (var chain in table.Chains)
        {
            // A built-in chain is declared only to set its policy: the declaration does not touch its rules.
            if (chain.Policy is not null) PrintDeclaration(writer, chain.Name, chain.Policy);
        }

        var early = ChainsNeededEarly(table);
        for (var i = table.Chains.Count - 1; i >= 0; i--)
        {
            if (early.Contains(table.Chains[i].Name)) PrintDeclaration(writer, table.Chains[i].Name, null);
        }

        for (var i = table.Chains.Count - 1; i >= 0; i--)
        {
            var chain = table.Chains[i];
            if (table.Name.IsBuiltIn(chain.Name)) continue;
            if (!early.Contains(chain.Name)) PrintDeclaration(writer, chain.Name, null);
            foreach (var rule in chain.Rules)
            {
                PrintHead(writer, "-A ", chain.Name);
                PrintRule(writer, rule, family);
                writer.Line();
            }
        }

        PrintBuiltInRules(writer, table, family);
        writer.Write("COMMIT\n");
    }

    /// <summary>Chains that a rule goes to before their own turn comes, or that go to themselves.</summary>
    private static HashSet<string> ChainsNeededEarly(Table table)
    {
        var early = new HashSet<string>(StringComparer.Ordinal);
        foreach (var chain in table.Chains)
        {
            if (table.Name.IsBuiltIn(chain.Name)) continue;
            foreach (var rule in chain.Rules)
            {
                if (rule.NextChain is { } next && string.CompareOrdinal(next, chain.Name) <= 0) early.Add(next);
            }
        }

        return early;
    }

    private static void PrintBuiltInRules(ArtifactWriter writer, Table table, Family family)
    {
        foreach (var chain in table.Chains)
        {
            if (!table.Name.IsBuiltIn(chain.Name)) continue;
            for (var i = 0; i < chain.Rules.Count; i++)
            {
                PrintHead(writer, "-I ", chain.Name);
                PrintPosition(writer, i + 1);
                PrintRule(writer, chain.Rules[i], family);
                writer.Line();
            }
        }
    }

    private static void PrintCommand(ArtifactWriter writer, RestoreCommand command, Family family)
    {
        switch (command)
        {
            case RestoreCommand.Declare declare:
                PrintDeclaration(writer, declare.Chain, declare.Policy);
                return;
            case RestoreCommand.Append append:
                PrintHead(writer, "-A ", append.Chain);
                PrintRule(writer, append.Rule, family);
                break;
            case RestoreCommand.Insert insert:
                PrintHead(writer, "-I ", insert.Chain);
                PrintPosition(writer, insert.Position);
                PrintRule(writer, insert.Rule, family);
                break;
            case RestoreCommand.Delete delete:
                PrintHead(writer, "-D ", delete.Chain);
                PrintRule(writer, delete.Rule, family);
                break;
            case RestoreCommand.DeleteAt delete:
                PrintHead(writer, "-D ", delete.Chain);
                PrintPosition(writer, delete.Position);
                break;
            case RestoreCommand.Replace replace:
                PrintHead(writer, "-R ", replace.Chain);
                PrintPosition(writer, replace.Position);
                PrintRule(writer, replace.Rule, family);
                break;
            case RestoreCommand.Flush flush:
                PrintHead(writer, "-F ", flush.Chain);
                break;
            case RestoreCommand.DeleteChain delete:
                PrintHead(writer, "-X ", delete.Chain);
                break;
            default:
                throw new UnreachableException();
        }

        writer.Line();
    }

    private static void PrintBlockHead(ArtifactWriter writer, TableName table)
    {
        writer.Write('*');
        writer.Write(table.KernelName());
        writer.Line();
    }

    private static void PrintDeclaration(ArtifactWriter writer, string chain, Policy? policy)
    {
        writer.Write(':');
        PrintChainName(writer, chain);
        writer.Write(' ');
        writer.Write(policy?.KernelName() ?? "-");
        writer.Write(" [0:0]\n");
    }

    private static void PrintHead(ArtifactWriter writer, string command, string chain)
    {
        writer.Write(command);
        PrintChainName(writer, chain);
    }

    private static void PrintPosition(ArtifactWriter writer, int position)
    {
        writer.Write(' ');
        writer.Write(position);
    }

    /// <summary>A guess that spares most growth: one rule is about 110 characters, a declaration 40.</summary>
    private static int ExpectedChars(IptablesRuleset ruleset)
    {
        var chars = 256L;
        foreach (var table in ruleset.Tables)
        {
            foreach (var chain in table.Chains) chars += 64 + (128L * chain.Rules.Count);
        }

        return (int)Math.Min(chars, 1 << 28);
    }
}
