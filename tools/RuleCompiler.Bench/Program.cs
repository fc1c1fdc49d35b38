using RuleCompiler.Bench;

// The children that ConnectBench and InProcessBench start.
switch (args)
{
    case ["connect-worker", .. var rest]:
        return ConnectBench.Worker(rest);
    case ["serve-worker"]:
        return ConnectBench.Server();
    case ["yaml-worker"]:
        return InProcessBench.YamlWorker();
}

var groups = new Dictionary<string, Func<IEnumerable<Row>>>
{
    ["text"] = InProcessBench.Text,
    ["yaml"] = InProcessBench.Yaml,
    ["parse"] = InProcessBench.Parse,
    ["emulator"] = InProcessBench.Emulate,
    ["restore"] = RestoreBench.Full,
    ["change"] = RestoreBench.Change,
    ["connect"] = ConnectBench.Run,
};
var chosen = args.Length == 0 ? [.. groups.Keys] : args;
if (chosen.FirstOrDefault(name => !groups.ContainsKey(name)) is { } unknown)
{
    Console.Error.WriteLine($"unknown benchmark '{unknown}'; there are {string.Join(", ", groups.Keys)}");
    return 2;
}

Console.WriteLine(Machine.Describe());
Console.WriteLine();
Console.WriteLine("| what | ours | reference | figure | goal | met |");
Console.WriteLine("|---|---|---|---|---|---|");
var missed = 0;
foreach (var name in chosen)
{
    foreach (var row in groups[name]())
    {
        Console.WriteLine(row);
        if (!row.Met) missed++;
    }
}

return missed == 0 ? 0 : 1;
