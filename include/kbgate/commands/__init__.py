"""The commands of the command line, one file a group; `COMMANDS` is the list that `kbgate --help` shows."""

COMMANDS = {
    "ingest": "kbgate.commands.ingest:ingest",
    "check": "kbgate.commands.ingest:check",
    "evaluate": "kbgate.commands.evaluate:evaluate",
    "promote": "kbgate.commands.release:promote",
    "rollback": "kbgate.commands.release:rollback",
    "unlock": "kbgate.commands.release:unlock",
    "versions": "kbgate.commands.versions:versions",
    "show": "kbgate.commands.versions:show",
    "diff": "kbgate.commands.versions:diff",
    "sample": "kbgate.commands.sample:sample",
}
"""Name of a command (`"golden check"` is `check` in the group `golden`) -> the function that Typer makes a command of."""
