using RuleCompiler.Ir.Text;
using RuleCompiler.Kube;
using Xunit;

namespace RuleCompiler.Tests.Kube;

/// <summary>Short ways to put a text in and to look at what comes out.</summary>
internal static class Input
{
    public static InputFile File(string path) => new(path, System.IO.File.ReadAllBytes(Checkout.PathOf(path)));

    public static ReadResult Read(params string[] texts) =>
        ClusterReader.Read(texts.Select((text, index) => InputFile.FromText(texts.Length == 1 ? "in.yaml" : $"in{index}.yaml", text)));

    public static ReadResult Read(byte[] bytes) => ClusterReader.Read([new InputFile("in.yaml", bytes)]);

    /// <summary>A Service whose spec ends with more lines, each indented by two spaces.</summary>
    public static string Service(string specLines = "", string name = "web", string clusterIp = "10.96.0.1") =>
        $"""
        apiVersion: v1
        kind: Service
        metadata:
          name: {name}
          namespace: shop
        spec:
          clusterIP: {clusterIp}
        {string.Join('\n', specLines.ReplaceLineEndings("\n").Split('\n').Select(line => "  " + line))}
        """ + "\n";

    public static string Slice(string lines, string service = "web") =>
        $"""
        apiVersion: discovery.k8s.io/v1
        kind: EndpointSlice
        metadata:
          name: {service}-x7k
          namespace: shop
          labels:
            kubernetes.io/service-name: {service}
        addressType: IPv4
        {lines}
        """ + "\n";

    /// <summary>The one diagnostic with this rule, as text.</summary>
    public static string Only(this Seq<Diagnostic> diagnostics, DiagnosticRule rule) =>
        Assert.Single(diagnostics, diagnostic => diagnostic.Rule == rule).ToString();
}
