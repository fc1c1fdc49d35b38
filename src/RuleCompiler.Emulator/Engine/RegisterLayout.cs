using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>
/// Which registers the fields of a concatenation take: one each, or four when they are wider than 32 bits.
/// </summary>
internal sealed class RegisterLayout
{
    private const int RegisterBits = 32, WideWords = 4;

    private readonly int[] _at;
    private readonly int[] _words;

    public RegisterLayout(Seq<int> bits)
    {
        _words = bits.Select(WordsOf).ToArray();
        _at = new int[bits.Count];
        for (var i = 1; i < _at.Length; i++) _at[i] = _at[i - 1] + _words[i - 1];
        Total = _words.Sum();
    }

    public int Total { get; }

    public static int WordsOf(int bits) => bits <= RegisterBits ? 1 : WideWords;

    public int At(int field) => _at[field];

    public int Words(int field) => _words[field];

    public Registers Pack(ReadOnlySpan<UInt128> fields)
    {
        Registers registers = default;
        for (var i = 0; i < fields.Length; i++) registers.Set(_at[i], _words[i], fields[i]);
        return registers;
    }
}
