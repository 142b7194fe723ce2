"""Any number of short documents, cheap to make, for measurements of memory."""

import random
from collections.abc import Iterator

from kbgate.records import Document
from measuring.derived_documents import derived_documents

WORDS = 40
NEAR_COPIES = 0.03
"""Share of documents that are the one before with a word exchanged."""
CHANGED_EVERY = 100


def short_documents(n: int, seed: int, *, changed: bool = False) -> Iterator[Document]:
    """Yield n documents of about 330 characters, the same ones for the same seed; with `changed`, 1 % say a word more."""
    generator = random.Random(seed)
    words = sorted({word for document in derived_documents(200, seed) for word in document.text.split()})
    chosen = generator.choices(words, k=WORDS)
    for number in range(n):
        if generator.random() < NEAR_COPIES:
            chosen[generator.randrange(WORDS)] = generator.choice(words)
        else:
            chosen = generator.choices(words, k=WORDS)
        more = " Revised." if changed and number % CHANGED_EVERY == 0 else ""
        yield Document(
            doc_id=f"short/{number:07}",
            title=f"{' '.join(chosen[:6])} ({number})",
            text=" ".join(chosen) + more,
            source_uri="short.jsonl",
            line=number + 1,
        )
