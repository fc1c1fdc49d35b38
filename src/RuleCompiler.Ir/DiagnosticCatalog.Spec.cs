using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <summary>RC2000 to RC2099: reading flow files and profiles. RC2100 and up: running flows.</summary>
public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule FlowSyntax = Error(
        "RC2001", "Not a flow statement", "The line does not follow the grammar of spec/LANGUAGE.md.");

    public static readonly DiagnosticRule FlowFileTooLarge = Error(
        "RC2002", "Flow file too large", "A flow file is for people to read; split it by feature.");

    public static readonly DiagnosticRule FlowHeaderMissing = Error(
        "RC2003", "Header line missing", "A flow file has to say which scenario and which node it runs on.");

    public static readonly DiagnosticRule FlowHeaderMisplaced = Error(
        "RC2004", "Header line repeated or too late",
        "scenario and node hold for the whole file, so they stand once and before the first case.");

    public static readonly DiagnosticRule FlowFamiliesMixed = Error(
        "RC2005", "Address families mixed", "A packet, its frontend and its endpoints are all IPv4 or all IPv6.");

    public static readonly DiagnosticRule FlowStepWithoutPast = Error(
        "RC2006", "Nothing to refer to", "The line speaks of a packet or a set that no earlier line of its case has.");

    public static readonly DiagnosticRule FlowSharesInvalid = Error(
        "RC2007", "Shares do not add up", "Shares are given for every endpoint and sum to 1, or for none.");

    public static readonly DiagnosticRule FlowEndpointRepeated = Error(
        "RC2008", "Endpoint listed twice", "An endpoint stands once in a set.");

    public static readonly DiagnosticRule FlowExpectationMisplaced = Error(
        "RC2009", "Expectation of another kind of packet",
        "Only a reply has an answer's address, and a reply has nothing else of its own.");

    public static readonly DiagnosticRule FlowCaseEmpty = Warning(
        "RC2010", "Case without an expectation", "A case that expects nothing always passes.");

    public static readonly DiagnosticRule FlowCaseTitleRepeated = Warning(
        "RC2011", "Case title used twice", "Reports name cases by their titles.");

    public static readonly DiagnosticRule FlowModeTaken = Error(
        "RC2012", "Mode answered twice or not at all",
        "A line and the in lines behind it share the modes among them: each has one answer, and some mode has the line's own.");

    public static readonly DiagnosticRule ProfileSyntax = Error(
        "RC2020", "Not a profile", "A line of a profile of intended differences does not follow spec/profiles/README.md.");

    public static readonly DiagnosticRule FlowExpectationFailed = Error(
        "RC2100", "Expectation failed", "The rules do something else than the flow file says.");

    public static readonly DiagnosticRule FlowScenarioUnusable = Error(
        "RC2101", "Scenario cannot be used", "The scenario's files, or the rules made from them, have errors.");

    public static readonly DiagnosticRule FlowNodeUnknown = Error(
        "RC2102", "Node not in the scenario", "The scenario has no Node object of that name.");

    public static readonly DiagnosticRule FlowSourceMisnamed = Error(
        "RC2103", "Source is not what the line calls it",
        "The word before a source address says what it is, and the scenario's nodes say otherwise.");

    public static readonly DiagnosticRule FlowChangeImpossible = Error(
        "RC2104", "Nothing to change", "The object that a when line changes is not in the cluster at that point.");

    public static readonly DiagnosticRule FlowNodeAddressMissing = Error(
        "RC2105", "Node has no address of the family", "The words node and localhost need an address of the packet's family.");
}
