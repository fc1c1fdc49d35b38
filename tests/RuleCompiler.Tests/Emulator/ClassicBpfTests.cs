using RuleCompiler.Backends.Iptables;
using RuleCompiler.Emulator;
using Xunit;

namespace RuleCompiler.Tests.Emulation;

public sealed class ClassicBpfTests
{
    private static readonly byte[] Packet = [0x45, 2, 3, 4, 0xFF, 0xFE, 0xFD, 0xFC];

    private static BpfInstruction[] Program(params (int Code, int True, int False, uint K)[] lines) =>
        lines.Select(line => new BpfInstruction((ushort)line.Code, (byte)line.True, (byte)line.False, line.K)).ToArray();

    /// <summary>A = k1; A = A op k2; return A.</summary>
    [Theory]
    [InlineData(0x04, 7u, 9u, 16u)]
    [InlineData(0x04, 0xFFFFFFFFu, 2u, 1u)]
    [InlineData(0x14, 7u, 9u, 0xFFFFFFFEu)]
    [InlineData(0x24, 0x10000u, 0x10001u, 0x10000u)]
    [InlineData(0x34, 100u, 7u, 14u)]
    [InlineData(0x94, 100u, 7u, 2u)]
    [InlineData(0x44, 0xF0u, 0x0Fu, 0xFFu)]
    [InlineData(0x54, 0xF5u, 0x0Fu, 0x05u)]
    [InlineData(0xa4, 0xFFu, 0x0Fu, 0xF0u)]
    [InlineData(0x64, 1u, 31u, 0x80000000u)]
    [InlineData(0x74, 0x80000000u, 31u, 1u)]
    [InlineData(0x84, 1u, 0u, 0xFFFFFFFFu)]
    public void Arithmetic_by_a_constant_and_by_X_agree(int code, uint a, uint k, uint result)
    {
        Assert.Equal(result, Run(Program((0x00, 0, 0, a), (code, 0, 0, k), (0x16, 0, 0, 0))));
        if (code == 0x84) return;
        Assert.Equal(result, Run(Program((0x01, 0, 0, k), (0x00, 0, 0, a), (code | 0x08, 0, 0, 0), (0x16, 0, 0, 0))));
    }

    [Theory]
    [InlineData(0x20, 0u, 0x45020304u)]
    [InlineData(0x20, 4u, 0xFFFEFDFCu)]
    [InlineData(0x28, 6u, 0xFDFCu)]
    [InlineData(0x30, 7u, 0xFCu)]
    [InlineData(0x20, 5u, 0u)]
    [InlineData(0x30, 8u, 0u)]
    [InlineData(0x30, 0x7FFFFFFFu, 0u)]
    [InlineData(0x80, 0u, 8u)]
    public void Loads_are_big_endian_and_end_the_program_beyond_the_packet(int code, uint k, uint result) =>
        Assert.Equal(result, Run(Program((code, 0, 0, k), (0x16, 0, 0, 0))));

    [Theory]
    [InlineData(0x15, 5u, 5u, true)]
    [InlineData(0x15, 5u, 6u, false)]
    [InlineData(0x25, 6u, 5u, true)]
    [InlineData(0x25, 0x80000000u, 1u, true)]
    [InlineData(0x35, 5u, 5u, true)]
    [InlineData(0x35, 4u, 5u, false)]
    [InlineData(0x45, 6u, 3u, true)]
    [InlineData(0x45, 4u, 3u, false)]
    public void Jumps_compare_unsigned(int code, uint a, uint k, bool taken)
    {
        var end = new[] { (0x06, 0, 0, 1u), (0x06, 0, 0, 0u) };
        Assert.Equal(taken ? 1u : 0, Run(Program([(0x00, 0, 0, a), (code, 0, 1, k), .. end])));
        Assert.Equal(taken ? 1u : 0, Run(Program([(0x01, 0, 0, k), (0x00, 0, 0, a), (code | 8, 0, 1, 0u), .. end])));
    }

