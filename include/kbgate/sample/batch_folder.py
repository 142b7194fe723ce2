"""Batches of documents as a folder of Markdown files, the form in which the sample's source reads them."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from kbgate.errors import UsageError
from kbgate.records import Document

MARKER = ".kbgate-sample.json"
"""Says that a folder is a batch of ours, which may be written over; its name keeps it out of the source."""


def write_batch_folder(documents: Sequence[Document], into: Path, made_by: dict[str, Any]) -> None:
    """Write one Markdown file a document, with front matter, over an earlier batch of ours or into an empty folder.

    Lone surrogates in a text stand for single bytes (`surrogateescape`), so that files that are not UTF-8 can be made.

    Raises:
        UsageError: the folder holds something else, or cannot be written.
    """
    try:
        _write(documents, into, made_by)
    except OSError as error:
        raise UsageError(f"The batch cannot be written to {into}: {error}. Name another folder with --into.") from error


def _write(documents: Sequence[Document], into: Path, made_by: dict[str, Any]) -> None:
    if into.exists() and not into.is_dir():
        raise UsageError(f"{into} is a file. Name a new or empty folder for the batch.")
    if into.is_dir() and any(into.iterdir()):
        if not (into / MARKER).is_file():
            raise UsageError(
                f"{into} is not empty and was not written by `kbgate sample`, so nothing in it is overwritten. "
                "Name a new or empty folder with --into."
            )
        shutil.rmtree(into)
    into.mkdir(parents=True, exist_ok=True)
    # First the marker: a batch that was only half written can then be written again.
    (into / MARKER).write_text(json.dumps(made_by, indent=2, sort_keys=True), "utf-8")
    for document in documents:
        path = into / document.doc_id
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(_page(document).encode("utf-8", "surrogateescape"))


def _page(document: Document) -> str:
    front = {"title": document.title, "updated_at": document.updated_at, **document.metadata}
    return f"---\n{yaml.safe_dump(front, allow_unicode=True, sort_keys=False, width=1000)}---\n{document.text}\n"
