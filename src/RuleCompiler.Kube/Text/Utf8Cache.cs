using System.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>
/// Makes strings of UTF-8 and gives the same one for the same short text as long as no other text takes its slot:
/// nearly all
/// of a cluster's text are a few hundred keys and words.
/// </summary>
internal sealed class Utf8Cache
{
    private const int Slots = 4096;
    private const int TextBytesMax = 48;

    private readonly string?[] _slots = new string?[Slots];

    public string Text(ReadOnlySpan<byte> utf8)
    {
        if (utf8.IsEmpty) return "";
        if (utf8.Length > TextBytesMax) return Encoding.UTF8.GetString(utf8);
        ref var slot = ref _slots[SlotOf(utf8)];
        if (slot is null || !Ascii.Equals(utf8, slot)) slot = Encoding.UTF8.GetString(utf8);
        return slot;
    }

    /// <summary>FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv); which text has which slot never shows.</summary>
    private static int SlotOf(ReadOnlySpan<byte> utf8)
    {
        var hash = 2166136261u;
        foreach (var unit in utf8) hash = (hash ^ unit) * 16777619u;
        return (int)((hash ^ (hash >> 15)) % Slots);
    }
}
