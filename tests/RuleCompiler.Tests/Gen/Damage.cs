using System.Text;

namespace RuleCompiler.Tests.Gen;

/// <summary>Text with characters changed, left out, doubled or cut off: what a parser must survive.</summary>
internal static class Damage
{
    /// <param name="noise">The characters that stand for a changed one.</param>
    public static string Done(string valid, (ushort At, byte How)[] damages, string noise)
    {
        var text = new StringBuilder(valid);
        foreach (var (place, how) in damages)
        {
            if (text.Length == 0) break;
            var at = place % text.Length;
            switch (how % 4)
            {
                case 0:
                    text[at] = noise[how % noise.Length];
                    break;
                case 1:
                    text.Remove(at, 1);
                    break;
                case 2:
                    text.Insert(at, text.ToString(at, Math.Min(text.Length - at, how)));
                    break;
                default:
                    text.Remove(at, Math.Min(text.Length - at, how));
                    break;
            }
        }

        return text.ToString();
    }
}
