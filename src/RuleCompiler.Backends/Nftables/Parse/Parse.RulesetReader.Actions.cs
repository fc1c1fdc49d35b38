using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Nftables;

/// <content>What rules do: translate, refuse, remember.</content>
internal ref partial struct RulesetReader
{
    private Statement? ReadDnat()
    {
        _cursor.Next();
        var address = FieldTypes.Address(tables.Family);
        if (_cursor.IsWord("ip") || _cursor.IsWord("ip6"))
        {
            if (!_cursor.Token.SequenceEqual(tables.FamilyWord))
            {
                Fail(DiagnosticCatalog.NftFamilyWrong, $"found dnat {_cursor.Token}, expected {tables.FamilyWord}");
                return null;
            }

            _cursor.Next();

            // "dnat ip addr . port to" is how older versions list it.
            if (_cursor.IsWord("addr"))
            {
                _cursor.Next();
                if (!_cursor.IsSign(".")) return ExpectedStatement(". port");
                _cursor.Next();
                if (!_cursor.IsWord("port")) return ExpectedStatement("port");
                _cursor.Next();
            }
        }

        if (!_cursor.IsWord("to")) return ExpectedStatement("to");
        _cursor.Next();
        if (StartsExpression())
        {
            var to = ReadValue([address, FieldType.InetService]);
            if (to is null or Expression.Map) return to is null ? null : new Statement.Dnat(to);
            return ExpectedStatement("map");
        }

        return ReadConstantTarget(address);
    }

    /// <summary>ADDRESS, ADDRESS:PORT, [ADDRESS]:PORT, or ADDRESS . PORT.</summary>
    private Statement? ReadConstantTarget(FieldType address)
    {
        var word = _cursor.Kind == TokenKind.Word ? _cursor.Token : default;
        if (Endpoint.TryParse(word, out var endpoint) && endpoint.Address.Family == tables.Family)
        {
            _cursor.Next();
            return new Statement.Dnat(new Expression.Constant([endpoint.Address.Bits, endpoint.Port.Value]));
        }

        if (word is ['[', .., ']']) word = word[1..^1];
        if (ValueOf(word, address) is not { } ip) return ExpectedStatement("an address and a port");
        _cursor.Next();
        if (!_cursor.IsSign(".")) return new Statement.Dnat(new Expression.Constant([ip]));
        _cursor.Next();
        return ReadField(FieldType.InetService) is { } port
            ? new Statement.Dnat(new Expression.Constant([ip, port.First]))
            : null;
    }

    private Statement.Masquerade ReadMasquerade()
    {
        _cursor.Next();
        var (random, fullyRandom) = (false, false);
        while (_cursor.Kind == TokenKind.Word && _cursor.Token is "random" or "fully-random" or "persistent")
        {
            random |= _cursor.IsWord("random");
            fullyRandom |= _cursor.IsWord("fully-random");
            _cursor.Next();
            if (!_cursor.IsSign(",")) break;
            _cursor.Next();
        }

        return new Statement.Masquerade(fullyRandom, random);
    }

    private Statement? ReadReject()
    {
        _cursor.Next();
        if (!_cursor.IsWord("with")) return new Statement.Reject(NftRejectKind.PortUnreachable);
        _cursor.Next();
        var protocol = _cursor.Token.ToString();
        _cursor.Next();
        if (_cursor.IsWord("type")) _cursor.Next();
        NftRejectKind? kind = (protocol, _cursor.Token.ToString()) switch
        {
            ("tcp", "reset") => NftRejectKind.TcpReset,
            ("icmp" or "icmpv6" or "icmpx", "port-unreachable") => NftRejectKind.PortUnreachable,
            ("icmp" or "icmpx", "host-unreachable") => NftRejectKind.HostUnreachable,
            ("icmp", "net-unreachable") => NftRejectKind.NetUnreachable,
            ("icmp", "prot-unreachable") => NftRejectKind.ProtocolUnreachable,
            ("icmp" or "icmpv6" or "icmpx", "admin-prohibited") => NftRejectKind.AdminProhibited,
            ("icmpv6" or "icmpx", "no-route") => NftRejectKind.NoRoute,
            ("icmpv6", "addr-unreachable") => NftRejectKind.AddressUnreachable,
            _ => null,
        };
        var isOfFamily = protocol is "tcp" or "icmpx" || protocol == (tables.Family == Family.Ipv4 ? "icmp" : "icmpv6");
        if (kind is not { } found || !isOfFamily) return ExpectedStatement("an answer that reject has in this family");
        _cursor.Next();

        // A reset answers TCP only: nft asks for that, and lists it in no other way (src/evaluate.c:stmt_evaluate_reset).
        if (found == NftRejectKind.TcpReset && !Imply(Protocol.Tcp)) return null;
        return new Statement.Reject(protocol == "icmpx" ? OfFamily(found) : found);
    }

    /// <summary>nft_reject_icmp_code and nft_reject_icmpv6_code (net/netfilter/nft_reject.c @v6.1).</summary>
    private readonly NftRejectKind OfFamily(NftRejectKind abstracted) => (tables.Family, abstracted) switch
    {
        (Family.Ipv4, NftRejectKind.NoRoute) => NftRejectKind.NetUnreachable,
        (Family.Ipv6, NftRejectKind.HostUnreachable) => NftRejectKind.AddressUnreachable,
        _ => abstracted,
    };

    private Statement? ReadDynamic()
    {
        var action = _cursor.Token switch
        {
            "add" => DynamicAction.Add,
            "update" => DynamicAction.Update,
            "delete" => DynamicAction.Delete,
            _ => throw new UnreachableException(),
        };
        _cursor.Next();
        if (!_cursor.IsSign("@")) return ExpectedStatement("@ and a set's name");
        _cursor.Next();
        if (ReadName("a set's name") is not { } set) return null;
        if (!_cursor.IsSign("{")) return ExpectedStatement("{ and a key");
        _cursor.Next();
        if (ReadExpression() is not { } key) return null;
        int? timeout = null;
        if (_cursor.IsWord("timeout"))
        {
            _cursor.Next();
            timeout = ReadSeconds();
            if (timeout is null) return null;
        }

        Expression? data = null;
        if (_cursor.IsSign(":"))
        {
            _cursor.Next();
            data = ReadExpression();
            if (data is null) return null;
        }

        if (!_cursor.IsSign("}")) return ExpectedStatement("} behind the element");
        _cursor.Next();
        return new Statement.Dynamic(action, set, key, timeout, data);
    }

    private readonly Statement? ExpectedStatement(string expected)
    {
        Expected(expected);
        return null;
    }
}
