"""The rules over documents and chunks, as vectorised masks; the suites in expectations/ state the same rules.

GX judges the shares (and is fast as long as it need not name rows); the masks say which rows. A test holds both to the
same counts, so a rule changed in one place and not in the other is found.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from kbgate.results import Severity

Masks = Mapping[str, "pd.Series[bool]"]
"""For each rule the rows that break it."""
Mask = Callable[[pd.DataFrame, Mapping[str, Any]], "pd.Series[bool]"]
MALFORMED = "malformed"
BOILERPLATE_DOCUMENTS = 3


@dataclass(frozen=True, slots=True)
class Rule:
    """One thing that can be wrong with a row.

    `finding` completes "3 % of documents …", `reason` says it of one row, `column` holds the value that shows it,
    `takes_out` tells whether such a row is left out of the batch, `mask` gets the frame and the suite's parameters.
    """

    finding: str
    reason: str
    column: str
    mask: Mask
    severity: Severity = "critical"
    takes_out: bool = True


RULES: dict[str, Rule] = {
    "empty_text": Rule(
        "have no text",
        "The text is empty, white space, a placeholder or nothing that the model reads.",
        "text_chars",
        lambda frame, limits: frame["text_chars"] < 1,
    ),
    "empty_title": Rule(
        "have no title",
        "The title is empty or white space.",
        "title_chars",
        lambda frame, limits: frame["title_chars"] < 1,
        takes_out=False,
    ),
    "title_longer_than_text": Rule(
        "have a title longer than their text",
        "The title is longer than the text; were the two exchanged?",
        "title_excess_chars",
        lambda frame, limits: frame["title_excess_chars"] > 0,
        severity="warning",
        takes_out=False,
    ),
    "doubled_doc_id": Rule(
        "share their doc_id with another",
        "Several rows have this doc_id, so nobody can say which one is right.",
        "doc_id",
        lambda frame, limits: frame["doc_id"].duplicated(keep=False),
    ),
    "exact_duplicate": Rule(
        "repeat the text of another one",
        "The same text stands in another document.",
        "duplicate_of",
        lambda frame, limits: frame["is_exact_duplicate"],
    ),
    "stub_copy": Rule(
        "are stubs with the text of another one",
        "A short text that stands in another document too.",
        "duplicate_of",
        lambda frame, limits: frame["is_stub_copy"],
        takes_out=False,
    ),
    "near_duplicate": Rule(
        "are nearly a copy of an earlier one",
        "An earlier document has nearly the same text.",
        "near_duplicate_of",
        lambda frame, limits: frame["near_duplicate_similarity"] >= limits["near_duplicate_similarity"],
        takes_out=False,
    ),
    "control_characters": Rule(
        "hold control or replacement characters",
        "The text holds control or replacement characters.",
        "broken_chars",
        lambda frame, limits: frame["broken_chars"] > 0,
    ),
    "mojibake": Rule(
        "were decoded with the wrong character set",
        "The text was decoded with the wrong character set.",
        "mojibake_count",
        lambda frame, limits: frame["is_mojibake"],
    ),
    "some_mojibake": Rule(
        "hold characters that were decoded with the wrong character set",
        "A few characters were decoded with the wrong character set.",
        "mojibake_count",
        lambda frame, limits: frame["mojibake_count"] > 0,
        takes_out=False,
    ),
    "special_characters": Rule(
        "consist too much of special characters",
        "Too many of the visible characters are special ones.",
        "special_share",
        lambda frame, limits: frame["special_share"] > limits["max_special_character_share"],
    ),
    "injected_instructions": Rule(
        "give instructions to a language model",
        "The text tells a language model to leave its instructions.",
        "injected_count",
        lambda frame, limits: frame["injected_count"] > 0,
    ),
    "markup": Rule(
        "hold leftover markup",
        "HTML tags or entities are left in the text.",
        "markup_count",
        lambda frame, limits: frame["markup_count"] > 0,
        severity="warning",
        takes_out=False,
    ),
    "other_language": Rule(
        "are in a language that is not expected",
        "The language is not one of those expected.",
        "language",
        lambda frame, limits: ~frame["language"].isin(limits["expected_languages"]),
    ),
    "unreadable": Rule(
        "cannot be read by the embedding model",
        "Too many tokens are unknown to the embedding model.",
        "unknown_share",
        lambda frame, limits: frame["unknown_share"] > limits["max_document_unknown_share"],
    ),
}

CHUNK_RULES: dict[str, Rule] = {
    "empty_chunk": Rule(
        "are empty",
        "The chunk has no text.",
        "text_chars",
        lambda frame, limits: frame["text_chars"] < 1,
    ),
    "short_chunk": Rule(
        "of the documents with more than one are too short",
        "The chunk is shorter than a passage should be.",
        "n_tokens",
        lambda frame, limits: (frame["n_document_chunks"] > 1) & (frame["n_tokens"] < limits["min_chunk_tokens"]),
    ),
    "long_chunk": Rule(
        "are longer than the chunk size",
        "The chunk is longer than the chunker's size.",
        "n_tokens",
        lambda frame, limits: frame["n_tokens"] > limits["chunk_size_tokens"],
    ),
    "truncated_chunk": Rule(
        "would be cut by the embedding model",
        "The model reads only the beginning of the chunk.",
        "n_tokens",
        lambda frame, limits: frame["n_tokens"] > limits["max_model_tokens"],
    ),
    "doubled_chunk_id": Rule(
        "share their chunk_id with another",
        "Several chunks have this chunk_id.",
        "chunk_id",
        lambda frame, limits: frame["chunk_id"].duplicated(keep=False),
    ),
    "boilerplate_chunk": Rule(
        "repeat in three or more documents",
        "The same text stands in three or more documents.",
        "n_documents_with_text",
        lambda frame, limits: frame["n_documents_with_text"] >= BOILERPLATE_DOCUMENTS,
    ),
}


def row_masks(frame: pd.DataFrame, parameters: Mapping[str, Any], rules: Mapping[str, Rule] = RULES) -> Masks:
    """Return one boolean mask a rule, True where the row breaks it; `parameters` are those of `suite_parameters`."""
    return {name: rule.mask(frame, parameters).astype(bool) for name, rule in rules.items()}


def taken_out(masks: Masks, rules: Mapping[str, Rule] = RULES) -> "pd.Series[bool]":
    """Return the mask of the rows that do not go on: those that break a rule which takes out."""
    leaving = [mask for name, mask in masks.items() if rules[name].takes_out]
    return pd.concat(leaving, axis=1).any(axis=1)
