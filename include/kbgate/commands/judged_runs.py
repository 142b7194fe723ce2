"""Read past runs that came to a decision, with everything that their gates measured."""

from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from kbgate.gates.judged_run import JudgedRun
from kbgate.results import GateResult
from kbgate.run_folders import RunFolders
from kbgate.settings import Settings
from kbgate.web.past_runs import AGAIN, REPORT_FILE, PastRun, past_runs

LOOKED_AT = 1000
"""Newest runs that are looked over for accepted ones; blocked and empty runs count here too."""


class _Report(BaseModel):
    model_config = ConfigDict(frozen=True)

    kind: str = "ingest"
    live_before: str | None = None
    gates: tuple[GateResult, ...] = ()


def read_judged_runs(settings: Settings, kb: str, n_accepted: int) -> tuple[list[JudgedRun], list[str]]:
    """Return the newest `n_accepted` accepted runs and the held ones since the oldest of them, newest first.

    The second list names reports that could not be read; they are left out.

    Raises:
        InfrastructureError: the disk or server did not answer.
    """
    listed = past_runs(settings, kb, LOOKED_AT)
    problems = [run.problem for run in listed if run.problem]
    chosen: list[PastRun] = []
    n = 0
    for past in listed:
        if past.problem or past.report.outcome not in ("promoted", "built", "waiting", "hold"):
            continue
        if past.report.outcome != "hold":
            if n == n_accepted:
                break
            n += 1
        chosen.append(past)
    # The listing keeps of each report only what pages show; settings and counts are in the whole one.
    contents = RunFolders(settings.artifact_root, kb).read([past.run_key for past in chosen], REPORT_FILE)
    runs = []
    for past in chosen:
        try:
            report = _Report.model_validate_json(contents.get(past.run_key, b""))
        except ValidationError as error:
            first: Any = error.errors()[0]
            problems.append(
                f"runs/{past.run_key}/{REPORT_FILE} cannot be read ({first['loc']}: {first['msg']}). {AGAIN}"
            )
            continue
        runs.append(
            JudgedRun(
                run_key=past.run_key,
                began=past.began,
                outcome=past.report.outcome,
                kind=report.kind,
                version=past.report.version,
                live_before=report.live_before,
                gates=report.gates,
            )
        )
    return runs, problems
