"""Measure documents: a stream in, one row of numbers a document out, no text kept in memory."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd
from lingua import LanguageDetector
from numpy.typing import NDArray

from kbgate.errors import SourceError, UsageError
from kbgate.quality.character_counts import count_characters
from kbgate.quality.copies_of_live import copies_of_live
from kbgate.quality.disk_frame import DiskFrame
from kbgate.quality.id_places import id_places
from kbgate.quality.injected_instructions import count_injected_instructions
from kbgate.quality.kept_occurrences import kept_occurrences
from kbgate.quality.languages import SAMPLE_CHARS, build_detector, detect_languages
from kbgate.quality.leftover_markup import count_leftover_markup
from kbgate.quality.mojibake import count_mojibake, is_mojibake
from kbgate.quality.near_duplicates import NearDuplicates
from kbgate.quality.text_form import encodable, normalised, without_code
from kbgate.records import Document, Tokenizer
from kbgate.sections.quality import QualitySettings

BATCH_DOCUMENTS = 2_000
BATCH_CHARS = 1_000_000
TITLE_CHARS = 120
MIN_LANGUAGE_LETTERS = 20
_NOTHING_TO_READ = re.compile(r"[\s\u00ad\u200b-\u200f\u2060\ufeff]*")
# What exports write where a field was missing.
_PLACEHOLDERS = frozenset({"null", "none", "nan", "undefined", "n/a", "<na>"})

COLUMNS: dict[str, str] = {
    "doc_id": "str",
    "title": "str",
    "source_uri": "str",
    "line": "Int64",
    "content_hash": "str",
    "updated_at": "str",
    "text_hash": "str",
    "n_chars": "int64",
    "n_tokens": "int64",
    "n_unknown": "int64",
    "unknown_share": "float64",
    "title_chars": "int32",
    "text_chars": "int32",
    "title_excess_chars": "int32",
    "special_share": "float64",
    "control_chars": "int32",
    "replacement_chars": "int32",
    "broken_chars": "int32",
    "mojibake_count": "int32",
    "is_mojibake": "bool",
    "injected_count": "int32",
    "markup_count": "int32",
    "language": "str",
    "is_exact_duplicate": "bool",
    "is_stub_copy": "bool",
    "duplicate_of": "str",
    "near_duplicate_of": "str",
    "near_duplicate_similarity": "float64",
}


def measure_documents(
    documents: Iterable[Document] | Callable[[], Iterator[Document]],
    tokenizer: Tokenizer,
    settings: QualitySettings,
    live_ids: "pd.Series[str] | None" = None,
    beside: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return one row a document, in order, with the columns and dtypes of `COLUMNS`.

    Memory grows by about 150 bytes a document: numbers and hashes. The frame's texts, such as title and content_hash, lie
    in a temporary file (see `DiskFrame`).

    `documents` is walked twice, because near-duplicates are verified on the text: pass a list or a function that opens
    the source anew. `n_*` and `*_chars` are counts; `*_share` are in [0, 1]: unknown tokens of the text's tokens, special
    characters of its visible ones. `text_hash` is a hash of the normalised text. `is_exact_duplicate` marks every
    occurrence of a text but one: the first whose doc_id is among `live_ids`, else the first. Below `stub_tokens` it is
    `is_stub_copy` instead. `beside` (doc_id, text_hash) are documents of live that stay unless the batch delivers them: a new
    or changed document with the text of one is a copy as well. `near_duplicate_of` names the most similar earlier document found ("" for none).
    `title_excess_chars` is what a title is longer than its text, 0 without a text. `language` is "" where there is too
    little prose to tell.

    Raises:
        UsageError: `documents` can be walked only once.
        SourceError: the second walk met other documents than the first.
    """
    walk = _twice(documents)
    detector = build_detector(settings.languages)
    near = NearDuplicates(settings.near_duplicate_similarity)
    measured, digests = DiskFrame(), [np.empty((0, 2), dtype=np.uint64)]
    n_documents = 0
    for batch in _batches(walk()):
        forms = [normalised(document.text) for document in batch]
        digests.append(np.frombuffer(b"".join(map(_digest, forms)), dtype=np.uint64).reshape(-1, 2))
        rows = _measure_batch(batch, tokenizer, detector, settings.languages)
        rows["text_hash"] = [digest.tobytes().hex() for digest in digests[-1]]
        near.add(n_documents, forms, rows["text_chars"] > 0)
        measured.append(pd.DataFrame(rows).astype({name: COLUMNS[name] for name in rows}))
        n_documents += len(batch)
    if not n_documents:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
    features = measured.frame()
    is_live = np.zeros(n_documents, dtype=bool) if live_ids is None else id_places(features["doc_id"], live_ids) >= 0
    digest = np.concatenate(digests)
    columns = dict(features.items()) | _duplicates(features, digest, is_live, beside, near, walk, settings.stub_tokens)
    return pd.DataFrame({name: columns[name] for name in COLUMNS}, copy=False)


