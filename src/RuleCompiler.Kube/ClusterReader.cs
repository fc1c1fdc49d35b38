using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube;

/// <summary>
/// Reads Services, EndpointSlices, Nodes and ServiceCIDRs from whatever <c>kubectl get -o yaml</c> or <c>-o json</c>
/// writes.
/// </summary>
public static class ClusterReader
{
    /// <summary>
    /// Reads all files as one cluster. Every problem is reported; an unsound object is left out and the rest stays. Of
    /// two
    /// objects with one name the later counts.
    /// </summary>
    public static ReadResult Read(IEnumerable<InputFile> files)
    {
        var builder = new ClusterBuilder();
        var strings = new StringPool();
        var diagnostics = new List<Diagnostic>();
        var (count, documents, unreadable) = (0, 0, false);
        foreach (var file in files)
        {
            var report = new Report(file.Path, strings);
            var documentsHere = ReadFile(file, report, builder);
            if (documentsHere == 0 && !report.Unreadable)
            {
                report.Add(DiagnosticCatalog.EmptyFile, 0, 0,
                    "found nothing but comments or white space, expected Kubernetes objects",
                    "check that the command that wrote it succeeded");
            }

            diagnostics.AddRange(report.Diagnostics);
            (count, documents, unreadable) = (count + 1, documents + documentsHere, unreadable || report.Unreadable);
        }

        var cluster = builder.ToCluster();
        if (!unreadable && documents > 0)
        {
            diagnostics.AddRange(builder.CrossCheck());
        }
        else if (!unreadable)
        {
            unreadable = true;
            diagnostics.Add(new Diagnostic(DiagnosticCatalog.NothingToRead, Location.Whole(""),
                "found no object in any input, expected Services and EndpointSlices",
                "dump them with: kubectl get services,endpointslices -A -o yaml"));
        }

        return new ReadResult(cluster, diagnostics.ToSeq(), builder.ToSummary(count, cluster), unreadable);
    }

    /// <summary>The number of documents in it.</summary>
    private static int ReadFile(InputFile file, Report report, ClusterBuilder builder)
    {
        if (!SourceBytes.TryNormalize(file.Content, report, out var utf8)) return 0;
        var reader = new DocumentReader(TokensOf(utf8, report), report);
        reader.ReadAll(builder.Add);
        return reader.Documents;
    }

    /// <summary>JSON begins with { or [; anything else is YAML.</summary>
    internal static ITokenSource TokensOf(ReadOnlyMemory<byte> utf8, Report report)
    {
        if (utf8.Span.TrimStart(" \t\r\n"u8) is [(byte)'{' or (byte)'[', ..]) return new JsonTokens(utf8, report);
        return BlockYamlTokens.Accepts(utf8)
            ? BlockYamlTokens.Create(utf8)
            : new YamlTokens(new GuardedReader(utf8), report);
    }
}
