using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace RuleCompiler.Emulator;

/// <summary>
/// The 16 registers of 32 bits that nftables expressions work in (NFT_REG32_COUNT of net/netfilter/nf_tables.h
/// @v6.1), and thereby the key of a set: fields lie one after the other, each in whole registers. Values are in host
/// order, the low word first.
/// </summary>
[InlineArray(Count)]
internal struct Registers : IEquatable<Registers>
{
    public const int Count = 16;
    private uint _first;

    public readonly UInt128 Get(int at, int words) => words == 1
        ? this[at]
        : new UInt128(this[at + 2] | ((ulong)this[at + 3] << 32), this[at] | ((ulong)this[at + 1] << 32));

    public void Set(int at, int words, UInt128 value)
    {
        this[at] = (uint)value;
        if (words == 1) return;
        this[at + 1] = (uint)(value >> 32);
        this[at + 2] = (uint)(value >> 64);
        this[at + 3] = (uint)(value >> 96);
    }

    /// <summary>These registers at the front, zeros behind them.</summary>
    public readonly Registers Part(int at, int words)
    {
        Registers result = default;
        ((ReadOnlySpan<uint>)this).Slice(at, words).CopyTo(result);
        return result;
    }

    public void Put(int at, in Registers data, int words) =>
        ((ReadOnlySpan<uint>)data)[..words].CopyTo(((Span<uint>)this)[at..]);

    public readonly bool Equals(Registers other) => ((ReadOnlySpan<uint>)this).SequenceEqual(other);

    public override readonly bool Equals(object? obj) => obj is Registers other && Equals(other);

    public override readonly int GetHashCode()
    {
        ulong hash = 0;
        foreach (var part in MemoryMarshal.Cast<uint, ulong>(this))
            hash = (ulong.RotateLeft(hash, 23) ^ part) * 0x9E3779B97F4A7C15;
        return (int)(hash >> 32);
    }
}
