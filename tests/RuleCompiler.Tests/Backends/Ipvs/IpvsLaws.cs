using RuleCompiler.Backends;
using RuleCompiler.Backends.Ipvs;

namespace RuleCompiler.Tests.Backends.Ipvs;

public sealed class IpvsLaws : BackendLaws<IpvsArtifact, IpvsStep>
{
    protected override Backend<IpvsArtifact, IpvsStep> Backend => IpvsBackend.Instance;
}
