using RuleCompiler.Backends;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class IptablesLaws : BackendLaws<IptablesRuleset, TableBlock>
{
    protected override Backend<IptablesRuleset, TableBlock> Backend => IptablesBackend.Instance;
}
