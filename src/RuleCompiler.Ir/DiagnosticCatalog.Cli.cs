using RuleCompiler.Ir.Text;

namespace RuleCompiler.Ir;

public static partial class DiagnosticCatalog
{
    public static readonly DiagnosticRule Usage = Error(
        "RC6001", "command line not understood", "An option or argument is missing, unknown or malformed.");

    public static readonly DiagnosticRule UnreadableInput = Error(
        "RC6002", "input cannot be read", "The file or directory does not exist, may not be read, or is no regular input.");

    public static readonly DiagnosticRule NoInput = Error(
        "RC6003", "nothing to read", "A directory holds no *.yaml, *.yml or *.json, or no input was named.");

    public static readonly DiagnosticRule UnknownMode = Error(
        "RC6004", "unknown mode", "No backend has this name.");

    public static readonly DiagnosticRule NodeNotChosen = Error(
        "RC6005", "node unknown or ambiguous", "Rules are for one node, and the input does not say which, or has no such Node.");

    public static readonly DiagnosticRule UnwritableOutput = Error(
        "RC6006", "output cannot be written", "The file or directory cannot be created or written.");

    public static readonly DiagnosticRule UnknownSource = Error(
        "RC6007", "source of the packet unknown", "No endpoint slice names the pod, or the node has no address of the family.");

    public static readonly DiagnosticRule UnknownService = Error(
        "RC6008", "Service unknown", "No Service of this name is among those that the node programs.");

    public static readonly DiagnosticRule UnreadableCapture = Error(
        "RC6009", "capture cannot be read", "The file is no pcap or pcapng capture, or is damaged.");

    public static readonly DiagnosticRule MachineLacks = Error(
        "RC6010", "the machine lacks something", "A native library that the verb needs is not installed.");

    public static readonly DiagnosticRule TooManyBranches = Error(
        "RC6012", "too many outcomes", "The rules make so many independent random choices that they cannot be enumerated.");

    public static readonly DiagnosticRule MeaningDiffers = Error(
        "RC6013", "rules and cluster disagree", "The compiled rules do something else than the cluster's objects mean: a bug in rulec.");
}
