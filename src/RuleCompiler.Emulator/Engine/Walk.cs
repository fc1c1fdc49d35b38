using System.Numerics;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Emulator;

/// <summary>
/// One packet on its way: its headers, its flow and its exact place in hooks, chains and guards. All of it is explicit,
/// so that an exploration can copy a walk in the middle of a rule and let the copy take the other turn.
/// </summary>
internal sealed class Walk
{
    public ConnTuple Tuple;

    /// <summary>For an ICMP error: the tuple of the packet that it is about.</summary>
    public ConnTuple? Inner;
    public TcpFlags? Tcp;
    public uint Mark;

    /// <summary>skb-&gt;priority.</summary>
    public uint Priority;
    public string? Input;
    public string? Output;

    /// <summary>The packet went out by lo and came in again.</summary>
    public bool HasLooped;

    /// <summary>Null: INVALID.</summary>
    public Connection? Connection;
    public ConntrackStates State;
    public Direction Direction;

    /// <summary>A flow that this packet's arrival ended; look-ups pass over it.</summary>
    public Connection? Ended;

    /// <summary>skb-&gt;ipvs_property: IPVS has dealt with the packet and lets it pass from now on.</summary>
    public bool IsThroughIpvs;

    /// <summary>The connection of IPVS that this packet asks for.</summary>
    public IpvsConnection? ServedBy;

    /// <summary>The input interface of a packet that IPVS sends on, which rules do not see meanwhile.</summary>
    public string? CameFrom;

    public Hook Hook;

    /// <summary>Index of the next station of the hook.</summary>
    public int Station;
    public bool InRules;
    public bool DropsByDefault;
    public int Chain;

    /// <summary>Absolute index of the current rule, and of the end of its chain.</summary>
    public int Rule;
    public int RulesEnd;

    /// <summary>Guard of the current rule to go on with.</summary>
    public int Guard;

    /// <summary>
    /// The candidate rules of an indexed chain, and the place in them; null: it is walked rule by rule.
    /// </summary>
    public int[]? Candidates;
    public int Candidate;
    public Frame[] Stack = [];
    public int Depth;
    public RejectKind RejectWith;

    /// <summary>Of the nat chains of this hook, how many the packet has seen.</summary>
    public int NatChain;

    /// <summary>What a step of the current rule decided.</summary>
    public Verdict Decided;

    /// <summary>The service-port that the last map element on the way through this base chain named.</summary>
    public string? Service;

    public bool IsTraced;
    public TraceNode? Trace;

    // Explorations only. The mass is Mass / 2^MassBits.
    public BigInteger Mass;
    public int MassBits;
    public RecentOverlay? Overlay;

    /// <summary>Divides the mass; 1 but for turns of a scheduler.</summary>
    public BigInteger MassDivisor;

    /// <summary>A share of the mass is one of a rotation.</summary>
    public bool IsRotation;

    /// <summary>The turn to take at the scheduler that this walk stands before.</summary>
    public RealServerState? PickedServer;
    public SetOverlay? Sets;
    public CounterOverlay? Counters;

    /// <summary>Numbers that the current step has drawn, how many of them this time, and the next one to try.</summary>
    public uint[] Drawn = [];
    public int DrawnUsed;
    public uint NextDraw;

    public readonly record struct Frame(int Chain, int Rule, int RulesEnd, int[]? Candidates, int Candidate);

    public void Start(Packet packet, bool isTraced)
    {
        Tuple = ConnTuple.Of(packet.Tuple);
        Inner = packet.Error is { } error ? ConnTuple.Of(error) : null;
        Tcp = packet.Tcp;
        Mark = packet.Mark;
        Priority = 0;
        Input = packet.InputInterface;
        Output = null;
        HasLooped = false;
        Connection = null;

        // xt_conntrack calls a packet that conntrack has not seen yet, in table raw, INVALID (conntrack_mt @v6.1).
        State = ConntrackStates.Invalid;
        Direction = Direction.Original;
        Ended = null;
        IsThroughIpvs = false;
        ServedBy = null;
        CameFrom = null;
        Station = 0;
        InRules = false;
        Guard = 0;
        Depth = 0;
        Decided = default;
        Service = null;
        IsTraced = isTraced;
        Trace = null;
        Mass = BigInteger.One;
        MassBits = 0;
        MassDivisor = BigInteger.One;
        IsRotation = false;
        PickedServer = null;
        Overlay = null;
        Sets = null;
        Counters = null;
        Drawn = [];
        DrawnUsed = 0;
        NextDraw = 0;
    }

    public Walk Clone()
    {
        var clone = (Walk)MemberwiseClone();
        clone.Stack = Stack.AsSpan(0, Depth).ToArray();
        clone.Connection = Connection?.Clone();
        return clone;
    }
}

/// <summary>Steps are shared between the branches of an exploration: a list that grows at its head.</summary>
/// <param name="Rule">Absolute index of the rule; -1 for something that no rule did.</param>
/// <param name="Service">What a map element said, for rules that name no service themselves.</param>
internal sealed record TraceNode(
    TraceNode? Before, Hook Hook, int Chain, int Rule, string Effect, string? Service = null);
