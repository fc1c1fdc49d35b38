using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Kube.Text;

namespace RuleCompiler.Kube.Config;

/// <summary>One map of the configuration. Members that nobody asked for are not fields of it.</summary>
internal sealed class ConfigSection(Value map)
{
    private readonly HashSet<string> _fields = new(StringComparer.Ordinal);

    public Value this[string name]
    {
        get
        {
            _fields.Add(name);
            return map[name];
        }
    }

    public ConfigSection Section(string name) => new(this[name].AsMap());

    /// <summary>To be called after all fields were read.</summary>
    public void WarnUnknown()
    {
        foreach (var (name, value) in map.Members())
        {
            if (_fields.Contains(name)) continue;
            var place = value.KeyLocation;
            map.Report.Add(DiagnosticCatalog.UnknownConfigField, place.Line, place.Column,
                $"found the field {Words.Quote(name)}, expected one of " +
                Words.List(_fields.Order(StringComparer.Ordinal)),
                "correct or remove it; it has no effect");
        }
    }

    public string Text(string name, string fallback = "") =>
        this[name].AsText() is { Length: > 0 } text ? text : fallback;

    public bool Flag(string name, bool fallback = false) => this[name].AsFlag() ?? fallback;

    public int Integer(string name, int fallback, int min, int max) =>
        (int)(this[name].AsInteger(min, max) ?? fallback);

    /// <summary>Zero is as good as absent, as upstream's defaulting has it (v1alpha1/defaults.go @v1.36).</summary>
    public TimeSpan Period(string name, TimeSpan fallback) =>
        Duration(name, TimeSpan.Zero) is var period && period == TimeSpan.Zero ? fallback : period;

    /// <summary>Not negative.</summary>
    public TimeSpan Duration(string name, TimeSpan fallback)
    {
        var value = this[name];
        if (value.AsText() is not { } text) return fallback;
        if (!GoDuration.TryParse(text, out var duration))
        {
            value.Fail(DiagnosticCatalog.InvalidDuration, Words.Quote(text), "a duration such as 30s or 1h2m3.5s");
            return fallback;
        }

        if (duration >= TimeSpan.Zero) return duration;
        value.Fail(DiagnosticCatalog.OutOfRange, Words.Quote(text), "a duration that is not negative");
        return fallback;
    }

    public Seq<Prefix> Prefixes(string name)
    {
        var prefixes = new List<Prefix>();
        foreach (var item in this[name].Items())
        {
            if (item.AsPrefix() is { } prefix) prefixes.Add(prefix);
        }

        return prefixes.ToSeq();
    }
}
