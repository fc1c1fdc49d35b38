using RuleCompiler.Ir.Text;
using RuleCompiler.KernelTests.Probing;
using RuleCompiler.Spec;
using RuleCompiler.Tests;
using RuleCompiler.Tests.Spec;
using Xunit;

namespace RuleCompiler.KernelTests;

/// <summary>The flows of spec/, which hold in the emulator, hold in the kernel.</summary>
public sealed class FlowTests(ITestOutputHelper output)
{
    /// <summary>A kernel's clock cannot be moved: cases that wait longer are the emulator's alone.</summary>
    private const int WaitSecondsMax = 3;

    /// <summary>
    /// A masquerade that leaves the node's own address as it was shows only in its port, which is drawn at random and may
    /// come out as it went in, once in 64,512 times. So a case fails when it fails twice.
    /// </summary>
    private const int Tries = 2;

    private static readonly ScenarioFolders _scenarios = new();

    [Theory]
    [MemberData(nameof(Flavours.Each), MemberType = typeof(Flavours))]
    public void Every_flow_that_needs_no_long_wait_holds_in_the_kernel(Flavour flavour)
    {
        KernelMachine.Require();
        var failures = new List<string>();
        var (passed, leftOut) = (0, new List<string>());
        foreach (var path in Checkout.Files("spec", "*.flow"))
        {
            var (file, diagnostics) = FlowReader.Read(Checkout.Relative(path), File.ReadAllText(path));
            Assert.True(diagnostics.IsEmpty, diagnostics.ToString());
            leftOut.AddRange(file.Cases.Where(one => Wait(one) > WaitSecondsMax).Select(one => $"{file.Path}: {one.Title}"));
            foreach (var one in file.Cases.Where(one => Wait(one) <= WaitSecondsMax))
            {
                var report = Check(file with { Cases = [one] }, flavour);
                passed += report.Passed;
                if (!report.IsGood) failures.Add(Describe(report));
            }
        }

        output.WriteLine(
            $"{passed} expectations met; {leftOut.Count} cases wait longer than {WaitSecondsMax} s, for the emulator only:");
        foreach (var one in leftOut) output.WriteLine($"  {one}");
        Assert.True(failures.Count == 0, $"{failures.Count} cases\n" + string.Join('\n', failures));
    }

    private static FlowReport Check(FlowFile file, Flavour flavour)
    {
        for (var tries = 1; ; tries++)
        {
            var report = FlowChecker.Check(file, _scenarios, new KernelFlowTarget(flavour.Room));
            if (report.IsGood || tries == Tries) return report;
        }
    }

    private static int Wait(FlowCase one) => one.Steps.Sum(step => step.Action switch
    {
        FlowAction.Again again => again.AfterSeconds,
        FlowAction.More more => more.AfterSeconds,
        FlowAction.Reply reply => reply.AfterSeconds,
        FlowAction.Advance advance => advance.Seconds,
        _ => 0,
    });

    private static string Describe(FlowReport report) =>
        string.Join('\n', report.Diagnostics.Where(problem => problem.Rule.Severity == Severity.Error));
}
