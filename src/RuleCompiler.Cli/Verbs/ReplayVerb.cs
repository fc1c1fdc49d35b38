using System.CommandLine;
using RuleCompiler.Cli.Inputs;
using RuleCompiler.Cli.Replay;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using SharpPcap;
using SharpPcap.LibPcap;

namespace RuleCompiler.Cli.Verbs;

/// <summary>A capture through the rules.</summary>
internal sealed class ReplayVerb
{
    private readonly ClusterOptions _cluster = new(isRequired: false, takesSeveral: true);
    private readonly Option<string[]> _rules = RulesOption.Create();
    private readonly Option<string?> _mode = ModeOption.Create(ModeOption.AsRulesShow);
    private readonly Option<Family?> _family = FamilyOption.Create(
        "The family of --rules. Default: what the text shows.");

    private readonly Option<string> _pcap = new("--pcap")
    {
        Description = "The capture to read: pcap or pcapng, packets as they arrive at the node.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string> _write = new("--write")
    {
        Description = "The capture to write: what leaves the node, its checksums right. Link-layer addresses stay.",
        HelpName = "FILE",
        Required = true,
    };

    private readonly Option<string?> _via = new("--via")
    {
        Description = "The interface that all packets arrive on. Default: found by their source addresses.",
        HelpName = "INTERFACE",
    };

    private readonly Option<ulong> _seed = new("--seed")
    {
        Description = "Seed of the random choices.",
        HelpName = "N",
        DefaultValueFactory = _ => 1,
    };

    public static Command Create(Shell shell)
    {
        var options = new ReplayVerb();
        var verb = new Verb(
            "replay",
            "Send a capture through the rules and write what leaves the node.",
            new Example(
                "through what a cluster compiles to",
                "rulec replay --pcap in.pcap --write out.pcap -f cluster.yaml --node node-0"),
            new Example(
                "through a dump of a running node",
                "iptables-save | rulec replay --pcap in.pcap --write out.pcap --rules - --node-address 192.0.2.10"))
        {
            options._pcap,
            options._write,
            options._rules,
            options._mode,
            options._family,
            options._via,
            options._seed,
        };
        options._cluster.AddTo(verb);
        verb.Runs(shell, options.Run);
        return verb;
    }

    private int Run(ParseResult parsed, Session session)
    {
        if (parsed.GetValue(_rules) is not { Length: > 0 } && !_cluster.HasFiles(parsed))
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.NoInput, default, "neither a cluster nor rules were given",
                "give -f PATH or --rules FILE"));
        }

        if (_cluster.Load(parsed, session) is not { } loaded) return ExitCode.BadInput;
        if (EmulationsFor(parsed, loaded, session) is not { } emulationOf) return ExitCode.BadInput;
        var (input, output) = (parsed.GetRequiredValue(_pcap), parsed.GetRequiredValue(_write));
        try
        {
            using var reader = new CaptureFileReaderDevice(input);
            reader.Open();
            var replayer = new Replayer(reader.LinkType, emulationOf, parsed.GetValue(_via));
            var work = () => Replay(reader, replayer, output, session);
            var exitCode = new FileInfo(input) is { Exists: true, Length: > LongWorkBytes }
                ? session.Error.Working("replaying", work)
                : work();
            foreach (var (name, count) in replayer.Counts.Named) session.Note($"{count,10} {name}");
            return exitCode;
        }
        catch (Exception exception) when (exception is PcapException or IOException or UnauthorizedAccessException)
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.UnreadableCapture, Location.Whole(input),
                $"cannot be read: {exception.Message.Trim()}"));
        }
        catch (Exception exception) when (
            exception is DllNotFoundException or TypeInitializationException { InnerException: DllNotFoundException })
        {
            return session.Fail(ExitCode.MachineLacks, new Diagnostic(
                DiagnosticCatalog.MachineLacks, default, "the library libpcap was not found",
                "install it: Debian and Ubuntu call the package libpcap0.8, Fedora and Alpine libpcap"));
        }
    }

    /// <summary>Null, and reported, when the rules cannot be emulated.</summary>
    private Func<Family, EmulatedNode?>? EmulationsFor(ParseResult parsed, LoadedCluster loaded, Session session)
    {
        var seed = parsed.GetValue(_seed);
        if (parsed.GetValue(_rules) is not { Length: > 0 } paths)
        {
            return ModeOption.Apply(parsed.GetValue(_mode), loaded, session) is { } chosen
                ? family => EmulatedNode.OfCluster(chosen, family, seed, session)
                : null;
        }

        var (mode, named) = (parsed.GetValue(_mode), parsed.GetValue(_family));
        if (Dump.Read(paths, mode, loaded, named, session) is not { } dump) return null;
        return EmulatedNode.OfDump(dump, loaded.In(dump.Backend.Mode).Node, seed, session) is { } emulation
            ? family => family == dump.Family ? emulation : null
            : null;
    }

    private static int Replay(CaptureFileReaderDevice reader, Replayer replayer, string output, Session session)
    {
        var end = GetPacketStatus.NoRemainingPackets;
        try
        {
            session.Shell.WriteFile(output, unfinished => end = Copy(reader, replayer, unfinished));
        }
        catch (Exception exception) when (
            exception is IOException or UnauthorizedAccessException or CannotOpenException)
        {
            return session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.UnwritableOutput, Location.Whole(output),
                $"cannot be written: {InputFiles.ReasonOf(exception)}"));
        }

        return end != GetPacketStatus.Error
            ? ExitCode.Fine
            : session.Fail(ExitCode.BadInput, new Diagnostic(
                DiagnosticCatalog.UnreadableCapture, Location.Whole(reader.Name),
                $"cannot be read behind packet {replayer.Counts.Read}: {reader.LastError.Trim()}",
                "what is before it has been replayed"));
    }

    /// <returns>What ended it: the end of the capture, or an error in it.</returns>
    private static GetPacketStatus Copy(CaptureFileReaderDevice reader, Replayer replayer, string path)
    {
        using var writer = Open(path, reader);
        while (true)
        {
            var status = reader.GetNextPacket(out var captured);
            if (status != GetPacketStatus.PacketRead) return status;
            var frame = captured.GetPacket();
            if (replayer.Send(frame.Data, SinceEpoch(frame.Timeval)) is not { } leaving) continue;

            // What the link cut off stays cut off; an answer is as long as it is.
            var isWhole = leaving.Length != frame.Data.Length;
            writer.Write(
                new RawCapture(reader.LinkType, frame.Timeval, leaving, isWhole ? leaving.Length : frame.PacketLength));
        }
    }

    private static CaptureFileWriterDevice Open(string path, CaptureFileReaderDevice reader)
    {
        // libpcap says only that it failed; opening the file first gives the system's reason.
        File.WriteAllBytes(path, []);
        var writer = new CaptureFileWriterDevice(path);
        try
        {
            writer.Open(new DeviceConfiguration { LinkLayerType = reader.LinkType });
            return writer;
        }
        catch (PcapException exception)
        {
            writer.Dispose();
            throw new CannotOpenException(exception.Message);
        }
    }

    private static TimeSpan SinceEpoch(PosixTimeval time) =>
        TimeSpan.FromSeconds((long)time.Seconds) + TimeSpan.FromMicroseconds((long)time.MicroSeconds);

    private const long LongWorkBytes = 16 << 20;

    private sealed class CannotOpenException(string message) : Exception(message);
}
