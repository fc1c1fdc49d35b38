using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Sprache;
using static RuleCompiler.Spec.Lexeme;

namespace RuleCompiler.Spec;

/// <summary>
/// The grammar of one line, as spec/LANGUAGE.md gives it. Nothing nests, so no input can exhaust the stack.
/// Alternatives are tried with <c>XOr</c>: the first word decides, and a failure names all that would have fitted.
/// </summary>
internal sealed class Grammar
{
    /// <summary>The words that begin a line.</summary>
    public static readonly Seq<string> Keywords =
        ["scenario", "node", "mode", "family", "case", "in", "from", "then", "advance", "when"];

    private static readonly Parser<SourceRewrite> s_rewrite =
        Word("masqueraded", SourceRewrite.Masqueraded)
            .XOr(Word("source").Then(_ => Word("kept", SourceRewrite.Kept)));

    /// <summary>[", masqueraded" | ", source kept"] and the end of the line.</summary>
    private static readonly Parser<SourceRewrite> s_rewriteToEnd =
        Comma.Then(_ => s_rewrite).Then(found => LineEnd.Return(found))
            .XOr(LineEnd.Return(SourceRewrite.Unsaid));

    private static readonly Parser<FlowSource> s_source =
        Word("pod").Then(_ => Lexeme.Ip).Select(FlowSource (ip) => new FlowSource.Pod(ip))
            .XOr(Word("external").Then(_ => Lexeme.Ip).Select(FlowSource (ip) => new FlowSource.External(ip)))
            .XOr(Word<FlowSource>("localhost", new FlowSource.Localhost()));

    private static readonly Parser<FlowDestination> s_destination =
        Prefixed("node").Select(FlowDestination (port) => new FlowDestination.NodeAddress(port))
            .XOr(Prefixed("localhost").Select(FlowDestination (port) => new FlowDestination.Localhost(port)))
            .XOr(Lexeme.Endpoint.Select(FlowDestination (at) => new FlowDestination.Address(at)));

    private static readonly Parser<Protocol> s_protocol =
        Word("tcp", Protocol.Tcp).XOr(Word("udp", Protocol.Udp)).XOr(Word("sctp", Protocol.Sctp));

    private static readonly Parser<Port?> s_sourcePort =
        Word("port").Then(_ => Lexeme.Port).Select(port => (Port?)port);

    private static readonly Parser<int> s_after = Word("after").Then(_ => Duration);

    private static readonly Parser<EndpointState> s_state =
        Word("ready", EndpointState.Ready)
            .XOr(Word("unready", EndpointState.Unusable))
            .XOr(Word("terminating", EndpointState.ServingTerminating));

    private static readonly Parser<ProxyMode> s_mode =
        Word("iptables", ProxyMode.Iptables)
            .XOr(Word("ipvs", ProxyMode.Ipvs))
            .XOr(Word("nftables", ProxyMode.Nftables));

    private static readonly Parser<Seq<ProxyMode>> s_modes =
        from first in s_mode
        from others in Comma.Then(_ => s_mode).XMany()
        select others.Prepend(first).ToSeq();

    private readonly string _path;
    private readonly Parser<Expected> _expect;

    public Grammar(string path)
    {
        _path = path;
        _expect = Word("expect").Then(_ => Outcome());
        Statement = Header().XOr(Word("in").Then(_ => Elsewhere())).XOr(Step().Select(Line (action) => new Line.Step(action)));
    }

    /// <summary>One statement and the end of its line.</summary>
    public Parser<Line> Statement { get; }

    private static Parser<Line> Header() =>
        Word("scenario").Then(_ => FolderPath).ToEnd().Select(Line (path) => new Line.Scenario(path))
            .XOr(Word("node").Then(_ => NodeName).ToEnd().Select(Line (name) => new Line.Node(name)))
            .XOr(Word("mode").Then(_ => Modes()).Select(Line (modes) => new Line.Mode(modes)))
            .XOr(Word("family").Then(_ => FamilyName()).ToEnd().Select(Line (family) => new Line.OfFamily(family)))
            .XOr(Word("case").Then(_ => Title).ToEnd().Select(Line (title) => new Line.Case(title)));

    private static Parser<Family> FamilyName() => Word("ipv4", Family.Ipv4).XOr(Word("ipv6", Family.Ipv6));

    private static Parser<Seq<ProxyMode>> Modes() => Word("any", default(Seq<ProxyMode>)).ToEnd().XOr(
        from modes in s_modes
        from end in LineEnd.Expecting("',' or the end of the line")
        select modes);

    private Parser<Line> Elsewhere() =>
        from modes in s_modes
        from word in Word("expect").Expecting("',' or expect")
        from expected in Outcome()
        select (Line)new Line.Elsewhere(modes, expected);

    private Parser<FlowAction> Step() =>
        Word("from").Then(_ => Open())
            .XOr(Word("then").Then(_ => Follow()))
            .XOr(Word("advance").Then(_ => Duration).ToEnd()
                .Select(FlowAction (seconds) => new FlowAction.Advance(seconds)))
            .XOr(Word("when").Then(_ => Change()).ToEnd()
                .Select(FlowAction (change) => new FlowAction.Change(change)));

