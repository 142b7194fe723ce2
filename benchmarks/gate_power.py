"""Which faults do the gates catch, from which spread on, and how often do they hold an innocent ingest?

Every trial is a whole ingest through the real stages into a copy of a live knowledge base (store numpy, vectors from a cache).
"""

import json
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from gate_power_parts.collection import Collection
    from gate_power_parts.knowledge_base import KnowledgeBase
    from gate_power_parts.power_result import Result

ROOT = Path(__file__).parents[1]
COMMITTED = Path(__file__).with_suffix(".json")
README = ROOT / "README.md"
DATA = ROOT.parent / "shared" / "data"
CACHE = ROOT / "var" / "gate_power"
SEED = 20260101
TRIALS = {1.0: 4, 0.97: 4, 0.5: 4, 0.25: 8, 0.15: 8, 0.08: 20, 0.03: 12, 0.01: 12, 0.005: 12}
"""Trials of a fault at a severity, over all collections."""
CLEAN = 210
CLEAN_STEP = 5
QUICK_FAULTS = ("incident batch", "vectors shifted by one")
QUICK_TRIALS = {0.15: 1, 1.0: 1}
QUICK_CLEAN = 2


def main(
    quick: Annotated[bool, typer.Option(help="Two faults, one trial each, on 60 documents without the model.")] = False,
    collection: Annotated[
        list[Path] | None,
        typer.Option(help="Folder with corpus.jsonl, queries.jsonl, qrels.tsv; tried beside the others."),
    ] = None,
    data: Annotated[Path, typer.Option(help="Folder of such folders.")] = DATA,
    fault: Annotated[
        list[str] | None, typer.Option(help="Try only these faults; the result is then not complete.")
    ] = None,
    clean: Annotated[int, typer.Option(min=0, help="Clean ingests, over all collections.")] = CLEAN,
    json_file: Annotated[Path | None, typer.Option("--json", help="Write the result to this file too.")] = None,
    cache: Annotated[Path, typer.Option(help="Folder of the vectors; the first run fills it.")] = CACHE,
    processes: Annotated[int, typer.Option(min=1, help="Processes at a time, one core each.")] = 2,
    write_readme: Annotated[
        bool, typer.Option(help=f"Measure nothing; draw {COMMITTED.name} into the README between its two markers.")
    ] = False,
) -> None:
    """Try every fault at every severity, and clean ingests; print the table."""
    if write_readme:
        from gate_power_parts.readme_block import write_readme_block

        write_readme_block(README, json.loads(COMMITTED.read_text()))
        return
    began = time.perf_counter()
    result = _measure(_collections(quick, data, collection or []), quick, fault or [], clean, cache, processes)
    from gate_power_parts.power_table import show_result

    show_result(result)
    print(f"{time.perf_counter() - began:.0f} s", file=sys.stderr)
    if json_file is not None:
        json_file.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")


def _collections(quick: bool, data: Path, given: Sequence[Path]) -> "list[Collection]":
    """The sample, each collection in `data` that has questions, the history of a real help centre, and the given ones."""
    from gate_power_parts.collection import history_collection, read_collection, sample_collection, tiny_collection

    if quick:
        return [tiny_collection(), *map(read_collection, given)]
    folders = sorted(path.parent for path in data.glob("*/qrels.tsv") if (path.parent / "corpus.jsonl").is_file())
    histories = (
        [sorted(path for path in folder.glob("t?_*/docs")) for folder in sorted(data.iterdir())]
        if data.is_dir()
        else []
    )
    return [
        sample_collection(),
        *map(read_collection, [*folders, *given]),
        *(history_collection(found[0].parents[1].name, *found[:2]) for found in histories if len(found) > 1),
    ]


def _measure(
    collections: "Sequence[Collection]", quick: bool, only: Sequence[str], n_clean: int, cache: Path, processes: int
) -> "Result":
    # One core a process, and vectors that do not depend on how many there are.
    os.environ |= {"OMP_NUM_THREADS": "1", "TOKENIZERS_PARALLELISM": "false"}
    from gate_power_parts.fault_kinds import FAULT_KINDS
    from gate_power_parts.inputs_hash import inputs_hash
    from gate_power_parts.jobs import begin_process, prepare, run_clean, run_fault
    from gate_power_parts.power_result import power_result

    inputs = inputs_hash()
    wanted = only or (QUICK_FAULTS if quick else [kind.name for kind in FAULT_KINDS])
    unknown = sorted(set(wanted) - {kind.name for kind in FAULT_KINDS})
    if unknown:
        raise SystemExit(f"There is no fault {unknown[0]!r}. Known: {', '.join(kind.name for kind in FAULT_KINDS)}.")
    trials, n_clean = (QUICK_TRIALS, min(n_clean, QUICK_CLEAN)) if quick else (TRIALS, n_clean)
    context = get_context("spawn")
    with (
        tempfile.TemporaryDirectory(prefix="kbgate-power-live-") as folder,
        ProcessPoolExecutor(processes, mp_context=context, initializer=begin_process) as pool,
    ):
        kbs = _all(pool, {one.name: (prepare, one, folder, str(cache)) for one in collections})
        live: list[KnowledgeBase] = [kbs[one.name] for one in collections]
        jobs: dict[Any, tuple[Any, ...]] = {
            name: (run_fault, name, live, SEED, trials, 1 if quick else None) for name in wanted
        }
        for kb in live:
            each = -(-n_clean // len(live))
            for first in range(0, each, CLEAN_STEP):
                jobs[kb.collection.name, first] = (run_clean, kb, SEED, first, min(CLEAN_STEP, each - first))
        done = _all(pool, jobs)
    return power_result(
        seed=SEED,
        inputs=inputs,
        collections=[_about(kb) for kb in live],
        faults=[(kind, done[kind.name]) for kind in FAULT_KINDS if kind.name in done],
        clean=[trial for key, found in done.items() if isinstance(key, tuple) for trial in found],
        complete=not quick and not only and n_clean >= CLEAN,
    )


def _all(pool: ProcessPoolExecutor, jobs: dict[Any, tuple[Any, ...]]) -> dict[Any, Any]:
    """Do all jobs, say on stderr which are done, and return the results in the order of the jobs."""
    futures: dict[Future[Any], Any] = {pool.submit(*job): key for key, job in jobs.items()}
    for number, future in enumerate(as_completed(futures), start=1):
        future.result()
        print(f"{number}/{len(futures)} {futures[future]}", file=sys.stderr)
    return {key: future.result() for future, key in futures.items()}


def _about(kb: "KnowledgeBase") -> dict[str, Any]:
    one = kb.collection
    return {
        "name": one.name,
        "n_documents": len(one.documents),
        "n_queries": len(one.queries),
        "key_intents": sorted(one.key_documents),
        "embedder": one.embedder,
        "k": kb.k,
    }


if __name__ == "__main__":
    typer.run(main)
