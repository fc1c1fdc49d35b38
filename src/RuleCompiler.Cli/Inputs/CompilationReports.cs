using RuleCompiler.Backends;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Inputs;

/// <summary>What a verb takes from a compilation, with the diagnostics of getting there reported.</summary>
internal static class CompilationReports
{
    extension(Compilation compilation)
    {
        public Seq<ArtifactFile> FilesReported(Family family, Session session)
        {
            session.Report(compilation.Diagnostics(family));
            return compilation.Files(family);
        }

        public ServiceGraph GraphReported(Family family, Session session)
        {
            session.Report(compilation.GraphDiagnostics(family));
            return compilation.Graph(family);
        }
    }
}
