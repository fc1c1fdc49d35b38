using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>The nftables backend (README.md). This part writes what <c>nft -f</c> reads.</summary>
public sealed partial class NftablesBackend
{
    private const string RestoreCommandLine = "nft -f -";

    /// <summary>
    /// One file, one transaction: tables of these names are replaced, whatever they held. What clients were bound to
    /// by session affinity goes with them; a plan keeps it.
    /// </summary>
    /// <exception cref="InvalidOperationException">Something that no text expresses: a bug of who made it.</exception>
    public override Seq<ArtifactFile> Print(NftRuleset artifact) => [PrintFile(artifact, [])];

    /// <summary>As <see cref="Print"/>, and in the same transaction kube-proxy's table of the family goes.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Print"/>.</exception>
    public override Seq<ArtifactFile> PrintTakeOver(NftRuleset artifact) =>
        [PrintFile(artifact, [Names.KubeProxyTable])];

    public override bool CanTakeOver => true;

    public override string ToolOf(NftTransaction step, Family family) => RestoreCommandLine;

    /// <summary>The commands of one <c>nft -f</c>.</summary>
    /// <exception cref="InvalidOperationException">As for <see cref="Print"/>.</exception>
    public override string PrintStep(NftTransaction step, Family family)
    {
        var printer = new Printer(family, 4096);
        foreach (var command in step.Commands) printer.Write(command, step.Table);
        return printer.ToString();
    }

    /// <summary>One rule in its canonical spelling.</summary>
    public static string PrintRule(NftRule rule, Family family)
    {
        var printer = new Printer(family, 256);
        printer.Write(rule);
        return printer.ToString();
    }

    private static ArtifactFile PrintFile(NftRuleset artifact, Seq<string> instead)
    {
        var elements = artifact.Tables.Sum(table => table.Sets.Sum(set => set.Elements.Count));
        var printer = new Printer(artifact.Family, 16384 + (elements * 64));
        foreach (var name in instead) printer.WriteAbsent(name);
        foreach (var table in artifact.Tables)
        {
            printer.WriteAbsent(table.Name);
            printer.Write(table);
        }

        return new ArtifactFile(Names.FileOf(artifact.Family), printer.ToString()) { Tool = RestoreCommandLine };
    }

    /// <summary>The texts of one family.</summary>
    private sealed partial class Printer(Family family, int expectedChars)
    {
        private readonly ArtifactWriter _writer = new(expectedChars);
        private readonly string _family = family == Family.Ipv4 ? "ip" : "ip6";

        public override string ToString() => _writer.ToString();

        /// <summary>Deletes a table that may not be there: adding it first makes sure that it is.</summary>
        public void WriteAbsent(string table)
        {
            WriteLine("table ", table);
            WriteLine("delete table ", table);
        }

        public void Write(NftTable table)
        {
            WriteHead("table ", table.Name);
            _writer.Write(" {\n");
            foreach (var set in table.Sets) WriteBlock(set);
            foreach (var chain in table.Chains) WriteBlock(chain);
            _writer.Write("}\n");
        }

        public void Write(NftCommand command, string table)
        {
            switch (command)
            {
                case NftCommand.AddTable:
                    WriteHead("add table ", table);
                    break;
                case NftCommand.DeleteTable:
                    WriteHead("delete table ", table);
                    break;
                case NftCommand.AddSet add:
                    WriteHead(add.Set.Data is null ? "add set " : "add map ", table, add.Set.Name);
                    _writer.Write(" { ");
                    WriteProperties(add.Set, before: "", after: "; ");
                    _writer.Write('}');
                    break;
                case NftCommand.DeleteSet delete:
                    WriteHead(delete.IsMap ? "delete map " : "delete set ", table, delete.Name);
                    break;
                case NftCommand.AddElements add:
                    WriteElements("add element ", table, add.Set, withData: true);
                    break;
                case NftCommand.DeleteElements delete:
                    WriteElements("delete element ", table, delete.Set, withData: false);
                    break;
                case NftCommand.AddChain add:
                    WriteHead("add chain ", table, add.Name);
                    if (add.Hook is { } hook)
                    {
                        _writer.Write(" { ");
                        Write(hook);
                        _writer.Write(" }");
                    }

                    break;
                case NftCommand.FlushChain flush:
                    WriteHead("flush chain ", table, flush.Name);
                    break;
                case NftCommand.DeleteChain delete:
                    WriteHead("delete chain ", table, delete.Name);
                    break;
                case NftCommand.AddRule add:
                    WriteHead("add rule ", table, add.Chain);
                    _writer.Write(' ');
                    Write(add.Rule);
                    break;
                default:
                    throw new UnreachableException();
            }

            _writer.Line();
        }

        private void WriteHead(string command, string table, string? name = null)
        {
            _writer.Write(command);
            _writer.Write(_family);
            _writer.Write(' ');
            _writer.Write(table);
            if (name is null) return;
            _writer.Write(' ');
            _writer.Write(name);
        }

        private void WriteLine(string command, string table)
        {
            WriteHead(command, table);
            _writer.Line();
        }

        private void WriteBlock(NftChain chain)
        {
            _writer.Write("\tchain ");
            _writer.Write(chain.Name);
            _writer.Write(" {\n");
            if (chain.Hook is { } hook)
            {
                _writer.Write("\t\t");
                Write(hook);
                _writer.Line();
            }

            foreach (var rule in chain.Rules)
            {
                _writer.Write("\t\t");
                Write(rule);
                _writer.Line();
            }

            _writer.Write("\t}\n");
        }

        /// <summary>Priorities as numbers: their names are of newer versions (nft(8), CHAINS).</summary>
        private void Write(NftHook hook)
        {
            _writer.Write("type ");
            _writer.Write(hook.Type switch
            {
                NftChainType.Filter => "filter",
                NftChainType.Nat => "nat",
                NftChainType.Route => "route",
            });
            _writer.Write(" hook ");
            _writer.Write(hook.Point switch
            {
                NftHookPoint.Prerouting => "prerouting",
                NftHookPoint.Input => "input",
                NftHookPoint.Forward => "forward",
                NftHookPoint.Output => "output",
                NftHookPoint.Postrouting => "postrouting",
            });
            _writer.Write(" priority ");
            _writer.Write(hook.Priority);
            _writer.Write(hook.DropsByDefault ? "; policy drop;" : "; policy accept;");
        }
    }
}
