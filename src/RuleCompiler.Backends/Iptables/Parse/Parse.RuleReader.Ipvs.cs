using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>Options of -m set and -m ipvs.</content>
internal ref partial struct RuleReader
{
    private bool TryReadSet(out string name, out Seq<SetDimension> dimensions)
    {
        const string Expected = "one to six of src and dst, with commas between them";
        dimensions = [];
        if (!TryReadName(IptablesBackend.SetNameCharsMax, out name) || !TryReadValue(Expected, out var text)) return false;
        Span<SetDimension> found = stackalloc SetDimension[IptablesBackend.SetDimensionsMax];
        var count = 0;
        var rest = text;
        while (true)
        {
            var comma = rest.IndexOf(',');
            var word = comma < 0 ? rest : rest[..comma];
            if (word is not ("src" or "dst") || count == found.Length) return FailValue(text, Expected);
            found[count++] = word is "src" ? SetDimension.Source : SetDimension.Destination;
            if (comma < 0) break;
            rest = rest[(comma + 1)..];
        }

        dimensions = Seq.Create<SetDimension>(found[..count]);
        return true;
    }

    private bool TryReadVirtualServerOption(ReadOnlySpan<char> option, bool inverted)
    {
        if (option is "--ipvs") return One(new Match.IsThroughIpvs(inverted));
        if (!Plain(option, inverted)) return false;
        switch (option)
        {
            case "--vproto":
                if (_serverProtocol is not null) return FailTwice();
                const string Protocols = "tcp, udp or sctp";
                if (!TryReadValue(Protocols, out var text)) return false;
                Protocol? protocol = text switch
                {
                    "tcp" or "6" => Protocol.Tcp,
                    "udp" or "17" => Protocol.Udp,
                    "sctp" or "132" => Protocol.Sctp,
                    _ => null,
                };
                return protocol is null ? FailValue(text, Protocols) : Set(ref _serverProtocol, protocol);
            case "--vaddr":
                if (_serverAddress is not null) return FailTwice();
                if (!TryReadNetwork(out var address, out var mask)) return false;
                return mask.Bits == _family.HostMask()
                    ? Set(ref _serverAddress, address)
                    : FailValue($"{address}/{mask}", "one address, the only form that is understood");
            case "--vport":
                if (_serverPort is not null) return FailTwice();
                if (!TryReadPorts(out var first, out var last)) return false;
                return first == last ? Set(ref _serverPort, first) : FailValue($"{first}:{last}", "one port");
            default:
                return FailOption(option);
        }
    }

    private bool TryFinishVirtualServer()
    {
        if (_first is Match.IsThroughIpvs through)
        {
            if (_serverProtocol is not null || _serverAddress is not null || _serverPort is not null)
                return Fail(DiagnosticCatalog.RuleIncomplete, "found --ipvs with other options, expected it alone: they imply it");
            Add(through);
            return true;
        }

        if (_serverProtocol is not { } protocol || _serverAddress is not { } address || _serverPort is not { } port)
            return FailMissing("--vproto, --vaddr and --vport");
        Add(new Match.ToVirtualServer(address, protocol, port));
        (_serverProtocol, _serverAddress, _serverPort) = (null, null, null);
        return true;
    }
}
