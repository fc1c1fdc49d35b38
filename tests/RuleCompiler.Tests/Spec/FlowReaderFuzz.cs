using RuleCompiler.Ir.Text;
using RuleCompiler.Spec;
using Xunit;

namespace RuleCompiler.Tests.Spec;

/// <summary>Whatever the bytes: diagnostics with places inside the file, never an exception.</summary>
public sealed class FlowReaderFuzz
{
    private const string Alphabet = "{},#\"/:[]. \t\r\nfromtoexpectpodnode0123456789\u0000\u00e9\ud800";

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Random_edits_of_real_files(int seed)
    {
        var random = new Random(seed);
        var files = Directory.EnumerateFiles(Checkout.PathOf("spec"), "*.flow", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).Select(File.ReadAllText).Where(text => text.Length < 4000).ToList();
        for (var round = 0; round < 60; round++)
        {
            var text = files[random.Next(files.Count)].ToCharArray().ToList();
            for (var edit = random.Next(1, 8); edit > 0; edit--)
            {
                var at = random.Next(text.Count);
                switch (random.Next(3))
                {
                    case 0:
                        text.RemoveRange(at, Math.Min(random.Next(1, 40), text.Count - at));
                        break;
                    case 1:
                        text.Insert(at, Alphabet[random.Next(Alphabet.Length)]);
                        break;
                    default:
                        text[at] = Alphabet[random.Next(Alphabet.Length)];
                        break;
                }

                if (text.Count == 0) text.Add('{');
            }

            RequireSound(new string(text.ToArray()));
        }
    }

    [Theory]
    [InlineData("{")]
    [InlineData("from pod 10.0.0.1 to tcp 10.0.0.2:1 expect {")]
    [InlineData("case \"")]
    [InlineData("a{b}")]
    [InlineData("#")]
    [InlineData("\"")]
    [InlineData("scenario ../x\n")]
    [InlineData("from pod 10.0.0.1 to tcp 10.0.0.2:1 expect { 10.0.0.3:1,\n")]
    public void One_piece_over_and_over(string piece) =>
        RequireSound(string.Concat(Enumerable.Repeat(piece, 60_000 / piece.Length)));

    private static void RequireSound(string text)
    {
        var lines = text.Count(c => c == '\n') + 1;

        var (_, diagnostics) = FlowReader.Read("a.flow", text);

        Assert.All(diagnostics, diagnostic => Assert.InRange(diagnostic.Location.Line, 0, lines + 1));
        Assert.All(diagnostics, diagnostic => Assert.NotEmpty(diagnostic.Message));
        Assert.Equal(diagnostics, FlowReader.Read("a.flow", text).Diagnostics, EqualityComparer<Seq<Diagnostic>>.Default);
    }
}
