using System.Diagnostics;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Nftables;

/// <content>Expressions, and the sets that they are looked up in.</content>
public sealed partial class NftablesBackend
{
    private sealed partial class Printer
    {
        private void Write(Expression expression) => Write(expression, []);

        /// <param name="expression">What is written.</param>
        /// <param name="wanted">What the value is for: the types of a constant, or of what a map in place gives.</param>
        private void Write(Expression expression, Seq<FieldType> wanted)
        {
            switch (expression)
            {
                case Expression.Payload payload:
                    Write(payload.Field);
                    break;
                case Expression.Meta meta:
                    _writer.Write(meta.Key switch
                    {
                        MetaKey.L4Proto => "meta l4proto",
                        MetaKey.Mark => "meta mark",
                        MetaKey.Priority => "meta priority",
                        MetaKey.InputInterfaceName => "iifname",
                        MetaKey.OutputInterfaceName => "oifname",
                    });
                    break;
                case Expression.Ct ct:
                    _writer.Write(ct.Key switch
                    {
                        CtKey.State => "ct state",
                        CtKey.Status => "ct status",
                        CtKey.Mark => "ct mark",
                    });
                    break;
                case Expression.FibType fib:
                    _writer.Write(fib.OfSource ? "fib saddr type" : "fib daddr type");
                    break;
                case Expression.Numgen numgen:
                    Write(numgen);
                    break;
                case Expression.Concat concat:
                    for (var i = 0; i < concat.Fields.Count; i++)
                    {
                        if (i > 0) _writer.Write(" . ");
                        Write(concat.Fields[i]);
                    }

                    break;
                case Expression.Bitwise bitwise:
                    Write(bitwise);
                    break;
                case Expression.Map map:
                    Write(map.Key);
                    _writer.Write(" map ");
                    Write(map.From, map.Key, wanted);
                    break;
                case Expression.Constant constant:
                    WriteValues(constant.Fields, wanted);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        private void Write(PayloadField field)
        {
            if (field is PayloadField.SourceAddress or PayloadField.DestinationAddress)
            {
                _writer.Write(_family);
                _writer.Write(' ');
            }

            _writer.Write(field switch
            {
                PayloadField.SourceAddress => "saddr",
                PayloadField.DestinationAddress => "daddr",
                PayloadField.SourcePort => "th sport",
                PayloadField.DestinationPort => "th dport",
            });
        }

        private void Write(Expression.Numgen numgen)
        {
            _writer.Write(numgen.Random ? "numgen random mod " : "numgen inc mod ");
            _writer.Write(numgen.Modulus);
            if (numgen.Offset == 0) return;
            _writer.Write(" offset ");
            _writer.Write(numgen.Offset);
        }

        /// <summary>(x &amp; a) ^ b in the words that nft has for its cases.</summary>
        private void Write(Expression.Bitwise bitwise)
        {
            var type = FieldTypes.Of(bitwise.Left, family)[0];
            var (and, xor) = (bitwise.And, bitwise.Xor);
            Write(bitwise.Left);
            if (xor == 0)
            {
                Append(" & ", and);
            }
            else if (and == type.Mask())
            {
                Append(" ^ ", xor);
            }
            else if (and == (type.Mask() ^ xor))
            {
                Append(" | ", xor);
            }
            else
            {
                Append(" & ", and);
                Append(" ^ ", xor);
            }

            void Append(string sign, UInt128 value)
            {
                _writer.Write(sign);
                Write(value, type);
            }
        }

        private void Write(SetRef set, Expression key, Seq<FieldType> data)
        {
            switch (set)
            {
                case SetRef.Named named:
                    _writer.Write('@');
                    _writer.Write(named.Name);
                    break;
                case SetRef.InPlace inPlace:
                    var types = FieldTypes.Of(key, family);
                    _writer.Write("{ ");
                    for (var i = 0; i < inPlace.Elements.Count; i++)
                    {
                        if (i > 0) _writer.Write(", ");
                        WriteFields(inPlace.Elements[i].Key, types);
                        WriteRest(inPlace.Elements[i], data);
                    }

                    _writer.Write(" }");
                    break;
                default:
                    throw new UnreachableException();
            }
        }
    }
}
