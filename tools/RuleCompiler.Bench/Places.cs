using RuleCompiler.Linux;

namespace RuleCompiler.Bench;

/// <summary>Network namespaces in which figures are measured.</summary>
internal static class Places
{
    /// <summary>A namespace whose loopback interface is up.</summary>
    public static NetworkNamespace Create(string role)
    {
        var place = NetworkNamespace.Create("rulec-bench", role);
        place.Exec("ip", "link", "set", "lo", "up");
        return place;
    }

    extension(NetworkNamespace place)
    {
        public void Exec(string program, params string[] arguments) => place.Run(() => Tool.Run(program, arguments));

        /// <summary>Milliseconds that the tool takes to load a text.</summary>
        public double Load(Dataplane plane, string text) =>
            place.Run(() => Measure.Milliseconds(() => plane.Tool.Restore(text)));
    }
}
