"""`make demo`: three ingests of the sample knowledge base through the real Airflow DAG, two good ones and the incident.

Each run is `airflow dags test kb_ingest__helpdesk` in a process of its own, with a fresh registry, store and cache in var/demo.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console

from kbgate import console
from kbgate.sample.faults import write_batch
from kbgate.variables import DEMO_VARIABLE

KB = "helpdesk"
DAG_ID = f"kb_ingest__{KB}"
SAMPLE = "package://kbgate/sample/helpdesk"
out = Console(highlight=False)


@dataclass(frozen=True)
class Ingest:
    """One of the three runs and how it must end."""

    title: str
    conf: dict[str, Any]
    outcome: str
    version: str | None
    live_after: str


def ingests(work: Path) -> tuple[Ingest, ...]:
    """Return the three runs; writes the incident's batch."""
    incident = write_batch("incident", str(work / "incident"), seed=7)
    return (
        Ingest("1  A clean first ingest", {"reason": "first ingest"}, "promoted", "v1.0.0", "v1.0.0"),
        Ingest(
            "2  A clean nightly delta",
            {
                "batch": f"{SAMPLE}/delta",
                "mode": "delta",
                "deletions": f"{SAMPLE}/delta/deleted.txt",
                "reason": "nightly delta",
            },
            "promoted",
            "v1.0.1",
            "v1.0.1",
        ),
        Ingest(
            "3  The incident batch: 15 % empty, 3.2 % duplicates, mean tokens 450 -> 280, chunks cut by 0.58",
            {**incident["params"], "reason": "the batch of the incident"},
            "hold",
            None,
            "v1.0.1",
        ),
    )


def main() -> int:
    """Run the demo; 0 only if all three runs ended as they should."""
    work = Path(os.environ.get(DEMO_VARIABLE, "var/demo")).resolve()
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    environment = {**os.environ, "KBGATE_ARTIFACT_ROOT": str(work / "artifacts"), "AIRFLOW_HOME": str(work / "airflow")}
    log = work / "airflow.log"
    out.print(f"Airflow's own log: {log}", soft_wrap=True)
    _airflow(["db", "migrate"], environment, log)
    first_date = datetime.now(UTC).replace(microsecond=0)
    wrong = 0
    for number, ingest in enumerate(ingests(work)):
        date = first_date + timedelta(seconds=number)
        out.rule(ingest.title)
        report = _run(ingest, date, environment, log)
        console.show_report(report, as_json=False)
        live = _live(environment)
        ended_well = (
            report["outcome"] == ingest.outcome and live == ingest.live_after and report["version"] == ingest.version
        )
        wrong += not ended_well
        out.print(f"{'As it should be' if ended_well else 'NOT as it should be'}: {report['outcome']}, live is {live}.")
    out.rule("Done" if not wrong else "The demo failed")
    out.print(f"Reports: {work}/artifacts/{KB}/runs/*/report.json", soft_wrap=True)
    out.print(
        "Next: make up (Airflow's pages), or read the README's five minutes to your own knowledge base.", soft_wrap=True
    )
    return 1 if wrong else 0


def _run(ingest: Ingest, date: datetime, environment: dict[str, str], log: Path) -> dict[str, Any]:
    runs = Path(environment["KBGATE_ARTIFACT_ROOT"], KB, "runs")
    before = set(runs.glob(f"{DAG_ID}__*"))
    began = time.monotonic()
    with out.status(f"airflow dags test {DAG_ID} …"):
        _airflow(
            ["dags", "test", DAG_ID, date.isoformat(), "--conf", json.dumps(ingest.conf)], environment, log, check=False
        )
    out.print(f"The run took {time.monotonic() - began:.0f} s.")
    reports = [folder / "report.json" for folder in set(runs.glob(f"{DAG_ID}__*")) - before]
    if len(reports) != 1 or not reports[0].is_file():
        raise SystemExit(f"The run left no report. The end of {log} says why:\n{_tail(log)}")
    return dict(json.loads(reports[0].read_text()))


def _live(environment: dict[str, str]) -> str | None:
    """Ask the command line, as a person would."""
    command = [sys.executable, "-m", "kbgate", "versions", "--kb", KB, "--json"]
    answer = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
    live: str | None = json.loads(answer.stdout)["live"]
    return live


def _airflow(arguments: list[str], environment: dict[str, str], log: Path, check: bool = True) -> None:
    with log.open("ab") as file:
        code = subprocess.run(["airflow", *arguments], env=environment, stdout=file, stderr=file).returncode
    if check and code:
        raise SystemExit(f"airflow {' '.join(arguments)} failed. The end of {log} says why:\n{_tail(log)}")


def _tail(log: Path, lines: int = 25) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


if __name__ == "__main__":
    raise SystemExit(main())
