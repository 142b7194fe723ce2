"""Move the live pointer, or free its lease."""

from typing import Annotated

import typer

from kbgate import console
from kbgate.commands.options import ActorOption, JsonOption, KbOption, ReasonOption, open_kb, request_for
from kbgate.errors import KbgateError, UsageError
from kbgate.results import StageResult
from kbgate.run import Run


def promote(
    version: Annotated[str, typer.Argument(help="A candidate whose decision says promote.")],
    reason: ReasonOption,
    kb: KbOption = None,
    actor: ActorOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a candidate live; its decision record is verified first."""
    from kbgate.stages.promote_by_hand import promote_by_hand

    settings, kb = open_kb(kb)
    request = request_for(settings, kb, "promotion", None, actor, reason, {}, promote=True, target=version)
    console.show_event(promote_by_hand(Run(settings, request)), as_json)


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

    settings, kb = open_kb(kb)
    request = request_for(settings, kb, "rollback", None, actor, reason, {}, promote=True, target=version)
    result = pipeline.run_stage("roll_back", settings, kb, request.run_key, request)
    try:
        pipeline.run_stage("report", settings, kb, request.run_key)
    except KbgateError as error:
        # Users are on the former version already, and that is what counts.
        result = result.model_copy(update={"message": f"{result.message} Its report could not be written: {error}"})
    console.show_event(result, as_json)


def unlock(
    owner: Annotated[str, typer.Option("--owner", help="The run that holds the lease, as the error message names it.")],
    kb: KbOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give back the lease of a run that is dead; a run that lives would lose its exclusion."""
    settings, kb = open_kb(kb)
    registry = Run(settings, request_for(settings, kb, "ingest", None, None, "unlock", {}, promote=False)).registry
    if not registry.release_lease(kb, owner):
        held = registry.lease(kb)
        raise UsageError(f"{owner} does not hold the lease of {kb}; {f'{held.owner} does' if held else 'nobody does'}.")
    console.show_event(StageResult(message=f"The lease of {kb} is free."), as_json)
