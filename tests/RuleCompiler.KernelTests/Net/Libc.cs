using System.Runtime.InteropServices;

namespace RuleCompiler.KernelTests.Net;

/// <summary>What the framework does not wrap, or wraps only in part.</summary>
internal static partial class Libc
{
    /// <summary>bits/socket.h; the same on every architecture that .NET runs on.</summary>
    public const int AF_INET = 2;
    public const int AF_INET6 = 10;
    public const int SOCK_RAW = 3;

    /// <summary>The framework's Socket refuses protocols that it has no name for, such as SCTP.</summary>
    [LibraryImport("libc", SetLastError = true)]
    public static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    public static partial uint if_nametoindex(string ifname);
}
