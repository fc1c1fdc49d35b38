using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Tests.Backends.Iptables;

public sealed class IptablesLaws : RoomLaws<RuleCompiler.Backends.Iptables.Iptables, IptablesRuleset, TableBlock>;
