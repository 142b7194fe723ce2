"""Batches of the sample knowledge base with one fault each, and the gate that must stop them."""

import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from kbgate.errors import UsageError
from kbgate.records import Document
from kbgate.sample import corpus_faults, text_faults
from kbgate.sample.batch_folder import write_batch_folder
from kbgate.sample.text_faults import Documents

BASE = "package://kbgate/sample/helpdesk/base"


@dataclass(frozen=True)
class Fault:
    """One thing that goes wrong with an ingest.

    `gate` must stop the batch, and `measurement` be among the ones it did not pass. `share` is the part of the documents
    that is spoilt unless another is asked for; `params` differ from the settings in such a run, as in the DAG's form.
    """

    description: str
    gate: str
    measurement: str
    spoil: Callable[[Documents, Random, float], Documents]
    share: float = 0.0
    params: dict[str, Any] = field(default_factory=dict)


def _unspoilt(documents: Documents, random: Random, share: float) -> Documents:
    """The fault is in the settings, not in the documents."""
    return documents


FAULTS: dict[str, Fault] = {
    "incident": Fault(
        "The batch of the 2 a.m. incident: 15 % empty texts, 3.2 % exact copies, mean length 450 -> 280 tokens, "
        "chunks 240/40 -> 140/20 (the article's 600/100 -> 350/50, scaled to a model that reads 256 tokens).",
        "documents",
        "empty_text",
        corpus_faults.incident,
        corpus_faults.INCIDENT_EMPTY_SHARE,
        {"chunk_size_tokens": 140, "chunk_overlap_tokens": 20},
    ),
    "empty_text": Fault("Texts are missing.", "documents", "empty_text", text_faults.empty_text, 0.05),
    "whitespace_text": Fault(
        "Texts hold only white space and characters of no width.",
        "documents",
        "empty_text",
        text_faults.whitespace_text,
        0.05,
    ),
    "empty_title": Fault(
        'Titles are "N/A", "undefined" or invisible.', "documents", "empty_title", text_faults.empty_title, 0.05
    ),
    "exact_duplicates": Fault(
        "Documents come twice, under another name.",
        "documents",
        "exact_duplicate",
        corpus_faults.exact_duplicates,
        0.05,
    ),
    "near_duplicates": Fault(
        "Documents come twice with a sentence added.",
        "documents",
        "near_duplicate",
        corpus_faults.near_duplicates,
        0.12,
    ),
    "truncated_documents": Fault(
        "Most texts break off after two fifths.",
        "documents",
        "token_mean_shift",
        text_faults.truncated_documents,
        0.8,
    ),
    "mojibake": Fault("UTF-8 was read as Windows-1252.", "documents", "mojibake", text_faults.mojibake, 0.05),
    "replacement_characters": Fault(
        "Letters became U+FFFD.", "documents", "control_characters", text_faults.replacement_characters, 0.05
    ),
    "control_characters": Fault(
        "Terminal colour codes stand in the texts.",
        "documents",
        "control_characters",
        text_faults.control_characters,
        0.05,
    ),
    "special_characters": Fault(
        "The export's field separators stand between the words.",
        "documents",
        "special_characters",
        text_faults.special_characters,
        0.05,
    ),
    "html_residue": Fault(
        "HTML tags and entities are left in the texts, where live has none.",
        "documents",
        "markup_increase",
        text_faults.html_residue,
        0.2,
    ),
    "wrong_language": Fault(
        "German and French texts under English titles.",
        "documents",
        "other_language",
        text_faults.wrong_language,
        0.12,
    ),
    "unknown_tokens": Fault(
        "Traditional Chinese texts, which the shipped model cannot read.",
        "documents",
        "unknown_token_share",
        text_faults.unknown_tokens,
        0.12,
    ),
    "invalid_utf8": Fault("Files are saved in Windows-1252.", "documents", "malformed", text_faults.invalid_utf8, 0.05),
    "lost_documents": Fault(
        "The export is 3 % complete and reported success.",
        "documents",
        "lost_share",
        corpus_faults.lost_documents,
        0.97,
    ),
    "doubled_growth": Fault(
        "The archive was exported too: nearly twice as many documents.",
        "documents",
        "added_share",
        corpus_faults.doubled_growth,
        0.8,
    ),
    "stale_snapshot": Fault(
        "The export was read from an old backup: the newest fifth is missing, other texts are older.",
        "documents",
        "lost_share",
        corpus_faults.stale_snapshot,
        0.2,
    ),
    "boilerplate": Fault(
        "The sign-in page was saved instead of articles; only a reference number differs.",
        "documents",
        "near_duplicate",
        text_faults.boilerplate,
        0.12,
    ),
    "repeated_header": Fault(
        "A long legal notice stands above the texts.",
        "chunks",
        "boilerplate_chunk",
        text_faults.repeated_header,
        0.3,
    ),
    "tiny_chunks": Fault(
        "Chunks of 12 tokens, as if words had been meant.",
        "chunks",
        "short_chunk",
        _unspoilt,
        params={"chunk_size_tokens": 12, "chunk_overlap_tokens": 2},
    ),
    "oversized_chunks": Fault(
        "Chunks of 600 tokens, of which the model reads the first 254.",
        "chunks",
        "truncated_chunk",
        _unspoilt,
        params={"chunk_size_tokens": 600, "chunk_overlap_tokens": 100},
    ),
    "foreign_topic": Fault(
        "New documents on cooking, the night sky and the like.",
        "drift",
        "low_similarity_share",
        corpus_faults.foreign_topic,
        0.15,
    ),
    "numbered_header": Fault(
        "A long legal notice with the number of the copy stands above the texts, so that no two chunks are equal.",
        "drift",
        "self_duplicate_share",
        text_faults.numbered_header,
        0.15,
    ),
    "named_header": Fault(
        "A long legal notice that names the article stands above the texts, so that no two chunks are equal.",
        "drift",
        "low_similarity_share",
        text_faults.named_header,
        0.15,
    ),
    "text_swapped_between_documents": Fault(
        "Bodies are exchanged between documents of different categories, titles and ids are kept.",
        "drift",
        "paired_similarity_median",
        text_faults.text_swapped_between_documents,
        0.3,
    ),
    "word_salad": Fault(
        "The words of many documents are dealt out anew among them.",
        "drift",
        "paired_similarity_median",
        text_faults.word_salad,
        0.15,
    ),
    "key_topic_gutted": Fault(
        "Twelve pages on billing keep only their first lines.",
        "documents",
        "truncated_share",
        text_faults.key_topic_gutted,
        0.075,
    ),
    "key_topic_deleted": Fault(
        "Twelve pages on billing are gone.", "recall", "stale_share", corpus_faults.key_topic_deleted, 0.075
    ),
}