def _measure_batch(
    batch: list[Document], tokenizer: Tokenizer, detector: LanguageDetector, languages: Sequence[str]
) -> dict[str, Any]:
    """Columns of one batch, all but those that need the normalised text or other batches."""
    texts = [document.text for document in batch]
    characters = count_characters(texts)
    tokens = tokenizer.count([encodable(text) for text in texts])
    n_bad = [count_mojibake(text) for text in texts]
    title_chars = np.array([_readable_chars(document.title) for document in batch])
    # A text of which the tokenizer leaves nothing, such as combining marks alone, is as empty as white space.
    text_chars = np.array([_readable_chars(text) for text in texts]) * (tokens.n_tokens > 0)
    return {
        "doc_id": [encodable(document.doc_id) for document in batch],
        "title": [encodable(document.title[:TITLE_CHARS]) for document in batch],
        "source_uri": [encodable(document.source_uri) for document in batch],
        "line": [document.line for document in batch],
        "content_hash": [document.content_hash for document in batch],
        "updated_at": [document.updated_at or "" for document in batch],
        "n_chars": [len(text) for text in texts],
        "n_tokens": tokens.n_tokens,
        "n_unknown": tokens.n_unknown,
        "unknown_share": tokens.n_unknown / np.maximum(tokens.n_tokens, 1),
        "title_chars": title_chars,
        "text_chars": text_chars,
        "title_excess_chars": np.where(text_chars > 0, np.maximum(title_chars - text_chars, 0), 0),
        "special_share": characters.special / np.maximum(characters.visible, 1),
        "control_chars": characters.control,
        "replacement_chars": characters.replacement,
        "broken_chars": characters.control + characters.replacement,
        "mojibake_count": n_bad,
        "is_mojibake": [is_mojibake(text, bad) for text, bad in zip(texts, n_bad, strict=True)],
        "injected_count": [count_injected_instructions(text) for text in texts],
        "markup_count": [count_leftover_markup(text) for text in texts],
        "language": detect_languages([_language_sample(text) for text in texts], detector, languages),
    }


def _duplicates(
    features: pd.DataFrame,
    digests: NDArray[np.uint64],
    is_live: NDArray[np.bool_],
    beside: pd.DataFrame | None,
    near: NearDuplicates,
    walk: Callable[[], Iterator[Document]],
    stub_tokens: int,
) -> dict[str, Any]:
    """Columns about documents like another one; reads the documents again if there are candidates to verify."""
    doc_ids, origin = features["doc_id"], np.arange(len(features))
    readable = np.flatnonzero(features["text_chars"] > 0)
    origin[readable] = readable[kept_occurrences(digests[readable], is_live[readable])]
    is_copy, is_stub = origin != np.arange(len(features)), (features["n_tokens"] < stub_tokens).to_numpy()
    copy_of = _named(doc_ids, np.flatnonzero(is_copy), origin[is_copy])
    if beside is not None:
        of_live = copies_of_live(features, beside)
        is_copy, copy_of = is_copy | (of_live != "").to_numpy(), of_live.where(of_live != "", copy_of)
    pairs = near.candidates(~is_copy)
    found = near.verify(pairs, _texts_again(walk, digests, np.unique(pairs)))
    later = np.fromiter(found, dtype=np.int64, count=len(found))
    similarity = np.zeros(len(features))
    similarity[later] = [value for _, value in found.values()]
    return {
        "is_exact_duplicate": is_copy & ~is_stub,
        "is_stub_copy": is_copy & is_stub,
        "duplicate_of": copy_of,
        "near_duplicate_of": _named(doc_ids, later, np.array([earlier for earlier, _ in found.values()], dtype=int)),
        "near_duplicate_similarity": similarity,
    }


def _named(doc_ids: "pd.Series[str]", rows: NDArray[np.int64], meant: NDArray[np.int64]) -> "pd.Series[str]":
    """Column that has, in each of `rows`, the id of the row that is `meant`, and "" elsewhere."""
    names = np.full(len(doc_ids), "", dtype=object)
    names[rows] = doc_ids.iloc[meant].to_numpy(dtype=object)
    return pd.Series(names, dtype="str")


def _texts_again(
    walk: Callable[[], Iterator[Document]], digests: NDArray[np.uint64], ordinals: NDArray[np.int64]
) -> Iterator[tuple[int, str]]:
    """Yield (ordinal, normalised text) of the chosen documents, checking that they are what they were."""
    n_met = 0
    for ordinal, document in enumerate(walk() if len(ordinals) else ()):
        if ordinal == ordinals[n_met]:
            form = normalised(document.text)
            if _digest(form) != digests[ordinal].tobytes():
                break
            yield ordinal, form
            n_met += 1
            if n_met == len(ordinals):
                return
    if n_met < len(ordinals):
        raise SourceError(
            "The source gave other documents when it was read again to compare near-duplicates. "
            "It was changed during the run; copy it to a place that stays as it is and run again."
        )


def _digest(form: str) -> bytes:
    return blake2b(form.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _twice(documents: Iterable[Document] | Callable[[], Iterator[Document]]) -> Callable[[], Iterator[Document]]:
    if callable(documents):
        return documents
    if iter(documents) is documents:
        raise UsageError(
            "measure_documents walks the documents twice, and an iterator can be walked only once. "
            "Pass a list, or a function that opens the source anew."
        )
    return lambda: iter(documents)


def _batches(documents: Iterator[Document]) -> Iterator[list[Document]]:
    """Cut the stream where it has 2,000 documents or a million characters, whichever is first."""
    batch: list[Document] = []
    n_chars = 0
    for document in documents:
        batch.append(document)
        n_chars += len(document.text)
        if len(batch) >= BATCH_DOCUMENTS or n_chars >= BATCH_CHARS:
            yield batch
            batch, n_chars = [], 0
    if batch:
        yield batch


def _readable_chars(text: str) -> int:
    """Length without white space around; 0 if there is nothing to read or an export's word for "missing"."""
    stripped = text.strip()
    return 0 if _NOTHING_TO_READ.fullmatch(stripped) or stripped.lower() in _PLACEHOLDERS else len(stripped)


def _language_sample(text: str) -> str:
    """The beginning of the prose, "" if it has fewer than 20 letters."""
    # Code is cut from four times the sample, so that a page that opens with a listing still shows its prose.
    sample = without_code(text[: 4 * SAMPLE_CHARS])[:SAMPLE_CHARS]
    return encodable(sample) if sum(map(str.isalpha, sample)) >= MIN_LANGUAGE_LETTERS else ""
