using RuleCompiler.Ir.Net;

namespace RuleCompiler.Cli.Inputs;

/// <summary>What <c>--to</c> names: PROTOCOL/ADDRESS:PORT.</summary>
internal readonly record struct PacketTarget(Protocol Protocol, Endpoint Endpoint)
{
    public const string Form = "PROTOCOL/ADDRESS:PORT such as tcp/10.96.0.1:443 or udp/[fd00::a]:53";

    public static bool TryParse(string word, out PacketTarget target)
    {
        target = default;
        var slash = word.IndexOf('/');
        if (slash < 0 || !ProtocolFacts.TryParseService(word.AsSpan(0, slash), out var protocol)) return false;
        if (!Endpoint.TryParse(word.AsSpan(slash + 1), out var endpoint)) return false;
        target = new PacketTarget(protocol, endpoint);
        return true;
    }
}