def write_batch(fault: str, into: str, seed: int, share: float | None = None) -> dict[str, Any]:
    """Write the sample's base with one fault as a folder of Markdown files; same seed, same files.

    Returns description, path (absolute), params (for the DAG's form), command (to type), gate and measurement.

    Raises:
        UsageError: there is no such fault, the share is not between 0 and 1, or the folder holds something else.
    """
    if fault not in FAULTS:
        raise UsageError(f"There is no fault {fault!r}. Known: {', '.join(FAULTS)}.")
    chosen = FAULTS[fault]
    share = chosen.share if share is None else share
    if not 0 <= share <= 1:
        raise UsageError(f"The share to spoil is {share}; wanted is a number from 0 to 1.")
    path = Path(into).resolve()
    documents = chosen.spoil(read_base(), Random(f"{fault} {seed}"), share)
    write_batch_folder(documents, path, {"fault": fault, "seed": seed, "share": share})
    params = {"batch": str(path), **chosen.params}
    return {
        "description": chosen.description,
        "path": str(path),
        "params": params,
        "command": _command(params),
        "gate": chosen.gate,
        "measurement": chosen.measurement,
    }


def read_base() -> Documents:
    """Return the documents of the sample knowledge base, sorted by path."""
    from kbgate.sources.markdown import MarkdownSource

    return [row for row in MarkdownSource({"path": BASE}).read() if isinstance(row, Document)]


def _command(params: dict[str, Any]) -> str:
    options = {"batch": "--batch", "chunk_size_tokens": "--chunk-size", "chunk_overlap_tokens": "--chunk-overlap"}
    words = [word for name, value in params.items() for word in (options[name], str(value))]
    return shlex.join(["kbgate", "ingest", "--kb", "helpdesk", *words])
