"""The command line: the stages of the DAGs without Airflow, for CI pipelines and laptops.

Exit codes: 0 passed, 1 a gate failed, 2 inconclusive, 3 usage or settings, 4 infrastructure, 130 interrupted.
With `--json` an error is a JSON object on standard output too: `{"error": {"kind", "message", "exit_code"}}`.
"""

import json
import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType

import typer

from kbgate.commands import COMMANDS
from kbgate.commands.exit_codes import ExitCode
from kbgate.errors import KbgateError

INTERRUPTED = 130
"""What Typer makes of Ctrl-C, and what shells expect; SIGTERM ends in the same way."""


def build_app() -> typer.Typer:
    """Make the Typer application of `COMMANDS`; importing a command's file loads nothing heavy."""
    app = _typer(
        "kbgate",
        "Quality, drift and recall gates for knowledge-base ingests. Exit codes: 0 passed, 1 failed gate, 2 inconclusive, "
        "3 usage or settings, 4 infrastructure, 130 interrupted (Ctrl-C or SIGTERM).",
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
    """Run the command line and return its exit code; 1 and 2 are verdicts, and no error of any kind ends with them."""
    arguments = sys.argv[1:] if arguments is None else arguments
    as_json = "--json" in arguments
    _log_stages()
    try:
        with _termination_as_interrupt():
            code = app(args=arguments, standalone_mode=False)
            sys.stdout.flush()
    except KbgateError as error:
        return _fail(type(error).__name__, str(error), error.exit_code, as_json)
    except OSError as error:
        message = f"The operating system refused: {error}. Mend what it names (path, rights, free space) and run again."
        return _fail("InfrastructureError", message, ExitCode.INFRASTRUCTURE, as_json)
    except SystemExit:
        # Typer's answer to a closed pipe; nothing else in the commands ends the process.
        message = "Standard output was closed before everything was written."
        return _fail("InfrastructureError", message, ExitCode.INFRASTRUCTURE, as_json)
    except typer.Abort:
        code = INTERRUPTED
    except Exception as error:  # noqa: BLE001 - nobody above could still turn it into an exit code
        if hasattr(error, "format_message"):
            return _fail("UsageError", error.format_message(), ExitCode.USAGE, as_json)
        traceback.print_exc()
        kind = type(error).__name__
        message = f"Unexpected {kind}: {error}. This is a defect of kbgate; report it with the lines above."
        return _fail(kind, message, ExitCode.INFRASTRUCTURE, as_json)
    if code == INTERRUPTED:
        message = "Interrupted; the live version is unchanged unless the last line above says otherwise."
        return _fail("Interrupted", message, INTERRUPTED, as_json)
    return int(code or ExitCode.PASSED)


@contextmanager
def _termination_as_interrupt() -> Iterator[None]:
    """SIGTERM (a cancelled CI job, systemd, a stopped container) ends a run as Ctrl-C does: with its report, the lease given back."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        # A second one must not stop the report that the first one made the run write.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _log_stages() -> None:
    """One log line a stage on standard error when no terminal shows the progress; other libraries stay quiet."""
    logger = logging.getLogger("kbgate")
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel(logging.WARNING if sys.stderr.isatty() else logging.INFO)


def _fail(kind: str, message: str, code: int, as_json: bool) -> int:
    """Say what went wrong: a line on standard error for people, an object on standard output for scripts that asked for JSON."""
    print(f"kbgate: {message}", file=sys.stderr)
    try:
        if as_json:
            print(json.dumps({"error": {"kind": kind, "message": message, "exit_code": int(code)}}, indent=2))
        sys.stdout.flush()
    except OSError:
        # What is left in the buffer would fail once more when Python ends, and make the exit code 120.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return int(code)
