using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

/// <content>RC4xxx: reading rules, ours or a dump of a kernel's.</content>
public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule RuleLineUnreadable = Error(
        "RC4001", "Line is no rule text", "A line of a rules file is none of the forms that the tool's save command writes.");

    public static readonly DiagnosticRule RuleTableUnknown = Error(
        "RC4002", "Unknown table", "A block names a table that the kernel does not have.");

    public static readonly DiagnosticRule RuleOutsideTable = Error(
        "RC4003", "Line outside a table", "A command stands before the first *table line or behind a COMMIT.");

    public static readonly DiagnosticRule RuleTableNotCommitted = Error(
        "RC4004", "Table without COMMIT", "A block does not end with COMMIT, so the kernel would not take it; a truncated file looks like this.");

    public static readonly DiagnosticRule RuleMatchUnknown = Error(
        "RC4005", "Unknown match", "A rule uses a match extension that is not understood; the rule is left out, never guessed at.");

    public static readonly DiagnosticRule RuleTargetUnknown = Error(
        "RC4006", "Unknown target", "A rule goes to a target that is neither understood nor a chain of its table.");

    public static readonly DiagnosticRule RuleOptionUnknown = Error(
        "RC4007", "Unknown option", "A rule has an option that is not understood, or that does not belong to the match or target before it.");

    public static readonly DiagnosticRule RuleValueInvalid = Error(
        "RC4008", "Invalid value", "An option's value is missing, malformed, out of range or of the wrong family.");

    public static readonly DiagnosticRule RuleIncomplete = Error(
        "RC4009", "Incomplete rule", "A match or target lacks an option that it must have, or has one twice.");

    public static readonly DiagnosticRule RuleTooLong = Error(
        "RC4010", "Line too long", "A line or word is longer than the tool itself would read.");

    public static readonly DiagnosticRule RuleCommandUnsupported = Error(
        "RC4011", "Unsupported command", "A command is none of those that save writes and plans consist of.");

    public static readonly DiagnosticRule RuleCommandRefused = Error(
        "RC4012", "Command that the kernel refuses", "A command names a chain, rule or position that does not exist at that point.");

    public static readonly DiagnosticRule SetTypeUnknown = Error(
        "RC4031", "Unknown type of ipset",
        "A set is of a type that is not understood; it is left out with its entries.");

    public static readonly DiagnosticRule OfOtherFamily = Warning(
        "RC4032", "Dump of the other family",
        "A file has ipsets, virtual servers or addresses, but none of the family that was asked for.");

    public static readonly DiagnosticRule RuleErrorsTooMany = Error(
        "RC4013", "Too many errors", "Reading stopped because the file has so many errors that it is probably something else.");

    public static readonly DiagnosticRule RuleLineCutOff = Error(
        "RC4014", "File ends inside a line",
        "The tools end every line; a last line without its end may lack more than that, and is left out.");

    public static readonly DiagnosticRule NftSyntax = Error(
        "RC4101", "Not nft syntax",
            "A word or sign stands where nft's grammar has another; a file that is cut off looks like this.");

    public static readonly DiagnosticRule NftStatementUnknown = Error(
        "RC4102", "Unknown statement",
            "A rule, set or command is of a kind that is not understood; it is left out, never guessed at.");

    public static readonly DiagnosticRule NftValueInvalid = Error(
        "RC4103", "Invalid value", "A value is malformed, out of range or of another type than its place.");

    public static readonly DiagnosticRule NftTypeUnknown = Error(
        "RC4104", "Unknown data type", "A set has keys or data of a type that is not understood.");

    public static readonly DiagnosticRule NftFamilyWrong = Error(
        "RC4105", "Wrong address family",
            "The dump, or an expression in it, is of another family than the one asked for.");

    public static readonly DiagnosticRule NftCommandRefused = Error(
        "RC4106", "Command that the kernel refuses",
            "A command names a table, set, chain or element that does not exist at that point.");

    public static readonly DiagnosticRule NftErrorsTooMany = Error(
        "RC4107", "Too many errors",
            "Reading stopped because the file has so many errors that it is probably something else.");
}
