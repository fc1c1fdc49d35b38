using System.Text;

namespace RuleCompiler.Backends.Iptables;

internal static class Comments
{
    /// <summary>
    /// Bytes of a comment without its closing zero (include/uapi/linux/netfilter/xt_comment.h:XT_MAX_COMMENT_LEN @v6.1).
    /// Names of valid objects never reach it: 191 bytes of ns/name:port and at most 60 around them.
    /// </summary>
    public const int BytesMax = 255;

    /// <summary>The comment, or as much of it as fits.</summary>
    public static string Clip(string comment)
    {
        if (comment.Length * 3 <= BytesMax || Encoding.UTF8.GetByteCount(comment) <= BytesMax) return comment;
        var length = Math.Min(comment.Length, BytesMax);
        while (Encoding.UTF8.GetByteCount(comment.AsSpan(0, length)) > BytesMax) length--;
        return comment[..length];
    }
}
