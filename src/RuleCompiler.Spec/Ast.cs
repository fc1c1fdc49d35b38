using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>A *.flow file: cases that run on one node of one scenario. spec/LANGUAGE.md describes the text.</summary>
/// <param name="Scenario">The folder of the scenario, as written: relative, with slashes.</param>
public sealed record FlowFile(
    string Path, Located<string> Scenario, Located<string> Node, Seq<FlowCase> Cases);

public sealed record Located<T>(T Value, Location Location);

/// <summary>Steps that happen one after the other on a node without memory: no tracked flow, no affinity.</summary>
/// <param name="Title">"" for the steps before the first <c>case</c> line.</param>
public sealed record FlowCase(string Title, Seq<FlowStep> Steps, Location Location);

/// <summary>One line of a case.</summary>
/// <param name="Text">The line as written, without comment and with single spaces: what reports show.</param>
/// <param name="Modes">The modes that the line holds for; empty: every mode.</param>
/// <param name="Family">The family of the words <c>node</c> and <c>localhost</c>.</param>
public sealed record FlowStep(
    FlowAction Action, string Text, Seq<ProxyMode> Modes, Family Family, Location Location);

public abstract record FlowAction
{
    private FlowAction()
    {
    }

    /// <summary>What the line expects; null for lines that only change something.</summary>
    public Expected? Expectation => this switch
    {
        Open open => open.Expect,
        Again again => again.Expect,
        More more => more.Expect,
        Reply reply => reply.Expect,
        _ => null,
    };

    /// <summary>The same with another expectation; itself where it has none.</summary>
    public FlowAction Expecting(Expected other) => this switch
    {
        Open open => open with { Expect = other },
        Again again => again with { Expect = other },
        More more => more with { Expect = other },
        Reply reply => reply with { Expect = other },
        _ => this,
    };

    /// <summary>from … to …: the first packet of a new flow.</summary>
    public sealed record Open(
        FlowSource Source, Port? SourcePort, string? Interface, Protocol Protocol, FlowDestination To, Expected Expect)
        : FlowAction;

    /// <summary>then again: the same client opens a new flow to the same frontend.</summary>
    public sealed record Again(Port? SourcePort, int AfterSeconds, Expected Expect) : FlowAction;

    /// <summary>then more: the next packet of the same flow.</summary>
    public sealed record More(int AfterSeconds, Expected Expect) : FlowAction;

    /// <summary>then reply: the endpoint answers in the same flow.</summary>
    public sealed record Reply(int AfterSeconds, Expected Expect) : FlowAction;

    public sealed record Advance(int Seconds) : FlowAction;

    /// <summary>when …: the cluster changes and the node follows; tracked flows and affinity live on.</summary>
    public sealed record Change(ClusterChange What) : FlowAction;
}

public abstract record FlowSource
{
    private FlowSource()
    {
    }

    /// <summary>A pod of any node; one of this node arrives on the pods' interface.</summary>
    public sealed record Pod(Ip Address) : FlowSource;

    /// <summary>A process of the node; null: with the node's primary address.</summary>
    public sealed record NodeProcess(Ip? Address) : FlowSource;

    public sealed record External(Ip Address) : FlowSource;

    /// <summary>A process of the node, with 127.0.0.1 or ::1.</summary>
    public sealed record Localhost : FlowSource;
}

public abstract record FlowDestination
{
    private FlowDestination()
    {
    }

    public sealed record Address(Endpoint At) : FlowDestination;

    /// <summary>The node's primary address.</summary>
    public sealed record NodeAddress(Port Port) : FlowDestination;

    /// <summary>127.0.0.1 or ::1.</summary>
    public sealed record Localhost(Port Port) : FlowDestination;
}

/// <summary>What must become of a packet.</summary>
public abstract record Expected
{
    private Expected()
    {
    }

    public sealed record Reject : Expected;

    public sealed record Drop : Expected;

    public sealed record Untouched : Expected;

    /// <summary>Exactly these endpoints, each possible.</summary>
    public sealed record Endpoints(Seq<ExpectedEndpoint> Set, bool Evenly) : Expected;

    /// <summary>The endpoint that the packet before went to, for certain.</summary>
    public sealed record SameEndpoint(SourceRewrite Rewrite) : Expected;

    /// <summary>The last set of two or more in the case again: the client is bound to none of them.</summary>
    public sealed record AnyEndpoint(SourceRewrite Rewrite) : Expected;

    /// <summary>The client gets an answer that seems to come from here.</summary>
    public sealed record AnswerFrom(Endpoint Frontend) : Expected;
}

public sealed record ExpectedEndpoint(Endpoint At, Share? Share, SourceRewrite Rewrite, Location Location);

/// <summary>A probability; 0 &lt; Numerator ≤ Denominator.</summary>
public readonly record struct Share(int Numerator, int Denominator);

/// <summary>What the endpoint sees as the source address.</summary>
public enum SourceRewrite
{
    /// <summary>Not part of the expectation.</summary>
    Unsaid,
    Kept,
    Masqueraded,
}

/// <summary>A change of the cluster between two packets.</summary>
public abstract record ClusterChange
{
    private ClusterChange()
    {
    }

    /// <summary>Services and slices of another file take the place of all that were there.</summary>
    public sealed record Replace(string Path) : ClusterChange;

    public sealed record RemoveEndpoint(Ip Address) : ClusterChange;

    public sealed record RemoveService(ObjectName Name) : ClusterChange;

    /// <summary>A ready endpoint in the slices of another, on the same node.</summary>
    public sealed record AddEndpoint(Ip Address, Ip Beside) : ClusterChange;

    public sealed record SetState(Ip Address, EndpointState State) : ClusterChange;
}
