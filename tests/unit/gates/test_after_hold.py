"""What to do next depends on the gate that held the run."""

import pytest

from kbgate.gates.after_hold import after_hold
from kbgate.results import GateResult, Mode, Verdict

PASSED, FAILED, INCONCLUSIVE = Verdict.PASSED, Verdict.FAILED, Verdict.INCONCLUSIVE


def gate(name: str, verdict: Verdict = PASSED, mode: Mode = "block", needs_reference: bool = False) -> GateResult:
    return GateResult(name=name, verdict=verdict, mode=mode, message="", needs_reference=needs_reference)


def step(*gates: GateResult, n_bad_rows: int = 0) -> str:
    return after_hold(gates, "faq", "/runs/one", n_bad_rows)


@pytest.mark.parametrize(
    ("name", "verdict", "wanted"),
    [
        ("documents", FAILED, "mend the batch and run again"),
        ("chunks", FAILED, "mend the batch or the chunk settings"),
        ("reconcile", FAILED, "clear build_candidate"),
        ("drift", FAILED, 'kb.faq.drift.mode = "warn"'),
        ("coverage", FAILED, "ask who deleted the documents"),
        ("golden_set", FAILED, "kbgate golden check --kb faq"),
        ("recall", FAILED, "worst questions in /runs/one/gates/recall.json"),
        ("recall", INCONCLUSIVE, "kbgate golden check --kb faq"),
        ("of_somebody_else", FAILED, "read /runs/one/gates/of_somebody_else.json"),
    ],
)
def test_each_gate_has_a_next_step_of_its_own(name: str, verdict: Verdict, wanted: str) -> None:
    assert wanted in step(gate("first"), gate(name, verdict))
    assert "quarantine" not in step(gate(name, verdict))


def test_the_quarantine_is_named_if_there_are_rows_in_it_and_the_batch_is_to_blame() -> None:
    assert step(gate("documents", FAILED), n_bad_rows=3).endswith("/runs/one/quarantine.parquet")
    assert "quarantine" not in step(gate("recall", FAILED), n_bad_rows=3)


def test_a_failed_gate_speaks_before_an_inconclusive_one_and_a_gate_that_warns_never() -> None:
    held = (gate("documents", FAILED, mode="warn"), gate("golden_set", INCONCLUSIVE), gate("recall", FAILED))
    assert "recall.json" in step(*held)
    assert "golden check" in step(*held[:2])


def test_a_first_ingest_that_only_lacks_a_reference_needs_a_persons_leave() -> None:
    lacking = gate("documents", INCONCLUSIVE, needs_reference=True)
    assert 'kb.faq.release.first_ingest = "allow"' in step(lacking)
    assert "golden check" in step(lacking, gate("recall", INCONCLUSIVE))


def test_a_gate_without_a_result_is_told() -> None:
    assert "left no result" in step(gate("documents"))
