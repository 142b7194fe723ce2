import json

import pandas as pd
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from kbgate.quality.quarantine import SCHEMA
from kbgate.quality.quarantine_summary import quarantine_summary
from kbgate.records import RejectedRow


def features(*rows: tuple[str, str, int | None]) -> pd.DataFrame:
    frame = pd.DataFrame(rows, columns=["doc_id", "source_uri", "line"])
    return frame.astype({"doc_id": "str", "source_uri": "str", "line": "Int64"})


def quarantine(*rows: tuple[str, str, bool]) -> pa.Table:
    values = [
        {"doc_id": d, "rule": rule, "reason": f"It is {rule}.", "severity": "critical", "taken_out": out}
        for d, rule, out in rows
    ]
    return pa.Table.from_pylist(values, schema=SCHEMA)


def rejected(uri: str, line: int | None, reason: str = "Not JSON.") -> RejectedRow:
    return RejectedRow(uri, line, "malformed", reason, "{")


def test_rows_of_a_file_are_counted_by_file_and_the_worst_comes_first():
    frame = features(("a", "in/good.jsonl", 1), ("b", "in/bad.jsonl", 1), ("c", "in/bad.jsonl", 2))
    found = quarantine_summary(quarantine(("b", "empty_text", True)), frame, ["a", "c"], [rejected("in/bad.jsonl", 3)])
    assert found["by_source"] == [
        {"source": "in/bad.jsonl", "n_documents": 3, "n_quarantined": 2},
        {"source": "in/good.jsonl", "n_documents": 1, "n_quarantined": 0},
    ]
    assert (found["n_documents"], found["n_quarantined"]) == (4, 2)


def test_pages_are_counted_by_folder_even_if_a_page_broke_in_a_known_line():
    frame = features(("x/a.md", "kb/x/a.md", None), ("x/b.md", "kb/x/b.md", None), ("top.md", "top.md", None))
    found = quarantine_summary(quarantine(), frame, ["x/a.md", "x/b.md", "top.md"], [rejected("kb/x/c.md", 7)])
    assert found["by_source"] == [
        {"source": "kb/x", "n_documents": 3, "n_quarantined": 1},
        {"source": "top.md", "n_documents": 1, "n_quarantined": 0},
    ]


def test_a_document_with_two_reasons_is_left_out_once_and_one_that_is_only_noted_is_not():
    frame = features(("a", "f", 1), ("b", "f", 2))
    rows = quarantine(("a", "empty_text", True), ("a", "empty_title", False), ("b", "empty_title", False))
    found = quarantine_summary(rows, frame, ["b"], [])
    assert (found["n_rows"], found["n_quarantined"]) == (3, 1)
    assert [(row["rule"], row["taken_out"], row["count"]) for row in found["by_reason"]] == [
        ("empty_title", False, 2),
        ("empty_text", True, 1),
    ]
    assert found["by_reason"][1]["reason"] == "It is empty_text."


def test_a_batch_without_a_row_has_an_empty_summary():
    found = quarantine_summary(quarantine(), features(), [], [])
    assert (found["n_rows"], found["by_reason"], found["by_source"]) == (0, [], [])
    assert json.loads(json.dumps(found)) == found


@settings(deadline=None, max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 120), st.booleans()), max_size=150),
    st.lists(st.tuples(st.integers(0, 120), st.text(max_size=3)), max_size=80),
)
def test_the_lists_are_bounded_and_add_up(documents, broken):
    frame = features(*((f"d{row}", f"file-{source}", row) for row, (source, _) in enumerate(documents)))
    accepted = [f"d{row}" for row, (_, good) in enumerate(documents) if good]
    left_out = [RejectedRow(f"file-{source}", 1, "malformed", reason, "") for source, reason in broken]
    table = quarantine(*((f"d{row}", reason, True) for row, (_, reason) in enumerate(broken)))
    found = quarantine_summary(table, frame, accepted, left_out)
    assert max(len(found["by_reason"]), len(found["by_source"])) <= 50
    assert sum(row["count"] for row in found["by_reason"]) + found["other_reasons"]["count"] == len(table)
    for name, total in (
        ("n_documents", len(frame) + len(broken)),
        ("n_quarantined", len(frame) + len(broken) - len(accepted)),
    ):
        assert sum(row[name] for row in found["by_source"]) + found["other_sources"][name] == total == found[name]


def test_reasons_and_names_of_any_length_leave_a_small_file():
    frame = features(*((f"d{n}", f"{'長' * 5000}-{n}", n) for n in range(100)))
    table = quarantine(*((f"d{n}", f"{n}-{'x' * 5000}", True) for n in range(100)))
    found = quarantine_summary(table.set_column(1, "rule", pa.array(["malformed"] * 100)), frame, [], [])
    assert len(json.dumps(found, indent=2, ensure_ascii=False).encode()) < 300_000
