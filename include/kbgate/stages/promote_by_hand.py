"""Make a candidate live because a person says so."""

from kbgate.errors import UsageError
from kbgate.results import StageResult
from kbgate.run import Run, load_run
from kbgate.stages.promote import move_pointer


def promote_by_hand(run: Run) -> StageResult:
    """Promote the named candidate of an earlier run; its decision record is verified first, as in that run.

    Raises:
        UsageError: no version or reason was given, or the version is no candidate that its gates let pass.
        ArtifactError: the decision or a gate's file is not what it was.
        ConflictError: the release has moved since the candidate was judged.
    """
    request = run.request
    if not request.target:
        raise UsageError(f"Which version? `kbgate versions --kb {run.kb}` lists the candidates.")
    if not request.reason.strip():
        raise UsageError("A reason is required: it is kept in the history of the knowledge base. Give one.")
    candidate = load_run(run.settings, run.kb, run.registry.version(run.kb, request.target).run_key)
    return move_pointer(candidate, request.actor, request.reason)
