"""Measure a version on the golden set."""

from typing import Annotated

import typer

from kbgate import console
from kbgate.commands.exit_codes import exit_code
from kbgate.commands.options import JsonOption, KbOption, open_kb, request_for
from kbgate.results import Verdict
from kbgate.run import Run


def evaluate(
    version: Annotated[str | None, typer.Argument(help="Version to measure; default: the live one.")] = None,
    kb: KbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure recall of a version on the golden set; builds and changes nothing."""
    from kbgate.stages.check_recall import evaluate_version

    settings, kb = open_kb(kb)
    run = Run(settings, request_for(settings, kb, "ingest", None, None, "evaluation by hand", {}, promote=False))
    gate = evaluate_version(run, version)
    console.show_gates([gate], run.folder.uri, as_json)
    raise typer.Exit(exit_code([gate], gate.verdict is not Verdict.PASSED))
