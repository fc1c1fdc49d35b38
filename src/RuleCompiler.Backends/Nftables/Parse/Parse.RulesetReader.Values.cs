using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Values by their types, as nft lists them and as people write them.</content>
internal ref partial struct RulesetReader
{
    /// <summary>A value, a range or a block.</summary>
    private KeyField? ReadField(FieldType type)
    {
        if (type == FieldType.Ifname) return ReadInterfaceName();
        if (_cursor.Kind != TokenKind.Word)
        {
            Expected($"a value of type {type.Word() ?? "integer"}");
            return null;
        }

        var word = _cursor.Token;
        KeyField? field = null;
        if (type is FieldType.Ipv4Addr or FieldType.Ipv6Addr && word.Contains('/'))
        {
            if (Prefix.TryParse(word, null, out var prefix) && FieldTypes.Address(prefix.Family) == type)
                field = new KeyField(
                    prefix.Network.Bits, prefix.Network.Bits | (~prefix.Mask & prefix.Family.HostMask()));
        }
        else if (word.IndexOf('-') is var dash and > 0 && type != FieldType.ClassId)
        {
            if (ValueOf(word[..dash], type) is { } first && ValueOf(word[(dash + 1)..], type) is { } last
                && first <= last)
                field = new KeyField(first, last);
        }
        else if (ValueOf(word, type) is { } value)
        {
            field = new KeyField(value);
        }

        if (field is null) Fail(
            DiagnosticCatalog.NftValueInvalid,
            $"found '{Shown()}', expected a value of type {type.Word() ?? "integer"}");
        else _cursor.Next();
        return field;
    }

    /// <summary>
    /// mark &amp; 0xc0000000 == 0x40000000 is listed as mark 0x40000000/2: nft takes any mask of leading ones for a
    /// prefix (measured with 1.0.6).
    /// </summary>
    private Statement.Match? ReadMarkBlock(Expression left, Relation relation)
    {
        var word = _cursor.Token;
        var slash = word.IndexOf('/');
        if (NumberOf(word[..slash], uint.MaxValue) is { } value && NumberOf(word[(slash + 1)..], 32) is { } length)
        {
            _cursor.Next();
            var mask = length == 0 ? 0 : uint.MaxValue << (32 - (int)length);
            return new Statement.Match(new Expression.Bitwise(left, mask, 0), relation, [new KeyField(value)]);
        }

        Fail(DiagnosticCatalog.NftValueInvalid, $"found '{Shown()}', expected a mark and a length up to 32");
        return null;
    }

    /// <summary>One value for each type, with dots between them.</summary>
    private Seq<UInt128>? ReadValues(Seq<FieldType> types)
    {
        var values = new UInt128[types.Count];
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
            {
                if (!_cursor.IsSign("."))
                {
                    Expected($". and another {types[i]}: there are {types.Count} values");
                    return null;
                }

                _cursor.Next();
            }

            if (ReadField(types[i]) is not { } field) return null;
            if (field.First != field.Last)
            {
                Fail(DiagnosticCatalog.NftValueInvalid, "found a range, expected one value");
                return null;
            }

            values[i] = field.First;
        }

        return values.ToSeq();
    }

    private static UInt128? ValueOf(ReadOnlySpan<char> word, FieldType type) => type switch
    {
        FieldType.Ipv4Addr or FieldType.Ipv6Addr =>
            Ip.TryParse(word, null, out var ip) && FieldTypes.Address(ip.Family) == type ? ip.Bits : null,
        FieldType.InetProto => ProtocolOf(word),
        FieldType.InetService => NumberOf(word, ushort.MaxValue),
        FieldType.Mark or FieldType.Integer => NumberOf(word, uint.MaxValue),
        FieldType.ClassId => ClassIdOf(word),
        FieldType.Ifname => null,
    };

    /// <summary>Bits that have names; those of <see cref="BitNamed"/>.</summary>
    private static uint BitsOf(CtKey key) => key switch
    {
        CtKey.State => (uint)(CtState.Invalid | CtState.Established | CtState.Related | CtState.New | CtState.Untracked),
        CtKey.Status => 1 | 2 | 4 | 8 | (uint)(CtStatus.Snat | CtStatus.Dnat) | 512,
        CtKey.Mark => 0,
    };

    /// <summary>include/uapi/linux/netfilter/nf_conntrack_common.h @v6.1, by nft's names (src/ct.c @v1.0.6).</summary>
    private static uint? BitNamed(ReadOnlySpan<char> word, Expression of) => of switch
    {
        Expression.Ct { Key: CtKey.State } => word switch
        {
            "invalid" => (uint)CtState.Invalid,
            "established" => (uint)CtState.Established,
            "related" => (uint)CtState.Related,
            "new" => (uint)CtState.New,
            "untracked" => (uint)CtState.Untracked,
            _ => (uint?)NumberOf(word, uint.MaxValue),
        },
        Expression.Ct { Key: CtKey.Status } => word switch
        {
            "expected" => 1,
            "seen-reply" => 2,
            "assured" => 4,
            "confirmed" => 8,
            "snat" => (uint)CtStatus.Snat,
            "dnat" => (uint)CtStatus.Dnat,
            "dying" => 512,
            _ => (uint?)NumberOf(word, uint.MaxValue),
        },
        _ => null,
    };

    /// <summary>IANA's numbers, by the names that nft lists (src/proto.c, /etc/protocols).</summary>
    private static UInt128? ProtocolOf(ReadOnlySpan<char> word) => word switch
    {
        "icmp" => 1,
        "igmp" => 2,
        "ipencap" => 4,
        "tcp" => 6,
        "udp" => 17,
        "dccp" => 33,
        "ipv6" => 41,
        "ipv6-route" => 43,
        "ipv6-frag" => 44,
        "gre" => 47,
        "esp" => 50,
        "ah" => 51,
        "ipv6-icmp" or "icmpv6" => 58,
        "ipv6-nonxt" => 59,
        "ipv6-opts" => 60,
        "ospf" => 89,
        "ipip" => 94,
        "pim" => 103,
        "ipcomp" or "comp" => 108,
        "vrrp" => 112,
        "l2tp" => 115,
        "sctp" => 132,
        "udplite" => 136,
        _ => NumberOf(word, byte.MaxValue),
    };

    /// <summary>MAJOR:MINOR in hexadecimal, none, root (src/meta.c:tchandle_type_parse @v1.0.6).</summary>
    private static UInt128? ClassIdOf(ReadOnlySpan<char> word)
    {
        if (word is "none") return 0;
        if (word is "root") return uint.MaxValue;
        var colon = word.IndexOf(':');
        if (colon < 0) return NumberOf(word, uint.MaxValue);
        var (major, minor) = (Half(word[..colon]), Half(word[(colon + 1)..]));
        return major is null || minor is null ? null : (major.Value << 16) | minor.Value;

        static uint? Half(ReadOnlySpan<char> digits) => digits.IsEmpty ? 0
            : ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
                ? value
            : null;
    }

    private static UInt128? NumberOf(ReadOnlySpan<char> word, uint max)
    {
        var isHex = word.StartsWith("0x", StringComparison.Ordinal);
        var isNumber = isHex
            ? uint.TryParse(word[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var value)
            : uint.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out value);
        return isNumber && value <= max ? value : null;
    }

    private uint? ReadNumber(uint max)
    {
        if (_cursor.Kind == TokenKind.Word && NumberOf(_cursor.Token, max) is { } number)
        {
            _cursor.Next();
            return (uint)number;
        }

        Fail(DiagnosticCatalog.NftValueInvalid, $"found '{Shown()}', expected a number up to {max}");
        return null;
    }

    /// <summary>1d2h3m4s, with milliseconds rounded up, or seconds alone (src/datatype.c:time_parse @v1.0.6).</summary>
    private int? ReadSeconds()
    {
        var rest = _cursor.Kind == TokenKind.Word ? _cursor.Token : default;
        long milliseconds = 0;
        var isTime = !rest.IsEmpty;
        while (isTime && !rest.IsEmpty)
        {
            var digits = rest.IndexOfAnyExceptInRange('0', '9');
            var number = digits < 0 ? rest : rest[..digits];
            var unit = digits < 0 ? default : rest[digits..];
            var (factor, length) = unit switch
            {
                [] or ['s', ..] => (1000L, Math.Min(1, unit.Length)),
                ['m', 's', ..] => (1L, 2),
                ['m', ..] => (60_000L, 1),
                ['h', ..] => (3_600_000L, 1),
                ['d', ..] => (86_400_000L, 1),
                _ => (0L, 0),
            };
            isTime = factor > 0 && int.TryParse(number, NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                && (milliseconds += count * factor) <= int.MaxValue * 1000L;
            rest = unit[length..];
        }

        if (!isTime)
        {
            Fail(DiagnosticCatalog.NftValueInvalid, $"found '{Shown()}', expected a time such as 3h or 60s");
            return null;
        }

        _cursor.Next();
        return (int)((milliseconds + 999) / 1000);
    }

    /// <summary>
    /// 16 bytes, the first character highest; a * at the end stands for anything (include/uapi/linux/if.h:IFNAMSIZ).
    /// </summary>
    private KeyField? ReadInterfaceName()
    {
        const int bytes = 16;
        var word = _cursor.Token;
        var isPattern = word.EndsWith('*') && !word.EndsWith("\\*");
        var name = isPattern ? word[..^1] : word.EndsWith("\\*") ? $"{word[..^2]}*" : word;
        if (_cursor.Kind is not (TokenKind.Word or TokenKind.Quoted) || name.Length is 0 or >= bytes
            || name.ContainsAnyExceptInRange('!', '~'))
        {
            Expected("an interface's name of at most 15 characters");
            return null;
        }

        UInt128 value = 0;
        foreach (var letter in name) value = (value << 8) | letter;
        var free = 8 * (bytes - name.Length);
        value <<= free;
        _cursor.Next();
        return new KeyField(value, isPattern ? value | ((UInt128.One << free) - 1) : value);
    }
}
