using System.Text;
using RuleCompiler.Ir;
using Xunit;

namespace RuleCompiler.Tests.Kube;

/// <summary>Texts that are not what they should be: each is told with its place, and makes the input unreadable.</summary>
public sealed class BadTextTests
{
    [Theory]
    [InlineData("a: [1, 2", "RC1004", 2, 1)]
    [InlineData("a: {b: 1\nc: 2", "RC1004", 1, 5)]
    [InlineData("spec:\n  ports:\n  - name: x\n\tport: 1", "RC1004", 4, 1)]
    [InlineData("a: \"b", "RC1004", 1, 4)]
    [InlineData("metadata:\n\tname: x", "RC1004", 2, 1)]
    [InlineData("a: b: c", "RC1004", 1, 5)]
    [InlineData("a: @x", "RC1004", 1, 4)]
    [InlineData("a: 1\n  b: 2", "RC1004", 2, 4)]
    [InlineData("metadata: {name: {{ .Values.name }}}", "RC1004", 1, 19)]
    [InlineData("%YAML 3.0\n---\na: 1", "RC1004", 1, 1)]
    [InlineData("{\"a\": 1", "RC1005", 1, 8)]
    [InlineData("{\"a\": 1,}", "RC1005", 1, 9)]
    [InlineData("{\n \"a\": 01}", "RC1005", 2, 8)]
    [InlineData("{\"a\": \"\\ud800\"}", "RC1005", 1, 7)]
    [InlineData("[5]", "RC1009", 1, 2)]
    [InlineData("just a text", "RC1009", 1, 1)]
    [InlineData("42", "RC1009", 1, 1)]
    [InlineData("a: &x 1\nb: *x", "RC1006", 2, 4)]
    [InlineData("a: &x {b: 1}\nc:\n  <<: *x", "RC1006", 3, 3)]
    [InlineData("a: 1\nb: 2\na: 3", "RC1003", 3, 1)]
    [InlineData("{\"kind\": \"X\", \"b\": {\"c\": 1, \"c\": 2}}", "RC1003", 1, 29)]
    [InlineData("a: x\0y", "RC1002", 1, 5)]
    [InlineData("a: 1\nb: \u001b[31m", "RC1002", 2, 4)]
    public void It_is_refused_where_it_goes_wrong(string text, string id, int line, int column)
    {
        var result = Input.Read(text);
        Assert.True(result.Unreadable);
        var diagnostic = result.Diagnostics[0];
        Assert.Equal((id, line, column), (diagnostic.Rule.Id, diagnostic.Location.Line, diagnostic.Location.Column));
        Assert.Matches("^found .*, expected ", diagnostic.Message);
        Assert.DoesNotContain('\n', diagnostic.ToString());
    }

    [Fact]
    public void A_truncated_list_is_refused_and_what_came_before_is_kept()
    {
        var whole = File.ReadAllText(Checkout.PathOf("golden/kubernetes-1.36/cluster.yaml"));
        var result = Input.Read(whole[..(whole.IndexOf("sessionAffinity: ClientIP", StringComparison.Ordinal) + 10)]);
        Assert.True(result.Unreadable);
        Assert.Equal(DiagnosticCatalog.BrokenYaml, result.Diagnostics[0].Rule);
        Assert.Equal(7, result.Cluster.Services.Count);
    }

