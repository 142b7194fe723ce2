"""The pages of a run over many documents beside those of a run over few: what a page shows was counted by the stages."""

import json
import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from measuring.run_apart import Apart, run_apart, share_imports
from measuring.table import Row, Table, show

if TYPE_CHECKING:
    from kbgate.settings import Settings
    from kbgate.web.access import Access

SEED = 20260101
SIZES = (1_000, 100_000)
QUICK_SIZES = (100, 300)
QUESTIONS = 200
EMPTY_SHARE = 0.05
"""Documents of the second run without a text, so that the quarantine has thousands of rows."""
WARM = 9
KB = "bench"
DAG_ID = f"kb_ingest__{KB}"
RUN_IDS = ("first", "second")
PAGES = {
    "knowledge bases": "/",
    "run report": f"/runs/{DAG_ID}/second",
    "versions": f"/kb/{DAG_ID}/versions",
    "difference of two versions": f"/kb/{DAG_ID}/diff?before=v1.0.0&after=v1.0.1",
    "trends": f"/kb/{DAG_ID}/trends",
    "quarantine": f"/kb/{DAG_ID}/quarantine",
    "quarantine, one reason": f"/kb/{DAG_ID}/quarantine?reason=empty_text",
}
Drawn = dict[str, tuple[float, float, int]]
"""By page: seconds of the first request of the process, median seconds of the following ones, bytes."""


def main(
    quick: Annotated[bool, typer.Option(help="Small form, for a look and for the tests.")] = False,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the tables to this file too.")] = None,
) -> None:
    """Ingest twice at each size, then ask for every page."""
    if quick:
        share_imports("great_expectations", "kbgate.web.app")
    found: dict[int, Apart[Drawn]] = {}
    for size in QUICK_SIZES if quick else SIZES:
        with tempfile.TemporaryDirectory(prefix="kbgate-bench-") as folder:
            run_apart(ingest_twice, folder, size)
            found[size] = run_apart(draw_pages, folder)
    show([_seconds(found), _bytes(found)], json_file)


def ingest_twice(folder: str, size: int) -> None:
    """Promote a first snapshot, then one in which 1 % of the documents changed and some lost their text."""
    from kbgate.artifacts import run_key_of
    from kbgate.pipeline import run_candidate
    from kbgate.run import Run, RunRequest

    for run_id in RUN_IDS:
        _write_snapshot(folder, size, changed=run_id == "second")
        request = RunRequest(kb=KB, run_key=run_key_of(DAG_ID, run_id), actor="benchmark", reason="a measurement")
        run_candidate(_settings(folder), request, lambda stage, result: None)
        report = Run(_settings(folder), request).folder.read_json("report.json")
        if report["outcome"] != "promoted":
            raise SystemExit(f"The run {run_id} was not promoted but {report['outcome']}: {report['headline']}")


def draw_pages(folder: str) -> Drawn:
    """Ask for each page in turn in one process."""
    from fastapi.testclient import TestClient

    from kbgate.web.app import create_app

    browser = TestClient(create_app(lambda: _settings(folder), _everybody()))
    drawn: Drawn = {}
    for name, path in PAGES.items():
        seconds, sizes = [], set()
        for _ in range(1 + WARM):
            began = time.perf_counter()
            answer = browser.get(path)
            seconds.append(time.perf_counter() - began)
            assert answer.status_code == 200, f"{path}: {answer.status_code} {answer.text[:2000]}"
            sizes.add(len(answer.content))
        drawn[name] = (seconds[0], statistics.median(seconds[1:]), max(sizes))
    return drawn


def _write_snapshot(folder: str, size: int, *, changed: bool) -> None:
    from measuring.short_documents import short_documents

    golden, n_empty = Path(folder) / "golden", round(EMPTY_SHARE * size) if changed else 0
    golden.mkdir(exist_ok=True)
    queries, judged = [], []
    with (Path(folder) / "snapshot.jsonl").open("w", encoding="utf-8") as file:
        for number, document in enumerate(short_documents(size, SEED, changed=changed)):
            text = "" if number >= size - n_empty else document.text
            file.write(json.dumps({"doc_id": document.doc_id, "title": document.title, "text": text}) + "\n")
            if number < QUESTIONS:
                query = {"query_id": f"q{number}", "text": document.text[:80], "intent": f"intent {number % 8}"}
                queries.append(json.dumps(query) + "\n")
                judged.append(f"q{number}\t{document.doc_id}\t1\n")
    (golden / "queries.jsonl").write_text("".join(queries))
    (golden / "qrels.tsv").write_text("query_id\tdoc_id\trelevance\n" + "".join(judged))


def _settings(folder: str) -> "Settings":
    from kbgate.settings import load_settings

    # Random words are no prose: what the gates say of them is drawn, and holds nothing.
    warned = {"mode": "warn"}
    sections = {
        "source": {"kind": "jsonl", "options": {"path": f"{folder}/snapshot.jsonl"}},
        "quality": {"documents_mode": "warn", "chunks_mode": "warn"},
        "embedder": {"kind": "hashing_for_tests_only", "cache": f"{folder}/cache"},
        "store": {"kind": "numpy"},
        "reconcile": warned,
        "drift": warned,
        "coverage": warned,
        "golden": warned,
        "recall": {**warned, "golden_set": f"{folder}/golden"},
    }
    return load_settings(
        artifact_root=f"{folder}/artifacts", registry={"dsn": f"sqlite:///{folder}/registry.db"}, kb={KB: sections}
    )


def _everybody() -> "Access":
    """Nobody is kept out: what the guards cost is Airflow's."""
    from kbgate.web.access import Access

    return Access(lambda dag_id: None, lambda: None, lambda: {DAG_ID})


def _seconds(found: dict[int, Apart[Drawn]]) -> Table:
    small = min(found)
    rows = [
        Row(f"{name}, {size:,} documents", 1000 * warm, "ms", warm / found[small].value[name][1], part.peak_memory_mb)
        for name in PAGES
        for size, part in found.items()
        for _, warm, _ in [part.value[name]]
    ]
    rows += [
        Row(
            f"first page of a process, {size:,} documents",
            1000 * first,
            "ms",
            first / first_of_small,
            part.peak_memory_mb,
        )
        for size, part in found.items()
        for first, first_of_small in [(_slowest_first(part), _slowest_first(found[small]))]
    ]
    return Table(
        f"A page once drawn before, median of {WARM}", f"to the same page over {small:,} documents", tuple(rows)
    )


def _slowest_first(part: Apart[Drawn]) -> float:
    return max(first for first, _, _ in part.value.values())


def _bytes(found: dict[int, Apart[Drawn]]) -> Table:
    small = min(found)
    rows = [
        Row(
            f"{name}, {size:,} documents",
            n_bytes / 1000,
            "kB",
            n_bytes / found[small].value[name][2],
            part.peak_memory_mb,
        )
        for name in PAGES
        for size, part in found.items()
        for _, _, n_bytes in [part.value[name]]
    ]
    return Table("Size of the pages", f"to the same page over {small:,} documents", tuple(rows))


if __name__ == "__main__":
    typer.run(main)
