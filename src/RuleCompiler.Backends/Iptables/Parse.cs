using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>Reads what <see cref="Print"/> and <see cref="PrintStep"/> write and what iptables-save dumps.</content>
public sealed partial class Iptables
{
    /// <summary>
    /// The ruleset that the files' blocks, one after the other, make of an empty kernel. A line that cannot be read, or that
    /// the kernel would refuse, is an error and is left out; reading goes on behind it.
    /// </summary>
    public static Parsed<IptablesRuleset> Parse(Seq<ArtifactFile> files, Family family)
    {
        var names = new NameTable();
        List<Diagnostic> diagnostics = [];
        var ruleset = new IptablesRuleset(family, []);
        foreach (var file in files)
        {
            List<Diagnostic> found = [];
            foreach (var block in new ScriptReader(file, family, names, found).Read())
                ruleset = With(ruleset, ApplyWhatIsAccepted(ruleset, block, file, found));
            diagnostics.AddRange(found.OrderBy(diagnostic => diagnostic.Location.Line));
        }

        return new(ruleset, diagnostics.ToSeq());
    }

    /// <summary>The blocks of one file as they stand, such as the steps of a printed plan.</summary>
    public static Parsed<Seq<TableBlock>> ParseBlocks(ArtifactFile file, Family family)
    {
        List<Diagnostic> diagnostics = [];
        var blocks = new ScriptReader(file, family, new NameTable(), diagnostics).Read();
        return new(
            blocks.Select(block => new TableBlock(block.Table, block.Commands.ToSeq())).ToSeq(), diagnostics.ToSeq());
    }

    private static Table ApplyWhatIsAccepted(
        IptablesRuleset ruleset, ScriptReader.Block block, ArtifactFile file, List<Diagnostic> diagnostics)
    {
        var editor = new TableEditor(ruleset.Find(block.Table) ?? new Table(block.Table, []));
        for (var i = 0; i < block.Commands.Count; i++)
        {
            if (editor.Execute(block.Commands[i]) is not { } refusal) continue;
            if (diagnostics.Count >= ScriptReader.ErrorsMax) break;
            var location = new Location(file.Name, block.Lines[i], 1);
            diagnostics.Add(refusal.To is null
                ? new(DiagnosticCatalog.RuleCommandRefused, location, refusal.Reason,
                    "the kernel would refuse the whole table; correct the file or dump it again")
                : new(DiagnosticCatalog.RuleTargetUnknown, location, refusal.Reason,
                    "declare the chain before its first use, or take the rule out if its target is an extension"));
        }

        return editor.Finish();
    }
}
