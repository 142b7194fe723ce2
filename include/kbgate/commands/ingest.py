"""Build and judge a candidate, or judge a batch alone."""

from typing import Annotated

import typer

from kbgate import console
from kbgate.commands.exit_codes import exit_code
from kbgate.commands.options import (
    ActorOption,
    BatchOption,
    DeletionsOption,
    JsonOption,
    KbOption,
    ModeOption,
    OverlapOption,
    ReasonOption,
    RunOption,
    SizeOption,
    open_kb,
    request_for,
)
from kbgate.errors import GoldenSetError
from kbgate.results import GateResult
from kbgate.run import Run


def ingest(
    kb: KbOption = None,
    batch: BatchOption = None,
    mode: ModeOption = None,
    deletions: DeletionsOption = None,
    chunk_size: SizeOption = None,
    chunk_overlap: OverlapOption = None,
    reason: ReasonOption = "ingest by hand",
    actor: ActorOption = None,
    build_only: Annotated[bool, typer.Option("--build-only", help="Judge, but do not promote.")] = False,
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Build a candidate, judge it, and promote it if every gate passes."""
    from kbgate import pipeline

    settings, kb = open_kb(kb)
    params = {
        "batch": batch,
        "mode": mode,
        "deletions": deletions,
        "chunk_size_tokens": chunk_size,
        "chunk_overlap_tokens": chunk_overlap,
    }
    request = request_for(settings, kb, "ingest", run_id, actor, reason, params, promote=not build_only)
    with console.stages(quiet=as_json) as on_stage:
        pipeline.run_candidate(settings, request, on_stage, on_stage.advance)
    report = Run(settings, request).folder.read_json("report.json")
    console.show_report(report, as_json)
    raise typer.Exit(
        exit_code(
            [GateResult.model_validate(gate) for gate in report["gates"]],
            report["outcome"] in ("hold", "waiting", "error"),
        )
    )


def check(
    kb: KbOption = None,
    batch: BatchOption = None,
    mode: ModeOption = None,
    deletions: DeletionsOption = None,
    run_id: RunOption = None,
    as_json: JsonOption = False,
) -> None:
    """Judge the documents of a batch (the quality gate alone); builds and changes nothing."""
    from kbgate import pipeline

    settings, kb = open_kb(kb)
    params = {"batch": batch, "mode": mode, "deletions": deletions}
    request = request_for(settings, kb, "ingest", run_id, None, "check by hand", params, promote=False)
    run = Run(settings, request)
    with console.stages(quiet=as_json) as on_stage:
        pipeline.run_document_check(settings, request, on_stage)
    gate = run.folder.read_gates()["documents"]
    console.show_gates([gate], run.folder.uri, as_json, _golden_set_trouble(run))
    raise typer.Exit(exit_code([gate], run.holds(gate)))


def _golden_set_trouble(run: Run) -> list[str]:
    """What would stop an ingest at once, though the documents can be judged without it."""
    from kbgate.stages.check_golden_set import read_golden_set

    try:
        read_golden_set(run)
    except GoldenSetError as error:
        return [f"An ingest would stop at once. {error}"]
    return []