    [Fact]
    public void A_billion_laughs_are_refused_at_the_first()
    {
        var text = new StringBuilder("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
        for (var i = 1; i < 30; i++)
            text.AppendLine($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]");
        var result = Input.Read(text.ToString());
        Assert.Equal("in.yaml(2,10)", Assert.Single(result.Diagnostics).Location.ToString());
        Assert.Equal(DiagnosticCatalog.AliasRefused, result.Diagnostics[0].Rule);
    }

    [Fact]
    public void Deep_nesting_is_refused_at_once()
    {
        foreach (var open in (string[])["[", "{a: ", "[[\n", "- "])
        {
            var result = Input.Read("a:\n " + string.Concat(Enumerable.Repeat(open, 200_000)));
            Assert.True(result.Unreadable);
            Assert.Equal(DiagnosticCatalog.NestedTooDeeply, Assert.Single(result.Diagnostics).Rule);
        }

        Assert.Equal(DiagnosticCatalog.NestedTooDeeply,
            Assert.Single(Input.Read("{\"a\":" + new string('[', 200_000)).Diagnostics).Rule);
    }

    public static TheoryData<string, string> Noise => new()
    {
        { "one word", "RC1008" },
        { "comments", "RC1008" },
        { "keys", "RC1012" },
        { "items", "RC1009" },
        { "documents", "RC1012" },
        { "quote", "RC1008" },
        { "block", "RC1008" },
        { "bytes", "RC1001" },
        { "zeros", "RC1002" },
    };

    /// <summary>Refused after a few megabytes.</summary>
    [Theory]
    [MemberData(nameof(Noise))]
    public void Noise_is_refused_early(string kind, string id)
    {
        // All of it once; the other kinds end as early, and a fifth of it costs the test less.
        var size = kind == "one word" ? 100_000_000 : 20_000_000;
        var unit = kind switch
        {
            "one word" => "x"u8,
            "comments" => "# nothing\n"u8,
            "keys" => "? x\n"u8,
            "items" => "- x\n"u8,
            "documents" => "--- {}\n"u8,
            "quote" => "\"\n"u8,
            "block" => "x"u8,
            "bytes" => [0x41, 0xC3, 0x28],
            _ => [(byte)0],
        };
        var noise = new byte[size];
        unit.CopyTo(noise);
        for (var filled = unit.Length; filled < size;)
        {
            var count = Math.Min(filled, size - filled);
            noise.AsSpan(0, count).CopyTo(noise.AsSpan(filled));
            filled += count;
        }

        ("keys" == kind ? "a: 1\n"u8 : "block" == kind ? "a: |\n b\n "u8 : "quote" == kind ? "a: \" "u8 : []).CopyTo(noise);
        if (kind == "quote") noise.AsSpan(4).Fill((byte)' ');
        var result = Input.Read(noise);
        Assert.True(result.Unreadable);
        Assert.Contains(result.Diagnostics, diagnostic => diagnostic.Rule.Id == id);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n\n")]
    [InlineData("# nothing\n")]
    [InlineData("---\n---\n")]
    [InlineData("\uFEFF")]
    [InlineData("null")]
    public void Nothing_is_told_and_is_unreadable(string text)
    {
        var result = Input.Read(text);
        Assert.True(result.Unreadable);
        Assert.Equal(["RC1010", "RC1011"], result.Diagnostics.Select(diagnostic => diagnostic.Rule.Id));
    }

    [Fact]
    public void An_empty_file_among_others_is_only_a_warning()
    {
        var result = Input.Read("# nothing", Input.Service());
        Assert.False(result.Unreadable);
        Assert.StartsWith("in0.yaml: warning RC1010: ", result.Diagnostics.Only(DiagnosticCatalog.EmptyFile), StringComparison.Ordinal);
        Assert.Single(result.Cluster.Services);
    }

    [Fact]
    public void Byte_order_marks_line_ends_and_utf_16_do_not_matter()
    {
        var text = Input.Service("ports:\n- port: 80");
        var expected = Input.Read(text).Cluster;
        Encoding[] encodings = [new UTF8Encoding(true), Encoding.Unicode, Encoding.BigEndianUnicode];
        foreach (var encoding in encodings)
        {
            Assert.Equal(expected, Input.Read([.. encoding.GetPreamble(), .. encoding.GetBytes(text)]).Cluster);
            Assert.Equal(expected, Input.Read(encoding.GetBytes(text)).Cluster);
        }

        Assert.Equal(expected, Input.Read(text.Replace("\n", "\r\n", StringComparison.Ordinal)).Cluster);
    }

    [Fact]
    public void Broken_encodings_are_told()
    {
        Assert.Equal("in.yaml(2,3)", Assert.Single(Input.Read([.. "a: 1\nb "u8, 0xFF]).Diagnostics).Location.ToString());
        var odd = Input.Read([0xFF, 0xFE, (byte)'a', 0, (byte)'b']);
        Assert.Equal((true, DiagnosticCatalog.NotText), (odd.Unreadable, odd.Diagnostics[0].Rule));
    }

    [Fact]
    public void A_huge_value_is_allowed_up_to_what_an_api_server_takes()
    {
        var metadata = Input.Service().Replace("  name: web", $"  annotations: {{a: \"{new string('x', 2_000_000)}\"}}\n  name: web", StringComparison.Ordinal);
        Assert.Single(Input.Read(metadata).Cluster.Services);
    }

    [Fact]
    public void Many_keys_are_checked_for_duplicates_too()
    {
        var keys = string.Concat(Enumerable.Range(0, 5000).Select(i => $"k{i}: 1\n"));
        Assert.DoesNotContain(Input.Read("kind: X\napiVersion: v1\n" + keys).Diagnostics, diagnostic => diagnostic.Rule == DiagnosticCatalog.DuplicateKey);
        var found = Input.Read("kind: X\napiVersion: v1\n" + keys + "k7: 2\n");
        Assert.StartsWith("in.yaml(5003,1): error RC1003: found the key \"k7\" again, first at line 10,",
            found.Diagnostics.Only(DiagnosticCatalog.DuplicateKey), StringComparison.Ordinal);
    }

    private const string Marks = "{}[]:,-?&*!|>'\"%@`# \t\n\\x0~<";

    [Fact]
    public void Arbitrary_cuts_and_bytes_never_throw()
    {
        var seed = File.ReadAllBytes(Checkout.PathOf("golden/kubernetes-1.36/nodes.yaml"));
        var json = "{\"kind\":\"List\",\"items\":[{\"kind\":\"Node\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"n\"},\"spec\":{\"podCIDRs\":[\"10.0.0.0/8\"]}}]}"u8.ToArray();
        var random = new Random(7);
        foreach (var original in (byte[][])[seed, json])
        {
            for (var i = 0; i < 400; i++)
            {
                var bytes = original.ToArray();
                for (var edits = random.Next(1, 4); edits > 0; edits--)
                    bytes[random.Next(bytes.Length)] = (byte)Marks[random.Next(Marks.Length)];
                var cut = random.Next(bytes.Length);
                _ = Input.Read(i % 2 == 0 ? bytes : bytes[..cut]);
            }
        }
    }
}
