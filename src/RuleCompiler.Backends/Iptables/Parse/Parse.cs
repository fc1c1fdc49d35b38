using RuleCompiler.Ir.Net;
using RuleCompiler.Ir.Text;

namespace RuleCompiler.Backends.Iptables;

/// <content>Reads what <see cref="Print"/> and <see cref="PrintStep"/> write and what iptables-save dumps.</content>
public sealed partial class IptablesBackend
{
    /// <summary>
    /// The ruleset that the files' blocks, one after the other, make of an empty kernel. A line that cannot be read, or that
    /// the kernel would refuse, is an error and is left out; reading goes on behind it.
    /// </summary>
    public override Parsed<IptablesRuleset> Parse(Seq<ArtifactFile> files, Family family)
    {
        var names = new NameTable();
        List<Diagnostic> diagnostics = [];
        var builder = new RulesetBuilder(family);
        foreach (var file in files)
        {
            List<Diagnostic> found = [];
            new ScriptReader(file, family, names, found, builder).Read();
            diagnostics.AddRange(found);
        }

        return new(builder.Ruleset, diagnostics.ToSeq());
    }

    /// <summary>The blocks of one file as they stand, such as the steps of a printed plan.</summary>
    public static Parsed<Seq<TableBlock>> ParseBlocks(ArtifactFile file, Family family)
    {
        List<Diagnostic> diagnostics = [];
        var collector = new BlockCollector();
        new ScriptReader(file, family, new NameTable(), diagnostics, collector).Read();
        return new(collector.Blocks.ToSeq(), diagnostics.ToSeq());
    }

    /// <summary>
    /// Takes a file's commands as they are read, so that they need not all be kept: the dump of a large node has 200,000.
    /// </summary>
    internal interface ICommandSink
    {
        void Begin(TableName table);

        /// <summary>Null when taken; otherwise why the kernel would refuse the command.</summary>
        TableEditor.Refusal? Take(RestoreCommand command);

        /// <summary>COMMIT, or what cuts the table off.</summary>
        void End();
    }

    /// <summary>Keeps the blocks as they stand.</summary>
    private sealed class BlockCollector : ICommandSink
    {
        private readonly List<RestoreCommand> _commands = [];
        private TableName _table;

        public List<TableBlock> Blocks { get; } = [];

        public void Begin(TableName table) => _table = table;

        public TableEditor.Refusal? Take(RestoreCommand command)
        {
            _commands.Add(command);
            return null;
        }

        public void End()
        {
            Blocks.Add(new TableBlock(_table, _commands.ToSeq()));
            _commands.Clear();
        }
    }

    /// <summary>Carries the commands out; what the kernel would refuse is left out.</summary>
    private sealed class RulesetBuilder(Family family) : ICommandSink
    {
        private TableEditor? _editor;

        public IptablesRuleset Ruleset { get; private set; } = new(family, []);

        public void Begin(TableName table) => _editor = new TableEditor(Ruleset.Find(table) ?? new Table(table, []));

        public TableEditor.Refusal? Take(RestoreCommand command) => _editor!.Execute(command);

        public void End() => Ruleset = With(Ruleset, _editor!.Finish());
    }
}
