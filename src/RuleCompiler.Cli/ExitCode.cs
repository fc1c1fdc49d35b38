namespace RuleCompiler.Cli;

/// <summary>What the process ends with; part of the contract with scripts.</summary>
internal static class ExitCode
{
    public const int Fine = 0;

    /// <summary>The input has errors, or a check failed; what could be done was done.</summary>
    public const int Findings = 1;

    /// <summary>The command line is wrong, or an input cannot be read at all.</summary>
    public const int BadInput = 2;

    /// <summary>The machine lacks a library or tool, or room for what was asked.</summary>
    public const int MachineLacks = 3;

    /// <summary>A bug: EX_SOFTWARE of sysexits.h.</summary>
    public const int InternalError = 70;

    /// <summary>128 + SIGINT, as shells report it.</summary>
    public const int Interrupted = 130;
}
