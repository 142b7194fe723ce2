"""Which judgements still stand in a candidate: is the document there, and does it still say what was judged?"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from kbgate.evaluation.golden_set import GoldenSet, Judgement
from kbgate.evaluation.span_resolution import ResolvedSpan, SpanState, resolve_span

DOCUMENT_GONE = "document gone"
WHOLE_DOCUMENT = "whole document"
REASONS = {
    DOCUMENT_GONE: "the document is gone",
    SpanState.LOST.value: "the document no longer holds the quoted words or anything near them",
    SpanState.AMBIGUOUS.value: "the quoted words stand in several places of the document",
}
"""What became of a judgement that does not stand -> what a person is told."""


@dataclass(frozen=True, slots=True)
class JudgementState:
    """What became of one relevant judgement: `state` is a `SpanState`, DOCUMENT_GONE or WHOLE_DOCUMENT.

    `span` is where a quote stands in the candidate's text; None for a judgement without a quote or document.
    """

    judgement: Judgement
    state: str
    span: ResolvedSpan | None = None

    @property
    def stands(self) -> bool:
        """Whether the candidate can still answer by this document."""
        return self.state not in REASONS


@dataclass(frozen=True, slots=True)
class StaleQuery:
    """A question none of whose judgements stands, so that recall cannot count it; `reason` is a clause for a person."""

    query_id: str
    text: str
    intent: str
    key_intent: bool
    reason: str


@dataclass(frozen=True)
class Evidence:
    """The state of every relevant judgement, in the order of the golden set."""

    golden: GoldenSet
    states: tuple[JudgementState, ...]

    @cached_property
    def lost_pairs(self) -> frozenset[tuple[str, str]]:
        """Pairs (query_id, doc_id) whose document is there, but of whose quotes none stands: for `GoldenSet.lost_evidence`."""
        pairs = self._by_pair
        return frozenset(
            pair
            for pair, states in pairs.items()
            if not any(state.stands or state.state == DOCUMENT_GONE for state in states)
        )

    @cached_property
    def stale(self) -> tuple[StaleQuery, ...]:
        """The questions that recall leaves out, in their order."""
        states = defaultdict(list)
        for state in self.states:
            states[state.judgement.query_id].append(state)
        return tuple(
            StaleQuery(query.query_id, query.text, query.intent, query.intent in self.golden.key_intents, _why(found))
            for query in self.golden.queries
            if (found := states[query.query_id]) and not any(state.stands for state in found)
        )

    def count(self, state: str) -> int:
        """Number of relevant judgements in a state."""
        return sum(found.state == state for found in self.states)

    @property
    def n_unanchored(self) -> int:
        """Number of judgements with a span but no quote: nobody can find those again."""
        return sum(s.judgement.start is not None and s.judgement.quote is None for s in self.states)

    @cached_property
    def _by_pair(self) -> dict[tuple[str, str], list[JudgementState]]:
        pairs = defaultdict(list)
        for state in self.states:
            pairs[state.judgement.query_id, state.judgement.doc_id].append(state)
        return pairs


def resolve_evidence(
    golden: GoldenSet, texts: Mapping[str, str], *, min_similarity: float, min_relevance: int = 1
) -> Evidence:
    """Find the evidence of every relevant judgement in `texts`: the text of each judged document of the candidate, by doc_id.

    Judgements of a grade below `min_relevance` are not relevant and left out. A judgement without a quote is of the whole document: it stands as long as the document does.
    """
    states = []
    for judgement in golden.relevant_from(min_relevance).judgements:
        if judgement.doc_id not in texts:
            states.append(JudgementState(judgement, DOCUMENT_GONE))
        elif judgement.quote is None:
            states.append(JudgementState(judgement, WHOLE_DOCUMENT))
        else:
            text, quote = texts[judgement.doc_id], judgement.quote
            span = resolve_span(text, quote, judgement.start, min_similarity=min_similarity)
            states.append(JudgementState(judgement, span.state.value, span))
    return Evidence(golden, tuple(states))


def _why(states: list[JudgementState]) -> str:
    by_reason = defaultdict(list)
    for state in states:
        by_reason[REASONS[state.state]].append(state.judgement.doc_id)
    return "; ".join(f"{reason} ({', '.join(dict.fromkeys(docs))})" for reason, docs in by_reason.items())
