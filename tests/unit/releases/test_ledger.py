from typing import Any

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.errors import ArtifactError, SourceError
from kbgate.releases.ledger import LEDGER_COLUMNS, apply_plan, ledger_hash, plan_changes

contents = st.dictionaries(st.sampled_from([f"doc {i}" for i in range(12)]), st.sampled_from("abc"))


def ledger(hashes: dict[str, str], run_key: str = "run 1", n_chunks: int = 2) -> pd.DataFrame:
    rows = [
        {
            "doc_id": doc_id,
            "content_hash": digest,
            "text_hash": f"text {digest}",
            "title": f"Title of {doc_id} 標題",
            "source_uri": "kb.jsonl",
            "updated_at": None,
            "lang": "en",
            "n_chars": 100,
            "n_tokens": 10 * n_chunks,
            "n_chunks": n_chunks,
            "run_key": run_key,
        }
        for doc_id, digest in hashes.items()
    ]
    return pd.DataFrame(rows, columns=list(LEDGER_COLUMNS))


def plan(live: dict[str, str] | None, batch: dict[str, str], **options: Any) -> Any:
    arguments = {"quarantined": (), "mode": "snapshot", "deletions": (), "rechunk_all": False} | options
    return plan_changes(None if live is None else ledger(live), ledger(batch), **arguments)


def test_a_first_ingest_adds_everything() -> None:
    found = plan(None, {"b": "1", "a": "1"})
    assert (found.added, found.changed, found.removed, found.unchanged, found.kept) == (("a", "b"), (), (), (), ())
    assert found.to_chunk == ("a", "b")


def test_a_snapshot_removes_what_it_leaves_out() -> None:
    found = plan({"a": "1", "b": "1", "c": "1"}, {"a": "1", "b": "2", "d": "1"})
    assert (found.added, found.changed, found.removed, found.unchanged) == (("d",), ("b",), ("c",), ("a",))
    assert found.to_chunk == ("b", "d")
    assert found.to_replace == ("b", "c")


def test_a_delta_removes_only_what_it_lists() -> None:
    found = plan({"a": "1", "b": "1", "c": "1"}, {"b": "2"}, mode="delta", deletions=["c", "ghost"])
    assert (found.changed, found.removed, found.unchanged) == (("b",), ("c",), ("a",))
    assert found.warnings == ("Live has no document ghost that was to be deleted.",)


def test_live_keeps_the_text_of_a_document_whose_new_row_was_quarantined() -> None:
    found = plan({"a": "1", "b": "1"}, {"a": "2"}, quarantined={"b", "new and bad", ""})
    assert (found.kept, found.removed, found.added) == (("b",), (), ())


def test_a_quarantined_document_is_not_taken_from_another_row_either() -> None:
    found = plan({"a": "1"}, {"a": "2", "b": "1"}, quarantined={"a", "b"})
    assert (found.kept, found.changed, found.added) == (("a",), (), ())


def test_a_snapshot_with_a_row_of_unknown_id_removes_nothing() -> None:
    live, batch = {"a": "1", "b": "1", "c": "1", "q": "1"}, {"a": "1", "b": "2"}
    found = plan(live, batch, quarantined={"q"}, n_unidentified=1)
    assert (found.removed, found.kept, found.unchanged, found.changed) == ((), ("c", "q"), ("a",), ("b",))
    assert found.warnings == ("1 missing in the snapshot not removed: 1 of its rows without a readable id may be it.",)
    assert plan(live, live, n_unidentified=1).warnings == ()


def test_a_delta_with_a_row_of_unknown_id_removes_what_it_lists() -> None:
    found = plan({"a": "1", "b": "1"}, {"a": "2"}, mode="delta", deletions=["b"], n_unidentified=1)
    assert (found.removed, found.kept, found.warnings) == (("b",), (), ())


