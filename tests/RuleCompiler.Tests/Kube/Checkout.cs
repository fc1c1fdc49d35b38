using System.Reflection;
using RuleCompiler.Kube;

namespace RuleCompiler.Tests.Kube;

/// <summary>Files of the checkout.</summary>
internal static class Checkout
{
    private static readonly string Root = typeof(Checkout).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "RepositoryRoot").Value!;

    public static InputFile Input(string path) => new(path, File.ReadAllBytes(Path.Combine(Root, path)));
}
