using System.Runtime.InteropServices;
using RuleCompiler.Cli;

using var shell = Shell.OfProcess();
using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, _ => shell.Interrupted());
return RulecApp.Run(args, shell);