    [Fact]
    public void Memory_indexed_loads_and_transfers()
    {
        // X = 4 * (packet[0] & 15) = 20, beyond; memory keeps 2; packet[2 + 4] = 0xFD.
        Assert.Equal(0xFDu, Run(Program(
            (0x00, 0, 0, 2), (0x02, 0, 0, 15), (0xb1, 0, 0, 0), (0x61, 0, 0, 15), (0x50, 0, 0, 4), (0x16, 0, 0, 0))));
        Assert.Equal(20u, Run(Program((0xb1, 0, 0, 0), (0x87, 0, 0, 0), (0x16, 0, 0, 0))));
        Assert.Equal(9u, Run(Program((0x00, 0, 0, 9), (0x07, 0, 0, 0), (0x00, 0, 0, 1), (0x87, 0, 0, 0), (0x16, 0, 0, 0))));
        Assert.Equal(3u, Run(Program((0x05, 0, 0, 1), (0x06, 0, 0, 2), (0x06, 0, 0, 3))));
    }

    [Fact]
    public void Division_by_a_zero_X_ends_the_program_with_zero() =>
        Assert.Equal(0u, Run(Program((0x00, 0, 0, 9), (0x3c, 0, 0, 0), (0x06, 0, 0, 7))));

    public static TheoryData<string, BpfInstruction[]> Unsound() => new()
    {
        { "empty", [] },
        { "no return at the end", Program((0x00, 0, 0, 1)) },
        { "jump beyond the end", Program((0x15, 0, 1, 0), (0x06, 0, 0, 0)) },
        { "long jump beyond the end", Program((0x05, 0, 0, 1), (0x06, 0, 0, 0)) },
        { "division by zero", Program((0x34, 0, 0, 0), (0x06, 0, 0, 0)) },
        { "shift too far", Program((0x64, 0, 0, 32), (0x06, 0, 0, 0)) },
        { "memory word", Program((0x60, 0, 0, 16), (0x06, 0, 0, 0)) },
        { "kernel extension", Program((0x20, 0, 0, 0xFFFFF000), (0x06, 0, 0, 0)) },
        { "unknown code", Program((0xFF, 0, 0, 0), (0x06, 0, 0, 0)) },
        { "code beyond a byte", Program((0x106, 0, 0, 0), (0x06, 0, 0, 0)) },
        { "too long", Enumerable.Repeat(new BpfInstruction(0x06, 0, 0, 0), 65).ToArray() },
    };

    [Theory]
    [MemberData(nameof(Unsound), DisableDiscoveryEnumeration = true)]
    public void Unsound_programs_are_refused(string what, BpfInstruction[] program) =>
        Assert.False(ClassicBpf.FindFault(program) is null, what);

    [Fact]
    public void Whatever_the_checker_accepts_runs_to_an_end()
    {
        var random = new Random(1);
        int[] codes =
        [
            0x00, 0x20, 0x28, 0x30, 0x40, 0x50, 0x60, 0x80, 0xb1, 0x02, 0x03, 0x05, 0x15, 0x25, 0x3d, 0x45,
            0x04, 0x3c, 0x7c, 0x84, 0x07, 0x87, 0x06, 0x16,
        ];
        var accepted = 0;
        for (var i = 0; i < 20_000; i++)
        {
            var program = Enumerable.Range(0, random.Next(1, 9))
                .Select(_ => new BpfInstruction(
                    (ushort)codes[random.Next(codes.Length)], (byte)random.Next(4), (byte)random.Next(4), (uint)random.Next(24)))
                .Append(new BpfInstruction(0x06, 0, 0, 1)).ToArray();
            if (ClassicBpf.FindFault(program) is not null) continue;
            ClassicBpf.Run(program, Packet);
            accepted++;
        }

        Assert.True(accepted > 1000);
    }

    private static uint Run(BpfInstruction[] program)
    {
        Assert.Null(ClassicBpf.FindFault(program));
        return ClassicBpf.Run(program, Packet);
    }
}
