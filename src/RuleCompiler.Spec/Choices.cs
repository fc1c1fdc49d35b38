using RuleCompiler.Emulator;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Spec;

/// <summary>Which of a packet's possible endpoints were taken so far, over all runs of a case.</summary>
internal sealed class Choices
{
    private readonly Dictionary<int, HashSet<Endpoint>> _unseen = [];

    /// <summary>Also when no packet of the case had a choice.</summary>
    public bool AllSeen => _unseen.Values.All(endpoints => endpoints.Count == 0);

    public void Note(int step, Distribution? possible, Passage taken)
    {
        if (!_unseen.TryGetValue(step, out var unseen))
        {
            unseen = (possible?.Outcomes ?? []).Select(way => way.Outcome).OfType<Outcome.Translated>()
                .Select(way => way.To).ToHashSet();
            _unseen.Add(step, unseen);
        }

        if (taken.Outcome is Outcome.Translated translated) unseen.Remove(translated.To);
    }
}
