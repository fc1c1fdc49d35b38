using FsCheck;

namespace RuleCompiler.Tests.Gen;

/// <summary>The three combinators that the generators are written in.</summary>
internal static class Pick
{
    public static Gen<T> From<T>(params T[] values) => FsCheck.Fluent.Gen.Elements(values);

    public static Gen<T> Weighted<T>(params (int Weight, T Value)[] choices) =>
        FsCheck.Fluent.Gen.Frequency(choices.Select(choice => (choice.Weight, FsCheck.Fluent.Gen.Constant(choice.Value))));

    public static Gen<T[]> Sequence<T>(IEnumerable<Gen<T>> parts) => FsCheck.Fluent.Gen.CollectToArray(parts);
}
