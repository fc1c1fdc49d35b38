using System.Text;

namespace RuleCompiler.Kube.Text;

/// <summary>
/// Hands UTF-8 to the YAML scanner and counts what the scanner takes between two events, since the scanner itself would
/// collect a scalar or skip a comment of any length. When the allowance is used up the text seems to end here.
/// </summary>
internal sealed class GuardedReader(ReadOnlyMemory<byte> utf8) : TextReader
{
    /// <summary>
    /// In UTF-16 units. An API server's requests end at 3 MiB (apiserver/pkg/server/config.go:MaxRequestBodyBytes
    /// @v1.36).
    /// </summary>
    public const int AllowanceChars = 4 * 1024 * 1024;

    private const int ChunkBytes = 16 * 1024;

    private readonly Decoder _decoder = Encoding.UTF8.GetDecoder();
    private readonly char[] _chunk = new char[ChunkBytes];
    private int _decodedBytes;
    private int _position;
    private int _length;
    private int _taken;

    public bool IsExhausted { get; private set; }

    public void Renew() => _taken = 0;

    /// <summary>
    /// The first tab in the indentation of a line, from a 1-based line on; the place stays if there is none.
    /// </summary>
    public bool TryFindIndentingTab(int fromLine, out int line, out int column)
    {
        (line, column) = (fromLine, 1);
        var at = 0;
        foreach (var text in utf8.Span.Split((byte)'\n'))
        {
            if (++at < fromLine) continue;
            var indent = utf8.Span[text];
            indent = indent[..(indent.IndexOfAnyExcept((byte)' ', (byte)'\t') is var end and >= 0 ? end : 0)];
            if (indent.IndexOf((byte)'\t') is not (var tab and >= 0)) continue;
            (line, column) = (at, tab + 1);
            return true;
        }

        return false;
    }

    public override int Peek() => HasMore() ? _chunk[_position] : -1;

    public override int Read()
    {
        if (!HasMore()) return -1;
        _taken++;
        return _chunk[_position++];
    }

    public override int Read(Span<char> buffer)
    {
        if (!HasMore()) return 0;
        var count = Math.Min(buffer.Length, _length - _position);
        _chunk.AsSpan(_position, count).CopyTo(buffer);
        _position += count;
        _taken += count;
        return count;
    }

    public override int Read(char[] buffer, int index, int count) => Read(buffer.AsSpan(index, count));

    private bool HasMore()
    {
        if (_taken > AllowanceChars)
        {
            IsExhausted = true;
            return false;
        }

        while (_position == _length)
        {
            var rest = utf8.Span[_decodedBytes..];
            if (rest.IsEmpty) return false;
            var bytes = rest[..Math.Min(ChunkBytes, rest.Length)];
            _position = 0;
            _length = _decoder.GetChars(bytes, _chunk, flush: bytes.Length == rest.Length);
            _decodedBytes += bytes.Length;
        }

        return true;
    }
}
