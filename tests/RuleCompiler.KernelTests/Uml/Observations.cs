using RuleCompiler.KernelTests.Packets;
using RuleCompiler.KernelTests.Probing;

namespace RuleCompiler.KernelTests.Uml;

/// <summary>What was seen of a scene's probes, and what the programs in it printed.</summary>
internal sealed record Observations(ILookup<uint, Sighting> Sightings, IReadOnlyList<string> Said)
{
    public static Observations Parse(string text)
    {
        var (sightings, said) = (new List<Sighting>(), new List<string>());
        foreach (var line in text.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.StartsWith("| ", StringComparison.Ordinal))
                said.Add(line[2..]);
            else if (line.StartsWith("lost ", StringComparison.Ordinal) && line != "lost 0")
                throw new InvalidOperationException($"the scene's own sockets {line}");
            else if (line.StartsWith("seen ", StringComparison.Ordinal) && Read(line.Split(' ')) is { } sighting)
                sightings.Add(sighting);
        }

        return new Observations(sightings.ToLookup(sighting => sighting.Packet.Number), said);
    }

    public Ending EndingOf(uint number, Probe probe) => Ending.Of(probe.Tuple, [.. Sightings[number]]);

    /// <param name="words">seen PLACE HEX: a frame, or at the node's own sockets a packet.</param>
    private static Sighting? Read(string[] words)
    {
        var (place, bytes) = (words[1], Convert.FromHexString(words[2]));
        var packet = place == "-" ? ProbeReader.ReadPacket(bytes) : ProbeReader.ReadFrame(bytes);
        return packet is { } seen ? new Sighting(place == "-" ? null : place, seen) : null;
    }
}
