using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Iptables;

/// <content>Targets and their options.</content>
internal ref partial struct RuleReader
{
    private static readonly Target.Accept Accept = new();
    private static readonly Target.Drop Drop = new();
    private static readonly Target.Return Return = new();
    private static readonly Target.Reject RejectByDefault = new(RejectKind.PortUnreachable);
    private static readonly Target.Masquerade Masquerade = new(false);
    private static readonly Target.Masquerade MasqueradeRandomly = new(true);

    /// <summary>Stand until the option that the target must have.</summary>
    private static readonly Target.Dnat UnsetDnat = new(default(Endpoint));
    private static readonly Target.SetMark UnsetMark = new(0, 0);

    private bool TryReadTarget()
    {
        if (!TryReadValue("a target", out var name)) return false;
        if (_target is not null) return Fail(DiagnosticCatalog.RuleIncomplete, $"found a second target '{name}', expected one");
        _target = name switch
        {
            "ACCEPT" => Accept,
            "DROP" => Drop,
            "RETURN" => Return,
            "REJECT" => RejectByDefault,
            "MASQUERADE" => Masquerade,
            "DNAT" => UnsetDnat,
            "MARK" => UnsetMark,
            _ when IptablesBackend.IsChainName(name) => _names.Jump(name),
            _ => null,
        };
        return _target is not null ||
               Fail(DiagnosticCatalog.RuleTargetUnknown, $"found the target '{name}', which is not understood",
                   "the rule is left out; a trace or check of these rules would not be the kernel's");
    }

    private bool TryReadGoto()
    {
        if (!TryReadValue("a chain", out var name)) return false;
        if (_target is not null) return Fail(DiagnosticCatalog.RuleIncomplete, $"found a second target '{name}', expected one");
        if (!IptablesBackend.IsChainName(name)) return FailValue(name, "the name of a chain");
        _target = new Target.Goto(_names.Jump(name).Chain);
        return true;
    }

    private bool TryReadTargetOption(ReadOnlySpan<char> option, bool inverted)
    {
        if (!Plain(option, inverted)) return false;
        if (_target is Target.Jump jump)
            return Fail(DiagnosticCatalog.RuleTargetUnknown,
                $"found the target '{jump.Chain}' with the option '{option}', expected a chain or a target that is understood",
                "the rule is left out; a trace or check of these rules would not be the kernel's");
        if (_targetOption) return Fail(DiagnosticCatalog.RuleIncomplete, $"found {option} behind the target's option, expected the end");
        _targetOption = true;
        return _target switch
        {
            Target.Reject when option is "--reject-with" => TryReadRejectKind(),
            Target.Masquerade when option is "--random-fully" => Set(ref _target, MasqueradeRandomly),
            Target.Dnat when option is "--to-destination" => TryReadDestination(),
            Target.SetMark when option is "--set-xmark" => TryReadMark(out var flip, out var clear) && SetMark(clear, flip),
            Target.SetMark when option is "--set-mark" => TryReadMark(out var value, out var mask) && SetMark(value | mask, value),
            Target.SetMark when option is "--and-mark" => TryReadBits(out var kept) && SetMark(~kept, 0),
            Target.SetMark when option is "--or-mark" => TryReadBits(out var set) && SetMark(set, set),
            Target.SetMark when option is "--xor-mark" => TryReadBits(out var flipped) && SetMark(0, flipped),
            _ => Fail(DiagnosticCatalog.RuleOptionUnknown, $"found '{option}', which is no option of the target before it",
                "the rule is left out"),
        };
    }

    private bool SetMark(uint clear, uint flip) => Set(ref _target, new Target.SetMark(clear, flip));

    private bool TryReadDestination()
    {
        const string Expected = "address:port or [address]:port of the file's family";
        if (!TryReadValue(Expected, out var text)) return false;
        if (!Endpoint.TryParse(text, out var to) || to.Address.Family != _family || to.Port.Value == 0)
            return FailValue(text, Expected);
        _target = new Target.Dnat(to);
        return true;
    }

    private bool TryReadRejectKind()
    {
        if (!TryReadValue("a kind of rejection", out var text)) return false;
        if (IptablesBackend.RejectKindOf(text, _family) is not { } kind)
            return FailValue(text, "a kind of rejection of the file's family, such as " +
                                   IptablesBackend.RejectName(RejectKind.PortUnreachable, _family));
        _target = kind == RejectKind.PortUnreachable ? RejectByDefault : new Target.Reject(kind);
        return true;
    }

    private bool TryFinishTarget() => _target switch
    {
        Target.Dnat when !_targetOption => FailMissing("--to-destination with -j DNAT"),
        Target.SetMark when !_targetOption => FailMissing("--set-xmark with -j MARK"),
        Target.Reject { With: RejectKind.TcpReset } when _protocol is not { Protocol: Protocol.Tcp, Inverted: false } =>
            Fail(DiagnosticCatalog.RuleIncomplete, "found tcp-reset, expected -p tcp with it"),
        Target.Dnat when _protocol is not { Inverted: false } protocol || !protocol.Protocol.HasPorts() =>
            Fail(DiagnosticCatalog.RuleIncomplete, "found a port to translate to, expected -p tcp, udp or sctp with it"),
        _ => true,
    };
}
