"""Which setting limits which measurement, and which limits can be learnt from past runs: the one list of both."""

from dataclasses import dataclass
from functools import cache
from typing import Literal

LimitRule = Literal[
    "as_set",
    "negated",
    "between",
    "or_one_row",
    "or_two_documents",
    "or_one_document",
    "or_chance",
    "calibrated",
    "tested",
]
"""How the limit that a measurement was held to comes from the setting s.

as_set: s. negated: -s. between: u + s (1 - u), u measured in the run. or_one_row: 1 / n if that is more and s
is not 0. or_two_documents: 2 / n if that is more. or_one_document: 1 - 1 / n if that is less. or_chance: what chance explains in that run if that is more; the record has it
only where it was more. calibrated: as or_chance, or from `kbgate drift calibrate`. tested: s is part of a test whose
p-value is held to a fixed limit.
"""
Unit = Literal["rows", "documents", "topics", ""]
"""Of what the value is a share: of its own n, which are independent rows; of what the documents of the batch hold; of the
documents of one topic; of nothing."""
TARGET = "target, not learnt"
GOLDEN = "not learnt: the golden set is the same from run to run"
CALIBRATED = "learnt by kbgate drift calibrate"


@dataclass(frozen=True, slots=True)
class LimitSetting:
    """One measurement and the setting that limits it; `not_learnt` says why past runs do not teach the limit."""

    setting: str
    """`<section>.<field>` below `kb.<name>`."""
    gate: str
    measurement: str
    """Without the `[<intent>]` that some have."""
    rule: LimitRule = "as_set"
    unit: Unit = ""
    not_learnt: str = ""
    needs_evidence: bool = False
    """Whether INCONCLUSIVE means too few queries, whatever the limit."""

    @property
    def field(self) -> str:
        """Name of the setting within its section."""
        return self.setting.partition(".")[2]

    @property
    def looser_is_larger(self) -> bool:
        """Whether a larger number lets more pass."""
        return not self.field.startswith("min_")


def _documents(measurement: str, field: str, rule: LimitRule = "as_set", unit: Unit = "rows") -> LimitSetting:
    return LimitSetting(f"quality.{field}", "documents", measurement, rule, unit)


def _chunks(measurement: str, field: str, rule: LimitRule = "as_set", not_learnt: str = "") -> LimitSetting:
    unit: Unit = "" if rule == "or_chance" else "documents"
    return LimitSetting(f"quality.{field}", "chunks", measurement, rule, unit, not_learnt)


def _drift(measurement: str, field: str, rule: LimitRule = "as_set", not_learnt: str = "") -> LimitSetting:
    unit: Unit = "documents" if measurement == "self_duplicate_share" else ""
    return LimitSetting(f"drift.{field}", "drift", measurement, rule, unit, not_learnt)


def _recall(measurement: str, field: str, rule: LimitRule = "as_set", not_learnt: str = TARGET) -> LimitSetting:
    return LimitSetting(f"recall.{field}", "recall", measurement, rule, not_learnt=not_learnt)


def _target(gate: str, measurement: str, setting: str, rule: LimitRule = "as_set") -> LimitSetting:
    return LimitSetting(setting, gate, measurement, rule, not_learnt=TARGET)


