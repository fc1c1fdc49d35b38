using RuleCompiler.Ir;
using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;
using RuleCompiler.Backends.Iptables;

namespace RuleCompiler.Backends.Ipvs;

/// <summary>Takes the lines of all files to where they belong and collects the state that they make.</summary>
internal sealed class DumpReader(Family family)
{
    /// <summary>Whoever has more has given us some other file.</summary>
    private const int ErrorsMax = 100;

    private readonly SetEditor _sets = new([]);
    private readonly ServerEditor _servers = new([], null);
    private readonly SortedSet<Ip> _addresses = [];
    private readonly SortedDictionary<string, Sysctl> _sysctls = new(StringComparer.Ordinal);
    private readonly HashSet<string> _otherSets = new(StringComparer.Ordinal);
    private readonly List<ArtifactFile> _rules = [];
    private readonly List<Diagnostic> _diagnostics = [];
    private Seq<Prefix> _excludeCidrs;

    // Of the file that is being read.
    private string _path = "";
    private string _reason = "";
    private int _errors;
    private int _line;
    private bool _ownSeen;
    private Location? _otherSeen;

    /// <summary>The virtual server of a listing whose real servers follow; null where it was left out.</summary>
    private ServerKey? _listed;

    public Family Family => family;

    public SetEditor Sets => _sets;

    public ServerEditor Servers => _servers;

    public Parsed<IpvsArtifact> Finish()
    {
        var rules = IptablesBackend.Instance.Parse(_rules.ToSeq(), family);
        var diagnostics = _diagnostics.Concat(rules.Diagnostics).ToSeq();
        var artifact = new IpvsArtifact(
            family, _sets.Finish(), _addresses.ToSortedSeq(), _servers.Finish(), rules.Artifact, _sysctls.Values.ToSeq(),
            _servers.Timeouts, _excludeCidrs);
        return new(artifact, diagnostics);
    }

    public void Read(ArtifactFile file)
    {
        (_path, _reason, _errors, _line, _ownSeen, _otherSeen, _listed) = (file.Name, "", 0, 0, false, null, null);
        var blocks = new ArtifactWriter();
        var (inBlock, anyBlock) = (false, false);
        var rest = file.Text.AsSpan();
        while (!rest.IsEmpty)
        {
            var end = rest.IndexOf('\n');
            var line = end < 0 ? rest : rest[..end];
            rest = end < 0 ? default : rest[(end + 1)..];
            _line++;
            inBlock |= line.StartsWith("*");
            if (inBlock)
            {
                // The iptables backend reads its blocks at their places: all other lines are empty for it.
                blocks.Write(line);
                anyBlock = true;
                inBlock = line is not "COMMIT";
            }
            else if (_errors < ErrorsMax)
            {
                if (end < 0) ReportCut(line);
                else ReadLine(line);
            }

            blocks.Line();
        }

        if (anyBlock) _rules.Add(new ArtifactFile(_path, blocks.ToString()));
        if (!_ownSeen && _otherSeen is { } location)
        {
            _diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.OfOtherFamily, location,
                $"found sets, servers or addresses of the other family alone, expected some of {family.ApiName()}",
                "read the file as the other family"));
        }
    }

    private void ReadLine(ReadOnlySpan<char> line)
    {
        var cursor = new Cursor(line);
        if (!cursor.TryNext(out var word)) return;
        if (word[0] == '#')
        {
            ReadRemark(line);
            return;
        }

        var reader = new DumpLine(line, this);
        var understood = word switch
        {
            "create" or "add" or "del" or "flush" or "swap" or "destroy" => reader.TryReadSetCommand(),
            "->" => reader.TryReadListedReal(ref _listed),
            "TCP" or "UDP" or "SCTP" or "FWM" => reader.TryReadListedServer(out _listed),
            "IP" or "Prot" => reader.TryReadTitle(),
            "Timeout" => reader.TryReadTimeouts(),
            _ when word[0] == '-' => reader.TryReadServerCommand(),
            _ when line.Contains('=') => TryReadSysctl(ref reader, line),
            _ => reader.TryReadAddress(),
        };
        if (!understood && reader.Fault is { } fault) Report(fault, line);
        _reason = "";
    }

    /// <summary>-w 1 may be the beginning of -w 100.</summary>
    private void ReportCut(ReadOnlySpan<char> line) => Report(
        new(DiagnosticCatalog.RuleLineCutOff, line.Length + 1, "found the end of the file, expected the end of the line",
            "dump again; where the file is complete, add a line break"), line);

    private void Report(DumpLine.LineFault fault, ReadOnlySpan<char> line)
    {
        _errors++;
        var text = line.Length <= LineCharsShown ? line.ToString() : $"{line[..LineCharsShown]}…";
        _diagnostics.Add(new Diagnostic(
            fault.Rule, new Location(_path, _line, fault.Column), $"{fault.Message} in: {Printable(text)}",
            fault.Hint));
        if (_errors == ErrorsMax)
        {
            _diagnostics.Add(new Diagnostic(
                DiagnosticCatalog.RuleErrorsTooMany, new Location(_path, _line, 1),
                $"found {ErrorsMax} faults, expected a dump of ipset, ipvsadm or iptables; the rest is not read"));
        }
    }

    /// <summary>Enough to find the line again.</summary>
    private const int LineCharsShown = 120;

    private static string Printable(string text) =>
        string.Create(text.Length, text, static (span, source) =>
        {
            for (var i = 0; i < span.Length; i++) span[i] = char.IsControl(source[i]) ? '?' : source[i];
        });

    private void ReadRemark(ReadOnlySpan<char> line)
    {
        if (!line.StartsWith(IpvsBackend.ExcludeRemark))
        {
            _reason = line.TrimStart('#').Trim().ToString();
            return;
        }

        var cursor = new Cursor(line[IpvsBackend.ExcludeRemark.Length..]);
        List<Prefix> cidrs = [];
        while (cursor.TryNext(out var word))
        {
            if (Prefix.TryParse(word, null, out var cidr) && cidr.Family == family)
            {
                cidrs.Add(cidr);
                continue;
            }

            Report(new(DiagnosticCatalog.RuleValueInvalid, cursor.Column + IpvsBackend.ExcludeRemark.Length,
                $"found '{word}', expected a CIDR of {family.ApiName()}", null), line);
        }

        _excludeCidrs = _excludeCidrs.Union(cidrs).Order().ToSeq();
    }

    private bool TryReadSysctl(ref DumpLine reader, ReadOnlySpan<char> line)
    {
        if (!reader.TryReadSysctl(line, _reason, out var sysctl)) return false;
        _sysctls[sysctl.Name] = sysctl;
        return true;
    }

    public void Bind(Ip address) => _addresses.Add(address);

    /// <summary>True where the address is of this family; otherwise the line is passed over.</summary>
    public bool IsOwn(Family found, int column)
    {
        if (found == family) _ownSeen = true;
        else _otherSeen ??= new Location(_path, _line, column);
        return found == family;
    }

    public void PassOver(string set) => _otherSets.Add(set);

    public bool IsPassedOver(string set) => _otherSets.Contains(set);
}
