"""The command line: the stages of the DAGs without Airflow, for CI pipelines and laptops.

Exit codes: 0 passed, 1 a gate failed, 2 inconclusive, 3 usage or settings, 4 infrastructure.
"""

import logging
import sys
from importlib import import_module

import typer

from kbgate.commands import COMMANDS
from kbgate.commands.exit_codes import ExitCode
from kbgate.errors import KbgateError

INTERRUPTED = 130
"""What Typer makes of Ctrl-C, and what shells expect."""


def build_app() -> typer.Typer:
    """Make the Typer application of `COMMANDS`; importing a command's file loads nothing heavy."""
    app = _typer(
        "kbgate",
        "Quality, drift and recall gates for knowledge-base ingests. Exit codes: 0 passed, 1 failed gate, 2 inconclusive, "
        "3 usage or settings, 4 infrastructure.",
    )
    groups: dict[str, typer.Typer] = {}
    for name, target in COMMANDS.items():
        group, _, command = name.rpartition(" ")
        module, _, function = target.partition(":")
        parent = app
        if group:
            if group not in groups:
                groups[group] = _typer(group, import_module(module).__doc__ or "")
                app.add_typer(groups[group])
            parent = groups[group]
        parent.command(command)(getattr(import_module(module), function))
    return app


def _typer(name: str, text: str) -> typer.Typer:
    return typer.Typer(
        name=name,
        help=text,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )


app = build_app()


def main(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code."""
    _log_stages()
    try:
        code = app(args=arguments, standalone_mode=False)
    except KbgateError as error:
        return _fail(str(error), error.exit_code)
    except Exception as error:
        if hasattr(error, "format_message"):
            return _fail(error.format_message(), ExitCode.USAGE)
        raise
    if code == INTERRUPTED:
        return _fail("Interrupted; the live version is unchanged unless the last line above says otherwise.", code)
    return int(code or ExitCode.PASSED)


def _log_stages() -> None:
    """One log line a stage on standard error when no terminal shows the progress; other libraries stay quiet."""
    logger = logging.getLogger("kbgate")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)


def _fail(message: str, code: int) -> int:
    print(f"kbgate: {message}", file=sys.stderr)
    return int(code)
