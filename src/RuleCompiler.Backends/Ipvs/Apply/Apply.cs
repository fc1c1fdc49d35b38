using System.Diagnostics;
using RuleCompiler.Ir.Text;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Backends.Ipvs;

/// <content>What the kernel does with a step, on values.</content>
public sealed partial class IpvsBackend
{
    /// <exception cref="InvalidOperationException">A command that the kernel would refuse: a bug of who planned
    /// it.</exception>
    public override IpvsArtifact Apply(IpvsArtifact observed, IpvsStep step) => step switch
    {
        IpvsStep.SetSysctls change => observed with { Sysctls = With(observed.Sysctls, change.Sysctls) },
        IpvsStep.ChangeSets change => observed with { Sets = With(observed.Sets, change.Commands) },
        IpvsStep.ChangeRules change => observed with
        {
            Rules = IptablesBackend.Instance.Apply(observed.Rules, change.Block),
        },
        IpvsStep.ChangeServers change => With(observed, change.Commands),
        IpvsStep.Reap change => With(observed, change.Commands),
        IpvsStep.Bind change => observed with
        {
            Addresses = observed.Addresses.Union(change.Addresses).ToSortedSeq(),
        },
        IpvsStep.Unbind change => observed with
        {
            Addresses = observed.Addresses.Except(change.Addresses).ToSortedSeq(),
        },
        _ => throw new UnreachableException(),
    };

    private static Seq<Sysctl> With(Seq<Sysctl> observed, Seq<Sysctl> changed) => changed
        .Concat(observed).DistinctBy(sysctl => sysctl.Name)
        .OrderBy(sysctl => sysctl.Name, StringComparer.Ordinal).ToSeq();

    private static SortedSeq<IpSet> With(SortedSeq<IpSet> sets, Seq<SetCommand> commands)
    {
        var editor = new SetEditor(sets);
        foreach (var command in commands)
        {
            // Commands other than create are printed without -exist.
            if (editor.Execute(command, exist: command is SetCommand.Create) is { } refusal)
                throw new InvalidOperationException($"{command}: {refusal}");
        }

        return editor.Finish();
    }

    private static IpvsArtifact With(IpvsArtifact observed, IEnumerable<ServerCommand> commands)
    {
        var editor = new ServerEditor(observed.Servers, observed.Timeouts);
        foreach (var command in commands)
        {
            if (editor.Execute(command) is { } refusal) throw new InvalidOperationException($"{command}: {refusal}");
        }

        return observed with { Servers = editor.Finish(), Timeouts = editor.Timeouts };
    }
}
