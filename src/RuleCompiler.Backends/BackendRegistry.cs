using RuleCompiler.Backends.Iptables;
using RuleCompiler.Backends.Ipvs;
using RuleCompiler.Backends.Nftables;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends;

/// <summary>Every backend. A new one is a folder beside this file and an entry in <see cref="All"/>.</summary>
public static class BackendRegistry
{
    public static Seq<Backend> All { get; } =
        [IptablesBackend.Instance, IpvsBackend.Instance, NftablesBackend.Instance];

    /// <summary>The backend that implements a mode of the configuration.</summary>
    public static Backend Of(ProxyMode mode) => All.First(backend => backend.Mode == mode);

    /// <summary>Null for a name that no backend has.</summary>
    public static Backend? Named(string name) => All.FirstOrDefault(backend => backend.Name == name);

    /// <summary>
    /// The backend whose tools wrote the text; iptables when no form fits, whose reader then says what is wrong.
    /// </summary>
    public static Backend Recognize(Seq<ArtifactFile> files) =>
        All.FirstOrDefault(backend => backend.Recognizes(files)) ?? IptablesBackend.Instance;
}
