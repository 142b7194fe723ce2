import pytest

from document_batches import SETTINGS, batch_of
from kbgate.records import RejectedRow

ENOUGH = SETTINGS.min_shift_documents
MALFORMED = RejectedRow("pages.jsonl", 1, "malformed", "The line is not JSON.", "{")


@pytest.mark.parametrize(
    ("n", "is_delta", "is_sample"),
    [(ENOUGH, False, False), (ENOUGH - 1, False, True), (ENOUGH, True, True), (ENOUGH - 1, True, True)],
)
def test_a_large_snapshot_is_the_whole_and_anything_else_a_sample(n: int, is_delta: bool, is_sample: bool) -> None:
    assert batch_of([100] * n, is_delta=is_delta).is_sample is is_sample


@pytest.mark.parametrize(
    ("n", "is_delta", "judged"),
    [(ENOUGH, True, True), (ENOUGH - 1, True, False), (ENOUGH - 1, False, True), (1, False, True)],
)
def test_only_a_small_delta_is_not_judged_for_length_on_its_own(n: int, is_delta: bool, judged: bool) -> None:
    assert batch_of([100] * n, is_delta=is_delta).judges_lengths is judged


def test_documents_that_do_not_go_on_do_not_make_a_batch_large() -> None:
    batch = batch_of([100] * ENOUGH, is_delta=True, left_out=1)
    assert not batch.judges_lengths
    assert batch_of([100] * ENOUGH, left_out=1).is_sample


@pytest.mark.parametrize("n_left", [1, 4, 5])
def test_an_empty_delta_that_leaves_some_of_live_brings_nothing(n_left: int) -> None:
    assert batch_of([], live=[100] * 5, corpus=[100] * n_left, is_delta=True).brings_nothing


@pytest.mark.parametrize(
    "batch",
    [
        batch_of([], live=[100] * 5, corpus=[100] * 4),
        batch_of([100], live=[100] * 5, corpus=[100] * 4, is_delta=True),
        batch_of([], live=[100] * 5, corpus=[100] * 4, is_delta=True, rejected=[MALFORMED]),
        batch_of([], live=[100] * 5, corpus=[], is_delta=True),
        batch_of([], is_delta=True),
    ],
    ids=["snapshot", "brings a document", "brings a bad row", "removes all", "no live"],
)
def test_anything_else_brings_something_or_is_not_known_to_leave_anything(batch) -> None:
    assert not batch.brings_nothing