def test_new_chunk_settings_cut_every_document_again() -> None:
    found = plan({"a": "1", "b": "1", "c": "1"}, {"a": "1", "d": "1"}, quarantined={"b"}, rechunk_all=True)
    assert found.to_chunk == ("a", "b", "d")
    assert found.to_replace == ("a", "b", "c")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"mode": "delta", "deletions": ["a"]}, "both deletes and delivers a"),
        ({"mode": "delta", "deletions": ["q"], "quarantined": {"q"}}, "both deletes and delivers q"),
        ({"mode": "snapshot", "deletions": ["b"]}, "snapshot comes with deletions"),
    ],
)
def test_contradictory_batches_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(SourceError, match=message):
        plan({"a": "1", "b": "1"}, {"a": "2"}, **options)


def test_doubled_ids_are_refused_by_name() -> None:
    doubled = pd.concat([ledger({"a": "1"}), ledger({"a": "2"})])
    with pytest.raises(SourceError, match="several rows for a"):
        plan_changes(None, doubled, (), "snapshot", (), rechunk_all=False)
    with pytest.raises(ArtifactError, match="several rows for a"):
        plan_changes(doubled, ledger({}), (), "snapshot", (), rechunk_all=False)


@given(contents, contents, st.sets(st.sampled_from([f"doc {i}" for i in range(12)])), st.booleans(), st.booleans())
def test_the_new_ledger_is_live_with_the_batch_applied(
    live: dict[str, str], batch: dict[str, str], quarantined: set[str], is_delta: bool, rechunk_all: bool
) -> None:
    deletions = sorted(live.keys() - batch.keys() - quarantined)[::2] if is_delta else []
    mode = "delta" if is_delta else "snapshot"
    found = plan(live, batch, quarantined=quarantined, mode=mode, deletions=deletions, rechunk_all=rechunk_all)
    clean = {k: v for k, v in batch.items() if k not in quarantined}
    survivors = {k: v for k, v in live.items() if k not in deletions} if is_delta else live
    survivors = {k: v for k, v in survivors.items() if is_delta or k in quarantined}
    wanted = survivors | clean

    fresh = ledger({k: wanted[k] for k in found.to_chunk}, run_key="run 2", n_chunks=5)
    new = apply_plan(ledger(live), found, fresh)

    assert dict(zip(new["doc_id"], new["content_hash"], strict=True)) == wanted
    assert list(new["doc_id"]) == sorted(wanted)
    by_id = new.set_index("doc_id")
    for doc_id in wanted:
        delivered = doc_id in found.added + found.changed
        assert by_id.loc[doc_id, "run_key"] == ("run 2" if delivered else "run 1")
        assert by_id.loc[doc_id, "n_chunks"] == (5 if delivered or rechunk_all else 2)


def test_rows_that_do_not_follow_the_plan_are_refused() -> None:
    found = plan({"a": "1"}, {"a": "2", "b": "1"})
    with pytest.raises(ArtifactError, match="missing b, not planned z"):
        apply_plan(ledger({"a": "1"}), found, ledger({"a": "2", "z": "1"}))
    with pytest.raises(ArtifactError, match="lacks the columns n_chunks"):
        apply_plan(ledger({"a": "1"}), found, ledger({"a": "2", "b": "1"}).drop(columns="n_chunks"))


def test_the_hash_depends_on_the_rows_and_not_on_their_order_or_the_file() -> None:
    rows = ledger({"a": "1", "b": "2", "文件": "3"})
    shuffled = rows.iloc[::-1].assign(extra=1)
    assert ledger_hash(rows) == ledger_hash(shuffled)
    assert ledger_hash(rows) != ledger_hash(rows.assign(n_chunks=[2, 2, 3]))
    assert ledger_hash(rows) != ledger_hash(rows.iloc[:2])


def test_the_hash_survives_a_parquet_file(tmp_path: Any) -> None:
    rows = ledger({"a": "1", "文件": "3"})
    rows.to_parquet(tmp_path / "ledger.parquet")
    assert ledger_hash(pd.read_parquet(tmp_path / "ledger.parquet")) == ledger_hash(rows)
