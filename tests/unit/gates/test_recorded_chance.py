"""What chance explained is worked out from the record exactly as the gate did, or not at all."""

import pytest

from kbgate.gates.recorded_chance import recorded_chance
from kbgate.results import GateResult
from past_gates import gate, measured
from small_kb import SmallKb

DETAILS = {"mode": "snapshot", "token_histogram": [0, 5, 30], "reference_token_histogram": [0, 6, 34]}


def test_the_limits_of_a_real_run_are_the_larger_of_setting_and_recorded_chance(live_kb: SmallKb) -> None:
    live_kb.configure(quality={"max_token_psi": 0.01, "max_token_mean_shift": 0.03})
    live_kb.change(1)
    result = GateResult.model_validate(live_kb.run("snapshot").report["gates"][0])
    assert _judged(result) == ["token_mean_shift", "token_psi"]
    live_kb.change(2)
    delta = live_kb.run("delta", overrides={"source": {"mode": "delta"}})
    corpus = GateResult.model_validate(delta.report["gates"][0])
    assert {"corpus_token_mean_shift", "corpus_token_psi"} <= set(_judged(corpus))


def _judged(result: GateResult) -> list[str]:
    """Names of the measurements whose limit was worked out again, each of which must come out as recorded."""
    names = []
    for found in result.measurements:
        chance = recorded_chance(result, found)
        if chance is not None:
            setting = result.settings[f"max_{found.name.removeprefix('corpus_')}"]
            assert max(setting, chance) == pytest.approx(found.threshold)
            names.append(found.name)
    return names


def test_a_batch_that_is_a_sample_of_a_corpus_is_not_worked_out() -> None:
    few = measured("token_mean_shift", 0.1, 0.3, n=10)
    assert recorded_chance(gate("documents", few, details=DETAILS), few) is None
    many = measured("token_mean_shift", 0.1, 0.3, n=30)
    assert recorded_chance(gate("documents", many, details=DETAILS), many) == 0.0
    assert recorded_chance(gate("documents", many, details={**DETAILS, "mode": "delta"}), many) is None


@pytest.mark.parametrize("spoilt", [{"mode": "snapshot"}, {}, {**DETAILS, "token_histogram": [1]}])
def test_a_record_without_histograms_tells_nothing(spoilt: dict[str, object]) -> None:
    psi = measured("token_psi", 0.1, 0.4)
    assert recorded_chance(gate("documents", psi, details=DETAILS), psi) is not None
    assert recorded_chance(gate("documents", psi, details=spoilt), psi) is None


def test_other_gates_and_other_measurements_have_none() -> None:
    shift, empty = measured("chunk_token_mean_shift", 0.1, 0.2), measured("empty_text", 0.0, 0.02)
    assert recorded_chance(gate("chunks", shift, details=DETAILS), shift) is None
    assert recorded_chance(gate("documents", empty, details=DETAILS), empty) is None
