using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Reads what <c>Print</c> writes and what <c>nft list ruleset</c> lists, as text or as JSON
/// (-j).</content>
public sealed partial class NftablesBackend
{
    /// <summary>
    /// The tables of a family that the files make of an empty kernel, one after the other. What cannot be read is an
    /// error and is left out; reading goes on behind it. Tables of other families are passed over.
    /// </summary>
    public override Parsed<NftRuleset> Parse(Seq<ArtifactFile> files, Family family)
    {
        List<Diagnostic> diagnostics = [];
        var tables = new TableSet(family);
        foreach (var file in files)
        {
            List<Diagnostic> found = [];
            var before = tables.OfOtherFamilies;
            if (JsonReader.IsJson(file.Text)) new JsonReader(file, tables, found).Read();
            else new RulesetReader(file, file.Text, tables, found, place: null).Read();
            if (found.Count == 0 && tables.IsEmpty && tables.OfOtherFamilies > before)
            {
                found.Add(new Diagnostic(
                    DiagnosticCatalog.NftFamilyWrong, Location.Whole(file.Name),
                    $"found tables of other families only, expected one of family {tables.FamilyWord}",
                    "name the dump's family with --family"));
            }

            diagnostics.AddRange(found);
        }

        List<string> conflicts = [];
        var ruleset = tables.Finish(conflicts);
        diagnostics.AddRange(conflicts.Take(RulesetReader.ErrorsMax).Select(conflict => new Diagnostic(
            DiagnosticCatalog.NftCommandRefused, Location.Whole(files[^1].Name), $"found {conflict}, expected one each",
            "leave one of them out: the kernel refuses both")));
        return new(ruleset, diagnostics.ToSeq());
    }
}
