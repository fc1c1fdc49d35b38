using System.Diagnostics;
using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Spec;

/// <summary>Carries out the inline forms of <c>when</c> on a cluster. Null: that changes nothing.</summary>
internal static class ClusterChanges
{
    public static ClusterState? Apply(ClusterState cluster, ClusterChange change) => change switch
    {
        ClusterChange.RemoveEndpoint remove => OnSlices(cluster, slice => Without(slice, remove.Address)),
        ClusterChange.AddEndpoint add => OnSlices(cluster, slice => With(slice, add.Address, add.Beside)),
        ClusterChange.SetState set => OnSlices(cluster, slice => InState(slice, set.Address, set.State)),
        ClusterChange.RemoveService remove => WithoutService(cluster, remove.Name),
        _ => throw new UnreachableException(),
    };

    /// <summary>Services and slices of another cluster; its nodes too, if it has any.</summary>
    public static ClusterState Replace(ClusterState cluster, ClusterState by) =>
        by.Nodes.IsEmpty ? by with { Nodes = cluster.Nodes } : by;

    private static ClusterState? OnSlices(ClusterState cluster, Func<EndpointSlice, EndpointSlice> change)
    {
        var slices = cluster.EndpointSlices.Select(change).ToSortedSeq();
        return slices == cluster.EndpointSlices ? null : cluster with { EndpointSlices = slices };
    }

    private static EndpointSlice Without(EndpointSlice slice, Ip address) =>
        slice with { Endpoints = slice.Endpoints.Where(endpoint => endpoint.Address != address).ToSeq() };

    private static EndpointSlice With(EndpointSlice slice, Ip address, Ip beside) => slice with
    {
        Endpoints = slice.Endpoints.Concat(slice.Endpoints
            .Where(endpoint => endpoint.Address == beside)
            .Select(endpoint => Ready(endpoint) with { Address = address })).ToSeq(),
    };

    private static EndpointSlice InState(EndpointSlice slice, Ip address, EndpointState state) => slice with
    {
        Endpoints = slice.Endpoints
            .Select(endpoint => endpoint.Address == address ? InState(endpoint, state) : endpoint).ToSeq(),
    };

    /// <summary>What the endpoint controller writes for a pod in that state (service-semantics §1.5).</summary>
    private static SliceEndpoint InState(SliceEndpoint endpoint, EndpointState state) => state switch
    {
        EndpointState.Ready => Ready(endpoint),
        EndpointState.ServingTerminating => endpoint with { Ready = false, Serving = true, Terminating = true },
        EndpointState.Unusable => endpoint with { Ready = false, Serving = false, Terminating = false },
    };

    private static SliceEndpoint Ready(SliceEndpoint endpoint) =>
        endpoint with { Ready = true, Serving = true, Terminating = false };

    private static ClusterState? WithoutService(ClusterState cluster, ObjectName name)
    {
        if (cluster.FindService(name) is null) return null;
        return cluster with
        {
            Services = cluster.Services.Where(service => service.Name != name).ToSortedSeq(),
            EndpointSlices = cluster.EndpointSlices
                .Where(slice => slice.Service != name).ToSortedSeq(),
        };
    }
}