    private Parser<FlowAction> Open()
    {
        var rest =
            from to in Word("to")
            from protocol in s_protocol
            from destination in s_destination
            from expected in _expect
            select (protocol, destination, expected);
        var route = Maybe(s_sourcePort, Maybe(Word("via").Then(_ => Lexeme.Interface), rest));
        var behindNode = Maybe(Lexeme.Ip.Select(ip => (Ip?)ip), route)
            .Select(found => (Source: (FlowSource)new FlowSource.NodeProcess(found.Option), Route: found.Then));
        var behindOther = s_source.Then(source => route.Select(found => (Source: source, Route: found)));
        return Word("node").Then(_ => behindNode).XOr(behindOther).Select(FlowAction (found) => new FlowAction.Open(
            found.Source, found.Route.Option, found.Route.Then.Option, found.Route.Then.Then.protocol,
            found.Route.Then.Then.destination, found.Route.Then.Then.expected));
    }

    private Parser<FlowAction> Follow()
    {
        var rest = Maybe(s_after, _expect);
        return Word("reply").Then(_ => rest)
                .Select(FlowAction (found) => new FlowAction.Reply(found.Option, found.Then))
            .XOr(Word("more").Then(_ => rest)
                .Select(FlowAction (found) => new FlowAction.More(found.Option, found.Then)))
            .XOr(Word("again").Then(_ => Maybe(s_sourcePort, rest))
                .Select(FlowAction (found) => new FlowAction.Again(found.Option, found.Then.Option, found.Then.Then)));
    }

    private static Parser<ClusterChange> Change()
    {
        var remove = Word("endpoint").Then(_ => Lexeme.Ip)
            .Select(ClusterChange (ip) => new ClusterChange.RemoveEndpoint(ip))
            .XOr(Word("service").Then(_ => ServiceName)
                .Select(ClusterChange (name) => new ClusterChange.RemoveService(name)));
        var add =
            from endpoint in Word("endpoint")
            from address in Lexeme.Ip
            from beside in Word("beside")
            from other in Lexeme.Ip
            select (ClusterChange)new ClusterChange.AddEndpoint(address, other);
        var become =
            from address in Lexeme.Ip
            from becomes in Word("becomes")
            from state in s_state
            select (ClusterChange)new ClusterChange.SetState(address, state);
        return Word("cluster").Then(_ => FolderPath).Select(ClusterChange (path) => new ClusterChange.Replace(path))
            .XOr(Word("remove").Then(_ => remove))
            .XOr(Word("add").Then(_ => add))
            .XOr(Word("endpoint").Then(_ => become));
    }

    private Parser<Expected> Outcome() =>
        Word<Expected>("reject", new Expected.Reject()).ToEnd()
            .XOr(Word<Expected>("drop", new Expected.Drop()).ToEnd())
            .XOr(Word<Expected>("untouched", new Expected.Untouched()).ToEnd())
            .XOr(Word("same").Then(_ => Word("endpoint")).Then(_ => s_rewriteToEnd)
                .Select(Expected (rewrite) => new Expected.SameEndpoint(rewrite)))
            .XOr(Word("any").Then(_ => Word("endpoint")).Then(_ => s_rewriteToEnd)
                .Select(Expected (rewrite) => new Expected.AnyEndpoint(rewrite)))
            .XOr(Word("answer").Then(_ => Word("from")).Then(_ => Lexeme.Endpoint).ToEnd()
                .Select(Expected (at) => new Expected.AnswerFrom(at)))
            .XOr(Set())
            .XOr(Single());

    private Parser<Expected> Single() =>
        from at in Located(Lexeme.Endpoint)
        from rewrite in s_rewriteToEnd
        select (Expected)new Expected.Endpoints(
            [new ExpectedEndpoint(at.Value, null, rewrite, at.Location)], Evenly: false);

    /// <summary>{ endpoint [share] [rewrite], … } ["evenly"] [", " rewrite].</summary>
    private Parser<Expected> Set()
    {
        var share = AcrossLines(Lexeme.Share).Select(found => (Share?)found);
        var rewrite = AcrossLines(s_rewrite).Select(found => (SourceRewrite?)found);
        var nothing = Parse.Return(true);
        var item =
            from at in AcrossLines(Located(Lexeme.Endpoint))
            from tail in Maybe(share, Maybe(rewrite, nothing))
            select new ExpectedEndpoint(
                at.Value, tail.Option, tail.Then.Option ?? SourceRewrite.Unsaid, at.Location);
        return
            from open in AcrossLines(Lexeme.Open)
            from first in item
            from others in AcrossLines(Comma).Then(_ => item).XMany()
            from close in Close.Expecting("',' or '}'")
            from end in Maybe(Word("evenly"), s_rewriteToEnd)
            select (Expected)new Expected.Endpoints(
                others.Prepend(first).Select(each => Inherit(each, end.Then)).ToSeq(), end.Option is not null);
    }

    /// <summary>What is said behind the braces holds for every endpoint that has no word of its own.</summary>
    private static ExpectedEndpoint Inherit(ExpectedEndpoint endpoint, SourceRewrite rewrite) =>
        endpoint.Rewrite == SourceRewrite.Unsaid ? endpoint with { Rewrite = rewrite } : endpoint;

    private Parser<Located<T>> Located<T>(Parser<T> parser) => input =>
        parser.Select(value => new Located<T>(value, new Location(_path, input.Line, input.Column)))(input);
}
