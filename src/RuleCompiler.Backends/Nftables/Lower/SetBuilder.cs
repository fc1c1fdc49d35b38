using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <summary>Collects the elements of a set in any order.</summary>
internal sealed class SetBuilder(
    string name, Seq<FieldType> key, DataType? data = null, SetFlags flags = SetFlags.None, Protocol? portsOf = null)
{
    private readonly List<Element> _elements = [];

    public void Add(Element element) => _elements.Add(element);

    public NftSet Build(int? size = null)
    {
        var elements = _elements.ToArray();
        Array.Sort(elements, ElementOrder.Compare);
        for (var i = 1; i < elements.Length; i++)
        {
            if (ElementOrder.Compare(elements[i - 1], elements[i]) == 0)
                throw new UnreachableException($"{name} has {elements[i].Key} twice");
        }

        return new NftSet(name, key, data, flags, TimeoutSeconds: null, size, Seq.Create<Element>(elements))
        {
            PortsOf = portsOf,
        };
    }
}
