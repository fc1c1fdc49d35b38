using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Emulator.Modes;

/// <summary>Every mode that can be compiled and emulated.</summary>
public static class ProxyModes
{
    public static Seq<IMode> All { get; } =
    [
        new Mode<Iptables, IptablesRuleset, TableBlock>(ProxyMode.Iptables, IptablesTranslator.TryTranslate),
        new Mode<Ipvs, IpvsArtifact, IpvsStep>(
            ProxyMode.Ipvs, IpvsTranslator.TryTranslate, step => step is IpvsStep.Reap, Ipvs.ToolOf),
        new Mode<Nftables, NftRuleset, NftTransaction>(
            ProxyMode.Nftables, NftablesTranslator.TryTranslate, printTakeOver: Nftables.PrintTakeOver),
    ];

    public static IMode Of(ProxyMode mode) => All.First(one => one.Mode == mode);

    /// <summary>Null for a name that no mode has.</summary>
    public static IMode? Named(string name) => All.FirstOrDefault(mode => mode.Name == name);
}
