using RuleCompiler.Cli.Replay;
using RuleCompiler.Tests.Gen;
using Xunit;

namespace RuleCompiler.Tests.Cli;

/// <summary>The product's checksums, and those that tests compare them with, against published values.</summary>
public sealed class ChecksumTests
{
    /// <summary>A SCSI Read (10) command PDU of iSCSI. Its bytes 8 to 11 are zero, as SCTP counts its checksum field.</summary>
    private const string Read10 =
        "01C00000" + "00000000" + "00000000" + "00000000" + "14000000" + "00000400" +
        "00000014" + "00000018" + "28000000" + "00000000" + "02000000" + "00000000";

    private static readonly byte[] _zeros = new byte[32];
    private static readonly byte[] _ones = [.. Enumerable.Repeat((byte)0xFF, 32)];
    private static readonly byte[] _rising = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];
    private static readonly byte[] _falling = [.. Enumerable.Range(0, 32).Select(i => (byte)(31 - i))];

    /// <summary>RFC 3720 appendix B.4, which writes the least significant byte first.</summary>
    public static TheoryData<byte[], uint> Vectors { get; } = new()
    {
        { _zeros, 0x8A9136AA },
        { _ones, 0x62A8AB43 },
        { _rising, 0x46DD794E },
        { _falling, 0x113FDB5C },
        { Convert.FromHexString(Read10), 0xD9963A56 },
    };

    [Theory]
    [MemberData(nameof(Vectors))]
    public void The_reference_CRC_has_the_published_values(byte[] bytes, uint crc) =>
        Assert.Equal(crc, ReferenceChecksums.Crc32C(bytes));

    /// <summary>The two vectors whose bytes 8 to 11 are zero; what stands in them does not count.</summary>
    [Theory]
    [InlineData("0000000000000000" + "00000000" + "0000000000000000000000000000000000000000", 0x8A9136AA)]
    [InlineData("0000000000000000" + "DEADBEEF" + "0000000000000000000000000000000000000000", 0x8A9136AA)]
    [InlineData(Read10, 0xD9963A56)]
    public void The_CRC_of_an_SCTP_packet_has_the_published_values(string packet, uint crc) =>
        Assert.Equal(crc, Checksums.Sctp(Convert.FromHexString(packet)));

    /// <summary>A CRC is linear, so the difference of two vectors is the difference of their published values.</summary>
    [Fact]
    public void The_difference_of_two_CRCs_is_that_of_the_published_values()
    {
        Assert.Equal(0x8A9136AAu ^ 0x62A8AB43u, Checksums.SctpDifference(_zeros, _ones, 32));
        Assert.Equal(0x46DD794Eu ^ 0x113FDB5Cu, Checksums.SctpDifference(_rising, _falling, 32));
    }

    /// <summary>Bytes after the changed ones are the same before and after, whatever they are.</summary>
    [Fact]
    public void The_difference_counts_the_bytes_that_did_not_change()
    {
        byte[] before = [1, 2, 3, 4, .. _rising], after = [9, 8, 7, 6, .. _rising];
        Assert.Equal(
            ReferenceChecksums.Crc32C(before) ^ ReferenceChecksums.Crc32C(after),
            Checksums.SctpDifference(before.AsSpan(0, 4), after.AsSpan(0, 4), before.Length));
    }

    /// <summary>The example of RFC 1071 §3.</summary>
    [Fact]
    public void The_internet_checksum_is_that_of_the_RFC()
    {
        byte[] example = [0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7];
        const ushort Published = unchecked((ushort)~0xDDF2);
        Assert.Equal(Published, Checksums.Fold(Checksums.Sum(example)));
        Assert.Equal(Published, ReferenceChecksums.Internet(example));
    }
}
