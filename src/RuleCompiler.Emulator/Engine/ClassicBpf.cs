using System.Buffers.Binary;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Emulator;

/// <summary>
/// Classic BPF as -m bpf runs it: over the packet from its IP header (net/netfilter/xt_bpf.c:bpf_mt @v6.1; opcodes
/// include/uapi/linux/bpf_common.h; behaviour Documentation/networking/filter.rst).
/// </summary>
internal static class ClassicBpf
{
    /// <summary>BPF_MEMWORDS.</summary>
    private const int MemoryWords = 16;

    /// <summary>XT_BPF_MAX_NUM_INSTR (include/uapi/linux/netfilter/xt_bpf.h @v6.1).</summary>
    private const int InstructionsMax = 64;

    // Class | size or operation | mode or source (include/uapi/linux/bpf_common.h, filter.h @v6.1).
    private const ushort LoadWordAbsolute = 0x20, LoadHalfAbsolute = 0x28, LoadByteAbsolute = 0x30;
    private const ushort LoadWordIndexed = 0x40, LoadHalfIndexed = 0x48, LoadByteIndexed = 0x50;
    private const ushort LoadImmediate = 0x00, LoadMemory = 0x60, LoadLength = 0x80;
    private const ushort LoadXImmediate = 0x01, LoadXMemory = 0x61, LoadXLength = 0x81, LoadXHeaderLength = 0xb1;
    private const ushort Store = 0x02, StoreX = 0x03;
    private const ushort JumpAlways = 0x05, ReturnConstant = 0x06, ReturnAccumulator = 0x16;
    private const ushort TransferToX = 0x07, TransferToA = 0x87;

    /// <summary>
    /// SKF_AD_OFF, SKF_NET_OFF and SKF_LL_OFF are negative offsets: kernel extensions, not packet bytes.
    /// </summary>
    private const uint ExtensionOffsets = 0x80000000;

    /// <summary>
    /// Null for a program that bpf_check_classic accepts (net/core/filter.c @v6.1), else what is wrong.
    /// </summary>
    public static string? FindFault(ReadOnlySpan<BpfInstruction> program)
    {
        if (program.IsEmpty) return "an empty BPF program";
        if (program.Length > InstructionsMax)
            return $"a BPF program of {program.Length} instructions (at most {InstructionsMax} fit)";
        for (var at = 0; at < program.Length; at++)
        {
            if (FaultOf(program[at], program.Length - at - 1) is { } fault) return $"{fault} in BPF instruction {at}";
        }

        return program[^1].Code is ReturnConstant or ReturnAccumulator ? null : "a BPF program that does not end with a return";
    }

    /// <summary>The program's result; a load beyond the packet ends it with 0.</summary>
    public static uint Run(ReadOnlySpan<BpfInstruction> program, ReadOnlySpan<byte> packet)
    {
        Span<uint> memory = stackalloc uint[MemoryWords];
        uint a = 0, x = 0;
        for (var at = 0; ; at++)
        {
            var line = program[at];
            switch (line.Code)
            {
                case LoadWordAbsolute or LoadHalfAbsolute or LoadByteAbsolute:
                    if (!TryLoad(packet, line.K, Size(line.Code), out a)) return 0;
                    break;
                case LoadWordIndexed or LoadHalfIndexed or LoadByteIndexed:
                    if (!TryLoad(packet, (ulong)x + line.K, Size(line.Code), out a)) return 0;
                    break;
                case LoadImmediate: a = line.K; break;
                case LoadMemory: a = memory[(int)line.K]; break;
                case LoadLength: a = (uint)packet.Length; break;
                case LoadXImmediate: x = line.K; break;
                case LoadXMemory: x = memory[(int)line.K]; break;
                case LoadXLength: x = (uint)packet.Length; break;
                case LoadXHeaderLength:
                    if (!TryLoad(packet, line.K, 1, out x)) return 0;
                    x = (x & 0xf) << 2;
                    break;
                case Store: memory[(int)line.K] = a; break;
                case StoreX: memory[(int)line.K] = x; break;
                case TransferToX: x = a; break;
                case TransferToA: a = x; break;
                case ReturnConstant: return line.K;
                case ReturnAccumulator: return a;
                case JumpAlways: at += (int)line.K; break;
                default:
                    var operand = (line.Code & 0x08) == 0 ? line.K : x;
                    if ((line.Code & 0x07) == 0x05)
                        at += Jumps(line.Code, a, operand) ? line.JumpTrue : line.JumpFalse;
                    else if (!TryCompute(line.Code, a, operand, out a))
                        return 0;
                    break;
            }
        }
    }

