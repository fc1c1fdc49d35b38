using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator;

/// <summary>Text or an artifact ---> the program that the emulator runs.</summary>
public static class PacketPrograms
{
    /// <summary>Text, ours or a dump. The program is null exactly when a diagnostic is an error.</summary>
    public static (PacketProgram? Program, Seq<Diagnostic> Diagnostics) Load(
        Backend backend, Seq<ArtifactFile> files, Family family)
    {
        var parsed = backend.Read(files, family);
        if (parsed.HasErrors) return (null, parsed.Diagnostics);
        var (program, diagnostics) = TryTranslate(parsed.Artifact);
        return (program, parsed.Diagnostics.Concat(diagnostics).ToSeq());
    }

    /// <summary>
    /// By the artifact's type: a backend whose artifact is made of known rules needs no entry here. The program is null
    /// exactly when a diagnostic is an error.
    /// </summary>
    /// <exception cref="NotSupportedException">The emulator has no translator for the type.</exception>
    public static (PacketProgram? Program, Seq<Diagnostic> Diagnostics) TryTranslate(object artifact) => artifact switch
    {
        IptablesRuleset ruleset => IptablesTranslator.TryTranslate(ruleset),
        NftRuleset ruleset => NftablesTranslator.TryTranslate(ruleset),
        IpvsArtifact ipvs => IpvsTranslator.TryTranslate(ipvs),
        _ => throw new NotSupportedException($"the emulator has no translator for {artifact.GetType()}"),
    };

    /// <summary>An artifact that is known to be sound, such as our own.</summary>
    /// <exception cref="ArgumentException">It cannot run.</exception>
    /// <exception cref="NotSupportedException">As for <see cref="TryTranslate"/>.</exception>
    public static PacketProgram Translate(object artifact)
    {
        var (program, diagnostics) = TryTranslate(artifact);
        return program ?? throw new ArgumentException(
            $"this artifact cannot run: {string.Join("; ", diagnostics)}", nameof(artifact));
    }
}
