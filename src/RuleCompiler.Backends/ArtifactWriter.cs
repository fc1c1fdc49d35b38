using System.Globalization;

namespace RuleCompiler.Backends;

/// <summary>
/// Text in one growing buffer: '\n' line ends, invariant culture, nothing allocated per line.
/// Every backend prints with it.
/// </summary>
internal sealed class ArtifactWriter
{
    /// <summary>No single value formats longer: an IPv6 endpoint has 53 characters.</summary>
    private const int ValueCharsMax = 64;

    private char[] _buffer;
    private int _length;

    public ArtifactWriter(int expectedChars = 1024) => _buffer = new char[expectedChars];

    public ReadOnlySpan<char> Written => _buffer.AsSpan(0, _length);

    public override string ToString() => new(Written);

    public void Write(ReadOnlySpan<char> text)
    {
        if (text.Length > _buffer.Length - _length) Grow(text.Length);
        text.CopyTo(_buffer.AsSpan(_length));
        _length += text.Length;
    }

    public void Write(char character)
    {
        if (_length == _buffer.Length) Grow(1);
        _buffer[_length++] = character;
    }

    public void Write<T>(T value)
        where T : struct, ISpanFormattable => Write(value, default);

    public void Write<T>(T value, ReadOnlySpan<char> format)
        where T : struct, ISpanFormattable
    {
        if (_buffer.Length - _length < ValueCharsMax) Grow(ValueCharsMax);
        if (!value.TryFormat(_buffer.AsSpan(_length), out var written, format, CultureInfo.InvariantCulture))
            throw new ArgumentException($"{typeof(T).Name} does not fit {ValueCharsMax} characters", nameof(value));
        _length += written;
    }

    public void Line() => Write('\n');

    private void Grow(int more) => Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + more));
}
