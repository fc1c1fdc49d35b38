using System.Reflection;

namespace RuleCompiler.Tests;

/// <summary>Paths in the checkout that the tests were built from.</summary>
internal static class Checkout
{
    public static string Root { get; } = typeof(Checkout).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "RepositoryRoot").Value!;

    public static string PathOf(params string[] parts) => Path.Combine([Root, .. parts]);

    /// <summary>The folders of golden/ that hold a cluster with its nodes.</summary>
    public static IEnumerable<string> Scenarios => Directory.EnumerateDirectories(PathOf("golden"))
        .Where(folder => File.Exists(Path.Combine(folder, "nodes.yaml")));

    /// <summary>Source files below a folder, without build output, in ordinal order.</summary>
    public static IEnumerable<string> Files(string folder, string pattern) =>
        Directory.EnumerateFiles(PathOf(folder), pattern, SearchOption.AllDirectories)
            .Where(file => !Segments(file).Any(segment => segment is "bin" or "obj" or "artifacts"))
            .Order(StringComparer.Ordinal);

    /// <summary>The path below the root, with forward slashes.</summary>
    public static string Relative(string file) => Path.GetRelativePath(Root, file).Replace('\\', '/');

    private static string[] Segments(string file) => Relative(file).Split('/');
}
