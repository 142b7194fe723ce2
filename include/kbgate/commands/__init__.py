"""The commands of the command line, one file a group; `COMMANDS` is the list that `kbgate --help` shows."""

COMMANDS = {
    "ingest": "kbgate.commands.ingest:ingest",
    "check": "kbgate.commands.ingest:check",
    "evaluate": "kbgate.commands.evaluate:evaluate",
    "golden check": "kbgate.commands.golden:check",
    "golden add": "kbgate.commands.golden:add",
    "golden anchor": "kbgate.commands.golden:anchor",
    "golden review": "kbgate.commands.golden:review",
    "drift calibrate": "kbgate.commands.drift:calibrate",
    "thresholds suggest": "kbgate.commands.thresholds:suggest",
    "thresholds replay": "kbgate.commands.thresholds:replay",
    "promote": "kbgate.commands.release:promote",
    "rollback": "kbgate.commands.release:rollback",
    "unlock": "kbgate.commands.release:unlock",
    "versions": "kbgate.commands.versions:versions",
    "show": "kbgate.commands.versions:show",
    "diff": "kbgate.commands.versions:diff",
    "report": "kbgate.commands.report:report",
    "sample": "kbgate.commands.sample:sample",
}
"""Name of a command (`"golden check"` is `check` in the group `golden`) -> the function that Typer makes a command of."""
