"""The table of rows with something wrong, one row a document and rule, so that every reason can be read."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from kbgate.quality.masks import MALFORMED, RULES, Masks
from kbgate.records import RejectedRow

BATCH_ROWS = 20_000
EXCERPT_CHARS = 500
MAX_EXCERPTS = 20_000
"""A batch that is bad as a whole must not be held in memory."""
SCHEMA = pa.schema(
    [
        ("doc_id", pa.string()),
        ("rule", pa.string()),
        ("reason", pa.string()),
        ("value", pa.string()),
        ("severity", pa.string()),
        ("taken_out", pa.bool_()),
        ("source_uri", pa.string()),
        ("line", pa.int64()),
        ("title", pa.string()),
        ("excerpt", pa.string()),
    ]
)


def quarantine_batches(
    features: pd.DataFrame,
    masks: Masks,
    rejected: Sequence[RejectedRow],
    excerpts: Mapping[int, str] = MappingProxyType({}),
) -> Iterator[pa.Table]:
    """Yield tables of `SCHEMA`: rejected rows first, then documents in the order of the rules and of the batch.

    `value` is what broke the rule, `taken_out` whether this reason leaves the document out of the batch. `excerpt` is the
    beginning of a rejected row or, of a document, what `excerpts` has for its row in `features`, else null.
    """
    for start in range(0, len(rejected), BATCH_ROWS):
        records = [_rejected_record(row) for row in rejected[start : start + BATCH_ROWS]]
        yield pa.Table.from_pylist(records, schema=SCHEMA)
    for name, mask in masks.items():
        rows = np.flatnonzero(mask)
        for start in range(0, len(rows), BATCH_ROWS):
            yield _broken_rows(features, name, rows[start : start + BATCH_ROWS], excerpts)


def quarantine_table(features: pd.DataFrame, masks: Masks, rejected: Sequence[RejectedRow]) -> pa.Table:
    """Return the quarantine as one table of `SCHEMA`, without excerpts of documents."""
    return pa.concat_tables([SCHEMA.empty_table(), *quarantine_batches(features, masks, rejected)]).combine_chunks()


def read_excerpts(masks: Masks, texts: Iterable[pa.RecordBatch]) -> dict[int, str]:
    """Return, by row, the first 500 characters of each broken document's text and how many more it has.

    `texts` are the batches of all documents with the column text, in the order of the masks. Only the first 20,000
    broken documents get their text.
    """
    wanted = np.flatnonzero(np.any([mask.to_numpy() for mask in masks.values()], axis=0))[:MAX_EXCERPTS]
    found: dict[int, str] = {}
    start = 0
    for batch in texts if len(wanted) else ():
        first, after = np.searchsorted(wanted, [start, start + len(batch)])
        rows = wanted[first:after]
        shown = batch.column("text").take(pa.array(rows - start)).to_pylist()
        found.update(zip(rows.tolist(), map(_excerpt, shown), strict=True))
        start += len(batch)
        if len(found) == len(wanted):
            break
    return found


def _broken_rows(features: pd.DataFrame, name: str, rows: NDArray[np.int64], excerpts: Mapping[int, str]) -> pa.Table:
    rule, n = RULES[name], len(rows)

    def column(name: str) -> "pd.Series[Any]":
        return features[name].iloc[rows]

    columns: dict[str, Any] = {
        "doc_id": column("doc_id"),
        "rule": [name] * n,
        "reason": [rule.reason] * n,
        "value": _values(column(rule.column)),
        "severity": [rule.severity] * n,
        "taken_out": [rule.takes_out] * n,
        "source_uri": column("source_uri"),
        "line": column("line"),
        "title": column("title"),
        "excerpt": [excerpts.get(row) for row in rows.tolist()],
    }
    arrays = [pa.array(columns[field.name], type=field.type, from_pandas=True) for field in SCHEMA]
    return pa.Table.from_arrays(arrays, schema=SCHEMA)


def _excerpt(text: str) -> str:
    n_cut = len(text) - EXCERPT_CHARS
    return f"{text[:EXCERPT_CHARS]} … [{n_cut:,} more characters]" if n_cut > 0 else text


def _rejected_record(row: RejectedRow) -> dict[str, Any]:
    return {
        "doc_id": row.doc_id,
        "rule": row.rule or MALFORMED,
        "reason": row.reason,
        "value": row.value[:EXCERPT_CHARS],
        "severity": "critical",
        "taken_out": True,
        "source_uri": row.source_uri,
        "line": row.line,
        "title": "",
        "excerpt": row.value[:EXCERPT_CHARS],
    }


def _values(column: "pd.Series[Any]") -> list[str]:
    if pd.api.types.is_float_dtype(column.dtype):
        return [f"{value:.4g}" for value in column]
    return [str(value) for value in column]
