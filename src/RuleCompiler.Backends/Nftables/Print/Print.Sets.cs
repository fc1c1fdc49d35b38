using System.Diagnostics;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Sets, maps and their elements: nearly all of a node's text.</content>
public sealed partial class NftablesBackend
{
    private sealed partial class Printer
    {
        private void WriteBlock(NftSet set)
        {
            _writer.Write(set.Data is null ? "\tset " : "\tmap ");
            _writer.Write(set.Name);
            _writer.Write(" {\n");
            WriteProperties(set, "\t\t", "\n");
            if (!set.Elements.IsEmpty)
            {
                _writer.Write("\t\telements = {\n");
                for (var i = 0; i < set.Elements.Count; i++)
                {
                    _writer.Write("\t\t\t");
                    Write(set.Elements[i], set, withData: true);
                    _writer.Write(i < set.Elements.Count - 1 ? ",\n" : "\n\t\t}\n");
                }
            }

            _writer.Write("\t}\n");
        }

        private void WriteElements(string command, string table, NftSet set, bool withData)
        {
            WriteHead(command, table, set.Name);
            _writer.Write(" { ");
            for (var i = 0; i < set.Elements.Count; i++)
            {
                if (i > 0) _writer.Write(", ");
                Write(set.Elements[i], set, withData);
            }

            _writer.Write(" }");
        }

        private void WriteProperties(NftSet set, string before, string after)
        {
            _writer.Write(before);
            WriteTypes(set);
            _writer.Write(after);
            if (set.Flags != SetFlags.None)
            {
                _writer.Write(before);
                WriteFlags(set.Flags);
                _writer.Write(after);
            }

            if (set.TimeoutSeconds is { } timeout)
            {
                _writer.Write(before);
                WriteSeconds("timeout ", timeout);
                _writer.Write(after);
            }

            if (set.Size is not { } size || (set.Flags.HasFlag(SetFlags.Dynamic) && size == NftSet.DynamicSize)) return;
            _writer.Write(before);
            _writer.Write("size ");
            _writer.Write(size);
            _writer.Write(after);
        }

        private void WriteFlags(SetFlags flags)
        {
            var separator = "flags ";
            foreach (var flag in Enum.GetValues<SetFlags>())
            {
                if (flag == SetFlags.None || !flags.HasFlag(flag)) continue;
                _writer.Write(separator);
                _writer.Write(Word(flag));
                separator = ",";
            }
        }

        /// <summary>
        /// A number without a type's name and ports of one protocol need <c>typeof</c> with an expression, and then
        /// all do.
        /// </summary>
        private void WriteTypes(NftSet set)
        {
            var data = FieldTypes.FieldsOf(set.Data);
            var named = set.PortsOf is null && set.Key.Concat(data).All(field => field.Word() is not null);
            _writer.Write(named ? "type " : "typeof ");
            WriteTypes(set.Key, named, set.PortsOf);
            if (set.Data is null) return;
            _writer.Write(" : ");
            if (set.Data is DataType.Verdict)
                _writer.Write("verdict");
            else
                WriteTypes(data, named, set.PortsOf);
        }

        private void WriteTypes(Seq<FieldType> fields, bool named, Protocol? portsOf)
        {
            for (var i = 0; i < fields.Count; i++)
            {
                if (i > 0) _writer.Write(" . ");
                _writer.Write(named ? fields[i].Word()! : fields[i].Example(portsOf));
            }
        }

        private void Write(Element element, NftSet set, bool withData)
        {
            WriteFields(element.Key, set.Key);
            if (withData) WriteRest(element, FieldTypes.FieldsOf(set.Data));
        }

        private void WriteRest(Element element, Seq<FieldType> data)
        {
            if (element.TimeoutSeconds is { } timeout) WriteSeconds(" timeout ", timeout);
            if (element.Comment is { } comment) WriteComment(comment);
            switch (element.Data)
            {
                case null:
                    break;
                case ElementData.Verdict verdict:
                    _writer.Write(" : ");
                    Write(verdict.Of);
                    break;
                case ElementData.Values values:
                    _writer.Write(" : ");
                    WriteValues(values.Fields, data);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        private void WriteFields(Seq<KeyField> fields, Seq<FieldType> types)
        {
            if (fields.Count != types.Count)
                throw new InvalidOperationException($"{fields} has not one value for each of {types}");
            for (var i = 0; i < fields.Count; i++)
            {
                if (i > 0) _writer.Write(" . ");
                Write(fields[i], types[i]);
            }
        }

        private void WriteValues(Seq<UInt128> values, Seq<FieldType> types)
        {
            if (values.Count != types.Count)
                throw new InvalidOperationException($"{values} has not one value for each of {types}");
            for (var i = 0; i < values.Count; i++)
            {
                if (i > 0) _writer.Write(" . ");
                Write(values[i], types[i]);
            }
        }

        /// <summary>nft lists 3 h; every version reads seconds.</summary>
        private void WriteSeconds(string before, int seconds)
        {
            _writer.Write(before);
            _writer.Write(seconds);
            _writer.Write('s');
        }

        /// <summary>nft knows no escape: a comment with a quote in it has no text (src/scanner.l @v1.0.6).</summary>
        private void WriteComment(string comment)
        {
            if (comment.AsSpan().ContainsAny('"', '\n'))
                throw new InvalidOperationException($"nft cannot write the comment {comment}");
            _writer.Write(" comment \"");
            _writer.Write(comment);
            _writer.Write('"');
        }

        private static string Word(SetFlags flag) => flag switch
        {
            SetFlags.Interval => "interval",
            SetFlags.Dynamic => "dynamic",
            SetFlags.Timeout => "timeout",
            SetFlags.Constant => "constant",
            SetFlags.None => throw new UnreachableException(),
        };
    }
}
