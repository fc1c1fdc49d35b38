using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

public sealed class FlowReaderTests
{
    [Fact]
    public void Every_statement_has_its_meaning()
    {
        var steps = Steps("""
            from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53, 10.64.2.9:53 } evenly, source kept
            from node port 1024 via eth1 to udp node:30053 expect reject
            from node 192.168.77.2 to sctp localhost:30053 expect drop   # a comment
            from localhost to tcp localhost:30053 expect untouched
            from external 203.0.113.7 via eth1 to tcp 10.96.0.10:53 expect { 10.64.1.7:53 1/3, 10.64.2.9:53 2/3 masqueraded }
            then reply after 1m30s expect answer from 10.96.0.10:53
            then more expect same endpoint, masqueraded
            then again port 5 after 1d expect any endpoint
            advance 3h
            when cluster golden/x/after.yaml
            when remove endpoint 10.64.1.7
            when remove service shop/web
            when add endpoint 10.64.1.8 beside 10.64.1.7
            when endpoint 10.64.1.7 becomes terminating
            """);

        Assert.Equal(
            [
                new FlowAction.Open(new FlowSource.Pod(Ip.Parse("10.64.0.5")), null, null, Protocol.Tcp, At("10.96.0.10:53"),
                    new Expected.Endpoints(
                        [Item("10.64.1.7:53", 3, 50, SourceRewrite.Kept), Item("10.64.2.9:53", 3, 64, SourceRewrite.Kept)], true)),
                new FlowAction.Open(new FlowSource.NodeProcess(null), new Port(1024), "eth1", Protocol.Udp,
                    new FlowDestination.NodeAddress(new Port(30053)), new Expected.Reject()),
                new FlowAction.Open(new FlowSource.NodeProcess(Ip.Parse("192.168.77.2")), null, null, Protocol.Sctp,
                    new FlowDestination.Localhost(new Port(30053)), new Expected.Drop()),
                new FlowAction.Open(new FlowSource.Localhost(), null, null, Protocol.Tcp,
                    new FlowDestination.Localhost(new Port(30053)), new Expected.Untouched()),
                new FlowAction.Open(new FlowSource.External(Ip.Parse("203.0.113.7")), null, "eth1", Protocol.Tcp, At("10.96.0.10:53"),
                    new Expected.Endpoints(
                        [
                            Item("10.64.1.7:53", 7, 66, SourceRewrite.Unsaid, new Share(1, 3)),
                            Item("10.64.2.9:53", 7, 84, SourceRewrite.Masqueraded, new Share(2, 3)),
                        ],
                        false)),
                new FlowAction.Reply(90, new Expected.AnswerFrom(Endpoint.Parse("10.96.0.10:53"))),
                new FlowAction.More(0, new Expected.SameEndpoint(SourceRewrite.Masqueraded)),
                new FlowAction.Again(new Port(5), 86400, new Expected.AnyEndpoint(SourceRewrite.Unsaid)),
                new FlowAction.Advance(10800),
                new FlowAction.Change(new ClusterChange.Replace("golden/x/after.yaml")),
                new FlowAction.Change(new ClusterChange.RemoveEndpoint(Ip.Parse("10.64.1.7"))),
                new FlowAction.Change(new ClusterChange.RemoveService(new ObjectName("shop", "web"))),
                new FlowAction.Change(new ClusterChange.AddEndpoint(Ip.Parse("10.64.1.8"), Ip.Parse("10.64.1.7"))),
                new FlowAction.Change(new ClusterChange.SetState(Ip.Parse("10.64.1.7"), EndpointState.ServingTerminating)),
            ],
            steps.Select(step => step.Action));
    }

    [Fact]
    public void The_text_of_a_step_is_its_line_without_comments()
    {
        var steps = Steps("""
            from pod 10.64.0.5   to tcp 10.96.0.10:53 expect {   # two of them
              10.64.1.7:53,   # node-1
              10.64.2.9:53
            } evenly
            """);

        Assert.Equal(
            "from pod 10.64.0.5 to tcp 10.96.0.10:53 expect { 10.64.1.7:53, 10.64.2.9:53 } evenly", steps.Single().Text);
    }

    [Fact]
    public void Settings_of_the_head_hold_for_every_case_and_those_of_a_case_for_its_rest()
    {
        var file = Read("""
            scenario golden/x
            node NODE-0
            family ipv6
            case "one"
            from node to tcp node:1 expect drop
            mode iptables, nftables
            from node to tcp node:2 expect drop
            case "two"
            mode any
            from node to tcp node:3 expect drop
            """);

        Assert.Equal("node-0", file.Node.Value);
        Assert.Equal(["one", "two"], file.Cases.Select(one => one.Title));
        Assert.All(file.Cases.SelectMany(one => one.Steps), step => Assert.Equal(Family.Ipv6, step.Family));
        Assert.Equal(
            [default, [ProxyMode.Iptables, ProxyMode.Nftables], default],
            file.Cases.SelectMany(one => one.Steps).Select(step => step.Modes));
    }

    [Fact]
    public void What_a_mode_answers_otherwise_is_a_twin_of_the_line_for_that_mode()
    {
        var steps = Steps("""
            from node to tcp 10.96.0.10:80 expect drop
            in ipvs expect { 10.64.0.5:80 }    # its own
            in nftables expect reject
            """);

        Assert.Equal([[ProxyMode.Iptables], [ProxyMode.Ipvs], [ProxyMode.Nftables]], steps.Select(step => step.Modes));
        Assert.Equal(
            ["drop", "{ 10.64.0.5:80 }", "reject"],
            steps.Select(step => step.Text["from node to tcp 10.96.0.10:80 expect ".Length..]));
        Assert.Equal([3, 4, 5], steps.Select(step => step.Location.Line));
        Assert.Single(steps.Select(step => step.Action.Expecting(new Expected.Drop())).Distinct());
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("\n\n# between\n")]
    [InlineData("\t\n")]
    public void Line_ends_may_be_anything(string end)
    {
        var file = Read("\uFEFF# head" + end + "scenario golden/x" + end + "node node-0" + end + "advance 1s");

        Assert.Equal(new FlowAction.Advance(1), file.Cases.Single().Steps.Single().Action);
    }

    private static FlowFile Read(string text)
    {
        var (file, diagnostics) = FlowReader.Read("a.flow", text);
        Assert.Empty(diagnostics);
        return file;
    }

    private static Seq<FlowStep> Steps(string text) => Read("scenario golden/x\nnode node-0\n" + text).Cases.Single().Steps;

    private static FlowDestination.Address At(string text) => new(Endpoint.Parse(text));

    private static ExpectedEndpoint Item(string at, int line, int column, SourceRewrite rewrite, Share? share = null) =>
        new(Endpoint.Parse(at), share, rewrite, new Location("a.flow", line, column));
}
