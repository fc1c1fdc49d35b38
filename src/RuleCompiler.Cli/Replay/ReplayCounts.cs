namespace RuleCompiler.Cli.Replay;

/// <summary>What became of a capture's frames.</summary>
internal sealed class ReplayCounts
{
    public long Read { get; set; }

    /// <summary>Sent on by the node, as they are or rewritten.</summary>
    public long Sent { get; set; }

    /// <summary>Of the sent ones: with other addresses or ports than they came with.</summary>
    public long Translated { get; set; }

    public long Delivered { get; set; }

    public long Dropped { get; set; }

    public long Rejected { get; set; }

    /// <summary>Rejects that the client hears of: an ICMP error or a reset in the output.</summary>
    public long Answered { get; set; }

    public long Unroutable { get; set; }

    /// <summary>Their TTL or hop limit ran out on this hop.</summary>
    public long Expired { get; set; }

    /// <summary>ARP and the like, which no rule sees.</summary>
    public long NotIp { get; set; }

    /// <summary>Too short to tell the flow, or of a protocol that the emulator does not know.</summary>
    public long Unknown { get; set; }

    /// <summary>Fragments whose first part was not seen before.</summary>
    public long Orphans { get; set; }

    /// <summary>Sent with a checksum that could not be made right: fragments of translated SCTP packets.</summary>
    public long WrongChecksums { get; set; }

    /// <summary>The counts that are not zero, by name.</summary>
    public IEnumerable<(string Name, long Count)> Named => new (string, long)[]
    {
        ("read", Read),
        ("sent on", Sent),
        ("of these translated", Translated),
        ("delivered to the node", Delivered),
        ("dropped", Dropped),
        ("rejected", Rejected),
        ("of these answered", Answered),
        ("without a route", Unroutable),
        ("out of hops", Expired),
        ("not IP", NotIp),
        ("cut off or unknown protocol", Unknown),
        ("fragments without a first one", Orphans),
        ("SCTP fragments with an old checksum", WrongChecksums),
    }.Where(each => each.Item2 > 0);
}
