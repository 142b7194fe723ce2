"""The one list of limits fits the settings, the suites and what real runs measure."""

import json
from pathlib import Path

import pytest

from kbgate.gates.limit_settings import FIXED, LIMITS, limit_setting
from kbgate.pipeline import GATES
from kbgate.results import GateResult
from kbgate.settings import KnowledgeBaseSettings
from past_gates import SETTINGS
from small_kb import SmallKb

EXPECTATIONS = Path(__file__).parents[3] / "expectations"
# They change what is measured, or when it is judged.
NO_LIMITS = {
    "quality.max_special_character_share",
    "quality.max_document_unknown_share",
    "quality.min_shift_documents",
    "quality.min_chunk_tokens",
    "drift.min_changed_documents",
    "drift.max_small_batch_share",
    "drift.min_documents",
    "coverage.min_topic_documents",
    "golden.min_quote_similarity",
    "golden.min_leak_bytes",
    "reconcile.max_index_queries",
    "recall.min_relevance",
    "embedder.max_tokens",
}


@pytest.mark.parametrize("setting", sorted({entry.setting for entry in LIMITS}))
def test_every_setting_of_the_list_exists_and_is_a_number(setting: str) -> None:
    section, _, field = setting.partition(".")
    assert isinstance(getattr(getattr(SETTINGS, section), field), int | float)


def test_every_setting_that_looks_like_a_limit_is_in_the_list_or_is_none() -> None:
    found = {
        f"{name}.{field}"
        for name, info in KnowledgeBaseSettings.model_fields.items()
        for field in getattr(info.annotation, "model_fields", {})
        if field.startswith(("max_", "min_")) or field == "margin"
    }
    assert found - NO_LIMITS == {entry.setting for entry in LIMITS}


def test_a_measurement_is_either_limited_by_one_setting_or_fixed() -> None:
    names = [(entry.gate, entry.measurement) for entry in LIMITS]
    assert len(names) == len(set(names))
    assert not {(gate, name) for gate, names in FIXED.items() for name in names} & set(names)


def test_an_intent_does_not_hide_the_setting() -> None:
    entry = limit_setting("recall", "recall_at_k[billing [old]]")
    assert entry is not None
    assert (entry.setting, entry.looser_is_larger) == ("recall.min_recall", False)
    assert limit_setting("recall", "mrr") is None
    assert limit_setting("chunks", "empty_text") is None


def test_floors_of_the_business_are_not_learnt() -> None:
    targets = {
        "recall.min_recall",
        "recall.max_zero_hit_rate",
        "recall.margin",
        "coverage.min_intent_coverage",
        "quality.max_doubled_id_share",
        "reconcile.min_reembed_similarity",
        "reconcile.min_index_recall",
    }
    assert all(entry.not_learnt == "target, not learnt" for entry in LIMITS if entry.setting in targets)


@pytest.mark.parametrize("name", ["documents", "chunks"])
def test_every_expectation_with_a_share_is_in_the_list(name: str) -> None:
    suite = json.loads((EXPECTATIONS / f"{name}.json").read_text())
    for expectation in suite["expectations"]:
        if isinstance(mostly := expectation["kwargs"].get("mostly"), dict):
            entry = limit_setting(name, expectation["meta"]["rule"])
            assert entry is not None, expectation["meta"]
            assert mostly["$PARAMETER"] == f"1 - {entry.field}"


def _unknown(gates: list[GateResult]) -> set[tuple[str, str]]:
    """Measurements with a limit that are in no list."""
    return {
        (gate.name, measured.name)
        for gate in gates
        for measured in gate.measurements
        if measured.direction != "info"
        and limit_setting(gate.name, measured.name) is None
        and measured.name not in FIXED.get(gate.name, ())
    }


def test_every_limited_measurement_of_real_runs_is_in_a_list(live_kb: SmallKb) -> None:
    for number in range(12):
        live_kb.change(number)
    first = live_kb.run("plain")
    live_kb.configure(recall={"rule": "lower_bound", "intent_rule": "holm", "intent_live_rule": "non_inferiority"})
    for number in range(12, 24):
        live_kb.change(number)
    other_rules = live_kb.run("delta", overrides={"source": {"mode": "delta"}})
    for finished in (first, other_rules):
        gates = [GateResult.model_validate(gate) for gate in finished.report["gates"]]
        assert len(gates) == len(GATES)
        assert sum(measured.direction != "info" for gate in gates for measured in gate.measurements) > 50
        assert _unknown(gates) == set()
    judged = {m["name"] for g in first.report["gates"] for m in g["measurements"] if m["direction"] != "info"}
    assert {"low_similarity_share", "paired_similarity_median", "self_duplicate_share"} <= judged
