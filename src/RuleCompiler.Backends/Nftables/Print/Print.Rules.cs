using System.Diagnostics;
using RuleCompiler.Ir.Net;

namespace RuleCompiler.Backends.Nftables;

/// <content>Rules: statements from left to right.</content>
public sealed partial class NftablesBackend
{
    private sealed partial class Printer
    {
        public void Write(NftRule rule)
        {
            for (var i = 0; i < rule.Statements.Count; i++)
            {
                if (i > 0) _writer.Write(' ');
                Write(rule.Statements[i]);
            }

            if (rule.Comment is { } comment) WriteComment(comment);
        }

        private void Write(Statement statement)
        {
            switch (statement)
            {
                case Statement.Match match:
                    Write(match);
                    break;
                case Statement.Lookup lookup:
                    Write(lookup.Key);
                    _writer.Write(lookup.Inverted ? " != " : " ");
                    Write(lookup.In, lookup.Key, []);
                    break;
                case Statement.Bits bits:
                    Write(bits);
                    break;
                case Statement.VerdictMap map:
                    Write(map.Key);
                    _writer.Write(" vmap ");
                    Write(map.Map, map.Key, []);
                    break;
                case Statement.Verdict verdict:
                    Write(verdict.Of);
                    break;
                case Statement.SetMeta set:
                    _writer.Write(set.Key == MetaKey.Mark ? "meta mark set " : "meta priority set ");
                    Write(set.Value, [FieldTypes.Of(set.Key)]);
                    break;
                case Statement.Dnat dnat:
                    Write(dnat);
                    break;
                case Statement.Masquerade masquerade:
                    _writer.Write("masquerade");
                    if (masquerade.Random) _writer.Write(" random");
                    if (masquerade.FullyRandom) _writer.Write(masquerade.Random ? ",fully-random" : " fully-random");
                    break;
                case Statement.Reject reject:
                    Write(reject.With);
                    break;
                case Statement.Dynamic dynamic:
                    Write(dynamic);
                    break;
                case Statement.Counter:
                    _writer.Write("counter");
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        private void Write(Statement.Match match)
        {
            Write(match.Left);
            _writer.Write(match.Relation switch
            {
                // Without the sign nft takes a mask and its value, or a state, for flags.
                Relation.Equal => match.Left is Expression.Bitwise or Expression.Ct ? " == " : " ",
                Relation.NotEqual => " != ",
                Relation.Less => " < ",
                Relation.LessOrEqual => " <= ",
                Relation.Greater => " > ",
                Relation.GreaterOrEqual => " >= ",
            });
            if (match.Values.Count > 1) _writer.Write("{ ");
            for (var i = 0; i < match.Values.Count; i++)
            {
                if (i > 0) _writer.Write(", ");
                if (match.Left is Expression.FibType)
                    _writer.Write(RouteType(match.Values[i]));
                else
                    Write(match.Values[i], FieldTypes.Of(match.Left, family)[0]);
            }

            if (match.Values.Count > 1) _writer.Write(" }");
        }

        private void Write(Statement.Bits bits)
        {
            var names = bits.Left is Expression.Ct { Key: CtKey.State } ? _states : _statuses;
            Write(bits.Left);
            _writer.Write(bits.Inverted ? " ! " : " ");
            var left = bits.Any;
            foreach (var (bit, name) in names)
            {
                if ((left & bit) == 0) continue;
                if (left != bits.Any) _writer.Write(',');
                _writer.Write(name);
                left &= ~bit;
            }

            if (left != 0 || bits.Any == 0 || bits.Left is not Expression.Ct { Key: CtKey.State or CtKey.Status })
                throw new InvalidOperationException($"nft has no words for {bits}");
        }

        /// <summary>
        /// The kernel's bits are not in the order of nft's list (src/ct.c @v1.0.6); ours go from low to high.
        /// </summary>
        private static readonly (uint Bit, string Name)[] _states =
        [
            ((uint)CtState.Invalid, "invalid"), ((uint)CtState.Established, "established"), ((uint)CtState.Related, "related"),
            ((uint)CtState.New, "new"), ((uint)CtState.Untracked, "untracked"),
        ];

        /// <summary>
        /// src/ct.c:ct_status_tbl @v1.0.6; bits of include/uapi/linux/netfilter/nf_conntrack_common.h @v6.1.
        /// </summary>
        private static readonly (uint Bit, string Name)[] _statuses =
        [
            (1, "expected"), (2, "seen-reply"), (4, "assured"), (8, "confirmed"), ((uint)CtStatus.Snat, "snat"),
            ((uint)CtStatus.Dnat, "dnat"), (512, "dying"),
        ];

        private void Write(NftVerdict verdict)
        {
            switch (verdict)
            {
                case NftVerdict.Accept:
                    _writer.Write("accept");
                    break;
                case NftVerdict.Drop:
                    _writer.Write("drop");
                    break;
                case NftVerdict.Continue:
                    _writer.Write("continue");
                    break;
                case NftVerdict.Return:
                    _writer.Write("return");
                    break;
                case NftVerdict.Jump jump:
                    _writer.Write("jump ");
                    _writer.Write(jump.Chain);
                    break;
                case NftVerdict.Goto to:
                    _writer.Write("goto ");
                    _writer.Write(to.Chain);
                    break;
                default:
                    throw new UnreachableException();
            }
        }

        /// <summary>The family is written, or a look-up of address and port would be taken for an address.</summary>
        private void Write(Statement.Dnat dnat)
        {
            _writer.Write("dnat ");
            _writer.Write(_family);
            _writer.Write(" to ");
            var address = FieldTypes.Address(family);
            if (dnat.To is Expression.Constant { Fields: [var ip, var port] })
                _writer.Write(new Endpoint(Ip.Create(family, ip), new Port((ushort)port)));
            else
                Write(dnat.To, IsAddressAlone(dnat.To) ? [address] : [address, FieldType.InetService]);
        }

        private static bool IsAddressAlone(Expression to) => to
            is Expression.Constant
            or Expression.Map { From: SetRef.InPlace { Elements: [{ Data: ElementData.Values { Fields.Count: 1 } }, ..] } };

        private void Write(Statement.Dynamic dynamic)
        {
            _writer.Write(dynamic.Action switch
            {
                DynamicAction.Add => "add @",
                DynamicAction.Update => "update @",
                DynamicAction.Delete => "delete @",
            });
            _writer.Write(dynamic.Set);
            _writer.Write(" { ");
            Write(dynamic.Key);
            if (dynamic.TimeoutSeconds is { } timeout) WriteSeconds(" timeout ", timeout);
            if (dynamic.Data is { } data)
            {
                _writer.Write(" : ");
                Write(data);
            }

            _writer.Write(" }");
        }

        private void Write(NftRejectKind kind) => _writer.Write((family, kind) switch
        {
            (_, NftRejectKind.TcpReset) => "reject with tcp reset",
            (Family.Ipv4, NftRejectKind.PortUnreachable) => "reject with icmp port-unreachable",
            (Family.Ipv4, NftRejectKind.HostUnreachable) => "reject with icmp host-unreachable",
            (Family.Ipv4, NftRejectKind.NetUnreachable) => "reject with icmp net-unreachable",
            (Family.Ipv4, NftRejectKind.ProtocolUnreachable) => "reject with icmp prot-unreachable",
            (Family.Ipv4, NftRejectKind.AdminProhibited) => "reject with icmp admin-prohibited",
            (Family.Ipv6, NftRejectKind.PortUnreachable) => "reject with icmpv6 port-unreachable",
            (Family.Ipv6, NftRejectKind.NoRoute) => "reject with icmpv6 no-route",
            (Family.Ipv6, NftRejectKind.AdminProhibited) => "reject with icmpv6 admin-prohibited",
            (Family.Ipv6, NftRejectKind.AddressUnreachable) => "reject with icmpv6 addr-unreachable",
            _ => throw new InvalidOperationException($"{family.ApiName()} has no {kind}"),
        });

        /// <summary>
        /// RTN_… of include/uapi/linux/rtnetlink.h @v6.1, as src/fib.c:addrtype_tbl @v1.0.6 names them.
        /// </summary>
        private static string RouteType(KeyField type) => type.First == type.Last && type.First < (uint)_routeTypes.Length
            ? _routeTypes[(int)type.First]
            : throw new InvalidOperationException($"there is no route type {type}");

        private static readonly string[] _routeTypes =
        [
            "unspec", "unicast", "local", "broadcast", "anycast", "multicast", "blackhole", "unreachable", "prohibit",
        ];
    }
}