    private static string? FaultOf(BpfInstruction line, int remaining)
    {
        switch (line.Code)
        {
            case LoadWordAbsolute or LoadHalfAbsolute or LoadByteAbsolute or LoadXHeaderLength:
                return line.K >= ExtensionOffsets ? "a kernel extension load, which is not emulated" : null;
            case LoadWordIndexed or LoadHalfIndexed or LoadByteIndexed:
            case LoadImmediate or LoadLength or LoadXImmediate or LoadXLength:
            case TransferToX or TransferToA or ReturnConstant or ReturnAccumulator:
                return null;
            case LoadMemory or LoadXMemory or Store or StoreX:
                return line.K < MemoryWords ? null : $"memory word {line.K}";
            case JumpAlways:
                return line.K < remaining ? null : "a jump out of the program";
        }

        var operation = line.Code & 0xf0;
        var constant = (line.Code & 0x08) == 0;
        if (line.Code > 0xff) return $"unknown code 0x{line.Code:x}";
        switch (line.Code & 0x07)
        {
            // BPF_JEQ, BPF_JGT, BPF_JGE, BPF_JSET.
            case 0x05 when operation is 0x10 or 0x20 or 0x30 or 0x40:
                return line.JumpTrue < remaining && line.JumpFalse < remaining ? null : "a jump out of the program";

            // BPF_ADD to BPF_XOR; BPF_NEG has no operand.
            case 0x04 when operation <= 0xa0 && (operation != 0x80 || constant):
                if (constant && operation is 0x30 or 0x90 && line.K == 0) return "a division by zero";
                return constant && operation is 0x60 or 0x70 && line.K > 31 ? $"a shift by {line.K}" : null;
            default:
                return $"unknown code 0x{line.Code:x}";
        }
    }

    private static int Size(ushort code) => (code & 0x18) switch
    {
        0x00 => 4,
        0x08 => 2,
        _ => 1,
    };

    private static bool TryLoad(ReadOnlySpan<byte> packet, ulong offset, int size, out uint value)
    {
        value = 0;
        if (offset + (ulong)size > (ulong)packet.Length) return false;
        var bytes = packet.Slice((int)offset, size);
        value = size switch
        {
            4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
            _ => bytes[0],
        };
        return true;
    }

    private static bool Jumps(ushort code, uint a, uint operand) => (code & 0xf0) switch
    {
        0x10 => a == operand,
        0x20 => a > operand,
        0x30 => a >= operand,
        _ => (a & operand) != 0,
    };

    /// <summary>
    /// False for a division by a zero X, which ends the program with 0. Shifts by X use its low five bits.
    /// </summary>
    private static bool TryCompute(ushort code, uint a, uint operand, out uint result)
    {
        var operation = code & 0xf0;
        result = 0;
        if (operation is 0x30 or 0x90 && operand == 0) return false;
        result = operation switch
        {
            0x00 => a + operand,
            0x10 => a - operand,
            0x20 => a * operand,
            0x30 => a / operand,
            0x40 => a | operand,
            0x50 => a & operand,
            0x60 => a << (int)(operand & 31),
            0x70 => a >> (int)(operand & 31),
            0x80 => 0 - a,
            0x90 => a % operand,
            _ => a ^ operand,
        };
        return true;
    }
}
