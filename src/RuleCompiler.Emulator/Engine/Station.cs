namespace RuleCompiler.Emulator;

internal enum StationKind : byte
{
    Track,
    Rules,
    Nat,
}

/// <summary>What a hook does to a packet, in order of priority.</summary>
/// <param name="Base">Index into <see cref="Program.Bases"/>; -1 for conntrack.</param>
internal readonly record struct Station(StationKind Kind, int Base)
{
    /// <summary>Per hook, in the order of the enum.</summary>
    public static Station[][] Of(Program program)
    {
        var hooks = Enum.GetValues<Hook>();
        var result = new Station[hooks.Length][];
        foreach (var hook in hooks)
        {
            var entries = new List<(int Priority, Station Station)>();
            if (hook is Hook.Prerouting or Hook.Output)
                entries.Add((BuiltinChains.ConntrackPriority, new Station(StationKind.Track, -1)));
            for (var i = 0; i < program.Bases.Count; i++)
            {
                var chain = program.Bases[i];
                if (chain.Hook != hook) continue;
                entries.Add((chain.Priority, new Station(chain.Kind == ChainKind.Nat ? StationKind.Nat : StationKind.Rules, i)));
            }

            result[(int)hook] = entries.OrderBy(entry => entry.Priority).Select(entry => entry.Station).ToArray();
        }

        return result;
    }
}
