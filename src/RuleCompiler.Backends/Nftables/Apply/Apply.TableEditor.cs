using System.Diagnostics;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

public sealed partial class NftablesBackend
{
    /// <summary>
    /// A table under the commands of one transaction. What a chain or element leads to is looked up at the end.
    /// </summary>
    private sealed class TableEditor
    {
        private readonly string _name;
        private readonly SortedDictionary<string, (NftSet Set, SortedSet<Element> Elements)> _sets = new(StringComparer.Ordinal);
        private readonly SortedDictionary<string, (NftHook? Hook, List<NftRule> Rules)> _chains = new(StringComparer.Ordinal);

        public TableEditor(NftTable table)
        {
            _name = table.Name;
            foreach (var set in table.Sets) _sets.Add(set.Name, (set with { Elements = [] }, Sorted(set.Elements)));
            foreach (var chain in table.Chains) _chains.Add(chain.Name, (chain.Hook, [.. chain.Rules]));
        }

        public void Execute(NftCommand command)
        {
            switch (command)
            {
                case NftCommand.AddSet { Set: var set }:
                    if (!_sets.TryAdd(set.Name, (set with { Elements = [] }, Sorted([])))) throw Refused(command, "it is there");
                    break;
                case NftCommand.DeleteSet delete:
                    if (!_sets.Remove(delete.Name)) throw Refused(command, "there is no such set");
                    break;
                case NftCommand.AddElements add:
                    foreach (var element in add.Set.Elements)
                    {
                        if (!ElementsOf(add.Set.Name, command).Add(element)) throw Refused(command, $"{element.Key} is there");
                    }

                    break;
                case NftCommand.DeleteElements delete:
                    foreach (var element in delete.Set.Elements)
                    {
                        if (!ElementsOf(delete.Set.Name, command).Remove(element)) throw Refused(command, $"there is no {element.Key}");
                    }

                    break;
                case NftCommand.AddChain add:
                    if (!_chains.TryAdd(add.Name, (add.Hook, []))) throw Refused(command, "it is there");
                    break;
                case NftCommand.FlushChain flush:
                    RulesOf(flush.Name, command).Clear();
                    break;
                case NftCommand.DeleteChain delete:
                    if (RulesOf(delete.Name, command).Count > 0) throw Refused(command, "it has rules");
                    _chains.Remove(delete.Name);
                    break;
                case NftCommand.AddRule add:
                    RulesOf(add.Chain, command).Add(add.Rule);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        public NftTable Finish()
        {
            foreach (var target in Targets())
            {
                if (!_chains.ContainsKey(target)) throw new InvalidOperationException($"something leads to {target}, which is no chain");
            }

            return new NftTable(
                _name,
                _sets.Values.Select(entry => entry.Set with { Elements = entry.Elements.ToSortedSeq() }).ToSortedSeq(),
                _chains.Select(entry => new NftChain(entry.Key, entry.Value.Hook, entry.Value.Rules.ToSeq())).ToSortedSeq());
        }

        private IEnumerable<string> Targets()
        {
            var ofElements = _sets.Values.SelectMany(entry => entry.Elements).Select(element => element.Data)
                .OfType<ElementData.Verdict>().Select(data => data.Of);
            var ofRules = _chains.Values.SelectMany(chain => chain.Rules).SelectMany(rule => rule.Statements)
                .OfType<Statement.Verdict>().Select(statement => statement.Of);
            return ofElements.Concat(ofRules).Select(verdict => verdict switch
            {
                NftVerdict.Jump jump => jump.Chain,
                NftVerdict.Goto to => to.Chain,
                _ => null,
            }).OfType<string>();
        }

        private SortedSet<Element> ElementsOf(string set, NftCommand command) =>
            _sets.TryGetValue(set, out var entry) ? entry.Elements : throw Refused(command, "there is no such set");

        private List<NftRule> RulesOf(string chain, NftCommand command) =>
            _chains.TryGetValue(chain, out var entry) ? entry.Rules : throw Refused(command, "there is no such chain");

        private static SortedSet<Element> Sorted(SortedSeq<Element> elements) =>
            new(elements, Comparer<Element>.Create(Element.CompareKeys));

        private static InvalidOperationException Refused(NftCommand command, string reason) => new($"{command}: {reason}");
    }
}
