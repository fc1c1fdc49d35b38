using System.Globalization;
using System.Text;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>
/// Reports as JUnit XML, which CI systems show: a suite for each file, a test case for each expectation
/// (https://github.com/testmoapp/junitxml). No times, so that the same run gives the same bytes.
/// </summary>
public static class JUnit
{
    public static string Write(Seq<FlowReport> reports)
    {
        var xml = new StringBuilder("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
        foreach (var report in reports) WriteSuite(xml, report);
        return xml.Append("</testsuites>\n").ToString();
    }

    private static void WriteSuite(StringBuilder xml, FlowReport report)
    {
        var problems = report.Diagnostics.Where(IsProblem).ToList();
        xml.Append("  <testsuite");
        Attribute(xml, "name", $"{report.Path} on {report.Target}");
        Attribute(xml, "tests", report.Passed + report.Failed + report.Skipped + problems.Count);
        Attribute(xml, "failures", report.Failed);
        Attribute(xml, "errors", problems.Count);
        Attribute(xml, "skipped", report.Skipped);
        xml.Append(">\n");
        foreach (var problem in problems)
        {
            OpenTest(xml, report, problem.Rule.Title, problem.Location);
            xml.Append("><error");
            Attribute(xml, "message", problem.ToString());
            xml.Append("/></testcase>\n");
        }

        foreach (var one in report.Cases)
        {
            foreach (var result in one.Results) WriteResult(xml, report, one, result);
        }

        xml.Append("  </testsuite>\n");
    }

    private static void WriteResult(StringBuilder xml, FlowReport report, CaseReport one, FlowResult result)
    {
        OpenTest(xml, report, one.Title.Length == 0 ? result.Text : $"{one.Title}: {result.Text}", result.Location);
        switch (result.Status)
        {
            case FlowStatus.Passed:
                xml.Append("/>\n");
                break;
            case FlowStatus.Skipped:
                xml.Append("><skipped/></testcase>\n");
                break;
            case FlowStatus.Failed:
                xml.Append(">\n      <failure");
                Attribute(xml, "message", string.Join("; ", result.Reasons));
                xml.Append('>');
                Write(xml, $"{result.Location}\nexpected {result.Expected}\nfound    {result.Happened}");
                foreach (var rule in result.Rules)
                {
                    Write(xml, $"\n  {rule.Hook} {rule.Table}/{rule.Chain}:{rule.RuleNumber} {rule.RuleText}");
                }

                xml.Append("</failure>\n    </testcase>\n");
                break;
        }
    }

    private static void OpenTest(StringBuilder xml, FlowReport report, string name, Location location)
    {
        xml.Append("    <testcase");
        Attribute(xml, "classname", report.Path);
        Attribute(xml, "name", name);
        Attribute(xml, "file", location.Path);
        Attribute(xml, "line", location.Line);
    }

    /// <summary>Failed expectations are test cases of their own.</summary>
    private static bool IsProblem(Diagnostic diagnostic) =>
        diagnostic.Rule.Severity == Severity.Error && diagnostic.Rule != Ir.DiagnosticCatalog.FlowExpectationFailed;

    private static void Attribute(StringBuilder xml, string name, int value) =>
        Attribute(xml, name, value.ToString(CultureInfo.InvariantCulture));

    private static void Attribute(StringBuilder xml, string name, string value)
    {
        xml.Append(' ').Append(name).Append("=\"");
        Write(xml, value);
        xml.Append('"');
    }

    /// <summary>XML 1.0 has no way to write most control characters.</summary>
    private static void Write(StringBuilder xml, string text)
    {
        foreach (var c in text)
        {
            xml.Append(c switch
            {
                '&' => "&amp;",
                '<' => "&lt;",
                '>' => "&gt;",
                '"' => "&quot;",
                '\n' => "\n",
                _ => char.IsControl(c) || char.IsSurrogate(c) || c >= '\uFFFE' ? "\uFFFD" : c.ToString(),
            });
        }
    }
}
