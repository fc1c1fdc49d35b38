using RuleCompiler.Backends;
using RuleCompiler.Backends.Nftables;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class NftablesLaws : BackendLaws<NftRuleset, NftTransaction>
{
    protected override Backend<NftRuleset, NftTransaction> Backend => NftablesBackend.Instance;
}
