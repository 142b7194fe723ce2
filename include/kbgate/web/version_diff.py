"""Two versions side by side: documents, settings, profile, recall, and what each question found then and now."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from kbgate.artifacts import RunFolder
from kbgate.errors import ArtifactError, InfrastructureError
from kbgate.evaluation.query_results import QueryResults
from kbgate.releases.diff import VersionDiff, diff_versions
from kbgate.releases.tables import IndexVersion
from kbgate.releases.version_names import VersionName
from kbgate.run import LEDGER_FILE
from kbgate.settings import Settings
from kbgate.web.versions import open_registry

PROFILE_FILE = "profile.json"
QUERIES_FILE = "recall_queries.parquet"
SHOWN_QUERIES = 50


@dataclass(frozen=True, slots=True)
class Answer:
    """What one version found for a question: documents, best first, each once, with the best cosine similarity in [-1, 1]."""

    documents: tuple[tuple[str, float], ...]
    recall: float | None


@dataclass(frozen=True, slots=True)
class QueryChange:
    """One question then and now; `loss` is recall then minus recall now, in [-1, 1], or None where it was not measured."""

    query_id: str
    text: str
    intent: str
    expected: tuple[str, ...]
    then: Answer
    now: Answer
    loss: float | None


@dataclass(frozen=True, slots=True)
class QueryChanges:
    """The questions whose answer changed, the greatest loss first; the first 50 are in `shown`.

    `same_golden_set` is False where the two were measured on different questions, judgements or k.
    """

    shown: tuple[QueryChange, ...]
    n_changed: int
    n_compared: int
    n_worse: int
    n_better: int
    k: tuple[int, int]
    same_golden_set: bool


@dataclass(frozen=True, slots=True)
class VersionComparison:
    """Two versions; `diff` and `queries` are None where files are missing or broken, and `problems` say which."""

    before: IndexVersion
    after: IndexVersion
    diff: VersionDiff | None
    queries: QueryChanges | None
    problems: tuple[str, ...]

    @property
    def settings_rows(self) -> tuple[tuple[str, Any, Any], ...]:
        """Name, then and now of every setting that differs."""
        return tuple((name, *pair) for name, pair in self.diff.settings.items()) if self.diff else ()

    @property
    def profile_rows(self) -> tuple[tuple[str, Any, Any], ...]:
        """Name, then and now of every number of the batches' profiles that differs."""
        return tuple((name, *pair) for name, pair in self.diff.profile.items()) if self.diff else ()

    @property
    def collected(self) -> tuple[str, ...]:
        """Those of the two whose index was deleted."""
        return tuple(found.version for found in (self.before, self.after) if found.state == "collected")


def compare(settings: Settings, kb: str, before: str, after: str) -> VersionComparison:
    """Compare two versions by the registry and by the files of the runs that built them.

    Raises:
        UsageError: a name is not one of a version, or there is no such version.
        InfrastructureError: the registry does not answer.
    """
    for name in (before, after):
        VersionName.parse(name)
    with open_registry(settings) as registry:
        old, new = registry.version(kb, before), registry.version(kb, after)
    folders = [RunFolder(settings.artifact_root, kb, found.run_key) for found in (old, new)]
    problems: dict[str, None] = {}

    def read(reading: Callable[[RunFolder], Any], folder: RunFolder) -> Any:
        try:
            return reading(folder)
        except (ArtifactError, InfrastructureError) as error:
            problems[str(error)] = None
            return None

    ledgers = [read(_ledger, folder) for folder in folders]
    profiles = [read(_profile, folder) for folder in folders]
    then, now = (read(_queries, folder) for folder in folders)
    whole = ledgers[0] is not None and ledgers[1] is not None
    return VersionComparison(
        before=old,
        after=new,
        diff=diff_versions(old, new, *ledgers, *profiles) if whole else None,
        queries=compare_queries(then, now) if then is not None and now is not None else None,
        problems=tuple(problems),
    )


def compare_queries(then: QueryResults, now: QueryResults) -> QueryChanges:
    """Compare what two versions answered to the questions that both were asked."""
    old_rows = {row["query_id"]: row for row in then.rows()}
    both = [(old_rows[row["query_id"]], row) for row in now.rows() if row["query_id"] in old_rows]
    changes = [_change(old, new) for old, new in both]
    moved = [change for change in changes if change.loss or _ids(change.then) != _ids(change.now)]
    moved.sort(key=lambda change: (-(change.loss or 0.0), change.query_id))
    return QueryChanges(
        shown=tuple(moved[:SHOWN_QUERIES]),
        n_changed=len(moved),
        n_compared=len(both),
        n_worse=sum((change.loss or 0.0) > 0 for change in moved),
        n_better=sum((change.loss or 0.0) < 0 for change in moved),
        k=(then.k, now.k),
        same_golden_set=then.measured_like(now),
    )


def _change(old: dict[str, Any], new: dict[str, Any]) -> QueryChange:
    then, now = _answer(old), _answer(new)
    return QueryChange(
        query_id=new["query_id"],
        text=new["text"] or "",
        intent=new["intent"] or "",
        expected=tuple(new["relevant_doc_ids"] or ()),
        then=then,
        now=now,
        loss=None if then.recall is None or now.recall is None else then.recall - now.recall,
    )


def _answer(row: dict[str, Any]) -> Answer:
    found: dict[str, float] = {}
    for doc_id, similarity in zip(row["doc_ids"] or (), row["similarities"] or (), strict=False):
        found.setdefault(doc_id, similarity)
    recall = row["recall"]
    # NaN, the recall of a question without a relevant document, differs from itself.
    return Answer(tuple(found.items()), None if recall is None or recall != recall else recall)


def _ids(answer: Answer) -> list[str]:
    return [doc_id for doc_id, _ in answer.documents]


def _ledger(folder: RunFolder) -> Any:
    wanted = ["doc_id", "content_hash"]
    table = folder.read_table(LEDGER_FILE, wanted)
    if table.column_names != wanted:
        raise ArtifactError(f"{folder.uri}/{LEDGER_FILE} lacks {' or '.join(wanted)}; it is of another kbgate.")
    return table.to_pandas()


def _profile(folder: RunFolder) -> dict[str, Any]:
    profile = folder.read_json(PROFILE_FILE)
    if not isinstance(profile, dict):
        raise ArtifactError(f"{folder.uri}/{PROFILE_FILE} is not the profile of a batch. Run check_documents again.")
    return profile


def _queries(folder: RunFolder) -> QueryResults:
    try:
        return QueryResults.from_table(folder.read_table(QUERIES_FILE))
    except ArtifactError as error:
        raise ArtifactError(f"What the questions found cannot be compared: {error}") from error
