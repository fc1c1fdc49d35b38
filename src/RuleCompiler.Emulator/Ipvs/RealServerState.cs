using RuleCompiler.Ir.Net;

namespace RuleCompiler.Emulator;

/// <summary>A real server of one virtual server (struct ip_vs_dest), and what is counted of it.</summary>
internal sealed class RealServerState(Endpoint endpoint)
{
    public Endpoint Endpoint { get; } = endpoint;

    public int Weight { get; private set; }

    /// <summary>The latest weight above 0; mh shares its table by it (ip_vs_ctl.c:__ip_vs_update_dest @v6.1).</summary>
    public int LastWeight { get; private set; }

    /// <summary>False once the server is deleted; connections may still know it.</summary>
    public bool IsAvailable { get; set; }

    public int Active { get; set; }

    public int Inactive { get; set; }

    public int Templates { get; set; }

    public bool IsIdle => Active + Inactive + Templates == 0;

    /// <summary>include/net/ip_vs.h:ip_vs_dest_conn_overhead @v6.1.</summary>
    public long Overhead => ((long)Active << 8) + Inactive;

    public void SetWeight(int weight, bool isAdded)
    {
        if (isAdded || weight != 0) LastWeight = weight;
        Weight = weight;
    }
}
