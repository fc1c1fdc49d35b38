using System.Text;
using RuleCompiler.Kube.Text;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Kube;

/// <summary>The fast reader may refuse any text, but what it accepts it must read as YamlDotNet does, place by place.</summary>
public sealed class BlockYamlTokensTests
{
    private const string Shapes = """
        apiVersion: v1
        metadata:
          annotations:
            kubectl.kubernetes.io/last-applied-configuration: |
              {"apiVersion":"v1","kind":"Service"}
            a/b: |-
              one

                two
              three
            "quoted: key": 'it''s # not a comment'
          managedFields:
          - fieldsV1:
              f:spec:
                .: {}
                k:{"port":80,"protocol":"TCP"}:
                  f:port: {}
                v:"10.0.0.1": {}
            time: "2026-11-22T21:38:07Z"
        empty:
        nothing: null
        list:
        - a
        - "b: \"c\" \\ \n"
        - - nested
          - x: 1
            y: -1
        - ~
        indented:
          - 10.0.0.1
          - fd00::1
        spec: {}
        ports: []
        last:
        ---
        - a: 1.5
          b: true
        - {}
        ---
        kind: X

        """;

    [Fact]
    public void What_kubectl_writes_is_accepted()
    {
        foreach (var path in (string[])["golden/kubernetes-1.36/cluster.yaml", "golden/kubernetes-1.36/nodes.yaml"])
            Assert.Null(Difference(Input.File(path).Content.ToArray(), mustAccept: true));
        Assert.Null(Difference(Encoding.UTF8.GetBytes(Shapes), mustAccept: true));
    }

    [Theory]
    [InlineData("a: &x 1\n")]
    [InlineData("a: b # c\n")]
    [InlineData("a: >\n  b\n")]
    [InlineData("a: b\n  c\n")]
    [InlineData("a: \"b\n  c\"\n")]
    [InlineData("a: b")]
    [InlineData("a: b\r\n")]
    [InlineData("a:\tb\n")]
    [InlineData("a: é\u0085b\n")]
    [InlineData("# a\n")]
    [InlineData("a: [1]\n")]
    [InlineData("? a\n: b\n")]
    [InlineData("<<: a\n")]
    public void What_it_does_not_know_is_left_to_YamlDotNet(string text) =>
        Assert.False(BlockYamlTokens.Accepts(Encoding.UTF8.GetBytes(text)));

    [Fact]
    public void What_it_accepts_it_reads_as_YamlDotNet_does()
    {
        var seeds = new[]
        {
            Encoding.UTF8.GetBytes(Shapes), Beginning("golden/kubernetes-1.36/nodes.yaml", 40),
            Beginning("golden/kubernetes-1.36/cluster.yaml", 60),
        };
        var accepted = 0;
        var cases = Fuzz.Cases(1000);
        for (var i = 0; i < cases; i++)
        {
            var random = new Random((int)Fuzz.Seed + i);
            var text = Mutate(seeds[random.Next(seeds.Length)], random);
            if (Difference(text, mustAccept: false) is { } difference)
                Assert.Fail($"{difference}\nRULEC_FUZZ_SEED={(int)Fuzz.Seed + i} RULEC_FUZZ_CASES=1\n{Encoding.UTF8.GetString(text)}");
            if (BlockYamlTokens.Accepts(text)) accepted++;
        }

        Assert.True(accepted >= cases / 20, $"only {accepted} of {cases} texts were accepted");
    }

    private static byte[] Beginning(string path, int lines) =>
        Encoding.UTF8.GetBytes(string.Join('\n', Encoding.UTF8.GetString(Input.File(path).Content.Span).Split('\n').Take(lines)));

    private static byte[] Mutate(byte[] seed, Random random)
    {
        const string Marks = "{}[]:,-?&*!|>'\"%@`# \n\\x0~<=abc";
        List<byte> text = [.. seed];
        for (var edits = random.Next(1, 4); edits > 0; edits--)
        {
            var at = random.Next(text.Count);
            switch (random.Next(6))
            {
                case 0:
                    text[at] = (byte)Marks[random.Next(Marks.Length)];
                    break;
                case 1:
                    text.Insert(at, (byte)Marks[random.Next(Marks.Length)]);
                    break;
                case 2:
                    text.RemoveAt(at);
                    break;
                case 3:
                    text.InsertRange(at, random.Next(2) == 0 ? "é"u8.ToArray() : "\u2028"u8.ToArray());
                    break;
                default:
                    MoveLine(text, random);
                    break;
            }
        }

        text.Add((byte)'\n');
        return [.. text];
    }

    /// <summary>Cuts a line out, doubles it, or indents it otherwise: structure changes more often than characters do.</summary>
    private static void MoveLine(List<byte> text, Random random)
    {
        var end = text.IndexOf((byte)'\n', random.Next(text.Count));
        if (end < 0) return;
        var start = end == 0 ? 0 : text.LastIndexOf((byte)'\n', end - 1) + 1;
        var line = text.GetRange(start, end + 1 - start);
        switch (random.Next(4))
        {
            case 0:
                text.RemoveRange(start, line.Count);
                break;
            case 1:
                text.InsertRange(start, line);
                break;
            case 2:
                text.InsertRange(start, "  "u8.ToArray()[..random.Next(1, 3)]);
                break;
            default:
                if (line[0] == ' ') text.RemoveRange(start, line.Count > 1 && line[1] == ' ' ? 2 : 1);
                break;
        }
    }

    private static string? Difference(byte[] utf8, bool mustAccept)
    {
        if (!BlockYamlTokens.Accepts(utf8)) return mustAccept ? "not accepted" : null;
        var report = new Report("in.yaml", new StringPool());
        var slow = new YamlTokens(new GuardedReader(utf8), report);
        var fast = BlockYamlTokens.Create(utf8);
        while (true)
        {
            var (expected, found) = (slow.Read(), fast.Read());
            if (expected.Kind == TokenKind.Broken) return $"YamlDotNet refuses: {report.Diagnostics[0]}";
            if (expected.Kind == TokenKind.End && found.Kind == TokenKind.End) return null;
            if (!IsSame(expected, found)) return $"expected {expected}, found {found}";
        }
    }

    /// <summary>Where a collection ends nobody asks.</summary>
    private static bool IsSame(Token expected, Token found) => expected.Kind is TokenKind.MapEnd or TokenKind.SequenceEnd
        ? expected.Kind == found.Kind
        : expected == found;
}
