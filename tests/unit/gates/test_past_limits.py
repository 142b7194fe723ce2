import pytest

from kbgate.gates.limit_settings import LIMITS, LimitSetting
from kbgate.gates.past_limits import limited_measurements, loss_of, needed_limits, setting_of
from kbgate.results import Measurement
from past_gates import documents_run, gate, measured, run


def test_only_what_was_held_to_a_setting_is_taken() -> None:
    reported = Measurement(name="empty_title", value=0.5, n=9)
    not_judged = Measurement(name="mojibake", value=None, threshold=0.01, n=0)
    result = gate(
        "documents", measured("empty_text", 0.0, 0.02), reported, not_judged, measured("accepted_documents", 9, 1)
    )
    assert [found.measured.name for found in limited_measurements(run(1, result))] == ["empty_text"]
    assert list(limited_measurements(run(1, result.model_copy(update={"mode": "off"})))) == []


def test_a_gate_without_its_setting_on_record_teaches_nothing() -> None:
    result = gate("documents", measured("empty_text", 0.0, 0.02)).model_copy(update={"settings": {}})
    assert next(limited_measurements(run(1, result))).recorded is None
    assert needed_limits([run(1, result)]) == {}


def test_a_setting_of_several_measurements_needs_what_the_worst_of_them_needs() -> None:
    psi = [measured("token_psi", 0.1, 0.4), measured("corpus_token_psi", 0.3, 0.4)]
    needed = needed_limits([run(1, gate("documents", *psi)), run(2, gate("documents", *psi[:1]))])
    assert [found.need for found in needed["quality.max_token_psi"]] == [0.3, 0.1]


def test_a_floor_is_learnt_by_how_far_below_one_it_must_be() -> None:
    paired = measured("paired_similarity_median", 0.9, 0.2 + 0.65 * 0.8, direction="min")
    needed = needed_limits([run(1, gate("drift", paired))])["drift.min_paired_similarity"]
    assert needed[0].need == pytest.approx(1 - (0.9 - 0.2) / 0.8)


def test_targets_are_not_learnt() -> None:
    recall = gate("recall", measured("recall_at_k", 0.99, 0.85, direction="min"), measured("zero_hit_rate", 0.0, 0.05))
    assert needed_limits([run(1, recall)]) == {}


def test_one_document_is_a_share_of_the_rows_of_the_documents_or_of_a_topic() -> None:
    rows = next(limited_measurements(documents_run(1, n=50, empty_text=0.0)))
    assert rows.unit_share == 1 / 50
    tokens = gate("documents", measured("unknown_token_share", 0.0, 0.02, n=90_000), details={"n_documents": 40})
    assert next(limited_measurements(run(1, tokens))).unit_share == 1 / 40
    amount = Measurement(name="new_document_share", value=0.1, n=25)
    drift = gate("drift", amount, measured("self_duplicate_share", 0.0, 0.2, n=80))
    assert next(limited_measurements(run(1, drift))).unit_share == 1 / 25
    topics = gate("coverage", measured("topic_lost_share", 0.0, 0.5, n=8))
    assert next(limited_measurements(run(1, topics))).unit_share == 1 / 5
    psi = gate("documents", measured("token_psi", 0.0, 0.4))
    assert next(limited_measurements(run(1, psi))).unit_share == 0


def test_what_only_warns_does_not_block() -> None:
    warned = gate("documents", measured("markup", 0.0, 0.02, severity="warning"))
    critical = gate("documents", measured("empty_text", 0.0, 0.02))
    assert not next(limited_measurements(run(1, warned))).blocks
    assert next(limited_measurements(run(1, critical))).blocks
    assert not next(limited_measurements(run(1, critical.model_copy(update={"mode": "warn"})))).blocks


@pytest.mark.parametrize("entry", LIMITS, ids=lambda entry: entry.measurement)
def test_loss_and_setting_are_each_others_inverse_and_more_loss_is_looser(entry: LimitSetting) -> None:
    assert setting_of(entry, loss_of(entry, 0.3)) == 0.3
    assert (setting_of(entry, 0.4) > setting_of(entry, 0.3)) is entry.looser_is_larger