LIMITS: tuple[LimitSetting, ...] = (
    _documents("malformed", "max_malformed_share", "or_one_row"),
    _documents("empty_text", "max_empty_text_share", "or_one_row"),
    _documents("empty_title", "max_empty_title_share"),
    _documents("exact_duplicate", "max_exact_duplicate_share", "or_one_row"),
    _documents("stub_copy", "max_stub_share"),
    _documents("near_duplicate", "max_near_duplicate_share"),
    _documents("control_characters", "max_control_character_share", "or_one_row"),
    _documents("mojibake", "max_mojibake_share", "or_one_row"),
    _documents("special_characters", "max_special_documents_share", "or_one_row"),
    _documents("markup", "max_markup_share"),
    _documents("other_language", "max_other_language_share", "or_one_row"),
    _documents("unreadable", "max_unreadable_documents_share", "or_one_row"),
    _documents("unknown_token_share", "max_unknown_token_share", unit="documents"),
    _documents("token_mean_shift", "max_token_mean_shift", "or_chance", ""),
    _documents("corpus_token_mean_shift", "max_token_mean_shift", "or_chance", ""),
    _documents("token_psi", "max_token_psi", "or_chance", ""),
    _documents("corpus_token_psi", "max_token_psi", "or_chance", ""),
    _documents("lost_share", "max_lost_share"),
    _documents("added_share", "max_added_share"),
    _documents("outdated_share", "max_outdated_share", "or_two_documents"),
    _documents("truncated_share", "max_truncated_share", "or_two_documents"),
    _documents("replaced_numbers_share", "max_replaced_numbers_share", "or_two_documents"),
    _documents("injected_instructions", "max_injected_share", "or_one_row"),
    _documents("markup_increase", "max_markup_increase", unit=""),
    _documents("some_mojibake", "max_some_mojibake_share"),
    _documents("some_mojibake_increase", "max_some_mojibake_increase", unit=""),
    _documents("title_longer_than_text", "max_title_longer_share"),
    _documents("title_longer_than_text_increase", "max_title_longer_increase", unit=""),
    _target("documents", "doubled_doc_id", "quality.max_doubled_id_share"),
    _chunks("short_chunk", "max_short_chunk_share"),
    _chunks("boilerplate_chunk", "max_boilerplate_chunk_share"),
    _chunks("uncovered_text_share", "max_uncovered_text_share"),
    _chunks("chunk_token_mean_shift", "max_chunk_token_mean_shift", "or_chance"),
    _chunks("full_chunk_shift", "max_chunk_token_mean_shift"),
    _chunks("overlap_loss", "max_overlap_loss"),
    _target("chunks", "doubled_chunk_id", "quality.max_doubled_id_share"),
    _target("chunks", "empty_chunk", "quality.max_empty_chunk_share"),
    _target("chunks", "long_chunk", "quality.max_long_chunk_share"),
    _target("chunks", "truncated_chunk", "quality.max_truncated_chunk_share"),
    _target("reconcile", "index_recall_at_k", "reconcile.min_index_recall"),
    _target("reconcile", "probe_similarity", "reconcile.min_reembed_similarity"),
    _target("reconcile", "reembedded_similarity", "reconcile.min_reembed_similarity"),
    _drift("low_similarity_share", "max_low_similarity_share", "calibrated", CALIBRATED),
    _drift("self_duplicate_share", "max_self_duplicate_share"),
    _drift("paired_similarity_median", "min_paired_similarity", "between"),
    _drift("version_separability", "max_version_separability"),
    _drift("query_similarity_drop", "max_query_similarity_drop"),
    _drift("neighbour_overlap", "min_neighbour_overlap"),
    _target("coverage", "coverage", "coverage.min_intent_coverage", "or_one_document"),
    LimitSetting("coverage.max_topic_lost_share", "coverage", "topic_lost_share", unit="topics"),
    LimitSetting("golden.max_doubled_share", "golden_set", "doubled_queries", not_learnt=GOLDEN),
    LimitSetting("golden.max_near_duplicate_share", "golden_set", "near_duplicate_queries", not_learnt=GOLDEN),
    LimitSetting("golden.max_leaked_share", "golden_set", "leaked_queries", not_learnt=GOLDEN),
    LimitSetting("recall.min_recall", "recall", "recall_at_k", not_learnt=TARGET, needs_evidence=True),
    _recall("recall_at_k_lower_bound", "min_recall"),
    _recall("below_floor_p", "min_recall", "tested"),
    _recall("zero_hit_rate", "max_zero_hit_rate"),
    _recall("n_queries", "min_queries"),
    _recall("n_queries_asked_of_live", "min_queries"),
    _recall("n_intent_queries_asked_of_live", "min_intent_queries"),
    _recall("unjudged_share", "max_unjudged_share", not_learnt=GOLDEN),
    _recall("stale_share", "max_stale_share"),
    _recall("candidate_minus_live_lower_bound", "margin", "negated"),
    _recall("worse_than_live_p", "margin", "tested"),
)

FIXED: dict[str, frozenset[str]] = {
    "documents": frozenset(
        {"accepted_documents", "doc_id_present", "doc_id_length", "missing_kept", "unknown_deletions"}
    ),
    "chunks": frozenset({"chunks", "rechunked_documents"}),
    "reconcile": frozenset(
        {
            "documents_in_store",
            "missing_from_ledger",
            "missing_from_store",
            "ghosts_in_ledger",
            "ghosts_in_store",
            "removed_still_present",
            "doubled_in_ledger",
            "stale_in_ledger",
            "chunk_count_differs",
            "doubled_chunk_ids",
            "altered_chunks",
            "new_chunks_missing",
            "chunks_left_over",
            "wrong_dimension",
            "not_finite",
            "not_unit_length",
            "removed_still_retrievable",
        }
    ),
    "drift": frozenset({"not_finite"}),
    "golden_set": frozenset({"circular_judgements", "golden_set_changed"}),
}
"""Measurements by gate whose limit is no setting: what must be there or must not happen at all."""


def limit_setting(gate: str, measurement: str) -> LimitSetting | None:
    """The entry of `LIMITS` for a measurement as a gate wrote it, `[<intent>]` included; None if no setting limits it."""
    return _by_measurement().get((gate, measurement.partition("[")[0]))


@cache
def _by_measurement() -> dict[tuple[str, str], LimitSetting]:
    return {(limit.gate, limit.measurement): limit for limit in LIMITS}
