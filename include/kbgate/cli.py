"""The command line: the stages of the DAGs without Airflow, for CI pipelines and laptops.

Exit codes: 0 passed, 1 a gate failed, 2 inconclusive, 3 usage or settings, 4 infrastructure.
"""

import getpass
import logging
import os
import sys
from datetime import UTC, datetime
from enum import IntEnum
from typing import Annotated, Any

import typer

from kbgate import console
from kbgate.errors import KbgateError, UsageError
from kbgate.results import GateResult, Verdict
from kbgate.run import Run, RunRequest, override_settings
from kbgate.settings import Settings, load_settings


class ExitCode(IntEnum):
    """What the shell sees."""

    PASSED = 0
    FAILED = 1
    INCONCLUSIVE = 2
    USAGE = 3
    INFRASTRUCTURE = 4


INTERRUPTED = 130
"""What Typer makes of Ctrl-C, and what shells expect."""

app = typer.Typer(
    name="kbgate",
    help="Quality, drift and recall gates for knowledge-base ingests. Exit codes: 0 passed, 1 failed gate, 2 inconclusive, "
    "3 usage or settings, 4 infrastructure.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

KbOption = Annotated[
    str | None, typer.Option("--kb", help="Knowledge base; may be left out when the settings have just one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of tables.")]
ReasonOption = Annotated[str, typer.Option("--reason", help="Why; kept in the registry's events.")]
ActorOption = Annotated[str | None, typer.Option("--actor", help="Who; default: the login name.")]
BatchOption = Annotated[str | None, typer.Option("--batch", help="Documents to read instead of the settings' source.")]
ModeOption = Annotated[str | None, typer.Option("--mode", help="snapshot or delta.")]
DeletionsOption = Annotated[
    str | None, typer.Option("--deletions", help="Delta: file with one doc_id a line to remove.")
]
SizeOption = Annotated[int | None, typer.Option("--chunk-size", help="Chunk size in tokens, for this run.")]
OverlapOption = Annotated[int | None, typer.Option("--chunk-overlap", help="Chunk overlap in tokens, for this run.")]
RunOption = Annotated[
    str | None, typer.Option("--run-id", help="Name of the run; the same name repeats an unfinished run.")
]


@app.command()
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

    settings, kb = _open(kb)
    params = {
        "batch": batch,
        "mode": mode,
        "deletions": deletions,
        "chunk_size_tokens": chunk_size,
        "chunk_overlap_tokens": chunk_overlap,
    }
    request = _request(settings, kb, "ingest", run_id, actor, reason, params, promote=not build_only)
    with console.stages(quiet=as_json) as on_stage:
        pipeline.run_candidate(settings, request, on_stage, on_stage.advance)
    report = Run(settings, request).folder.read_json("report.json")
    console.show_report(report, as_json)
    raise typer.Exit(
        _exit_code(
            [GateResult.model_validate(gate) for gate in report["gates"]], report["outcome"] in ("hold", "error")
        )
    )


@app.command()
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

    settings, kb = _open(kb)
    params = {"batch": batch, "mode": mode, "deletions": deletions}
    request = _request(settings, kb, "ingest", run_id, None, "check by hand", params, promote=False)
    run = Run(settings, request)
    with console.stages(quiet=as_json) as on_stage:
        pipeline.run_document_check(settings, request, on_stage)
    gate = run.folder.read_gates()["documents"]
    console.show_gates([gate], run.folder.uri, as_json)
    raise typer.Exit(_exit_code([gate], gate.verdict is not Verdict.PASSED and not gate.needs_reference))


@app.command()
def evaluate(
    version: Annotated[str | None, typer.Argument(help="Version to measure; default: the live one.")] = None,
    kb: KbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Measure recall of a version on the golden set; builds and changes nothing."""
    from kbgate.stages.check_recall import evaluate_version

    settings, kb = _open(kb)
    run = Run(settings, _request(settings, kb, "ingest", None, None, "evaluation by hand", {}, promote=False))
    gate = evaluate_version(run, version)
    console.show_gates([gate], run.folder.uri, as_json)
    raise typer.Exit(_exit_code([gate], gate.verdict is not Verdict.PASSED))


@app.command()
def promote(
    version: Annotated[str, typer.Argument(help="A candidate whose decision says promote.")],
    reason: ReasonOption,
    kb: KbOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a candidate live; its decision record is verified first."""
    from kbgate.run import load_run
    from kbgate.stages.promote import move_pointer

    settings, kb = _open(kb)
    reader = Run(settings, _request(settings, kb, "ingest", None, actor, reason, {}, promote=True))
    run = load_run(settings, kb, reader.registry.version(kb, version).run_key)
    console.show_event(move_pointer(run, _actor(actor), reason), as_json)


@app.command()
def rollback(
    reason: ReasonOption,
    version: Annotated[
        str | None, typer.Argument(help="Version to return to; default: the one that was live before.")
    ] = None,
    kb: KbOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Move the live pointer back at once, past every gate."""
    from kbgate import pipeline

    settings, kb = _open(kb)
    request = _request(settings, kb, "rollback", None, actor, reason, {}, promote=True, target=version)
    result = pipeline.run_stage("roll_back", settings, kb, request.run_key, request)
    pipeline.run_stage("report", settings, kb, request.run_key)
    console.show_event(result, as_json)


@app.command()
def unlock(
    owner: Annotated[str, typer.Option("--owner", help="The run that holds the lease, as the error message names it.")],
    kb: KbOption = None,
) -> None:
    """Give back the lease of a run that is dead; a run that lives would lose its exclusion."""
    settings, kb = _open(kb)
    registry = Run(settings, _request(settings, kb, "ingest", None, None, "unlock", {}, promote=False)).registry
    if not registry.release_lease(kb, owner):
        held = registry.lease(kb)
        raise UsageError(f"{owner} does not hold the lease of {kb}; {f'{held.owner} does' if held else 'nobody does'}.")
    console.out.print(f"The lease of {kb} is free.")


@app.command()
def versions(kb: KbOption = None, as_json: JsonOption = False) -> None:
    """List the versions of a knowledge base and which one is live."""
    from kbgate import inspection

    settings, kb = _open(kb)
    console.show_versions(inspection.list_versions(settings, kb), as_json)


@app.command()
def show(version: str, kb: KbOption = None, as_json: JsonOption = False) -> None:
    """Show one version: where it came from, what its gates measured, what happened to it."""
    from kbgate import inspection

    settings, kb = _open(kb)
    console.show_version(inspection.describe_version(settings, kb, version), as_json)


@app.command()
def diff(before: str, after: str, kb: KbOption = None, as_json: JsonOption = False) -> None:
    """Compare two versions: documents, settings, profile, recall."""
    from kbgate import inspection

    settings, kb = _open(kb)
    console.show_diff(inspection.compare_versions(settings, kb, before, after), as_json)


@app.command()
def sample(
    fault: Annotated[str, typer.Option("--fault", help="Which spoilt batch to write; see --list.")] = "incident",
    into: Annotated[str, typer.Option("--into", help="Folder to write the batch to.")] = "var/sample",
    seed: Annotated[int, typer.Option("--seed", help="Same seed, same batch.")] = 7,
    list_faults: Annotated[bool, typer.Option("--list", help="List the faults and stop.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Write a batch of the sample knowledge base with one fault in it."""
    from kbgate.sample import faults

    if list_faults:
        console.show_faults({name: fault.description for name, fault in faults.FAULTS.items()}, as_json)
        return
    console.show_batch(faults.write_batch(fault, into, seed), as_json)


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


def _open(kb: str | None) -> tuple[Settings, str]:
    settings = load_settings()
    if kb is None:
        if len(settings.kb) != 1:
            raise UsageError(
                f"Say which knowledge base with --kb: {', '.join(sorted(settings.kb)) or 'the settings have none'}."
            )
        kb = next(iter(settings.kb))
    settings.knowledge_base(kb)
    return settings, kb


def _request(
    settings: Settings,
    kb: str,
    kind: Any,
    run_id: str | None,
    actor: str | None,
    reason: str,
    params: dict[str, Any],
    *,
    promote: bool,
    target: str | None = None,
) -> RunRequest:
    from kbgate.artifacts import run_key_of

    run_key = run_key_of(f"cli_{kind}", run_id or f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}_{os.getpid()}")
    overrides = override_settings(settings.knowledge_base(kb), params)
    return RunRequest(
        kb=kb,
        run_key=run_key,
        kind=kind,
        actor=_actor(actor),
        reason=reason,
        overrides=overrides,
        promote=promote,
        target=target,
    )


def _actor(actor: str | None) -> str:
    return actor or getpass.getuser()


def _exit_code(gates: list[GateResult], holds: bool) -> int:
    if not holds:
        return ExitCode.PASSED
    failed = any(gate.verdict is Verdict.FAILED and gate.blocks for gate in gates)
    return ExitCode.FAILED if failed else ExitCode.INCONCLUSIVE
