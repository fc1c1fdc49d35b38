using RuleCompiler.Backends.Ipvs;

namespace RuleCompiler.Tests.Backends.Ipvs;

public sealed class IpvsLaws : RoomLaws<RuleCompiler.Backends.Ipvs.Ipvs, IpvsArtifact, IpvsStep>;
