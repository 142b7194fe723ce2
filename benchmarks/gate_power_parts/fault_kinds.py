"""The faults that the bench tries: what goes wrong, how widely it is tried, and which gate must stop it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any, Literal

from gate_power_parts import table_faults
from kbgate.records import Document
from kbgate.run import Run
from kbgate.sample import corpus_faults, text_faults

Spoil = Callable[[list[Document], Random, float], list[Document]]
SEVERITIES = (1.0, 0.15, 0.08, 0.03, 0.01, 0.005)
INCIDENT_CHUNKS = {"chunker": table_faults.CUT}


@dataclass(frozen=True, slots=True)
class FaultKind:
    """One thing that goes wrong.

    `right` maps each gate that may stop it to beginnings of the measurements that name the cause; no beginning: any of them.
    `severities` are shares of the documents (`of` = "topic": of the pages of one key intent), largest first. `spoil` changes
    documents, `tamper` (stage, function) changes a table before the stage reads it, `replays` ingests an older batch again. With
    `among_themselves` the documents that are hit exchange something, so they are spoilt together, anew in each trial. With
    `by_meaning` only a model that knows meanings can tell, so it is not tried where words are hashed.
    """

    name: str
    right: dict[str, tuple[str, ...]]
    spoil: Spoil | None = None
    tamper: tuple[str, Callable[[Run], None]] | None = None
    of: Literal["documents", "topic"] = "documents"
    replays: bool = False
    among_themselves: bool = False
    by_meaning: bool = False
    severities: tuple[float, ...] = SEVERITIES
    overrides: dict[str, Any] = field(default_factory=dict)


def _in_chunks(name: str, change: Callable[[Run], None], **right: tuple[str, ...]) -> FaultKind:
    return FaultKind(name, {"chunks": (), **right}, tamper=("check_chunks", change))


def _in_vectors(name: str, change: Callable[[Run], None], *measured: str) -> FaultKind:
    return FaultKind(name, {"reconcile": measured}, tamper=("build_candidate", change))


def _in_documents(name: str, spoil: Spoil, *measured: str, **right: tuple[str, ...]) -> FaultKind:
    return FaultKind(name, {"documents": measured, **right}, spoil=spoil)


LENGTHS = ("token_", "corpus_token_")
FAULT_KINDS: tuple[FaultKind, ...] = (
    FaultKind(
        "incident batch",
        {"documents": ("empty_text",)},
        spoil=corpus_faults.incident,
        severities=(corpus_faults.INCIDENT_EMPTY_SHARE,),
        among_themselves=True,
        overrides=INCIDENT_CHUNKS,
    ),
    _in_documents("empty text", text_faults.empty_text, "empty_text"),
    _in_documents("white space only", text_faults.whitespace_text, "empty_text"),
    _in_documents(
        "truncated documents",
        text_faults.truncated_documents,
        *LENGTHS,
        "shrunk",
        "truncated",
        golden_set=(),
        coverage=(),
        recall=(),
    ),
    _in_documents("doubled documents", corpus_faults.exact_duplicates, "exact_duplicate"),
    _in_documents("near-doubles", corpus_faults.near_duplicates, "near_duplicate"),
    _in_documents("mojibake", text_faults.mojibake, "mojibake"),
    _in_documents("HTML residue", text_faults.html_residue, "markup"),
    _in_documents("boilerplate page", text_faults.boilerplate, "near_duplicate", "exact_duplicate"),
    _in_documents("wrong language", text_faults.wrong_language, "other_language"),
    _in_documents(
        "title and text swapped",
        text_faults.title_and_text_swapped,
        "title",
        "empty_title",
        *LENGTHS,
        drift=("paired", "low_similarity"),
    ),
    FaultKind(
        "OCR noise",
        {"documents": (), "drift": ("paired", "low_similarity", "version_separability")},
        spoil=text_faults.ocr_noise,
        by_meaning=True,
    ),
    _in_documents(
        "numbers scrambled", text_faults.numbers_scrambled, "replaced_numbers", golden_set=(), recall=("stale",)
    ),
    _in_documents("injected instructions", text_faults.injected_instructions, "injected", "instruction"),
    FaultKind(
        "bodies swapped",
        {"drift": ("paired",)},
        spoil=text_faults.text_swapped_between_documents,
        among_themselves=True,
    ),
    FaultKind(
        "word salad", {"drift": ("paired", "version_separability")}, spoil=text_faults.word_salad, by_meaning=True
    ),
    FaultKind("foreign topic", {"drift": ("low_similarity",)}, spoil=corpus_faults.foreign_topic, by_meaning=True),
    FaultKind(
        "key topic deleted",
        {"documents": ("lost_share",), "coverage": (), "golden_set": ("stale",), "recall": ("stale", "recall")},
        spoil=corpus_faults.lost_documents,
        of="topic",
        severities=(1.0, 0.5, 0.15, 0.08),
    ),
    FaultKind(
        "incomplete export",
        {"documents": ("lost_share",)},
        corpus_faults.lost_documents,
        severities=(0.97, 0.5, 0.25),
    ),
    FaultKind("stale batch replayed", {"documents": ("outdated", "stale", "reverted")}, replays=True),
    _in_chunks("chunk size cut", table_faults.chunked_with(**table_faults.CUT)),
    _in_chunks("overlap lost", table_faults.chunked_with(overlap_tokens=0)),
    _in_chunks("only the last chunk kept", table_faults.only_last_chunks, reconcile=()),
    _in_vectors("another model's vectors", table_faults.other_models_vectors, "reembedded"),
    _in_vectors("wrong prefix", table_faults.wrong_prefix, "reembedded"),
    _in_vectors("vectors not normalised", table_faults.unnormalised_vectors, "not_unit_length"),
    _in_vectors("vectors shifted by one", table_faults.shifted_vectors, "reembedded"),
)
