using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <content>Commands of ipset restore, which are what ipset save prints.</content>
internal ref partial struct DumpLine
{
    public bool TryReadSetCommand()
    {
        _cursor.TryNext(out var verb);
        if (!TryReadSetName(out var name)) return false;
        switch (verb)
        {
            case "create":
                return TryReadCreate(name);
            case "add":
                return _dump.IsPassedOver(name) ||
                    (TryReadEntry(name, out var added) && TryReadExist(out var there) &&
                     FailRefused(_dump.Sets.Execute(new SetCommand.Add(name, added), there)));
            case "del":
                return _dump.IsPassedOver(name) ||
                    (TryReadEntry(name, out var deleted) && TryReadExist(out var gone) &&
                     FailRefused(_dump.Sets.Execute(new SetCommand.Delete(name, deleted), gone)));
            case "flush":
                return _dump.IsPassedOver(name) ||
                    (AtEnd() && FailRefused(_dump.Sets.Execute(new SetCommand.Flush(name))));
            case "swap":
                return TryReadSetName(out var other) && (_dump.IsPassedOver(name) || _dump.IsPassedOver(other) ||
                    (AtEnd() && FailRefused(_dump.Sets.Execute(new SetCommand.Swap(name, other)))));
            default:
                return _dump.IsPassedOver(name) ||
                    (AtEnd() && FailRefused(_dump.Sets.Execute(new SetCommand.Destroy(name))));
        }
    }

    private bool TryReadSetName(out string name)
    {
        name = "";
        if (!TryReadWord("the name of a set", out var word)) return false;
        if (!IpvsBackend.IsSetName(word)) return FailValue(word, $"a set's name of at most {SetName.CharsMax} characters");
        name = word.ToString();
        return true;
    }

    private bool TryReadExist(out bool exist)
    {
        exist = _cursor.Peek() is "-exist" or "-!";
        if (exist) _cursor.TryNext(out _);
        return AtEnd();
    }

    private bool TryReadCreate(string name)
    {
        if (!TryReadWord("a set's type", out var word)) return false;
        IpSetType? known = null;
        foreach (var candidate in _setTypes)
        {
            if (word.SequenceEqual(IpvsBackend.NameOf(candidate))) known = candidate;
        }

        if (known is not { } type)
        {
            // Its entries would each be a fault of their own.
            _dump.PassOver(name);
            return Fail(
                DiagnosticCatalog.SetTypeUnknown, $"found a set of type '{word}', which is not understood",
                "the set is left out; rules that ask it cannot be traced");
        }

        var isBitmap = type == IpSetType.BitmapPort;
        var (hashSize, maxElements) = isBitmap ? (0, 0) : (IpvsBackend.HashSizeDefault, IpvsBackend.MaxElementsDefault);
        var family = isBitmap ? FamilyOfName(name) : Family.Ipv4;
        var exist = false;
        while (_cursor.TryNext(out word))
        {
            var read = word switch
            {
                "family" when !isBitmap => TryReadFamily(out family),
                "hashsize" when !isBitmap => TryReadSize(out hashSize),
                "maxelem" when !isBitmap => TryReadSize(out maxElements),
                "bucketsize" when !isBitmap => TryReadSize(out _),
                "initval" when !isBitmap => TryReadWord("a number", out _),
                "range" when isBitmap => TryReadRange(),
                "-exist" or "-!" => exist = true,
                _ => Fail(
                    DiagnosticCatalog.RuleOptionUnknown, $"found '{word}', which is no option of {IpvsBackend.NameOf(type)}",
                    "the set is left out"),
            };
            if (read) continue;
            _dump.PassOver(name);
            return false;
        }

        if (!_dump.IsOwn(family, 1))
        {
            _dump.PassOver(name);
            return true;
        }

        return FailRefused(_dump.Sets.Execute(new SetCommand.Create(name, type, hashSize, maxElements), exist));
    }

    private static readonly IpSetType[] _setTypes = Enum.GetValues<IpSetType>();

    /// <summary>A set of ports has no family; kube-proxy's names tell (service-semantics §6.5).</summary>
    private readonly Family FamilyOfName(string name) =>
        name.StartsWith(Names.Ipv6SetPrefix, StringComparison.Ordinal) ? Family.Ipv6
        : name.StartsWith(Names.SetPrefix, StringComparison.Ordinal) ? Family.Ipv4
        : _dump.Family;

    private bool TryReadFamily(out Family family)
    {
        family = Family.Ipv4;
        if (!TryReadWord("inet or inet6", out var word)) return false;
        if (word is "inet6") family = Family.Ipv6;
        return word is "inet" or "inet6" || FailValue(word, "inet or inet6");
    }

    private bool TryReadSize(out int size) =>
        TryReadNumber($"a number from 1 to {int.MaxValue}", 1, int.MaxValue, out size);

    private bool TryReadRange()
    {
        const string Expected = "0-65535, the only range that is understood";
        return TryReadWord(Expected, out var word) && (word is "0-65535" || FailValue(word, Expected));
    }

    /// <summary>What the set's type wants, parts with commas between them.</summary>
    private bool TryReadEntry(string name, out IpSetEntry entry)
    {
        entry = default;
        if (_dump.Sets.TypeOf(name) is not { } type)
        {
            return Fail(
                DiagnosticCatalog.RuleCommandRefused, $"there is no set {name}", "create it before its entries");
        }

        var expected = ExpectedEntry(type);
        if (!TryReadWord(expected, out var word)) return false;
        var rest = word;
        var valid = type switch
        {
            IpSetType.BitmapPort =>
                TryTakePort(ref rest, out var port) && Is(new(null, null, port, null), out entry),
            IpSetType.HashIp =>
                TryTakeAddress(ref rest, out var address) && Is(new(address, null, null, null), out entry),
            IpSetType.HashIpPort => TryTakePair(ref rest, out entry),
            IpSetType.HashIpPortIp => TryTakePair(ref rest, out var pair) && TryTakeComma(ref rest) &&
                TryTakeAddress(ref rest, out var third) && Is(pair with { Third = Prefix.Host(third) }, out entry),
            IpSetType.HashIpPortNet => TryTakePair(ref rest, out var pair) && TryTakeComma(ref rest) &&
                TryTakeNetwork(ref rest, out var third) && Is(pair with { Third = third }, out entry),
        };
        return (valid && rest.IsEmpty) || FailValue(word, expected);
    }

    private static string ExpectedEntry(IpSetType type) => type switch
    {
        IpSetType.BitmapPort => "a port",
        IpSetType.HashIp => "an address of the set's family",
        IpSetType.HashIpPort => "ADDRESS,PROTOCOL:PORT of the set's family",
        IpSetType.HashIpPortIp => "ADDRESS,PROTOCOL:PORT,ADDRESS of the set's family",
        IpSetType.HashIpPortNet => "ADDRESS,PROTOCOL:PORT,CIDR of the set's family, without a CIDR of everything",
    };

    private static bool Is(IpSetEntry found, out IpSetEntry entry)
    {
        entry = found;
        return true;
    }

    private readonly bool TryTakePair(ref ReadOnlySpan<char> text, out IpSetEntry entry)
    {
        entry = default;
        if (!TryTakeAddress(ref text, out var address) || !TryTakeComma(ref text)) return false;
        var colon = text.IndexOf(':');
        if (colon < 0 || !Protocol(text[..colon], out var protocol)) return false;
        text = text[(colon + 1)..];
        if (!TryTakePort(ref text, out var port)) return false;
        entry = new(address, protocol, port, null);
        return true;

        static bool Protocol(ReadOnlySpan<char> word, out Protocol protocol)
        {
            (protocol, var known) = word switch
            {
                "tcp" => (Ir.Net.Protocol.Tcp, true),
                "udp" => (Ir.Net.Protocol.Udp, true),
                "sctp" => (Ir.Net.Protocol.Sctp, true),
                _ => (default, false),
            };
            return known;
        }
    }

    private readonly bool TryTakeAddress(ref ReadOnlySpan<char> text, out Ip address) =>
        Ip.TryParse(Take(ref text), null, out address) && address.Family == _dump.Family;

    private static bool TryTakePort(ref ReadOnlySpan<char> text, out Port port) =>
        Port.TryParse(Take(ref text), null, out port);

    /// <summary>
    /// The kernel has no entry for a network of everything (ip_set_hash_netport.c and its kind, @v6.1).
    /// </summary>
    private readonly bool TryTakeNetwork(ref ReadOnlySpan<char> text, out Prefix network)
    {
        var word = Take(ref text);
        if (!Ip.TryParse(word, null, out var address))
            return Prefix.TryParse(word, null, out network) && network.Family == _dump.Family && !network.IsAll;
        network = Prefix.Host(address);
        return address.Family == _dump.Family;
    }

    private static ReadOnlySpan<char> Take(ref ReadOnlySpan<char> text)
    {
        var comma = text.IndexOf(',');
        var part = comma < 0 ? text : text[..comma];
        text = text[part.Length..];
        return part;
    }

    private static bool TryTakeComma(ref ReadOnlySpan<char> text)
    {
        if (text.IsEmpty || text[0] != ',') return false;
        text = text[1..];
        return true;
    }
}
