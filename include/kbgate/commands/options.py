"""Options that several commands share, and what they become."""

import getpass
import os
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from kbgate.errors import UsageError
from kbgate.overrides import override_settings
from kbgate.run import RunRequest
from kbgate.settings import Settings, load_settings

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


def open_kb(kb: str | None) -> tuple[Settings, str]:
    """Load the settings and choose the knowledge base.

    Raises:
        UsageError: several are configured and none is named.
    """
    settings = load_settings()
    if kb is None:
        if len(settings.kb) != 1:
            raise UsageError(
                f"Say which knowledge base with --kb: {', '.join(sorted(settings.kb)) or 'the settings have none'}."
            )
        kb = next(iter(settings.kb))
    settings.knowledge_base(kb)
    return settings, kb


def request_for(
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
    """Say what this command asks of a run; `params` are those of `override_settings`."""
    from kbgate.artifacts import run_key_of

    run_key = run_key_of(f"cli_{kind}", run_id or f"{datetime.now(UTC):%Y-%m-%dT%H-%M-%S.%f}_{os.getpid()}")
    overrides = override_settings(settings.knowledge_base(kb), params)
    return RunRequest(
        kb=kb,
        run_key=run_key,
        kind=kind,
        actor=actor_name(actor),
        reason=reason,
        overrides=overrides,
        promote=promote,
        target=target,
    )


def actor_name(actor: str | None) -> str:
    """Who asks: the name given, else the login name."""
    return actor or getpass.getuser()
