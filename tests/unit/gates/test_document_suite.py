import json
from pathlib import Path

import pytest

from document_batches import SETTINGS, batch_of
from kbgate.gates.document_batch import DocumentBatch
from kbgate.gates.document_suite import measure_suite, run_document_suite
from kbgate.quality.suite_file import suite_file
from kbgate.quality.suites import ExpectationOutcome, SuiteResult
from kbgate.records import RejectedRow
from kbgate.results import Measurement, Verdict

LIVE = [100] * 60


@pytest.fixture(scope="module")
def lengths_only(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project's suite without its expectations on other columns."""
    suite = json.loads(suite_file(SETTINGS, "documents").read_text())
    suite["expectations"] = [e for e in suite["expectations"] if e["meta"].get("measurement") == "token_mean_shift"]
    path = tmp_path_factory.mktemp("suite") / "documents.json"
    path.write_text(json.dumps(suite))
    return path


def outcome(batch: DocumentBatch, path: Path) -> ExpectationOutcome:
    (found,) = run_document_suite(batch, {}, path).outcomes
    return found


def measured(batch: DocumentBatch, found: ExpectationOutcome) -> list[Measurement]:
    return measure_suite(batch, SuiteResult((found,), {}))


def mean_shift(observed: float, low: float, high: float, *, success: bool, severity: str = "critical"):
    bounds = {"observed": observed, "low": low, "high": high}
    kind = "expect_column_mean_to_be_between"
    return ExpectationOutcome("token_mean_shift", None, kind, "n_tokens", severity, success, **bounds)


def doubled(n: int, n_unexpected: int) -> ExpectationOutcome:
    name, kind = "doubled_doc_id", "expect_column_values_to_be_unique"
    return ExpectationOutcome(name, name, kind, "doc_id", "critical", not n_unexpected, n, n_unexpected, max_share=0.0)


def test_the_suite_knows_live_and_judges_the_rows_that_go_on(lengths_only: Path) -> None:
    spoilt = [*LIVE, *[9000] * 2]
    kept = outcome(batch_of(spoilt, LIVE, left_out=2), lengths_only)
    assert (kept.success, kept.observed) == (True, pytest.approx(100))
    assert (kept.low, kept.high) == (pytest.approx(70), pytest.approx(130))
    assert not outcome(batch_of(spoilt, LIVE), lengths_only).success


def test_without_live_the_mean_is_open_and_in_a_small_delta_it_is_left_to_the_corpus(lengths_only: Path) -> None:
    first = batch_of(LIVE)
    waiting = outcome(first, lengths_only)
    assert set(waiting.waits_for) == {"live_token_mean", "allowed_token_mean_change"}
    assert [(m.name, m.verdict) for m in measured(first, waiting)] == [("token_mean_shift", Verdict.INCONCLUSIVE)]
    delta = batch_of([9000] * 5, LIVE, is_delta=True)
    assert outcome(delta, lengths_only).waits_for == ("allowed_token_mean_change",)
    assert measured(delta, outcome(delta, lengths_only)) == []


@pytest.mark.parametrize(
    ("observed", "success", "verdict"), [(125.0, True, Verdict.PASSED), (62.0, False, Verdict.FAILED)]
)
def test_the_mean_is_said_as_a_relative_change(observed: float, success: bool, verdict: Verdict) -> None:
    (shift,) = measured(batch_of(LIVE, LIVE), mean_shift(observed, 70, 130, success=success, severity="warning"))
    assert (shift.value, shift.threshold) == (pytest.approx(abs(observed - 100) / 100), pytest.approx(0.3))
    assert (shift.verdict, shift.severity, shift.n) == (verdict, "warning", 60)


def test_bounds_that_someone_wrote_into_the_suite_stand() -> None:
    (shift,) = measured(batch_of(LIVE, LIVE), mean_shift(100, 90, 95, success=False))
    assert (shift.verdict, shift.value, shift.threshold) == (Verdict.FAILED, 100, 95)
    assert "wanted at least 90 and at most 95" in shift.message


def test_doubled_ids_that_the_source_held_back_count_with_those_in_the_frame() -> None:
    held_back = RejectedRow("pages.jsonl", 61, "doubled_doc_id", "The doc_id occurred before.", "page-1", "page-1")
    malformed = RejectedRow("pages.jsonl", 62, "malformed", "The line is not JSON.", "{")
    (clean,) = measured(batch_of(LIVE, rejected=[malformed]), doubled(60, 0))
    assert (clean.verdict, clean.value, clean.n) == (Verdict.PASSED, 0, 60)
    (found,) = measured(batch_of(LIVE, rejected=[held_back, malformed]), doubled(60, 0))
    assert (found.verdict, found.value, found.n) == (Verdict.FAILED, pytest.approx(1 / 61), 61)
    (both,) = measured(batch_of(LIVE, rejected=[held_back]), doubled(60, 2))
    assert both.value == pytest.approx(3 / 61)
