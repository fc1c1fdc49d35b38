using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <content>Match extensions: -m NAME, its options, and what they amount to.</content>
internal ref partial struct RuleReader
{
    /// <summary>Every extension that is understood; an unknown one is an error.</summary>
    private enum Extension
    {
        None,
        Ports,
        Comment,
        Conntrack,
        Mark,
        AddressType,
        Statistic,
        Recent,
        Bpf,
        Nfacct,
        Set,
        BridgePort,
        VirtualServer,
    }

    private bool TryBeginExtension()
    {
        if (!TryReadValue("the name of a match", out var name)) return false;
        if (_target is not null)
            return Fail(DiagnosticCatalog.RuleOptionUnknown, $"found -m {name} behind the target, expected matches before it");
        _extension = name switch
        {
            "tcp" or "udp" or "sctp" => Extension.Ports,
            "comment" => Extension.Comment,
            "conntrack" => Extension.Conntrack,
            "mark" => Extension.Mark,
            "addrtype" => Extension.AddressType,
            "statistic" => Extension.Statistic,
            "recent" => Extension.Recent,
            "bpf" => Extension.Bpf,
            "nfacct" => Extension.Nfacct,
            "set" => Extension.Set,
            "physdev" => Extension.BridgePort,
            "ipvs" => Extension.VirtualServer,
            _ => Extension.None,
        };
        if (_extension == Extension.Ports)
            _portsOf = name[0] == 't' ? Protocol.Tcp : name[0] == 'u' ? Protocol.Udp : Protocol.Sctp;
        if (_extension == Extension.Comment && _comment is not null)
            return Fail(DiagnosticCatalog.RuleIncomplete, "found a second comment, expected one");
        return _extension != Extension.None ||
               Fail(DiagnosticCatalog.RuleMatchUnknown, $"found the match '{name}', which is not understood",
                   "the rule is left out; a trace or check of these rules would not be the kernel's");
    }

    private bool TryReadExtensionOption(ReadOnlySpan<char> option, bool inverted)
    {
        // -p tcp --dport 80 loads the protocol's match by itself.
        if (_extension != Extension.Ports && _protocol is { Inverted: false } known && known.Protocol.HasPorts() &&
            IsPortOption(option))
        {
            if (!TryFinishExtension()) return false;
            (_extension, _portsOf) = (Extension.Ports, known.Protocol);
        }

        return _extension switch
        {
            Extension.Ports => TryReadPortOption(option, inverted),
            Extension.Comment when option is "--comment" => Plain(option, inverted) && TryReadComment(),
            Extension.Conntrack when option is "--ctstate" =>
                TryReadStates(out var states) && One(new Match.ConntrackState(states, inverted)),
            Extension.Mark when option is "--mark" =>
                TryReadMark(out var value, out var mask) && One(new Match.Mark(value, mask, inverted)),
            Extension.AddressType when option is "--src-type" =>
                TryReadLocal() && One(new Match.SourceIsLocal(inverted)),
            Extension.AddressType when option is "--dst-type" =>
                TryReadLocal() && Two(new Match.DestinationIsLocal(inverted)),
            Extension.Statistic => TryReadStatisticOption(option, inverted),
            Extension.Recent => TryReadRecentOption(option, inverted),
            Extension.Bpf when option is "--bytecode" =>
                Plain(option, inverted) && TryReadBytecode(out var program) && One(new Match.Bpf(program)),
            Extension.Nfacct when option is "--nfacct-name" => Plain(option, inverted) &&
                TryReadName(IptablesBackend.NfacctNameCharsMax, out var name) && One(new Match.Nfacct(name)),
            Extension.Set when option is "--match-set" =>
                TryReadSet(out var set, out var dimensions) && One(new Match.InSet(set, dimensions, inverted)),
            Extension.BridgePort when option is "--physdev-is-in" => One(new Match.IsFromBridgePort(inverted)),
            Extension.VirtualServer => TryReadVirtualServerOption(option, inverted),
            _ => FailOption(option),
        };
    }

    private static bool IsPortOption(ReadOnlySpan<char> option) =>
        option is "--dport" or "--sport" or "--destination-port" or "--source-port";

    private bool TryReadPortOption(ReadOnlySpan<char> option, bool inverted) => option switch
    {
        "--sport" or "--source-port" => TryReadPorts(out var first, out var last) &&
            One(new Match.SourcePort(first, last, inverted)),
        "--dport" or "--destination-port" => TryReadPorts(out var first, out var last) &&
            Two(new Match.DestinationPort(first, last, inverted)),
        _ => FailOption(option),
    };

    private bool TryReadComment()
    {
        if (!TryReadValue("a comment", out var text)) return false;
        if (System.Text.Encoding.UTF8.GetByteCount(text) > IptablesBackend.CommentBytesMax)
            return FailValue(text, $"a comment of at most {IptablesBackend.CommentBytesMax} bytes");
        if (IptablesBackend.ContainsControl(text)) return FailValue(text, "a comment without control characters");
        if (_comment is not null) return Fail(DiagnosticCatalog.RuleIncomplete, "found --comment a second time, expected it once");
        _comment = _names.Word(text);
        return true;
    }

    private bool TryReadLocal()
    {
        const string Expected = "LOCAL, the only address type that is understood";
        return TryReadValue(Expected, out var text) && (text is "LOCAL" || FailValue(text, Expected));
    }

    private bool TryReadStatisticOption(ReadOnlySpan<char> option, bool inverted)
    {
        const string Expected = "random, the only mode that is understood";
        switch (option)
        {
            case "--mode":
                if (!Plain(option, inverted) || !TryReadValue(Expected, out var mode)) return false;
                _randomMode = mode is "random";
                return _randomMode || FailValue(mode, Expected);
            case "--probability":
                return TryReadProbability(out var threshold) && One(new Match.Statistic(threshold, inverted));
            default:
                return FailOption(option);
        }
    }

    private bool TryReadRecentOption(ReadOnlySpan<char> option, bool inverted)
    {
        RecentAction? action = option switch
        {
            "--rcheck" => RecentAction.Check,
            "--update" => RecentAction.Update,
            "--set" => RecentAction.Set,
            "--remove" => RecentAction.Remove,
            _ => null,
        };
        if (action is { } known) return One(new Match.Recent(known, "", 0, 0, false, default, inverted));
        if (!Plain(option, inverted)) return false;
        switch (option)
        {
            case "--seconds":
                return TryReadNumber(int.MaxValue, out _seconds);
            case "--hitcount":
                return TryReadNumber(IptablesBackend.RecentHitCountMax, out _hitCount);
            case "--reap":
                return Set(ref _reap, true);
            case "--rsource":
                return true; // the only side that is understood
            case "--name":
                return TryReadName(IptablesBackend.RecentNameCharsMax, out var list) && Set(ref _list, list);
            case "--mask":
                if (!TryReadValue("a mask of the file's family", out var text)) return false;
                if (!Ip.TryParse(text, null, out var mask) || mask.Family != _family)
                    return FailValue(text, "a mask of the file's family");
                return Set(ref _mask, mask);
            default:
                return FailOption(option);
        }
    }

    private bool TryReadName(int most, out string name)
    {
        name = "";
        if (!TryReadValue("a name", out var text)) return false;
        if (text.Length > most || text.ContainsAnyExceptInRange('!', '~'))
            return FailValue(text, $"a name of at most {most} printable characters");
        name = _names.Word(text);
        return true;
    }

    /// <summary>Turns what was read since the last -m into matches.</summary>
    private bool TryFinishExtension()
    {
        var extension = _extension;
        _extension = Extension.None;
        switch (extension)
        {
            case Extension.None:
                return true;
            case Extension.Comment:
                return _comment is not null || FailMissing("--comment");
            case Extension.Ports:
                if (_protocol is not { Inverted: false } protocol || protocol.Protocol != _portsOf)
                    return Fail(DiagnosticCatalog.RuleIncomplete,
                        $"found -m {_portsOf.KernelName()}, expected -p {_portsOf.KernelName()} with it");
                Add(_first is Match.SourcePort { Inverted: false, First.Value: 0, Last.Value: ushort.MaxValue } ? null : _first);
                Add(_second is Match.DestinationPort { Inverted: false, First.Value: 0, Last.Value: ushort.MaxValue }
                    ? null
                    : _second);
                break;
            case Extension.AddressType:
                if (_first is null && _second is null) return FailMissing("--src-type or --dst-type");
                Add(_first);
                Add(_second);
                break;
            case Extension.Statistic:
                if (!_randomMode || _first is null) return FailMissing("--mode random --probability");
                Add(_first);
                _randomMode = false;
                break;
            case Extension.Recent:
                if (!TryFinishRecent()) return false;
                break;
            case Extension.VirtualServer:
                if (!TryFinishVirtualServer()) return false;
                break;
            case Extension.Conntrack or Extension.Mark or Extension.Bpf or Extension.Nfacct or Extension.Set or
                Extension.BridgePort:
                if (_first is null) return FailMissing("its option");
                Add(_first);
                break;
        }

        (_first, _second) = (null, null);
        return true;
    }

    /// <summary>
    /// Combinations as the kernel takes them (net/netfilter/xt_recent.c:recent_mt_check @v6.1); the defaults are the tool's
    /// (extensions/libxt_recent.c:recent_init @iptables 1.8.9).
    /// </summary>
    private bool TryFinishRecent()
    {
        if (_first is not Match.Recent recent) return FailMissing("--rcheck, --update, --set or --remove");
        var checks = recent.Action is RecentAction.Check or RecentAction.Update;
        if (!checks && (_seconds > 0 || _hitCount > 0 || _reap))
            return Fail(DiagnosticCatalog.RuleIncomplete,
                $"found --seconds, --hitcount or --reap with {IptablesBackend.RecentOption(recent.Action)}, expected --rcheck or --update");
        if (_reap && _seconds == 0) return FailMissing("--seconds with --reap");
        Add(recent with
        {
            List = _list ?? "DEFAULT",
            Seconds = _seconds,
            HitCount = _hitCount,
            Reap = _reap,
            Mask = _mask ?? Ip.Create(_family, UInt128.MaxValue),
        });
        (_list, _mask, _seconds, _hitCount, _reap) = (null, null, 0, 0, false);
        return true;
    }

    private readonly void Add(Match? match)
    {
        if (match is not null) _names.Extensions.Add(match);
    }

    private bool One(Match match) => _first is null ? Set(ref _first, match) : FailTwice();

    private bool Two(Match match) => _second is null ? Set(ref _second, match) : FailTwice();

    private bool FailTwice() => Fail(DiagnosticCatalog.RuleIncomplete, "found an option of one match twice, expected it once");

    private bool FailMissing(string expected) =>
        Fail(DiagnosticCatalog.RuleIncomplete, $"found a match that is not complete, expected {expected}");

    private bool FailOption(ReadOnlySpan<char> option) => Fail(
        DiagnosticCatalog.RuleOptionUnknown,
        $"found '{option}', which is no option of {(_extension == Extension.None ? "a rule" : $"the match before it")}",
        "the rule is left out; options of a match follow its -m");
}
