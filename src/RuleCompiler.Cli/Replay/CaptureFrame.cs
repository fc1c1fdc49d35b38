using PacketDotNet;

namespace RuleCompiler.Cli.Replay;

/// <summary>The way from a captured frame to its IP packet.</summary>
internal static class CaptureFrame
{
    /// <summary>Byte offset of the IP header behind whatever link layer, or null when there is none.</summary>
    public static int? IpStartOf(LinkLayers link, byte[] frame)
    {
        try
        {
            // PacketDotNet 1.4.8 writes shorter lengths into the headers of what was cut off: it gets a copy.
            var packet = Packet.ParsePacket(link, frame.ToArray());
            for (; packet is not null; packet = packet.PayloadPacket)
                if (packet is IPPacket) return packet.BytesSegment.Offset;
            return null;
        }
        catch (Exception exception) when (
            exception is IndexOutOfRangeException or ArgumentException or InvalidOperationException
            or NotImplementedException or NotSupportedException or OverflowException or NullReferenceException)
        {
            // PacketDotNet 1.4.8 indexes past the end of frames that were cut off (dotnet-libs §6).
            return null;
        }
    }

    /// <summary>Frames that begin with two hardware addresses, which an answer exchanges.</summary>
    public static bool HasAddresses(LinkLayers link) => link == LinkLayers.Ethernet;
}
