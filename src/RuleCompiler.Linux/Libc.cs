using System.Runtime.InteropServices;

namespace RuleCompiler.Linux;

/// <summary>System calls that the framework does not wrap.</summary>
internal static partial class Libc
{
    /// <summary>include/uapi/linux/sched.h.</summary>
    public const int CLONE_NEWNET = 0x40000000;

    /// <summary>Moves the calling thread into a namespace (setns(2)).</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int setns(SafeHandle fd, int nstype);
}
