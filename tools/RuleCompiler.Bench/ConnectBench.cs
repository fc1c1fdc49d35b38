using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using RuleCompiler.Linux;

namespace RuleCompiler.Bench;

/// <summary>
/// Median time of a TCP connect through a router namespace that holds our rules: client — router — server, where the
/// server owns every endpoint address. Few and many Services are measured in short turns: what else the machine does
/// comes and goes within seconds.
/// </summary>
internal static class ConnectBench
{
    private const int Few = 100;
    private const int Many = 10_000;
    private const int Rounds = 150;
    private const int ConnectsPerRound = 200;
    private const int WarmUpConnects = 500;

    public static IEnumerable<Row> Run()
    {
        foreach (var plane in Dataplane.All)
        {
            using var few = new Lane(plane, Few);
            using var many = new Lane(plane, Many);
            var (manyMs, fewMs) = Measure.Interleaved(Rounds, many.ConnectMedian, few.ConnectMedian);
            yield return new Row(
                $"TCP connect p50, {Many:#,0} services against {Few}, {plane.Name}", Measure.Format(manyMs), Measure.Format(fewMs),
                Row.Number(manyMs / fewMs) + "×", "≤ 1.10×", manyMs / fewMs <= 1.1);
        }
    }

    /// <summary>The child process inside the client's namespace: for each line it reads, the median of a turn in microseconds.</summary>
    public static int Worker(string[] arguments)
    {
        var services = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        var random = new Random(1);
        for (var i = 0; i < WarmUpConnects; i++) Connect();
        var times = new double[ConnectsPerRound];
        while (Console.ReadLine() is not null)
        {
            for (var i = 0; i < times.Length; i++) times[i] = Connect();
            Console.WriteLine(Measure.Median(times).ToString(CultureInfo.InvariantCulture));
        }

        return 0;

        double Connect()
        {
            var target = new IPEndPoint(IPAddress.Parse(Clusters.PlainIp(random.Next(services)).ToString()), 80);
            using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
            // A reset instead of TIME_WAIT, or the turns would use up the client's ports.
            socket.LingerState = new LingerOption(true, 0);
            var start = Stopwatch.GetTimestamp();
            socket.Connect(target);
            return Stopwatch.GetElapsedTime(start).TotalMicroseconds;
        }
    }

    /// <summary>The child process inside the server's namespace: accepts for ever.</summary>
    public static int Server()
    {
        using var listener = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        listener.Bind(new IPEndPoint(IPAddress.Any, 8080));
        listener.Listen(1024);
        Console.WriteLine("listening");
        while (true) listener.Accept().Dispose();
    }

    private sealed class Lane : IDisposable
    {
        private readonly NetworkNamespace _client = Places.Create("client");
        private readonly NetworkNamespace _router = Places.Create("router");
        private readonly NetworkNamespace _server = Places.Create("server");
        private readonly Process _listener;
        private readonly Process _worker;

        public Lane(Dataplane plane, int services)
        {
            Link(_client, "10.67.0.2/30", "10.67.0.1/30", "c");
            Link(_server, "10.68.0.2/30", "10.68.0.1/30", "s");
            _client.Exec("ip", "route", "add", "default", "via", "10.67.0.1");
            _server.Exec("ip", "route", "add", "default", "via", "10.68.0.1");
            // The server owns every endpoint address.
            _server.Exec("ip", "route", "add", "local", "10.64.0.0/16", "dev", "lo");
            _router.Exec("ip", "route", "add", "10.64.0.0/16", "via", "10.68.0.2");
            _router.Exec("sysctl", "-qw", "net.ipv4.ip_forward=1");
            _router.Load(plane, plane.Rules(Clusters.Plain(services, Clusters.RecordedNode(plane.Mode))));
            _listener = Child(_server, "serve-worker");
            _listener.StandardOutput.ReadLine();
            _worker = Child(_client, "connect-worker", services.ToString(CultureInfo.InvariantCulture));
        }

        /// <summary>Milliseconds.</summary>
        public double ConnectMedian()
        {
            _worker.StandardInput.WriteLine();
            return _worker.StandardOutput.ReadLine() is { } answer
                ? double.Parse(answer, CultureInfo.InvariantCulture) / 1000
                : throw new InvalidOperationException($"the client stopped: {_worker.StandardError.ReadToEnd()}");
        }

        public void Dispose()
        {
            foreach (var child in (Process[])[_worker, _listener])
            {
                child.Kill();
                child.Dispose();
            }

            _client.Dispose();
            _router.Dispose();
            _server.Dispose();
        }

        private static Process Child(NetworkNamespace place, params string[] arguments) =>
            place.Run(() => Tool.Start(Environment.ProcessPath!, arguments));

        private void Link(NetworkNamespace end, string endAddress, string routerAddress, string side)
        {
            _router.Exec("ip", "link", "add", "veth-" + side, "type", "veth", "peer", "name", "eth0", "netns", end.Name);
            _router.Exec("ip", "addr", "add", routerAddress, "dev", "veth-" + side);
            _router.Exec("ip", "link", "set", "veth-" + side, "up");
            end.Exec("ip", "addr", "add", endAddress, "dev", "eth0");
            end.Exec("ip", "link", "set", "eth0", "up");
        }
    }
}
