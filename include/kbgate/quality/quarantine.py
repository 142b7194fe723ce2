"""The table of rows with something wrong, one row a document and rule, so that every reason can be read."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import pyarrow as pa

from kbgate.quality.masks import MALFORMED, RULES
from kbgate.records import RejectedRow

EXCERPT_CHARS = 500
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


def quarantine_table(
    features: pd.DataFrame, masks: Mapping[str, "pd.Series[bool]"], rejected: Sequence[RejectedRow]
) -> pa.Table:
    """Return a table of `SCHEMA`: rejected rows first, then documents in the order of the rules and of the batch.

    `value` is what broke the rule, `taken_out` whether this reason leaves the document out of the batch. `excerpt` is the
    beginning of a rejected row; for documents it is null, for the caller to fill from the texts.
    """
    tables = [SCHEMA.empty_table(), pa.Table.from_pylist([_rejected_record(row) for row in rejected], schema=SCHEMA)]
    for name, mask in masks.items():
        hit = features.loc[mask.to_numpy()]
        if hit.empty:
            continue
        rule, n = RULES[name], len(hit)
        columns: dict[str, Any] = {
            "doc_id": hit["doc_id"],
            "rule": [name] * n,
            "reason": [rule.reason] * n,
            "value": _values(hit[rule.column]),
            "severity": [rule.severity] * n,
            "taken_out": [rule.takes_out] * n,
            "source_uri": hit["source_uri"],
            "line": hit["line"],
            "title": hit["title"],
            "excerpt": [None] * n,
        }
        arrays = [pa.array(columns[field.name], type=field.type, from_pandas=True) for field in SCHEMA]
        tables.append(pa.Table.from_arrays(arrays, schema=SCHEMA))
    return pa.concat_tables(tables).combine_chunks()


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
