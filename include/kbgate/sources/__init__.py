"""Documents in: each source reads one kind of input and yields documents or rejected rows.

`SourceError` if the whole input cannot be trusted (missing, empty, not what it claims to be), `InfrastructureError` if a
server did not answer. A single bad row is yielded as a `RejectedRow`; it never ends the reading.
"""

from collections.abc import Iterator
from typing import Any, Protocol

from kbgate.records import Document, RejectedRow

REGISTRY = {
    "csv": "kbgate.sources.tabular:CsvSource",
    "html": "kbgate.sources.html:HtmlSource",
    "jsonl": "kbgate.sources.jsonl:JsonlSource",
    "markdown": "kbgate.sources.markdown:MarkdownSource",
    "parquet": "kbgate.sources.tabular:ParquetSource",
    "sql": "kbgate.sources.sql:SqlSource",
}


class Source(Protocol):
    """Reads documents; built as `Class(options)` with the mapping of the settings file's `source.options`."""

    def __init__(self, options: dict[str, Any]) -> None: ...

    def read(self) -> Iterator[Document | RejectedRow]:
        """Yield every row once, in the order of the source (files sorted by path)."""
