using RuleCompiler.Ir;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>Every kind of mistake: exact text, exact place (RC2001 to RC2012).</summary>
public sealed class FlowSyntaxTests
{
    private const string Head = "scenario golden/x\nnode node-0\n";

    [Theory]
    [InlineData("from pod 10.64.0.5 to tpc 10.96.0.10:53 expect drop", 23, "found 'tpc', expected tcp, udp or sctp; did you mean tcp?")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10 expect drop", 27, "found '10.96.0.10', expected node:PORT, localhost:PORT or an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:0 expect drop", 27, "found '10.96.0.10:0', expected node:PORT, localhost:PORT or an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:65536 expect drop", 27, "found '10.96.0.10:65536', expected node:PORT, localhost:PORT or an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to udp fd00::5:53 expect drop", 27, "found 'fd00::5:53', expected node:PORT, localhost:PORT or an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.500 to tcp 10.96.0.10:53 expect drop", 10, "found '10.64.0.500', expected an IP address")]
    [InlineData("from pod to tcp 10.96.0.10:53 expect drop", 10, "found 'to', expected an IP address")]
    [InlineData("from pdo 10.64.0.5 to tcp 10.96.0.10:53 expect drop", 6, "found 'pdo', expected node, pod, external or localhost; did you mean pod?")]
    [InlineData("from pod 10.64.0.5 viia eth1 to tcp 10.96.0.10:53 expect drop", 20, "found 'viia', expected port, via or to; did you mean via?")]
    [InlineData("from node 10.64.0.x to tcp 10.96.0.10:53 expect drop", 11, "found '10.64.0.x', expected an IP address, port, via or to")]
    [InlineData("from pod 10.64.0.5 port 70000 to tcp 10.96.0.10:53 expect drop", 25, "found '70000', expected a port from 1 to 65535")]
    [InlineData("from pod 10.64.0.5 via a-much-too-long-name to tcp 10.96.0.10:53 expect drop", 24, "found 'a-much-too-long-name', expected an interface name")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53", 40, "found the end of the line, expected expect")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 # dropped", 41, "found the end of the line, expected expect")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect rejct", 48, "found 'rejct', expected reject, drop, untouched, same, any, answer, '{' or an address and port such as 10.64.0.5:80 or [fd00::5]:80; did you mean reject?")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect drop now", 53, "found 'now', expected the end of the line")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect 10.64.1.7:53 masqueraded", 61, "found 'masqueraded', expected ',' or the end of the line")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect 10.64.1.7:53, maskeraded", 62, "found 'maskeraded', expected masqueraded or source; did you mean masqueraded?")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect 10.64.1.7:53, source keep", 69, "found 'keep', expected kept")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { }", 50, "found '}', expected an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53 10.64.1.8:53 }", 63, "found '10.64.1.8:53', expected ',' or '}'")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53, }", 64, "found '}', expected an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53, 10.64.2.9 }", 64, "found '10.64.2.9', expected an address and port such as 10.64.0.5:80 or [fd00::5]:80")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53 4/3 }", 63, "found '4/3', expected ',' or '}'")]
    [InlineData("from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53 } evenl", 65, "found 'evenl', expected evenly, ',' or the end of the line; did you mean evenly?")]
    [InlineData("advance 3", 9, "found '3', expected a duration such as 10s, 30m or 1h30m, up to 366d")]
    [InlineData("advance 367d", 9, "found '367d', expected a duration such as 10s, 30m or 1h30m, up to 366d")]
    [InlineData("advance 99999999999999999999d", 9, "found '99999999999999999999d', expected a duration such as 10s, 30m or 1h30m, up to 366d")]
    [InlineData("when", 5, "found the end of the line, expected cluster, remove, add or endpoint")]
    [InlineData("when cluster /etc/passwd", 14, "found '/etc/passwd', expected a relative path without '..' such as golden/cluster-ip")]
    [InlineData("when cluster golden/../../secret", 14, "found 'golden/../../secret', expected a relative path without '..' such as golden/cluster-ip")]
    [InlineData("when remove service shop", 21, "found 'shop', expected a Service as namespace/name")]
    [InlineData("when add endpoint 10.64.1.7 besides 10.64.1.8", 29, "found 'besides', expected beside; did you mean beside?")]
    [InlineData("when endpoint 10.64.1.7 becomes gone", 33, "found 'gone', expected ready, unready or terminating")]
    [InlineData("then again port 5 after", 24, "found the end of the line, expected a duration such as 10s, 30m or 1h30m, up to 366d")]
    [InlineData("then replies expect drop", 6, "found 'replies', expected reply, more or again")]
    [InlineData("form pod 10.64.0.5 to tcp 10.96.0.10:53 expect drop", 1, "found 'form', expected scenario, node, mode, family, case, in, from, then, advance or when; did you mean from?")]
    [InlineData("case shop", 6, "found 'shop', expected a title in quotes")]
    [InlineData("case \"shop", 6, "found '\"', expected a title that ends with '\"' on the same line")]
    [InlineData("mode iptable", 6, "found 'iptable', expected any, iptables, ipvs or nftables; did you mean iptables?")]
    [InlineData("mode iptables nftables", 15, "found 'nftables', expected ',' or the end of the line")]
    [InlineData("in any expect drop", 4, "found 'any', expected iptables, ipvs or nftables")]
    [InlineData("in ipvs nftables expect drop", 9, "found 'nftables', expected ',' or expect")]
    [InlineData("in ipvs, expect drop", 10, "found 'expect', expected iptables, ipvs or nftables")]
    [InlineData("in ipvs expect drp", 16, "found 'drp', expected reject, drop, untouched, same, any, answer, '{' or an address and port such as 10.64.0.5:80 or [fd00::5]:80; did you mean drop?")]
    [InlineData("family v6", 8, "found 'v6', expected ipv4 or ipv6")]
    public void A_bad_line_is_told_with_its_place_and_what_would_fit(string line, int column, string message)
    {
        var (_, diagnostics) = FlowReader.Read("a.flow", Head + line + "\n");

        var first = diagnostics[0];
        Assert.Equal($"a.flow(3,{column}): error RC2001: {message}", first.ToString());
    }

    [Fact]
    public void Every_bad_line_is_told_in_one_run()
    {
        var (_, diagnostics) = FlowReader.Read("a.flow", Head + """
            form pod 10.64.0.5 to tcp 10.96.0.10:53 expect drop
            form pod 10.64.0.5 to tcp 10.96.0.10:53 expect drop
            from pod 10.64.0.5 to tcp 10.96.0.10:53 expect {
              10.64.1.7:53,
              10.64.1.8,
              10.64.1.9:53
            }
            from pod 10.64.0.5 to tcp 10.96.0.10:53 expect {
              10.64.1.7:53,
              10.64.1
            from pod 10.64.0.5 to tcp 10.96.0.10:53 expect drip
            """);

        Assert.Equal(
            ["a.flow(3,1)", "a.flow(4,1)", "a.flow(7,3)", "a.flow(12,3)", "a.flow(13,48)"],
            diagnostics.Select(diagnostic => diagnostic.Location.ToString()));
    }

    [Theory]
    [InlineData("", "a.flow: error RC2003: found no scenario line, expected one at the head of the file; add a line such as 'scenario golden/cluster-ip'")]
    [InlineData("scenario golden/x\n", "a.flow: error RC2003: found no node line, expected one at the head of the file; add a line such as 'node node-0'")]
    [InlineData(Head + "scenario golden/y\n", "a.flow(3,1): error RC2004: found a second scenario, expected one (line 1); use another file")]
    [InlineData("scenario golden/x\ncase \"t\"\nfrom node to tcp node:80 expect drop\nnode n\n", "a.flow(4,1): error RC2004: found node behind a step or case, expected it at the head of the file; move the line up")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp [fd00::1]:80 expect drop", "a.flow(3,1): error RC2005: found an IPv6 address, expected IPv4 like the source; use addresses of one family")]
    [InlineData(Head + "from pod fd00::5 to tcp [fd00::1]:80 expect { [fd00::2]:80, 10.64.0.1:80 }", "a.flow(3,61): error RC2005: found an IPv4 address, expected IPv6 like the flow; use addresses of one family")]
    [InlineData(Head + "family ipv6\nfrom pod 10.64.0.5 to tcp node:80 expect drop", "a.flow(4,1): error RC2005: found an IPv4 address, expected IPv6 like the family line; use addresses of one family")]
    [InlineData(Head + "then more expect drop", "a.flow(3,1): error RC2006: found then without a packet before it, expected a from line earlier in the case; start with from")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect same endpoint", "a.flow(3,1): error RC2006: found 'same endpoint', expected a line before it that names endpoints; name them")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect 1.1.1.1:1\nthen again expect any endpoint", "a.flow(4,1): error RC2006: found 'any endpoint', expected a line before it with two or more endpoints; list them in braces")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect { 1.1.1.1:1 1/3, 1.1.1.2:1 1/3 }", "a.flow(3,44): error RC2007: found shares that sum to 2/3, expected 1; correct the shares")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect { 1.1.1.1:1 1/3, 1.1.1.2:1 }", "a.flow(3,44): error RC2007: found shares for 1 of 2 endpoints, expected all or none; evenly gives every endpoint the same share")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect { 1.1.1.1:1 1/1 } evenly", "a.flow(3,44): error RC2007: found shares and 'evenly', expected one of the two; evenly gives every endpoint the same share")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect { 1.1.1.1:1, 1.1.1.1:1 }", "a.flow(3,55): error RC2008: found 1.1.1.1:1 again, expected every endpoint once; remove one of the two")]
    [InlineData(Head + "from pod 10.64.0.5 to tcp node:80 expect answer from 1.1.1.1:1", "a.flow(3,1): error RC2009: found 'answer from', expected it only behind 'then reply'; see spec/LANGUAGE.md, Expectations")]
    [InlineData(Head + "case \"t\"\n", "a.flow(3,1): warning RC2010: case \"t\" has no line with expect; say what must happen, or remove the case")]
    [InlineData(Head + "case \"t\"\nfrom node to tcp node:80 expect drop\ncase \"t\"\nfrom node to tcp node:80 expect drop", "a.flow(5,1): warning RC2011: found \"t\" again, expected a title of its own; reports cannot tell the two apart")]
    [InlineData(Head + "in ipvs expect drop", "a.flow(3,1): error RC2006: found in without a line before it that expects something, expected it right behind one; move the line")]
    [InlineData(Head + "from node to tcp node:80 expect drop\nfamily ipv4\nin ipvs expect reject", "a.flow(5,1): error RC2006: found in without a line before it that expects something, expected it right behind one; move the line")]
    [InlineData(Head + "from node to tcp 10.0.0.1:80 expect drop\nin ipvs expect [fd00::1]:80", "a.flow(4,16): error RC2005: found an IPv6 address, expected IPv4 like the flow; use addresses of one family")]
    [InlineData(Head + "from node to tcp node:80 expect drop\nin ipvs expect reject\nin ipvs expect drop", "a.flow(5,1): error RC2012: found a mode that has its answer, or that the line before is not for, expected another; say each mode once")]
    [InlineData(Head + "from node to tcp node:80 expect drop\nin ipvs, ipvs expect reject", "a.flow(4,1): error RC2012: found a mode that has its answer, or that the line before is not for, expected another; say each mode once")]
    [InlineData(Head + "from node to tcp node:80 expect drop\nin ipvs, nftables, iptables expect reject", "a.flow(4,1): error RC2012: found a line for every mode that was left, expected one left for the line before; say each mode once")]
    [InlineData(Head + "mode iptables\nfrom node to tcp node:80 expect drop\nin ipvs expect reject", "a.flow(5,1): error RC2012: found a mode that has its answer, or that the line before is not for, expected another; say each mode once")]
    public void What_no_single_word_shows_is_told_too(string text, string message) =>
        Assert.Contains(message, FlowReader.Read("a.flow", text).Diagnostics.Select(diagnostic => diagnostic.ToString()));

    [Fact]
    public void A_reply_expects_an_answer() => Assert.Equal(
        "a.flow(4,1): error RC2009: found a reply, expected 'answer from ADDRESS:PORT' or 'drop' behind it; "
            + "see spec/LANGUAGE.md, Expectations",
        FlowReader.Read("a.flow", Head + """
            from pod 10.64.0.5 to tcp 10.96.0.10:53 expect 10.64.0.6:53
            then reply expect 10.64.0.6:53
            """).Diagnostics[0].ToString());

    [Fact]
    public void A_large_file_is_refused() => Assert.Equal(
        "a.flow: error RC2002: found 1048577 characters, expected at most 1048576; split the file by feature",
        FlowReader.Read("a.flow", new string('#', FlowReader.MaximumCharacters + 1)).Diagnostics.Single().ToString());

    [Fact]
    public void Noise_gives_a_bounded_number_of_errors()
    {
        var noise = string.Concat(Enumerable.Repeat("{{{{{{{{}}}}}}}}\n\u0001\uD800 from {\n", 2000));

        var (_, diagnostics) = FlowReader.Read("a.flow", noise);

        Assert.InRange(diagnostics.Count, 1, FlowReader.MaximumErrors + 2);
        Assert.DoesNotContain('\u0001', diagnostics[1].Message);
    }

    [Fact]
    public void Every_rule_of_the_reader_is_an_error_or_a_warning() => Assert.All(
        DiagnosticCatalog.All.Where(rule => rule.Id.StartsWith("RC20", StringComparison.Ordinal)),
        rule => Assert.NotEmpty(rule.Cause));
}
