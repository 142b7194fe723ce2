"""Measure documents: a stream in, one row of numbers a document out, no text kept."""

import re
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from typing import Any

import numpy as np
import pandas as pd

from kbgate.errors import SourceError, UsageError
from kbgate.quality.character_counts import count_characters
from kbgate.quality.languages import SAMPLE_CHARS, build_detector, detect_languages
from kbgate.quality.leftover_markup import count_leftover_markup
from kbgate.quality.mojibake import count_mojibake, is_mojibake
from kbgate.quality.near_duplicates import NearDuplicates
from kbgate.quality.text_form import encodable, normalised, without_code
from kbgate.records import Document, Tokenizer
from kbgate.sections.quality import QualitySettings

BATCH_DOCUMENTS = 2_000
BATCH_CHARS = 4_000_000
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
    "title_chars": "int64",
    "text_chars": "int64",
    "special_share": "float64",
    "control_chars": "int64",
    "replacement_chars": "int64",
    "broken_chars": "int64",
    "mojibake_count": "int64",
    "is_mojibake": "bool",
    "markup_count": "int64",
    "language": "str",
    "is_exact_duplicate": "bool",
    "is_stub_copy": "bool",
    "duplicate_of": "str",
    "near_duplicate_of": "str",
    "near_duplicate_similarity": "float64",
}


def measure_documents(
    documents: Iterable[Document] | Callable[[], Iterator[Document]], tokenizer: Tokenizer, settings: QualitySettings
) -> pd.DataFrame:
    """Return one row a document, in order, with the columns and dtypes of `COLUMNS`; about 1 kB a document is held.

    `documents` is walked twice, because near-duplicates are verified on the text: pass a list or a function that opens
    the source anew. `n_*` and `*_chars` are counts; `*_share` are in [0, 1]: unknown tokens of the text's tokens, special
    characters of its visible ones. `text_hash` is a hash of the normalised text. `is_exact_duplicate` marks later
    occurrences of a text, `near_duplicate_of` names the most similar earlier document found ("" for none). A later occurrence
    of a text below `stub_tokens` is `is_stub_copy` instead.
    `language` is "" where there is too little prose to tell.

    Raises:
        UsageError: `documents` can be walked only once.
        SourceError: the second walk met other documents than the first.
    """
    walk = _twice(documents)
    detector = build_detector(settings.languages)
    near = NearDuplicates(settings.near_duplicate_similarity)
    first_of: dict[str, int] = {}
    frames: list[pd.DataFrame] = []
    n_documents = 0
    for batch in _batches(walk()):
        columns, forms = _measure_batch(batch, tokenizer)
        origin = [
            first_of.setdefault(text_hash, n_documents + place) if chars else n_documents + place
            for place, (text_hash, chars) in enumerate(zip(columns["text_hash"], columns["text_chars"], strict=True))
        ]
        columns["origin"] = origin
        is_first = np.array(origin) == np.arange(n_documents, n_documents + len(batch))
        near.add(n_documents, forms, is_first & (np.array(columns["text_chars"]) > 0))
        columns["language"] = detect_languages(columns["language"], detector)
        frames.append(pd.DataFrame(columns).astype({k: v for k, v in COLUMNS.items() if k in columns}))
        n_documents += len(batch)
    if not frames:
        return pd.DataFrame({name: pd.Series(dtype=dtype) for name, dtype in COLUMNS.items()})
    features = pd.concat(frames, ignore_index=True)
    _mark_duplicates(features, near, walk, settings.stub_tokens)
    return features[list(COLUMNS)]


def _measure_batch(batch: list[Document], tokenizer: Tokenizer) -> tuple[dict[str, Any], list[str]]:
    """Columns of one batch (`language` holds the sample to detect it on) and the normalised texts."""
    texts = [document.text for document in batch]
    forms = [normalised(text) for text in texts]
    characters = count_characters(texts)
    tokens = tokenizer.count([encodable(text) for text in texts])
    n_bad = [count_mojibake(text) for text in texts]
    columns = {
        "doc_id": [encodable(document.doc_id) for document in batch],
        "title": [encodable(document.title[:TITLE_CHARS]) for document in batch],
        "source_uri": [encodable(document.source_uri) for document in batch],
        "line": [document.line for document in batch],
        "content_hash": [document.content_hash for document in batch],
        "updated_at": [document.updated_at or "" for document in batch],
        "text_hash": [blake2b(form.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() for form in forms],
        "n_chars": [len(text) for text in texts],
        "n_tokens": tokens.n_tokens,
        "n_unknown": tokens.n_unknown,
        "unknown_share": tokens.n_unknown / np.maximum(tokens.n_tokens, 1),
        "title_chars": [_readable_chars(document.title) for document in batch],
        "text_chars": [_readable_chars(text) for text in texts],
        "special_share": characters.special / np.maximum(characters.visible, 1),
        "control_chars": characters.control,
        "replacement_chars": characters.replacement,
        "broken_chars": characters.control + characters.replacement,
        "mojibake_count": n_bad,
        "is_mojibake": [is_mojibake(text, bad) for text, bad in zip(texts, n_bad, strict=True)],
        "markup_count": [count_leftover_markup(text) for text in texts],
        "language": [_language_sample(text) for text in texts],
    }
    return columns, forms


def _mark_duplicates(
    features: pd.DataFrame, near: NearDuplicates, walk: Callable[[], Iterator[Document]], stub_tokens: int
) -> None:
    """Fill the duplicate columns; reads the documents again if there are near-duplicates to verify."""
    origin = features.pop("origin").to_numpy()
    doc_ids = features["doc_id"].to_numpy(dtype=object)
    is_copy, is_stub = origin != np.arange(len(features)), (features["n_tokens"] < stub_tokens).to_numpy()
    features["is_exact_duplicate"], features["is_stub_copy"] = is_copy & ~is_stub, is_copy & is_stub
    features["duplicate_of"] = pd.Series(np.where(is_copy, doc_ids[origin], ""), dtype="str")
    pairs = near.candidates()
    found = near.verify(pairs, _texts_again(walk, features["text_hash"].array, set(pairs.ravel().tolist())))
    similar_to = np.full(len(features), "", dtype=object)
    similarity = np.zeros(len(features))
    for later, (earlier, value) in found.items():
        similar_to[later], similarity[later] = doc_ids[earlier], value
    features["near_duplicate_of"] = pd.Series(similar_to, dtype="str")
    features["near_duplicate_similarity"] = similarity


def _texts_again(
    walk: Callable[[], Iterator[Document]], text_hashes: Any, ordinals: set[int]
) -> Iterator[tuple[int, str]]:
    """Yield (ordinal, normalised text) of the chosen documents, checking that they are what they were."""
    if not ordinals:
        return
    last = max(ordinals)
    n_met = 0
    for ordinal, document in enumerate(walk()):
        if ordinal in ordinals:
            form = normalised(document.text)
            if blake2b(form.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest() != text_hashes[ordinal]:
                break
            n_met += 1
            yield ordinal, form
        if ordinal == last:
            break
    if n_met < len(ordinals):
        raise SourceError(
            "The source gave other documents when it was read again to compare near-duplicates. "
            "It was changed during the run; copy it to a place that stays as it is and run again."
        )


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
    """Cut the stream where it has 2,000 documents or 4 million characters, whichever is first."""
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
