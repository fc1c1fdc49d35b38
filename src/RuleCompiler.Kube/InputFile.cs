using System.Text;

namespace RuleCompiler.Kube;

/// <summary>One input: its name for diagnostics and its bytes. YAML or JSON, UTF-8 or UTF-16.</summary>
public sealed record InputFile(string Path, ReadOnlyMemory<byte> Content)
{
    public static InputFile FromText(string path, string text) => new(path, Encoding.UTF8.GetBytes(text));
}
