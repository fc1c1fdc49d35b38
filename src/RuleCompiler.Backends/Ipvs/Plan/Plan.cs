using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Ipvs;

/// <content>From one state to another: README.md argues why no packet sees a third one.</content>
public sealed partial class IpvsBackend
{
    /// <summary>
    /// The steps that turn the observed state into the desired one. Sets, virtual servers, chains and addresses of
    /// others stay as they are.
    /// </summary>
    public override Seq<IpvsStep> Plan(IpvsArtifact observed, IpvsArtifact desired)
    {
        var servers = new ServerPlanner(observed, desired);
        var sets = new SetPlanner(observed, desired);
        var steps = new List<IpvsStep>();
        AddSysctls();
        var addresses = observed.Addresses.ChangesTo(desired.Addresses);
        if (!addresses.Removed.IsEmpty) steps.Add(new IpvsStep.Unbind(addresses.Removed));
        AddServers(servers.Announced);
        AddSets(sets.Before);
        foreach (var block in RulePlanner.Plan(observed.Rules, desired.Rules))
            steps.Add(new IpvsStep.ChangeRules(block));
        AddServers(servers.Changed);
        if (!addresses.Added.IsEmpty) steps.Add(new IpvsStep.Bind(addresses.Added));
        AddSets(sets.After);
        AddServers(servers.Withdrawn);
        if (servers.Drained.Count > 0) steps.Add(new IpvsStep.Reap(servers.Drained.ToSeq()));
        return steps.ToSeq();

        void AddSysctls()
        {
            var wanting = desired.Sysctls.Where(sysctl => !observed.Sysctls.Any(other =>
                (other.Name, other.Value) == (sysctl.Name, sysctl.Value))).ToSeq();
            if (!wanting.IsEmpty) steps.Add(new IpvsStep.SetSysctls(wanting));
        }

        void AddSets(List<SetCommand> commands)
        {
            if (commands.Count > 0) steps.Add(new IpvsStep.ChangeSets(commands.ToSeq()));
        }

        void AddServers(List<ServerCommand> commands)
        {
            if (commands.Count > 0) steps.Add(new IpvsStep.ChangeServers(commands.ToSeq()));
        }
    }
}
