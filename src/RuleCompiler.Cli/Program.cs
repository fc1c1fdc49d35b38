using RuleCompiler.Cli;

using var shell = Shell.OfProcess();
Console.CancelKeyPress += (_, _) => shell.Interrupted();
return RulecApp.Run(args, shell);
