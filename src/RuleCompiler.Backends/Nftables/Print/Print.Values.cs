using System.Diagnostics;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Nftables;

/// <content>Values by their types, as nft lists them.</content>
public sealed partial class NftablesBackend
{
    private sealed partial class Printer
    {
        private void Write(KeyField field, FieldType type)
        {
            if (field.First == field.Last)
            {
                Write(field.First, type);
                return;
            }

            // A block of addresses or of names with a common beginning.
            var host = field.First ^ field.Last;
            var isBlock = (host & (host + 1)) == 0 && (field.First & host) == 0;
            var hostBits = 128 - (int)UInt128.LeadingZeroCount(host);
            if (type is FieldType.Ifname)
            {
                if (!isBlock || hostBits % 8 != 0) throw new InvalidOperationException($"nft cannot write the names {field}");
                WriteName(field.First, wildcard: true);
            }
            else if (isBlock && type is FieldType.Ipv4Addr or FieldType.Ipv6Addr)
            {
                Write(field.First, type);
                _writer.Write('/');
                _writer.Write((type == FieldType.Ipv4Addr ? 32 : 128) - hostBits);
            }
            else
            {
                Write(field.First, type);
                _writer.Write('-');
                Write(field.Last, type);
            }
        }

        private void Write(UInt128 value, FieldType type)
        {
            switch (type)
            {
                case FieldType.Ipv4Addr:
                    _writer.Write(Ip.V4((uint)value));
                    break;
                case FieldType.Ipv6Addr:
                    _writer.Write(Ip.V6(value));
                    break;
                case FieldType.InetProto:
                    WriteProtocol((byte)value);
                    break;
                case FieldType.Mark:
                    _writer.Write("0x");
                    _writer.Write((uint)value, "x8");
                    break;
                case FieldType.ClassId:
                    WriteClassId((uint)value);
                    break;
                case FieldType.Ifname:
                    WriteName(value, wildcard: false);
                    break;
                case FieldType.InetService or FieldType.Integer:
                    _writer.Write((uint)value);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        /// <summary>Protocols with ports by name: the others' names are not the same everywhere.</summary>
        private void WriteProtocol(byte number)
        {
            switch ((Protocol)number)
            {
                case Protocol.Tcp:
                    _writer.Write("tcp");
                    break;
                case Protocol.Udp:
                    _writer.Write("udp");
                    break;
                case Protocol.Sctp:
                    _writer.Write("sctp");
                    break;
                default:
                    _writer.Write(number);
                    break;
            }
        }

        /// <summary>src/meta.c:tchandle_type_print @v1.0.6.</summary>
        private void WriteClassId(uint handle)
        {
            if (handle == 0)
            {
                _writer.Write("none");
            }
            else if (handle == uint.MaxValue)
            {
                _writer.Write("root");
            }
            else
            {
                _writer.Write(handle >> 16, "x");
                _writer.Write(':');
                _writer.Write(handle & 0xffff, "x");
            }
        }

        /// <summary>
        /// 16 bytes, the first character highest (IFNAMSIZ of include/uapi/linux/if.h @v6.1). Only a * at the end stands for
        /// anything (src/evaluate.c:expr_evaluate_string @v1.0.6).
        /// </summary>
        private void WriteName(UInt128 name, bool wildcard)
        {
            _writer.Write('"');
            for (var shift = 120; shift >= 0; shift -= 8)
            {
                var character = (char)(byte)(name >> shift);
                if (character == 0) break;
                if (character is '"' or '\n') throw new InvalidOperationException($"nft cannot write the name {name:x}");
                if (character is '*' && (byte)(name >> Math.Max(shift - 8, 0)) == 0 && !wildcard) _writer.Write('\\');
                _writer.Write(character);
            }

            _writer.Write(wildcard ? "*\"" : "\"");
        }
    }
}
