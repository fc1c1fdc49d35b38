using System.Globalization;

namespace RuleCompiler.Ir.Text;

/// <summary>A place in an input: <c>Line</c> and <c>Column</c> are 1-based; 0 means the input as a whole.</summary>
public readonly record struct Location(string Path, int Line, int Column)
{
    public static Location Whole(string path) => new(path, 0, 0);

    /// <summary>path(line,col), or path alone for the whole input.</summary>
    public override string ToString() =>
        Line == 0 ? Path ?? "" : string.Create(CultureInfo.InvariantCulture, $"{Path}({Line},{Column})");
}
