using System.Numerics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>Puts statements together to cases, and checks what needs more than one line or word to see.</summary>
internal sealed class FlowFileBuilder(string path, List<Diagnostic> diagnostics)
{
    private readonly List<FlowCase> _cases = [];
    private readonly List<FlowStep> _steps = [];
    private readonly HashSet<string> _titles = new(StringComparer.Ordinal);
    private Located<string>? _scenario;
    private Located<string>? _node;
    private Setting _fileSetting = new([], Family.Ipv4, Stated: false);
    private Setting _setting = new([], Family.Ipv4, Stated: false);
    private string? _title;
    private Location _caseLocation = new(path, 1, 1);
    private Family? _flowFamily;
    private bool _endpointGiven;
    private bool _choiceGiven;

    /// <summary>The step that an <c>in</c> line on the next line would speak of.</summary>
    private int? _answered;

    private sealed record Setting(Seq<ProxyMode> Modes, Family Family, bool Stated);

    public static FlowFile EmptyFile(string path)
    {
        var nothing = new Located<string>("", Location.Whole(path));
        return new FlowFile(path, nothing, nothing, []);
    }

    public void Add(Line line, Location location, string text)
    {
        if (line is not Line.Elsewhere) _answered = null;
        switch (line)
        {
            case Line.Scenario scenario:
                TakeHeader(ref _scenario, scenario.Path, "scenario", location);
                break;
            case Line.Node node:
                TakeHeader(ref _node, node.Name, "node", location);
                break;
            case Line.Mode mode:
                Set(_setting with { Modes = mode.Modes });
                break;
            case Line.OfFamily family:
                Set(_setting with { Family = family.Family, Stated = true });
                break;
            case Line.Case next:
                EndCase();
                (_title, _caseLocation) = (next.Title, location);
                CheckTitle(next.Title, location);
                _setting = _fileSetting;
                break;
            case Line.Step step:
                if (_title is null && _steps.Count == 0) _caseLocation = location;
                CheckStep(step.Action, location);
                if (step.Action.Expectation is not null) _answered = _steps.Count;
                _steps.Add(new FlowStep(step.Action, text, _setting.Modes, _setting.Family, location));
                break;
            case Line.Elsewhere elsewhere:
                AddElsewhere(elsewhere, location, text);
                break;
        }
    }

    public FlowFile Finish()
    {
        EndCase();
        if (_scenario is null) Missing("scenario", "scenario golden/cluster-ip");
        if (_node is null) Missing("node", "node node-0");
        var nothing = new Located<string>("", Location.Whole(path));
        return new FlowFile(path, _scenario ?? nothing, _node ?? nothing, _cases.ToSeq());
    }

    private void Set(Setting setting)
    {
        _setting = setting;
        if (_title is null && _steps.Count == 0) _fileSetting = setting;
    }

    private void EndCase()
    {
        if (_title is not null || _steps.Count > 0)
        {
            _cases.Add(new FlowCase(_title ?? "", _steps.ToSeq(), _caseLocation));
        }

        if (_title is not null && !_steps.Any(step => step.Action.Expectation is not null))
        {
            Report(DiagnosticCatalog.FlowCaseEmpty, _caseLocation,
                $"case \"{_title}\" has no line with expect", "say what must happen, or remove the case");
        }

        _steps.Clear();
        (_flowFamily, _endpointGiven, _choiceGiven) = (null, false, false);
    }

    private void TakeHeader(ref Located<string>? header, string value, string word, Location location)
    {
        if (header is { } first)
        {
            Report(DiagnosticCatalog.FlowHeaderMisplaced, location,
                $"found a second {word}, expected one (line {first.Location.Line})", "use another file");
        }
        else if (_title is not null || _steps.Count > 0)
        {
            Report(DiagnosticCatalog.FlowHeaderMisplaced, location,
                $"found {word} behind a step or case, expected it at the head of the file", "move the line up");
        }

        header ??= new Located<string>(value, location);
    }

    /// <summary>The step before keeps the modes that are left, and has a twin for those that answer otherwise.</summary>
    private void AddElsewhere(Line.Elsewhere line, Location location, string text)
    {
        if (_answered is not { } index)
        {
            Report(DiagnosticCatalog.FlowStepWithoutPast, location,
                "found in without a line before it that expects something, expected it right behind one", "move the line");
            return;
        }

        var step = _steps[index];
        var open = (step.Modes.IsEmpty ? Enum.GetValues<ProxyMode>() : step.Modes.AsEnumerable()).ToList();
        var isOpen = line.Modes.All(open.Remove);
        if (!isOpen || open.Count == 0)
        {
            Report(DiagnosticCatalog.FlowModeTaken, location,
                isOpen
                    ? "found a line for every mode that was left, expected one left for the line before"
                    : "found a mode that has its answer, or that the line before is not for, expected another",
                "say each mode once");
            return;
        }

        const string Word = " expect ";
        var action = step.Action.Expecting(line.Expect);
        CheckExpected(action, line.Expect, location);
        var words = step.Text[..step.Text.IndexOf(Word, StringComparison.Ordinal)] +
            text[text.IndexOf(Word, StringComparison.Ordinal)..];
        _steps[index] = step with { Modes = open.ToSeq() };
        _steps.Add(new FlowStep(action, words, line.Modes, step.Family, location));
    }

