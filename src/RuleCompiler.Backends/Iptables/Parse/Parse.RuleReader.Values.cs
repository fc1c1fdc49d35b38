using System.Globalization;
using System.Numerics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>Values of options.</content>
internal ref partial struct RuleReader
{
    private static readonly Match.OfProtocol Tcp = new(Protocol.Tcp);
    private static readonly Match.OfProtocol Udp = new(Protocol.Udp);
    private static readonly Match.OfProtocol Sctp = new(Protocol.Sctp);

    private bool TryReadValue(string expected, out ReadOnlySpan<char> value) =>
        _cursor.TryNext(out value) || FailAtEnd(expected);

    /// <summary>ADDRESS, ADDRESS/LENGTH or ADDRESS/MASK; bits outside the mask are cleared, as the tool does.</summary>
    private bool TryReadNetwork(out Ip address, out Ip mask)
    {
        const string Expected = "an address, address/length or address/mask of the file's family";
        (address, mask) = (default, default);
        if (!TryReadValue(Expected, out var text)) return false;
        var slash = text.IndexOf('/');
        if (!Ip.TryParse(slash < 0 ? text : text[..slash], null, out address) || address.Family != _family)
            return FailValue(text, Expected);
        if (slash < 0)
            mask = Ip.Create(_family, UInt128.MaxValue);
        else if (int.TryParse(text[(slash + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            if (length > _family.AddressBits()) return FailValue(text, Expected);
            mask = Ip.Create(_family, length == 0 ? 0 : UInt128.MaxValue << (_family.AddressBits() - length));
        }
        else if (!Ip.TryParse(text[(slash + 1)..], null, out mask) || mask.Family != _family)
            return FailValue(text, Expected);

        address = Ip.Create(_family, address.Bits & mask.Bits);
        return true;
    }

    private bool TryReadInterface(out string name)
    {
        name = "";
        if (!TryReadValue("an interface", out var text)) return false;
        if (text.Length > IptablesBackend.InterfaceCharsMax) return FailValue(text, $"an interface of at most {IptablesBackend.InterfaceCharsMax} characters");
        name = _names.Word(text);
        return true;
    }

    private bool TryReadProtocol(bool inverted)
    {
        const string Expected = "tcp, udp, sctp, icmp or ipv6-icmp";
        if (!TryReadValue(Expected, out var text)) return false;
        Protocol? protocol = text switch
        {
            "tcp" or "6" => Protocol.Tcp,
            "udp" or "17" => Protocol.Udp,
            "sctp" or "132" => Protocol.Sctp,
            "icmp" or "1" => Protocol.Icmp,
            "ipv6-icmp" or "icmpv6" or "58" => Protocol.Icmpv6,
            _ => null,
        };
        if (protocol is not { } known)
            return text is "all" or "0" && !inverted ? Set(ref _protocol, null) : FailValue(text, Expected);
        _protocol = inverted
            ? new Match.OfProtocol(known, true)
            : known switch
            {
                Protocol.Tcp => Tcp,
                Protocol.Udp => Udp,
                Protocol.Sctp => Sctp,
                Protocol.Icmp or Protocol.Icmpv6 => new Match.OfProtocol(known),
            };
        return true;
    }

    private bool TryReadCounter()
    {
        const string Expected = "a counter";
        if (!TryReadValue(Expected, out var text)) return false;
        return ulong.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out _) || FailValue(text, Expected);
    }

    private bool TryReadNumber(int most, out int number)
    {
        number = 0;
        if (!TryReadValue($"a number from 1 to {most}", out var text)) return false;
        return (int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number) && number >= 1 && number <= most) ||
               FailValue(text, $"a number from 1 to {most}");
    }

    /// <summary>PORT, FIRST:LAST, :LAST or FIRST:.</summary>
    private bool TryReadPorts(out Port first, out Port last)
    {
        const string Expected = "a port or a range like 80:90, in numbers";
        (first, last) = (default, new Port(ushort.MaxValue));
        if (!TryReadValue(Expected, out var text)) return false;
        var colon = text.IndexOf(':');
        if (colon < 0)
        {
            if (!Port.TryParse(text, null, out first)) return FailValue(text, Expected);
            last = first;
            return true;
        }

        var from = text[..colon];
        var to = text[(colon + 1)..];
        var valid = (from.IsEmpty || Port.TryParse(from, null, out first)) && (to.IsEmpty || Port.TryParse(to, null, out last));
        return (valid && first <= last) || FailValue(text, Expected);
    }

    /// <summary>VALUE or VALUE/MASK, decimal or 0x hexadecimal.</summary>
    private bool TryReadMark(out uint value, out uint mask)
    {
        const string Expected = "a mark or mark/mask, decimal or 0x hexadecimal, up to 0xffffffff";
        (value, mask) = (0, uint.MaxValue);
        if (!TryReadValue(Expected, out var text)) return false;
        var slash = text.IndexOf('/');
        return (TryParseMark(slash < 0 ? text : text[..slash], out value) &&
                (slash < 0 || TryParseMark(text[(slash + 1)..], out mask))) ||
               FailValue(text, Expected);
    }

    /// <summary>VALUE alone: --and-mark and the like take no mask.</summary>
    private bool TryReadBits(out uint value)
    {
        const string Expected = "bits, decimal or 0x hexadecimal, up to 0xffffffff";
        value = 0;
        return TryReadValue(Expected, out var text) && (TryParseMark(text, out value) || FailValue(text, Expected));
    }

    /// <summary>A leading zero would be octal to the tool: refused, since nobody means it.</summary>
    private static bool TryParseMark(ReadOnlySpan<char> text, out uint value)
    {
        value = 0;
        if (text.StartsWith("0x", StringComparison.OrdinalIgnoreCase))
            return uint.TryParse(text[2..], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
        return (text.Length == 1 || (text.Length > 1 && text[0] != '0')) &&
               uint.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out value);
    }

    /// <summary>
    /// lround(2^31 · p), as the tool computes (extensions/libxt_statistic.c:statistic_parse @iptables 1.8.9).
    /// </summary>
    private bool TryReadProbability(out uint threshold)
    {
        const string Expected = "a probability from 0 to 1";
        threshold = 0;
        if (!TryReadValue(Expected, out var text)) return false;
        if (!double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var probability) ||
            probability > 1)
            return FailValue(text, Expected);
        threshold = (uint)Math.Round(probability * (1u << 31), MidpointRounding.AwayFromZero);
        return true;
    }

    private bool TryReadStates(out ConntrackStates states)
    {
        states = ConntrackStates.None;
        if (!TryReadValue("conntrack states", out var text)) return false;
        var rest = text;
        while (true)
        {
            var comma = rest.IndexOf(',');
            var state = IptablesBackend.StateOf(comma < 0 ? rest : rest[..comma]);
            if (state == ConntrackStates.None)
                return FailValue(text, "a list of INVALID, NEW, RELATED, ESTABLISHED, UNTRACKED, SNAT, DNAT");
            states |= state;
            if (comma < 0) return true;
            rest = rest[(comma + 1)..];
        }
    }

    /// <summary>
    /// COUNT,CODE JT JF K,CODE JT JF K,… in decimal (extensions/libxt_bpf.c:bpf_parse_program @iptables 1.8.9).
    /// </summary>
    private bool TryReadBytecode(out Seq<BpfInstruction> program)
    {
        const string Expected = "a classic BPF program like '2,6 0 0 1,6 0 0 0' of at most 64 instructions";
        program = [];
        if (!TryReadValue(Expected, out var text)) return false;
        if (!TryTakeNumber(ref text, out uint count) || count is 0 or > IptablesBackend.BpfInstructionsMax)
            return FailValue(text, Expected);
        var instructions = new BpfInstruction[count];
        for (var i = 0; i < count; i++)
        {
            if (text.IsEmpty || text[0] != ',') return FailValue(text, Expected);
            text = text[1..];
            if (!TryTakeNumber(ref text, out ushort code) || !TryTakeBlank(ref text) ||
                !TryTakeNumber(ref text, out byte jumpTrue) || !TryTakeBlank(ref text) ||
                !TryTakeNumber(ref text, out byte jumpFalse) || !TryTakeBlank(ref text) ||
                !TryTakeNumber(ref text, out uint k))
                return FailValue(text, Expected);
            instructions[i] = new BpfInstruction(code, jumpTrue, jumpFalse, k);
        }

        if (!text.IsEmpty && text is not ",") return FailValue(text, Expected);
        program = Seq.Create<BpfInstruction>(instructions);
        return true;
    }

    private static bool TryTakeNumber<T>(ref ReadOnlySpan<char> text, out T number)
        where T : struct, INumberBase<T>
    {
        var length = text.IndexOfAnyExceptInRange('0', '9');
        if (length < 0) length = text.Length;
        var taken = T.TryParse(text[..length], NumberStyles.None, CultureInfo.InvariantCulture, out number);
        text = text[length..];
        return taken;
    }

    private static bool TryTakeBlank(ref ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != ' ') return false;
        text = text[1..];
        return true;
    }
}
