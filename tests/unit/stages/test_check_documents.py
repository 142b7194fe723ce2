from collections.abc import Callable

import pytest

from kbgate.errors import SourceError
from kbgate.overrides import override_settings
from kbgate.pipeline import STAGES
from kbgate.run import Run
from kbgate.stages.check_documents import (
    ACCEPTED_FILE,
    QUARANTINE_FILE,
    SUMMARY_FILE,
    check_documents,
    read_profile,
)
from small_kb import KB, SmallKb, doc_id

BEFORE = STAGES[: STAGES.index("check_documents")]


def read(kb: SmallKb) -> Run:
    """A run that has read its batch."""
    request = kb.request("second")
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_every_document_is_either_accepted_or_in_quarantine(live_kb: SmallKb) -> None:
    live_kb.documents[3] = {**live_kb.documents[3], "text": ""}
    run = read(live_kb)
    result = check_documents(run)
    accepted = run.folder.read_table(ACCEPTED_FILE).column("doc_id").to_pylist()
    (row,) = run.folder.read_table(QUARANTINE_FILE).to_pylist()
    assert (row["doc_id"], row["line"]) == (doc_id(3), 4)
    assert sorted([*accepted, row["doc_id"]]) == sorted(map(doc_id, range(40)))
    assert not result.holds, "one of forty is more than the limit of 2 %, but a single row never holds a batch"


def test_a_sound_batch_is_profiled_for_the_runs_that_come_after(live_kb: SmallKb) -> None:
    run = read(live_kb)
    assert not check_documents(run).holds
    assert run.folder.read_table(QUARANTINE_FILE).num_rows == 0
    assert run.folder.read_json("profile.json")["n_documents"] == 40
    assert read_profile(run, "v1.0.0").n_documents == 40


def test_what_a_batch_would_lose_is_judged_against_live(live_kb: SmallKb) -> None:
    for number in range(10):
        del live_kb.documents[number]
    run = read(live_kb)
    assert "25.0 % of live's documents would be lost (10 of 40)" in check_documents(run).message


def test_the_summary_says_how_many_of_a_source_were_left_out_and_why(live_kb: SmallKb) -> None:
    for number in (3, 4):
        live_kb.documents[number] = {**live_kb.documents[number], "text": ""}
    live_kb.documents[39] = {"title": "No id", "text": "Some text."}
    run = read(live_kb)
    check_documents(run)
    found = run.folder.read_json(SUMMARY_FILE)
    assert {(row["rule"], row["count"]) for row in found["by_reason"]} == {("empty_text", 2), ("missing_doc_id", 1)}
    assert found["n_rows"] == run.folder.read_table(QUARANTINE_FILE).num_rows == 3
    assert found["by_source"] == [{"source": str(live_kb.batch), "n_documents": 40, "n_quarantined": 3}]


def test_a_sound_batch_has_an_empty_summary(live_kb: SmallKb) -> None:
    run = read(live_kb)
    check_documents(run)
    found = run.folder.read_json(SUMMARY_FILE)
    assert (found["n_rows"], found["n_documents"], found["n_quarantined"]) == (0, 40, 0)


