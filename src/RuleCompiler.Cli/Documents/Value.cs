using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Numerics;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Cli.Documents;

/// <summary>What a cell or a fact holds for programs.</summary>
internal abstract record Value
{
    private Value()
    {
    }

    /// <summary>How people see it, unless a cell says otherwise.</summary>
    public abstract string Shown { get; }

    [return: NotNullIfNotNull(nameof(text))]
    public static implicit operator Value?(string? text) => text is null ? null : new Text(text);

    public static implicit operator Value(bool flag) => new Flag(flag);

    public static implicit operator Value(long number) => new Number(number);

    public static Value Of(params IEnumerable<Field> fields) => new Fields(fields.ToSeq());

    public static Value List(IEnumerable<Value> items) => new Items(items.ToSeq());

    public sealed record Text(string Content) : Value
    {
        public override string Shown => Content;
    }

    public sealed record Number(long Content) : Value
    {
        public override string Shown => Content.ToString(CultureInfo.InvariantCulture);
    }

    public sealed record Flag(bool Content) : Value
    {
        public override string Shown => Content ? "yes" : "no";
    }

    /// <summary>A part of a whole, from 0 to 1, in lowest terms; of any length.</summary>
    public sealed record Share(BigInteger Numerator, BigInteger Denominator) : Value
    {
        /// <summary>Longer fractions say nothing that the percentage does not.</summary>
        private const int FractionCharsMax = 12;

        /// <summary>JSON's share: as many digits as a reader's double is sure to keep.</summary>
        private const long Unit = 1_000_000_000_000;

        public string Fraction => Denominator.IsOne
            ? Numerator.ToString(CultureInfo.InvariantCulture)
            : string.Create(CultureInfo.InvariantCulture, $"{Numerator}/{Denominator}");

        /// <summary>Rounded to 12 digits.</summary>
        public decimal Rounded => (decimal)Scaled(Unit) / Unit;

        /// <summary>A percentage with two digits and, if it is short, the fraction.</summary>
        public override string Shown
        {
            get
            {
                var fraction = Denominator.IsOne || Fraction.Length > FractionCharsMax ? "" : $" ({Fraction})";
                return Percent + fraction;
            }
        }

        /// <summary>Never 0 for what can happen, nor 100 for what need not.</summary>
        private string Percent
        {
            get
            {
                var hundredths = (int)Scaled(10_000);
                if (hundredths == 0 && !Numerator.IsZero) return "< 0.01 %";
                if (hundredths == 10_000 && Numerator != Denominator) return "> 99.99 %";
                return string.Create(CultureInfo.InvariantCulture, $"{hundredths / 100}.{hundredths % 100:00} %");
            }
        }

        /// <summary>In whole numbers: the terms of a long chain of probabilities are beyond any double.</summary>
        private BigInteger Scaled(long unit) => ((Numerator * 2 * unit) + Denominator) / (2 * Denominator);
    }

    public sealed record Items(Seq<Value> Content) : Value
    {
        public override string Shown => string.Join(' ', Content.Select(item => item.Shown));
    }

    /// <summary>An object. Fields without a value are left out of JSON.</summary>
    public sealed record Fields(Seq<Field> Content) : Value
    {
        public override string Shown => string.Join(
            ", ", Content.Where(each => each.Value is not null).Select(each => $"{each.Key} {each.Value!.Shown}"));
    }
}

/// <summary>A property of an object.</summary>
internal sealed record Field(string Key, Value? Value);
