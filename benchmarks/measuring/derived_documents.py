"""Any number of different documents made of the sample knowledge base's own sentences."""

import random
import re
from collections.abc import Iterator
from itertools import count, islice

from kbgate.locations import resolve
from kbgate.records import Document
from kbgate.sources.markdown import MarkdownSource

SAMPLE = "package://kbgate/sample/helpdesk/base"
EDITED_SHARE = 0.03
"""So many documents are an earlier one with one sentence exchanged, which gives the near-duplicate search its work."""
REMEMBERED = 200
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n+")


def derived_documents(n: int | None, seed: int) -> Iterator[Document]:
    """Yield n documents (without end for None), the same ones for the same seed.

    Each takes its number of sentences from a document of the sample and the sentences from all of them.
    """
    generator = random.Random(seed)
    sentences, lengths = _sample()
    remembered: list[list[str]] = []
    for number in islice(count(), n):
        if remembered and generator.random() < EDITED_SHARE:
            chosen = list(generator.choice(remembered))
            chosen[generator.randrange(len(chosen))] = generator.choice(sentences)
        else:
            chosen = generator.choices(sentences, k=generator.choice(lengths))
        remembered = [*remembered, chosen][-REMEMBERED:]
        yield Document(
            doc_id=f"derived/{number:06}",
            title=f"{chosen[0][:60]} ({number})",
            text="\n\n".join(" ".join(chosen[first : first + 4]) for first in range(0, len(chosen), 4)),
            source_uri="derived",
            line=number + 1,
        )


def _sample() -> tuple[list[str], list[int]]:
    """Return the sample's different sentences, and the number of sentences of each document."""
    documents = [row for row in MarkdownSource({"path": resolve(SAMPLE)}).read() if isinstance(row, Document)]
    by_document = [
        [part for part in map(str.strip, _SENTENCE_END.split(document.text)) if part] for document in documents
    ]
    return sorted({part for parts in by_document for part in parts}), [len(parts) for parts in by_document]