    private void CheckTitle(string title, Location location)
    {
        if (!_titles.Add(title))
        {
            Report(DiagnosticCatalog.FlowCaseTitleRepeated, location,
                $"found \"{title}\" again, expected a title of its own", "reports cannot tell the two apart");
        }
    }

    private void CheckStep(FlowAction action, Location location)
    {
        switch (action)
        {
            case FlowAction.Open open:
                CheckOpen(open, location);
                break;
            case FlowAction.Again or FlowAction.More or FlowAction.Reply when _flowFamily is null:
                Report(DiagnosticCatalog.FlowStepWithoutPast, location,
                    "found then without a packet before it, expected a from line earlier in the case",
                    "start with from");
                break;
        }

        if (action.Expectation is not { } expected) return;
        CheckExpected(action, expected, location);
    }

    private void CheckOpen(FlowAction.Open open, Location location)
    {
        var source = open.Source switch
        {
            FlowSource.Pod pod => pod.Address.Family,
            FlowSource.External external => external.Address.Family,
            FlowSource.NodeProcess { Address: { } address } => address.Family,
            _ => (Family?)null,
        };
        var to = open.To is FlowDestination.Address { At: var at } ? at.Address.Family : (Family?)null;
        if (_setting.Stated) CheckFamily(_setting.Family, source ?? to, location, "the family line");
        if (source is { } known) CheckFamily(known, to, location, "the source");
        _flowFamily = source ?? to ?? _setting.Family;
    }

    private void CheckExpected(FlowAction action, Expected expected, Location location)
    {
        if (action is FlowAction.Reply != expected is Expected.AnswerFrom && expected is not Expected.Drop)
        {
            Report(DiagnosticCatalog.FlowExpectationMisplaced, location,
                action is FlowAction.Reply
                    ? "found a reply, expected 'answer from ADDRESS:PORT' or 'drop' behind it"
                    : "found 'answer from', expected it only behind 'then reply'",
                "see spec/LANGUAGE.md, Expectations");
        }

        switch (expected)
        {
            case Expected.Endpoints set:
                CheckSet(set);
                break;
            case Expected.AnswerFrom answer:
                CheckFamily(_flowFamily, answer.Frontend.Address.Family, location, "the flow");
                break;
            case Expected.SameEndpoint when !_endpointGiven:
                Report(DiagnosticCatalog.FlowStepWithoutPast, location,
                    "found 'same endpoint', expected a line before it that names endpoints", "name them");
                break;
            case Expected.AnyEndpoint when !_choiceGiven:
                Report(DiagnosticCatalog.FlowStepWithoutPast, location,
                    "found 'any endpoint', expected a line before it with two or more endpoints", "list them in braces");
                break;
        }

        _endpointGiven |= expected is Expected.Endpoints;
        _choiceGiven |= expected is Expected.Endpoints { Set.Count: > 1 };
    }

    private void CheckSet(Expected.Endpoints expected)
    {
        var seen = new HashSet<Endpoint>();
        foreach (var endpoint in expected.Set)
        {
            CheckFamily(_flowFamily, endpoint.At.Address.Family, endpoint.Location, "the flow");
            if (!seen.Add(endpoint.At))
            {
                Report(DiagnosticCatalog.FlowEndpointRepeated, endpoint.Location,
                    $"found {endpoint.At} again, expected every endpoint once", "remove one of the two");
            }
        }

        var shares = expected.Set.Where(endpoint => endpoint.Share is not null).ToList();
        if (shares.Count == 0) return;
        var place = shares[0].Location;
        if (expected.Evenly || shares.Count < expected.Set.Count)
        {
            Report(DiagnosticCatalog.FlowSharesInvalid, place,
                expected.Evenly
                    ? "found shares and 'evenly', expected one of the two"
                    : $"found shares for {shares.Count} of {expected.Set.Count} endpoints, expected all or none",
                "evenly gives every endpoint the same share");
            return;
        }

        var sum = shares.Aggregate((Top: BigInteger.Zero, Bottom: BigInteger.One), (total, endpoint) =>
            (total.Top * endpoint.Share!.Value.Denominator + endpoint.Share.Value.Numerator * total.Bottom,
                total.Bottom * endpoint.Share.Value.Denominator));
        if (sum.Top == sum.Bottom) return;
        var common = BigInteger.GreatestCommonDivisor(sum.Top, sum.Bottom);
        Report(DiagnosticCatalog.FlowSharesInvalid, place,
            $"found shares that sum to {sum.Top / common}/{sum.Bottom / common}, expected 1", "correct the shares");
    }

    private void CheckFamily(Family? expected, Family? found, Location location, string because)
    {
        if (expected is not { } first || found is not { } second || first == second) return;
        Report(DiagnosticCatalog.FlowFamiliesMixed, location,
            $"found an {second.ApiName()} address, expected {first.ApiName()} like {because}",
            "use addresses of one family");
    }

    private void Missing(string word, string example) => Report(
        DiagnosticCatalog.FlowHeaderMissing, Location.Whole(path),
        $"found no {word} line, expected one at the head of the file", $"add a line such as '{example}'");

    private void Report(DiagnosticRule rule, Location location, string message, string hint) =>
        diagnostics.Add(new Diagnostic(rule, location, message, hint));
}
