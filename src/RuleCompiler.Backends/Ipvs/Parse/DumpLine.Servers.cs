using System.Globalization;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Ipvs;

/// <content>
/// Commands of ipvsadm -R, which are what ipvsadm -Sn prints. Defaults are the tool's (measured: 1.31).
/// </content>
internal ref partial struct DumpLine
{
    /// <summary>-p without a number.</summary>
    private const int PersistenceDefault = 360;

    /// <summary>Options as they were written; null where they were not.</summary>
    private struct ServerOptionWords
    {
        public ServerKey? Key;
        public bool OfOtherFamily;
        public Scheduler? Scheduler;
        public string? Flags;
        public int? PersistenceSeconds;
        public bool OnePacket;
        public Endpoint? Real;
        public Forwarding? Forwarding;
        public int? Weight;
    }

    public bool TryReadServerCommand()
    {
        _cursor.TryNext(out var verb);
        var letter = verb switch
        {
            "-A" or "--add-service" => 'A',
            "-E" or "--edit-service" => 'E',
            "-D" or "--delete-service" => 'D',
            "-a" or "--add-server" => 'a',
            "-e" or "--edit-server" => 'e',
            "-d" or "--delete-server" => 'd',
            "-C" or "--clear" => 'C',
            "--set" => 's',
            _ => '\0',
        };
        switch (letter)
        {
            case '\0':
                return Fail(
                    DiagnosticCatalog.RuleCommandUnsupported,
                    $"found the command '{verb}', expected -A, -E, -D, -a, -e, -d, -C or --set",
                    "a table of iptables starts with its *name");
            case 'C':
                return AtEnd() && FailRefused(_dump.Servers.Execute(new ServerCommand.Clear()));
            case 's':
                return TryReadTimeoutNumbers();
        }

        if (!TryReadServerOptions()) return false;
        if (_words.OfOtherFamily) return true;
        if (_words.Key is not { } key)
            return Fail(DiagnosticCatalog.RuleIncomplete, "found no virtual server, expected -t, -u or --sctp-service");
        var isReal = char.IsAsciiLetterLower(letter);
        if (isReal != _words.Real is not null)
        {
            return Fail(
                DiagnosticCatalog.RuleIncomplete,
                isReal ? "found no real server, expected -r" : $"found -r, expected none with {verb}");
        }

        return TryMakeCommand(letter, key, out var command) && FailRefused(_dump.Servers.Execute(command));
    }

    private bool TryMakeCommand(char letter, ServerKey key, out ServerCommand command)
    {
        var real = _words.Real.GetValueOrDefault();
        var (forwarding, weight) = (_words.Forwarding ?? Forwarding.Route, _words.Weight ?? IpvsBackend.WeightDefault);
        command = new ServerCommand.DeleteServer(key);
        ServerOptions options = default;
        if (letter is 'A' or 'E' && !TryMakeOptions(out options)) return false;
        command = letter switch
        {
            'A' => new ServerCommand.AddServer(key, options),
            'E' => new ServerCommand.EditServer(key, options),
            'a' => new ServerCommand.AddReal(key, real, forwarding, weight),
            'e' => new ServerCommand.EditReal(key, real, forwarding, weight),
            'd' => new ServerCommand.DeleteReal(key, real),
            _ => command,
        };
        return true;
    }

    private bool TryMakeOptions(out ServerOptions options)
    {
        var scheduler = _words.Scheduler ?? Scheduler.Wlc;
        options = new ServerOptions(scheduler, SchedulerFlags.None, _words.PersistenceSeconds, _words.OnePacket);
        if (_words.Flags is not { } text) return true;
        if (!TryParseFlags(text, scheduler, out var flags)) return FailValue(text, ExpectedFlags(scheduler));
        options = options with { Flags = flags };
        return true;
    }

    private bool TryReadServerOptions()
    {
        while (_cursor.TryNext(out var word))
        {
            var read = word switch
            {
                "-t" or "--tcp-service" => TryReadKey(Protocol.Tcp),
                "-u" or "--udp-service" => TryReadKey(Protocol.Udp),
                "--sctp-service" => TryReadKey(Protocol.Sctp),
                "-f" or "--fwmark-service" => FailMark(),
                "-s" or "--scheduler" => TryReadScheduler(),
                "-b" or "--sched-flags" => TryReadFlagWords(),
                "-p" or "--persistent" => TryReadPersistence(),
                "-M" or "--netmask" => TryReadMask(),
                "-o" or "--ops" => _words.OnePacket = true,
                "-r" or "--real-server" => TryReadReal(),
                "-m" or "--masquerading" => TrySet(Forwarding.Masquerade),
                "-g" or "--gatewaying" => TrySet(Forwarding.Route),
                "-i" or "--ipip" => TrySet(Forwarding.Tunnel),
                "--tun-type" => TryReadTunnel(),
                "-w" or "--weight" => TryReadNumber("a weight", 0, int.MaxValue, out var weight) && TrySet(weight),
                _ => Fail(
                    DiagnosticCatalog.RuleOptionUnknown, $"found '{word}', which is no option that is understood",
                    "the command is left out"),
            };
            if (!read) return false;
        }

        return true;
    }

    private bool FailMark() => Fail(
        DiagnosticCatalog.RuleValueInvalid, "found a virtual server of a firewall mark, expected one of an address",
        "it is left out, with its real servers: what it does is not understood");

    private bool TryReadKey(Protocol protocol)
    {
        const string Expected = "ADDRESS:PORT, an IPv6 address in brackets";
        if (_words.Key is not null)
            return Fail(DiagnosticCatalog.RuleIncomplete, "found a second virtual server, expected one");
        if (!TryReadWord(Expected, out var word)) return false;
        if (!Endpoint.TryParse(word, out var endpoint)) return FailValue(word, Expected);
        _words.OfOtherFamily = !_dump.IsOwn(endpoint.Address.Family, _cursor.Column);
        _words.Key = new ServerKey(endpoint.Address, protocol, endpoint.Port);
        return true;
    }

    private bool TryReadReal()
    {
        const string Expected = "ADDRESS:PORT of the virtual server's family";
        if (!TryReadWord(Expected, out var word)) return false;
        if (!Endpoint.TryParse(word, out var endpoint) || _words.Key is not { } key ||
            endpoint.Address.Family != key.Address.Family)
            return FailValue(word, Expected);
        _words.Real = endpoint;
        return true;
    }

    private bool TryReadScheduler()
    {
        if (!TryReadWord("a scheduler", out var word)) return false;
        if (!IpvsBackend.TryParseScheduler(word, out var scheduler))
            return FailValue(word, $"one of {string.Join(", ", IpvsBackend.SchedulerNames)}");
        _words.Scheduler = scheduler;
        return true;
    }

    private bool TryReadFlagWords()
    {
        if (!TryReadWord("flags of the scheduler", out var word)) return false;
        _words.Flags = word.ToString();
        return true;
    }

    private static string ExpectedFlags(Scheduler scheduler) =>
        $"flags of {IpvsBackend.NameOf(scheduler)}: {string.Join(", ", FlagNames(scheduler))}";

    private static IEnumerable<string> FlagNames(Scheduler scheduler) =>
        _flags.Select(flag => IpvsBackend.NameOf(scheduler, flag));

    private static readonly SchedulerFlags[] _flags =
        [SchedulerFlags.Fallback, SchedulerFlags.Port, SchedulerFlags.Third];

    private static bool TryParseFlags(ReadOnlySpan<char> text, Scheduler scheduler, out SchedulerFlags flags)
    {
        flags = SchedulerFlags.None;
        while (true)
        {
            var comma = text.IndexOf(',');
            var word = comma < 0 ? text : text[..comma];
            var found = SchedulerFlags.None;
            foreach (var flag in _flags)
            {
                if (word.SequenceEqual(IpvsBackend.NameOf(scheduler, flag))) found = flag;
            }

            if (found == SchedulerFlags.None) return false;
            flags |= found;
            if (comma < 0) return true;
            text = text[(comma + 1)..];
        }
    }

    /// <summary>The number may be left out.</summary>
    private bool TryReadPersistence()
    {
        _words.PersistenceSeconds = PersistenceDefault;
        var next = _cursor.Peek();
        if (next.IsEmpty || !char.IsAsciiDigit(next[0])) return true;
        if (!TryReadSeconds(out var seconds)) return false;
        _words.PersistenceSeconds = seconds;
        return true;
    }

    private bool TryReadSeconds(out int seconds) => TryReadNumber(
        string.Create(CultureInfo.InvariantCulture, $"seconds from 1 to {IpvsBackend.TimeoutSecondsMax}"), 1,
        IpvsBackend.TimeoutSecondsMax, out seconds);

    /// <summary>Only masks that keep one client apart from all others, as Services' do.</summary>
    private bool TryReadMask()
    {
        const string Expected = "255.255.255.255 or 128, the only masks that are understood";
        return TryReadWord(Expected, out var word) && (word is "255.255.255.255" or "128" || FailValue(word, Expected));
    }

    private bool TryReadTunnel()
    {
        const string Expected = "ipip, the only tunnel that is understood";
        return TryReadWord(Expected, out var word) && (word is "ipip" || FailValue(word, Expected));
    }

    private bool TrySet(Forwarding forwarding)
    {
        _words.Forwarding = forwarding;
        return true;
    }

    private bool TrySet(int weight)
    {
        _words.Weight = weight;
        return true;
    }
}
