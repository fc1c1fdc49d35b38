using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Tests.Backends;

/// <summary>
/// The smallest backend: a line per ClusterIP frontend and endpoint. It shows that a backend needs nothing outside its
/// own code to be compiled, planned and followed.
/// </summary>
internal sealed class ListingBackend : Backend<Seq<string>, ListingBackend.Step>
{
    public override string Name => "listing";

    public override ProxyMode Mode => ProxyMode.Iptables;

    public override Seq<Family> FamiliesOf(Seq<ArtifactFile> files) => [Family.Ipv4];

    public override Seq<ArtifactFile> Print(Seq<string> artifact) =>
        [new ArtifactFile("listing.txt", string.Concat(artifact.Select(line => line + "\n"))) { Tool = "list" }];

    public override Parsed<Seq<string>> Parse(Seq<ArtifactFile> files, Family family) => new(
        files.SelectMany(file => file.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries)).ToSeq(), []);

    public override Seq<Step> Plan(Seq<string> observed, Seq<string> desired) =>
    [
        .. desired.Except(observed).Select(line => new Step(true, line)),
        .. observed.Except(desired).Select(line => new Step(false, line)),
    ];

    public override Seq<string> Apply(Seq<string> observed, Step step) => step.IsAdded
        ? observed.Append(step.Line).Order(StringComparer.Ordinal).ToSeq()
        : observed.Where(line => line != step.Line).ToSeq();

    public override string PrintStep(Step step, Family family) => $"{(step.IsAdded ? "add" : "delete")} {step.Line}\n";

    public override string ToolOf(Step step, Family family) => "list";

    protected override Lowering<Seq<string>> LowerChecked(ServiceGraph graph, Lowering<Seq<string>>? previous)
    {
        var lines =
            from port in graph.ServicePorts
            from frontend in port.Frontends
            where frontend.Kind == FrontendKind.ClusterIp
            from endpoint in port.ClusterSet
            select $"{new Endpoint(frontend.Address!.Value, frontend.Port)}/{port.Name.Protocol.KernelName()} {endpoint}";
        return new Lowering<Seq<string>>(graph, lines.Order(StringComparer.Ordinal).ToSeq(), []);
    }

    internal sealed record Step(bool IsAdded, string Line);
}

