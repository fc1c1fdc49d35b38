using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <content>Lines of ipvsadm -Ln and of ipvsadm -L --timeout (ipvsadm.c:print_service_entry @1.31; measured).</content>
internal ref partial struct DumpLine
{
    /// <summary>Other listings of ipvsadm have other columns under other titles.</summary>
    public bool TryReadTitle()
    {
        if (_line.StartsWith("IP Virtual Server version ") || _line.TrimEnd() is IpvsBackend.TableServerTitle) return true;
        _cursor.TryNext(out _);
        return Fail(
            DiagnosticCatalog.RuleLineUnreadable, $"found another title, expected '{IpvsBackend.TableServerTitle}'",
            "dump the table with ipvsadm -Ln, without --stats or --rate");
    }

    /// <summary>TCP  10.96.0.1:443 rr (FLAGS) persistent 10800 ops.</summary>
    public bool TryReadListedServer(out ServerKey? listed)
    {
        listed = null;
        _cursor.TryNext(out var word);
        Protocol? protocol = word switch
        {
            "TCP" => Protocol.Tcp,
            "UDP" => Protocol.Udp,
            "SCTP" => Protocol.Sctp,
            _ => null,
        };
        if (protocol is not { } known) return FailMark();
        if (!TryReadKey(known)) return false;
        if (_words.OfOtherFamily) return true;
        if (!TryReadScheduler() || !TryReadListedOptions() || !TryMakeOptions(out var options)) return false;
        var key = _words.Key.GetValueOrDefault();
        if (!FailRefused(_dump.Servers.Execute(new ServerCommand.AddServer(key, options)))) return false;
        listed = key;
        return true;
    }

    private bool TryReadListedOptions()
    {
        while (_cursor.TryNext(out var word))
        {
            switch (word)
            {
                case ['(', .., ')']:
                    _words.Flags = word[1..^1].ToString();
                    break;
                case "persistent":
                    if (!TryReadSeconds(out var seconds)) return false;
                    _words.PersistenceSeconds = seconds;
                    break;
                case "mask":
                    if (!TryReadMask()) return false;
                    break;
                case "ops":
                    _words.OnePacket = true;
                    break;
                default:
                    return Fail(
                        DiagnosticCatalog.RuleOptionUnknown, $"found '{word}', which is no property that is understood",
                        "the virtual server is left out, with its real servers");
            }
        }

        return true;
    }

    /// <summary>  -> 10.64.0.5:6443               Masq    1      0          0.</summary>
    public bool TryReadListedReal(ref ServerKey? listed)
    {
        if (_line.TrimEnd() is IpvsBackend.TableRealTitle || listed is not { } key) return true;
        _cursor.TryNext(out _);
        _words.Key = key;
        if (!TryReadReal() || !TryReadWord("Masq, Route, Local or Tunnel", out var word)) return false;
        Forwarding? forwarding = word switch
        {
            "Masq" => Forwarding.Masquerade,
            "Route" or "Local" => Forwarding.Route,
            "Tunnel" => Forwarding.Tunnel,
            _ => null,
        };
        if (forwarding is not { } known) return FailValue(word, "Masq, Route, Local or Tunnel");
        if (!TryReadNumber("a weight", 0, int.MaxValue, out var weight) ||
            !TryReadNumber("a number of connections", 0, int.MaxValue, out var active) ||
            !TryReadNumber("a number of connections", 0, int.MaxValue, out var inactive) || !AtEnd())
            return false;
        return FailRefused(_dump.Servers.AddReal(
            key, new RealServer(_words.Real.GetValueOrDefault(), weight, known, new Connections(active, inactive))));
    }

    /// <summary>Timeout (tcp tcpfin udp): 900 120 300.</summary>
    public bool TryReadTimeouts()
    {
        const string Head = "Timeout (tcp tcpfin udp):";
        if (!_line.StartsWith(Head))
            return Fail(DiagnosticCatalog.RuleLineUnreadable, $"found another line, expected '{Head}'");
        for (var word = 0; word < 4; word++) _cursor.TryNext(out _);
        return TryReadTimeoutNumbers();
    }

    private bool TryReadTimeoutNumbers()
    {
        const string Expected = "three numbers of seconds: TCP, TCP after FIN, UDP";
        if (!TryReadNumber(Expected, 0, IpvsBackend.TimeoutSecondsMax, out var tcp) ||
            !TryReadNumber(Expected, 0, IpvsBackend.TimeoutSecondsMax, out var fin) ||
            !TryReadNumber(Expected, 0, IpvsBackend.TimeoutSecondsMax, out var udp) || !AtEnd())
            return false;
        return FailRefused(_dump.Servers.Execute(new ServerCommand.SetTimeouts(new Timeouts(tcp, fin, udp))));
    }
}
