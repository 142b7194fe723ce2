"""Where a question or a judgement came from, written as one word in the golden set's files."""

from dataclasses import dataclass

SOURCES = ("human", "production", "retriever")
WANTED = "human, production or retriever:<model or fingerprint>"


@dataclass(frozen=True, slots=True)
class Provenance:
    """`human`: a person wrote or judged it. `production`: users asked it. `retriever`: a search chose the document.

    `retriever` names the embedding model or fingerprint that searched; "" for the other sources.
    """

    source: str
    retriever: str = ""

    @classmethod
    def read(cls, text: str) -> "Provenance":
        """Read `human`, `production` or `retriever:<model or fingerprint>`.

        Raises:
            ValueError: it is something else.
        """
        source, _, retriever = (part.strip() for part in text.partition(":"))
        if source not in SOURCES or (source == "retriever") != bool(retriever):
            raise ValueError(f"{text!r} is no provenance; {WANTED} is wanted")
        return cls(source, retriever)

    def __str__(self) -> str:
        return f"{self.source}:{self.retriever}" if self.retriever else self.source
