using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using Xunit;

namespace RuleCompiler.Tests.Ir;

/// <summary>Service-semantics §3.10: one owner for each address, protocol and port; and §1.6: one state for each endpoint.</summary>
public sealed class MeaningCollisionTests
{
    private static readonly DateTimeOffset _early = new(2026, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("a", 1, "b", 0, "b")]
    [InlineData("a", 0, "b", 1, "a")]
    [InlineData("a", 1, "b", 1, "a")]
    [InlineData("a", null, "b", 1, "b")]
    [InlineData("a", null, "b", null, "a")]
    public void The_oldest_then_the_first_by_name_owns_a_frontend(string one, int? oneDay, string two, int? twoDay, string winner)
    {
        Assert.Equal(winner, OwnerOf("203.0.113.1", 80, [Named(one, oneDay), Named(two, twoDay)]));
        Assert.Equal(winner, OwnerOf("203.0.113.1", 80, [Named(two, twoDay), Named(one, oneDay)]));
        Assert.Equal(winner, OwnerOf("192.168.77.2", 30080, [Named(two, twoDay), Named(one, oneDay)]));
    }

    [Fact]
    public void An_exact_address_beats_a_node_port()
    {
        var older = Named("a", 0);
        var exact = Named("b", 1) with
        {
            ExternalIps = [MeaningSample.NodeIp],
            Ports = [new ServicePortSpec("", Protocol.Tcp, new Port(30080), null, default)],
        };
        Assert.Equal("b", OwnerOf("192.168.77.2", 30080, [older, exact]));
        Assert.Equal("a", OwnerOf("127.0.0.1", 30080, [older, exact]));
    }

    [Fact]
    public void Ports_of_one_service_are_settled_by_name()
    {
        var sample = new MeaningSample();
        var port = sample.Service.Ports[0];
        sample = sample with { Service = sample.Service with { Ports = [port with { Name = "z", Port = new Port(81) }, port] } };
        Assert.Equal("LR+M", sample.Meets("external", "NodePort"));
    }

    [Fact]
    public void An_external_ip_that_is_also_a_vip_has_no_source_ranges()
    {
        var sample = new MeaningSample();
        sample = sample with
        {
            Service = sample.Service with
            {
                ExternalIps = [MeaningSample.Vip],
                LoadBalancerSourceRanges = [Prefix.Parse("10.0.0.0/8")],
            },
        };
        Assert.Equal("LR+M", sample.Meets("external", "VIP"));
    }

    /// <summary>The slices of a duplicate with its state: t is serving while it terminates, u is not ready.</summary>
    [Theory]
    [InlineData("a:ready", "b:t", "L")]
    [InlineData("a:t", "b:ready", "L")]
    [InlineData("a:ready", "b:u", "L")]
    [InlineData("a:u", "b:ready", "reject")]
    [InlineData("b:ready", "a:u", "reject")]
    [InlineData("a:t", "b:u", "reject")]
    public void A_duplicate_endpoint_has_the_state_of_its_first_living_slice(string one, string two, string outcome)
    {
        var sample = new MeaningSample();
        var cluster = sample.Cluster with { EndpointSlices = [Slice(one), Slice(two)] };
        var flow = new Flow(Ip.Parse("10.64.0.77"), new Port(1), Protocol.Tcp, Ip.Parse("10.96.0.10"), new Port(80), "cni0");
        var expected = outcome == "L" ? MeaningSample.Local : outcome;
        Assert.Equal(expected, Meaning.Of(cluster, sample.Node, flow).ToString());

        EndpointSlice Slice(string text)
        {
            var endpoint = sample.Endpoints[0];
            return sample.Cluster.EndpointSlices[0] with
            {
                Name = new ObjectName("ns", text[..1]),
                Endpoints = [text[2..] switch
                {
                    "ready" => endpoint,
                    "t" => endpoint with { Ready = false, Terminating = true },
                    _ => endpoint with { Ready = false, Serving = false },
                }],
            };
        }
    }

    private static Service Named(string name, int? day)
    {
        var sample = new MeaningSample();
        return sample.Service with
        {
            Name = new ObjectName("ns", name),
            CreationTimestamp = day is { } days ? _early.AddDays(days) : null,
        };
    }

    /// <summary>The Service that answers: each one's only endpoint has a port of its own.</summary>
    private static string OwnerOf(string address, ushort port, SortedSeq<Service> services)
    {
        var sample = new MeaningSample();
        var cluster = new ClusterState(
            services,
            services.Select(service => sample.Cluster.EndpointSlices[0] with
            {
                Name = service.Name,
                ServiceName = service.Name.Name,
                Ports = [new SlicePort("", Protocol.Tcp, new Port(service.Name.Name[0]))],
                Endpoints = [sample.Endpoints[0]],
            }).ToSortedSeq(), [], []);
        var flow = new Flow(Ip.Parse("127.0.0.1"), new Port(1), Protocol.Tcp, Ip.Parse(address), new Port(port), null);
        var outcome = Assert.IsType<Outcome.Translated>(Meaning.Of(cluster, sample.Node, flow).Outcomes.Single());
        return ((char)outcome.To.Port.Value).ToString();
    }
}
