import math
from dataclasses import replace

import pyarrow as pa
import pytest

from kbgate.errors import UsageError
from kbgate.evaluation.query_results import SCHEMA, QueryResults
from kbgate.web.version_diff import SHOWN_QUERIES, compare, compare_queries
from small_kb import KB, SmallKb, doc_id
from web_pages import SECOND, run_folder


def results(*rows: dict[str, object], golden_hash: str = "g", k: int = 5) -> QueryResults:
    """Query results whose rows hold what a test names, and nothing else."""
    empty: dict[str, object] = dict.fromkeys(SCHEMA.names)
    table = pa.Table.from_pylist([{**empty, **row} for row in rows], SCHEMA)
    return QueryResults(table, k=k, zero_hit_similarity=0.1, golden_hash=golden_hash)


def row(query_id: str, recall: float | None, *found: str) -> dict[str, object]:
    return {
        "query_id": query_id,
        "text": f"question {query_id}",
        "intent": "orders",
        "recall": recall,
        "doc_ids": list(found),
        "similarities": [0.9 - 0.1 * rank for rank in range(len(found))],
        "relevant_doc_ids": ["a"],
    }


def test_questions_are_sorted_by_what_they_lost() -> None:
    then = results(row("q1", 1.0, "a"), row("q2", 0.5, "a"), row("q3", 0.0, "b"), row("q4", 1.0, "a"))
    now = results(row("q1", 0.5, "b"), row("q2", 0.0, "b"), row("q3", 1.0, "a"), row("q4", 0.0, "c"))
    found = compare_queries(then, now)
    assert [change.query_id for change in found.shown] == ["q4", "q1", "q2", "q3"]
    assert [change.loss for change in found.shown] == [1.0, 0.5, 0.5, -1.0]
    assert (found.n_worse, found.n_better, found.n_changed, found.n_compared) == (3, 1, 4, 4)


def test_a_question_answered_the_same_is_not_shown_and_another_order_is() -> None:
    then = results(row("same", 1.0, "a", "b"), row("turned", 1.0, "a", "b"))
    now = results(row("same", 1.0, "a", "b"), row("turned", 1.0, "b", "a"))
    assert [change.query_id for change in compare_queries(then, now).shown] == ["turned"]


def test_a_document_found_by_several_chunks_is_shown_once_with_its_best_similarity() -> None:
    found = compare_queries(results(row("q", 1.0, "a", "b", "a")), results(row("q", 0.0, "b")))
    assert found.shown[0].then.documents == (("a", pytest.approx(0.9)), ("b", pytest.approx(0.8)))


def test_only_questions_that_both_were_asked_are_compared() -> None:
    found = compare_queries(results(row("old", 1.0, "a")), results(row("new", 0.0)))
    assert (found.n_compared, found.shown) == (0, ())


def test_a_question_without_a_relevant_document_has_no_loss() -> None:
    found = compare_queries(results(row("q", math.nan, "a")), results(row("q", math.nan, "b")))
    assert (found.shown[0].loss, found.shown[0].then.recall, found.n_worse, found.n_better) == (None, None, 0, 0)


def test_another_golden_set_or_k_is_told() -> None:
    then = results(row("q", 1.0, "a"))
    assert compare_queries(then, then).same_golden_set
    assert not compare_queries(then, replace(then, golden_hash="other")).same_golden_set
    assert not compare_queries(then, replace(then, k=9)).same_golden_set


def test_no_more_questions_are_shown_than_fit() -> None:
    numbers = range(SHOWN_QUERIES + 5)
    then = results(*(row(f"q{number}", 1.0, "a") for number in numbers))
    now = results(*(row(f"q{number}", 0.0, "b") for number in numbers))
    found = compare_queries(then, now)
    assert (len(found.shown), found.n_changed) == (SHOWN_QUERIES, SHOWN_QUERIES + 5)


def test_two_real_versions_differ_by_what_the_second_run_did(web_kb: SmallKb) -> None:
    found = compare(web_kb.settings, KB, "v1.0.0", "v1.0.1")
    assert found.diff is not None
    assert found.queries is not None
    assert (found.problems, found.collected) == ((), ())
    assert found.diff.changed == tuple(doc_id(number) for number in range(5))
    assert found.diff.removed == (doc_id(39),)
    lost = [change for change in found.queries.shown if change.loss and change.loss > 0]
    assert {change.expected for change in lost} == {(doc_id(39),)}
    assert all(doc_id(39) in dict(change.then.documents) for change in lost)
    assert not any(doc_id(39) in dict(change.now.documents) for change in lost)


def test_a_version_differs_from_itself_in_nothing(web_kb: SmallKb) -> None:
    found = compare(web_kb.settings, KB, "v1.0.1", "v1.0.1")
    assert found.diff is not None
    assert found.queries is not None
    assert (found.diff.added, found.diff.changed, found.diff.removed, found.queries.n_changed) == ((), (), (), 0)
    assert (found.settings_rows, found.profile_rows) == ((), ())


def test_without_a_ledger_the_questions_are_still_compared(web_kb: SmallKb) -> None:
    run_folder(web_kb.settings, SECOND).clear("ledger.parquet")
    found = compare(web_kb.settings, KB, "v1.0.0", "v1.0.1")
    assert found.diff is None
    assert found.queries is not None
    assert "ledger.parquet" in found.problems[0]


def test_a_ledger_of_another_shape_is_named(web_kb: SmallKb) -> None:
    run_folder(web_kb.settings, SECOND).write_table("ledger.parquet", pa.table({"doc_id": ["a"]}))
    found = compare(web_kb.settings, KB, "v1.0.0", "v1.0.1")
    assert found.diff is None
    assert "lacks doc_id or content_hash" in found.problems[0]


def test_an_unknown_version_is_an_error(web_kb: SmallKb) -> None:
    with pytest.raises(UsageError, match=r"v9\.9\.9"):
        compare(web_kb.settings, KB, "v1.0.0", "v9.9.9")