def test_texts_that_the_export_cut_off_are_told_from_texts_that_were_rewritten(live_kb: SmallKb) -> None:
    for number in range(3):
        text = live_kb.documents[number]["text"]
        live_kb.documents[number] = {**live_kb.documents[number], "text": text[: len(text) // 2]}
    for number in range(3, 6):
        live_kb.documents[number] = {**live_kb.documents[number], "text": f"We rewrote page {number}, it is short now."}
    live_kb.write_documents()
    run = read(live_kb)
    assert check_documents(run).holds
    found = {m.name: m for m in run.folder.read_gates()["documents"].failed_measurements}
    assert found["truncated_share"].value == 3 / 40


def test_yesterdays_export_without_dates_is_told_from_new_edits(live_kb: SmallKb) -> None:
    yesterday = dict(live_kb.documents)
    for number in range(3):
        live_kb.change(number)
    assert live_kb.run("today").outcome == "promoted"
    live_kb.documents = yesterday
    live_kb.write_documents()
    request = live_kb.request("third")
    live_kb.stages(request, *BEFORE)
    run = Run(live_kb.settings, request)
    assert check_documents(run).holds
    (found,) = run.folder.read_gates()["documents"].failed_measurements
    assert (found.name, found.value) == ("outdated_share", 1)


def test_the_words_of_live_with_other_numbers_hold_the_run(live_kb: SmallKb) -> None:
    texts = {number: live_kb.documents[number]["text"] for number in range(4)}

    def write(numbers: Callable[[int], tuple[int, int]]) -> None:
        for number, text in texts.items():
            files, price = numbers(number)
            text = f"{text} It has {files} files at {price} each."
            live_kb.documents[number] = {**live_kb.documents[number], "text": text}
        live_kb.write_documents()

    write(lambda number: (40, 25))
    assert live_kb.run("second").outcome == "promoted"
    write(lambda number: (10 * number + 7, 90 + number))
    request = live_kb.request("third")
    live_kb.stages(request, *BEFORE)
    run = Run(live_kb.settings, request)
    assert check_documents(run).holds
    (found,) = run.folder.read_gates()["documents"].failed_measurements
    assert (found.name, found.value) == ("replaced_numbers_share", 4 / 40)


def delta(kb: SmallKb, numbers: list[int], deletions: str = "") -> Run:
    """A run that has read a delta of these documents."""
    (kb.folder / "gone.txt").write_text(deletions)
    params = {"batch": str(kb.write_documents(kb.folder / "delta.jsonl", numbers)), "mode": "delta"}
    params["deletions"] = str(kb.folder / "gone.txt")
    request = kb.request("second", overrides=override_settings(kb.settings.knowledge_base(KB), params))
    kb.stages(request, *BEFORE)
    return Run(kb.settings, request)


def test_a_delta_that_brings_texts_of_live_under_new_ids_is_held(live_kb: SmallKb) -> None:
    for number in range(3):
        live_kb.documents[40 + number] = {**live_kb.documents[number], "doc_id": f"copy-{number}"}
    run = delta(live_kb, [40, 41, 42, 5])
    assert check_documents(run).holds
    rows = run.folder.read_table(QUARANTINE_FILE).to_pylist()
    assert [(row["doc_id"], row["value"]) for row in rows if row["rule"] == "exact_duplicate"] == [
        (f"copy-{number}", doc_id(number)) for number in range(3)
    ]


def test_a_text_that_a_delta_moves_to_another_id_goes_on(live_kb: SmallKb) -> None:
    live_kb.documents[40] = {**live_kb.documents[0], "doc_id": "moved"}
    run = delta(live_kb, [40], deletions=doc_id(0))
    assert not check_documents(run).holds
    assert run.folder.read_table(QUARANTINE_FILE).num_rows == 0


def test_a_delta_that_deletes_and_delivers_one_document_is_refused_already_here(live_kb: SmallKb) -> None:
    run = delta(live_kb, [3, 4], deletions=doc_id(3))
    with pytest.raises(SourceError, match=f"both deletes and delivers {doc_id(3)}"):
        check_documents(run)


def test_a_copy_that_comes_before_a_page_of_live_does_not_take_its_place(live_kb: SmallKb) -> None:
    copy = {**live_kb.documents[3], "doc_id": "a-copy"}
    live_kb.documents = {-1: copy, **live_kb.documents}
    run = read(live_kb)
    check_documents(run)
    (row,) = run.folder.read_table(QUARANTINE_FILE).to_pylist()
    assert (row["doc_id"], row["rule"], row["value"]) == ("a-copy", "exact_duplicate", doc_id(3))
    assert doc_id(3) in run.folder.read_table(ACCEPTED_FILE).column("doc_id").to_pylist()
