"""What is known of the live version when a candidate is compared with it."""

from collections.abc import Collection
from dataclasses import dataclass

from kbgate.evaluation.query_results import QueryResults


@dataclass(frozen=True, slots=True)
class LiveAnswers:
    """The live version, the ids of its documents, and what it answered to the golden set.

    `results` can be of another state of the golden set, if another model embedded live: its vectors cannot be searched any
    more, so what its own run measured is taken. None if that run left nothing.
    """

    version: str
    doc_ids: Collection[str]
    results: QueryResults | None
