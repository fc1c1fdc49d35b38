using RuleCompiler.Backends.Nftables;

namespace RuleCompiler.Tests.Backends.Nftables;

public sealed class NftablesLaws : RoomLaws<RuleCompiler.Backends.Nftables.Nftables, NftRuleset, NftTransaction>;
