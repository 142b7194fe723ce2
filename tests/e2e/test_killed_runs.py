"""kill -9 in every stage: live stays, nobody sees half a version, and the same run started again ends as if nothing had been."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kbgate.artifacts import UNFINISHED
from kbgate.errors import UsageError
from kbgate.pipeline import STAGES, run_stage
from kbgate.run import Run, RunRequest
from killed_run import main as run_and_die
from small_kb import KB, SmallKb

RUN_ID = "third"
CANDIDATE = "v1.0.2"
SCRIPT = Path(__file__).parents[1] / "killed_run.py"
POINTS = {
    "open_run": ("file request.json", "registry acquire_lease", "file start.json"),
    "read_documents": ("file batch.parquet", "file deletions.json"),
    "check_documents": ("file accepted.parquet", "file gates/documents.json"),
    "plan_changes": ("file documents.parquet", "file plan.json", "file changes.json"),
    "chunk_documents": ("file chunks.parquet",),
    "check_chunks": ("file profile.json", "file gates/chunks.json"),
    "embed_chunks": ("cache put_many", "file vectors.parquet"),
    "build_candidate": ("registry reserve_version", "store batches", "store build", "file candidate.json"),
    "reconcile": ("file probe.parquet", "file gates/reconcile.json"),
    "check_drift": ("file gates/drift.json", "file map.json"),
    "check_coverage": ("file gates/coverage.json",),
    "check_golden_set": ("file golden.json", "file gates/golden_set.json"),
    "check_recall": ("file recall_queries.parquet", "file gates/recall.json"),
    "decide": ("file decision.json", "registry record_candidate"),
    "promote": ("registry promote", "file stages/promote.json"),
    "collect_garbage": ("registry mark_collected", "store drop", "file stages/collect_garbage.json"),
    "report": ("file report.json", "registry release_lease", "file report.html"),
}
"""Where each stage is killed: at its first write, its last, and between the two where the registry or the store changes."""
PROMOTED = ("promote", "collect_garbage", "report")
"""Stages whose points all lie after the promotion was committed."""
FORKS = get_context("forkserver")
"""Starts the processes that die, with the slow imports behind them. LanceDB survives the fork of a process that only imported it."""
FORKS.set_forkserver_preload(
    ["great_expectations", "lancedb", "pyarrow.parquet", "sklearn.cluster", "killed_run"]
    + [f"kbgate.stages.{stage}" for stage in STAGES]
    + ["kbgate.gates.documents", "kbgate.quality.suites", "kbgate.web.standalone"]
)
CASES = [(stage, point) for stage, points in POINTS.items() for point in points]


@dataclass(frozen=True)
class Content:
    """What a version is made of."""

    ledger_hash: str | None
    chunks: list[tuple[str, str]]
    vectors: np.ndarray


class Killable:
    """A knowledge base on v1.0.1 whose next delta can be put before any of its stages."""

    def __init__(self, folder: Path) -> None:
        self.kb = SmallKb(folder)
        # With one version kept, the delta's own garbage collection has something to delete: v1.0.0.
        self.kb.configure(release={"keep_versions": 1}, store={"kind": "lancedb"})
        self.snapshots = folder / "snapshots"

    @property
    def artifacts(self) -> Path:
        return self.kb.folder / "artifacts"

    @property
    def request(self) -> RunRequest:
        return self.kb.request(RUN_ID)

    @property
    def run(self) -> Run:
        return Run(self.kb.settings, self.request)

    def prepare(self) -> Content:
        """Run the delta once without a kill, keeping the folder as it was before each stage; return what it built."""
        for number, run_id in enumerate(("first", "second")):
            self.kb.change(number)
            assert self.kb.run(run_id).outcome == "promoted"
        self.kb.change(2)
        self.kb.write_documents()
        for stage in STAGES:
            shutil.copytree(self.artifacts, self.snapshots / stage)
            self.stage(stage)
        assert self.kb.live == CANDIDATE
        return self.content()

    def put_before(self, stage: str) -> None:
        shutil.rmtree(self.artifacts)
        shutil.copytree(self.snapshots / stage, self.artifacts)

    def stage(self, stage: str) -> None:
        request = self.request if stage == "open_run" else None
        run_stage(stage, self.kb.settings, KB, self.request.run_key, request)

    def child(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, str(SCRIPT), self.request.model_dump_json(), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env={**os.environ})

    def kill(self, stage: str, point: str) -> None:
        self.put_before(stage)
        process = FORKS.Process(target=run_and_die, args=(self.request.model_dump_json(), stage, point))
        process.start()
        process.join(120)
        assert process.exitcode == -signal.SIGKILL, f"never came to {point!r}: exit code {process.exitcode}"

    def content(self) -> Content:
        chunks = pa.concat_tables(self.run.store.read(CANDIDATE, ["chunk_id", "doc_id", "vector"])).sort_by("chunk_id")
        return Content(
            ledger_hash=self.run.registry.version(KB, CANDIDATE).facts.ledger_hash,
            chunks=list(zip(*chunks.select(["chunk_id", "doc_id"]).to_pydict().values(), strict=True)),
            vectors=np.array(chunks["vector"].to_pylist(), dtype=np.float32),
        )


@pytest.fixture(scope="module")
def environment() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as monkeypatch:
        yield monkeypatch


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, environment: pytest.MonkeyPatch) -> tuple[Killable, Content]:
    """The knowledge base and what its delta builds when nobody kills it."""
    killable = Killable(tmp_path_factory.mktemp("killed"))
    for name in [name for name in os.environ if name.startswith("KBGATE_")]:
        environment.delenv(name)
    for name, value in killable.kb.environment.items():
        environment.setenv(name, value)
    return killable, killable.prepare()


def test_every_stage_is_killed_at_its_first_and_its_last_write(prepared: tuple[Killable, Content]) -> None:
    killable, _ = prepared
    killable.put_before("open_run")
    ended = killable.child("all")
    assert ended.returncode == 0, ended.stderr
    passed = json.loads(ended.stdout.splitlines()[-1])
    assert list(passed) == list(POINTS) == list(STAGES)
    for stage, points in passed.items():
        # Every stage after the first prolongs the lease before its own work.
        around = {f"file stages/{stage}.json", *(() if stage == "open_run" else ("registry acquire_lease",))}
        own = [point for point in points if point not in around]
        assert set(POINTS[stage]) <= set(points), stage
        assert own[0] == POINTS[stage][0], f"{stage} writes {points}"
        assert own[-1] in POINTS[stage], f"{stage} writes {points}"


@pytest.mark.parametrize(("stage", "point"), [case for case in CASES if case[0] not in PROMOTED])
def test_a_run_killed_before_its_promotion_is_run_again_from_the_start(
    stage: str, point: str, prepared: tuple[Killable, Content]
) -> None:
    killable, expected = prepared
    killable.kill(stage, point)

    assert killable.kb.live == "v1.0.1"
    _assert_only_whole_versions(killable, built=_is_built(stage, point))
    _assert_every_file_is_whole(killable)

    finished = killable.kb.run(RUN_ID)
    assert finished.outcome == "promoted", finished.report["headline"]
    assert finished.report["version"] == CANDIDATE
    if stage == "embed_chunks":
        assert finished.report["embedding"]["n_embedded"] == 0
        assert finished.report["embedding"]["n_cache_hits"] > 0
    _assert_as_if_never_killed(killable, expected)


@pytest.mark.parametrize(
    ("stage", "point"), [(stage, POINTS[stage][-1]) for stage in STAGES[STAGES.index("embed_chunks") :]]
)
def test_a_killed_stage_is_run_again_alone_as_airflow_does(
    stage: str, point: str, prepared: tuple[Killable, Content]
) -> None:
    killable, expected = prepared
    killable.kill(stage, point)
    for name in STAGES[STAGES.index(stage) :]:
        killable.stage(name)
    report = killable.run.folder.read_json("report.json")
    assert report["outcome"] == "promoted", report["headline"]
    _assert_as_if_never_killed(killable, expected)


@pytest.mark.parametrize(("stage", "point"), [case for case in CASES if case[0] in PROMOTED])
def test_a_run_killed_after_its_promotion_is_live_and_is_not_run_twice(
    stage: str, point: str, prepared: tuple[Killable, Content]
) -> None:
    killable, expected = prepared
    killable.kill(stage, point)

    assert killable.kb.live == CANDIDATE
    _assert_every_file_is_whole(killable)
    gates = killable.run.folder.gate_files()

    with pytest.raises(UsageError, match=rf"promoted already as {CANDIDATE}\. Start a new run"):
        killable.kb.run(RUN_ID)
    assert killable.kb.live == CANDIDATE
    assert killable.run.folder.gate_files() == gates, "what the live version was judged by is gone"

    killable.stage("report")
    report = killable.run.folder.read_json("report.json")
    assert report["outcome"] == "promoted", report["headline"]
    assert CANDIDATE in report["headline"]
    _assert_as_if_never_killed(killable, expected, whole=False)


def _is_built(stage: str, point: str) -> bool:
    return STAGES.index(stage) > STAGES.index("build_candidate") or point in ("store build", "file candidate.json")


def _assert_only_whole_versions(killable: Killable, built: bool) -> None:
    store = killable.run.store
    assert store.versions() == ["v1.0.0", "v1.0.1", *([CANDIDATE] if built else [])]
    for version in store.versions():
        assert store.count(version) == sum(table.num_rows for table in store.read(version, ["chunk_id"]))


def _assert_every_file_is_whole(killable: Killable) -> None:
    """A reader finds JSON in every .json and Parquet in every .parquet, and takes no unfinished file for a gate's."""
    folder = Path(killable.run.folder.uri)
    for path in folder.rglob("*.json"):
        json.loads(path.read_bytes())
    for path in folder.rglob("*.parquet"):
        pq.read_table(path)
    assert not [name for name in killable.run.folder.gate_files() if UNFINISHED in name]
    killable.run.folder.read_gates()


def _assert_as_if_never_killed(killable: Killable, expected: Content, whole: bool = True) -> None:
    run = killable.run
    release = run.registry.release(KB)
    assert (release.live, release.previous) == (CANDIDATE, "v1.0.1")
    versions = run.registry.versions(KB)
    assert [version.version for version in versions] == ["v1.0.0", "v1.0.1", CANDIDATE]
    promotions = [
        event for event in run.registry.events(KB) if event.version_to == CANDIDATE and event.kind == "promoted"
    ]
    assert len(promotions) == 1
    assert run.registry.lease(KB) is None
    assert run.store.discard_unfinished() == []
    content = killable.content()
    assert content.ledger_hash == expected.ledger_hash
    assert content.chunks == expected.chunks
    np.testing.assert_array_equal(content.vectors, expected.vectors)
    if whole:
        assert run.store.versions() == ["v1.0.1", CANDIDATE]
        assert not list(Path(run.folder.uri).rglob(f"*{UNFINISHED}"))
