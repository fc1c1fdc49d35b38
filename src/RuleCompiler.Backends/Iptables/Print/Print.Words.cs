using System.Buffers;

namespace RuleCompiler.Backends.Iptables;

/// <content>Words as iptables-restore splits and unquotes them, and the lengths that it and the kernel allow.</content>
public sealed partial class IptablesBackend
{
    /// <summary>
    /// XT_EXTENSION_MAXNAMELEN is 29 with the final NUL (include/uapi/linux/netfilter/x_tables.h @v6.1).
    /// </summary>
    internal const int ChainNameCharsMax = 28;

    /// <summary>
    /// XT_MAX_COMMENT_LEN is 256 with the final NUL (include/uapi/linux/netfilter/xt_comment.h @v6.1).
    /// </summary>
    internal const int CommentBytesMax = 255;

    /// <summary>IFNAMSIZ is 16 with the final NUL (include/uapi/linux/if.h @v6.1).</summary>
    internal const int InterfaceCharsMax = 15;

    /// <summary>
    /// XT_RECENT_NAME_LEN is 200 with the final NUL (include/uapi/linux/netfilter/xt_recent.h @v6.1).
    /// </summary>
    internal const int RecentNameCharsMax = 199;

    /// <summary>
    /// Linux 6.18 says "larger than allowed maximum (65535)"; older kernels allow 255 (net/netfilter/xt_recent.c).
    /// </summary>
    internal const int RecentHitCountMax = 65_535;

    /// <summary>
    /// NFACCT_NAME_MAX is 32 with the final NUL (include/uapi/linux/netfilter/nfnetlink_acct.h @v6.1).
    /// </summary>
    internal const int NfacctNameCharsMax = 31;

    /// <summary>XT_BPF_MAX_NUM_INSTR (include/uapi/linux/netfilter/xt_bpf.h @v6.1).</summary>
    internal const int BpfInstructionsMax = 64;

    private static readonly SearchValues<char> PlainChars =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.:/+@,");

    /// <summary>
    /// Targets of the kernel's own and of extensions that this backend knows: no chain can have these names.
    /// </summary>
    internal static bool IsTargetName(ReadOnlySpan<char> name) =>
        name is "ACCEPT" or "DROP" or "RETURN" or "QUEUE" or "REJECT" or "DNAT" or "MASQUERADE" or "MARK";

    /// <summary>
    /// Printable ASCII without spaces and quotes, not starting with - or ! (iptables/xshared.c:assert_valid_chain_name
    /// @iptables 1.8.9; quotes it takes, but its own restore cannot read them back).
    /// </summary>
    internal static bool IsChainName(ReadOnlySpan<char> name) =>
        name.Length is > 0 and <= ChainNameCharsMax && name[0] is not ('-' or '!') &&
        !name.ContainsAnyExceptInRange('!', '~') && !name.Contains('"') && !IsTargetName(name);

    private static void PrintChainName(ArtifactWriter writer, string name)
    {
        if (!IsChainName(name)) throw Unprintable($"the chain name '{name}'");
        writer.Write(name);
    }

    /// <summary>A name that may hold any printable character; quoted only where it has to be.</summary>
    private static void PrintWord(ArtifactWriter writer, string word)
    {
        if (word.Length > 0 && !word.AsSpan().ContainsAnyExcept(PlainChars))
            writer.Write(word);
        else
            PrintQuoted(writer, word);
    }

    /// <summary>
    /// In quotes only \ and " are special; "" is no argument at all
    /// (iptables/xshared.c:add_param_to_argv @iptables 1.8.9).
    /// </summary>
    private static void PrintQuoted(ArtifactWriter writer, string text)
    {
        if (text.Length == 0) throw Unprintable("an empty word");
        if (ContainsControl(text)) throw Unprintable($"the control character in '{text}'");
        writer.Write('"');
        var rest = text.AsSpan();
        while (rest.IndexOfAny('"', '\\') is var at and >= 0)
        {
            writer.Write(rest[..at]);
            writer.Write('\\');
            writer.Write(rest[at]);
            rest = rest[(at + 1)..];
        }

        writer.Write(rest);
        writer.Write('"');
    }

    internal static bool ContainsControl(ReadOnlySpan<char> text) =>
        text.ContainsAnyInRange('\0', '\x1f') || text.Contains('\x7f');

    private static InvalidOperationException Unprintable(string what) => new($"no iptables text expresses {what}");
}
