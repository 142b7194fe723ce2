"""Page: each gate's measurements over the last runs."""

import json

from fastapi import APIRouter, Depends, Request
from fastapi.responses import HTMLResponse

from kbgate.errors import UsageError
from kbgate.run_folders import RunFolders
from kbgate.settings import Settings
from kbgate.web.context import WebContext
from kbgate.web.environment import words
from kbgate.web.figures.figure import Figure
from kbgate.web.figures.trend import trend
from kbgate.web.past_runs import PastRun, past_runs
from kbgate.web.trends import RUNS, SOURCE_RUNS, SourceQuality, Trend, Trends, read_sources, read_trends

SUMMARY_FILE = "quarantine_summary.json"
DRAWN = 4
"""Charts on one page: each costs up to a tenth of a second the first time."""


def router(context: WebContext) -> APIRouter:
    """Return `/kb/{dag_id}/trends`."""
    routes = APIRouter(dependencies=[Depends(context.access.may_read_dag)])

    @routes.get("/kb/{dag_id}/trends")
    def trends_page(request: Request, dag_id: str, gate: str = "", measure: str = "") -> HTMLResponse:
        kb, settings = context.knowledge_base(dag_id), context.load_settings()
        runs = past_runs(settings, kb, RUNS)
        found = read_trends(runs)
        chosen = _gate(found, gate)
        drawn = _drawn(found, chosen, measure)
        return context.page(
            request,
            "trends.html",
            kb=kb,
            dag_id=dag_id,
            found=found,
            gate=chosen,
            measure=measure,
            drawn=drawn,
            figures=[figure_of(one) for one in drawn],
            sources=_sources(settings, kb, runs),
        )

    return routes


def figure_of(found: Trend) -> Figure:
    """Draw one trend."""
    return trend(found.points, found.direction, title=f"{words(found.gate)}: {words(found.name)}")


def _gate(found: Trends, gate: str) -> str | None:
    """The gate to show: the one asked for, else the one that blocked last, else the last that a run asks."""
    if gate and gate not in found.gates:
        raise UsageError(
            f"The last {RUNS} runs have no gate {gate[:80]!r}. They have: {', '.join(found.gates) or 'none'}."
        )
    return gate or found.last_blocking_gate or (found.gates[-1] if found.gates else None)


def _drawn(found: Trends, gate: str | None, measure: str) -> tuple[Trend, ...]:
    """The trends to draw: the one asked for, else those held to a limit that did not pass most often."""
    if gate is None:
        return ()
    if not measure:
        return found.of_gate(gate, judged=True)[:DRAWN]
    one = found.find(gate, measure)
    if one is None:
        raise UsageError(f"The gate {gate} did not measure {measure[:80]!r} in the last {RUNS} runs.")
    return (one,)


def _sources(settings: Settings, kb: str, runs: list[PastRun]) -> SourceQuality:
    newest = {run.run_key: run for run in runs[:SOURCE_RUNS]}
    contents = RunFolders(settings.artifact_root, kb).read(list(newest), SUMMARY_FILE)
    return read_sources([(newest[run_key], _json(content)) for run_key, content in contents.items()])


def _json(content: bytes) -> object:
    try:
        return json.loads(content)
    except ValueError:
        # Told by read_sources, which names the file.
        return None
