using System.Globalization;
using RuleCompiler.Backends.Iptables;
using FsCheck.Xunit;
using Xunit;

namespace RuleCompiler.Tests.Backends.Iptables;

/// <summary>The buffer with a gap, against a plain list.</summary>
public sealed class ChainEditorTests
{
    [Property]
    public void EditsAsAListDoes((byte Kind, byte Where)[] edits)
    {
        List<Rule> list = [Numbered(-1), Numbered(-2), Numbered(-3)];
        var chain = new ChainEditor("A", null, [.. list]);
        for (var i = 0; i < edits.Length; i++)
        {
            var (kind, where) = edits[i];
            if (kind % 16 == 0)
            {
                list.Clear();
                chain.Clear();
            }
            else if (kind % 4 == 0 && list.Count > 0)
            {
                list.RemoveAt(where % list.Count);
                chain.RemoveAt(where % chain.Count);
            }
            else
            {
                var rule = Numbered(i);
                list.Insert(where % (list.Count + 1), rule);
                chain.Insert(where % (chain.Count + 1), rule);
            }

            Assert.Equal(list.Count, chain.Count);
            Assert.All(list, (expected, index) => Assert.Same(expected, chain.At(index)));
            Assert.All(list, (expected, index) => Assert.Equal(index, chain.IndexOf(expected)));
        }

        Assert.Equal(list, chain.ToSeq());
    }

    private static Rule Numbered(int number) => new([], null, number.ToString(CultureInfo.InvariantCulture));
}
