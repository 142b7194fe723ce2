"""The coverage gate: is what users ask for still there, and did a whole topic leave?

Deleting one topic of 2 % of the corpus is invisible to every drift statistic; here it is named.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kbgate.results import GateResult, Measurement, Verdict, judge
from kbgate.sections.coverage import CoverageSettings

if TYPE_CHECKING:
    from kbgate.drift.topics import Topic

NAME = "coverage"
SHOWN = 3
LISTED = 50
ADVICE = "Find out why they left; if that is meant, take their questions out of the golden set or raise the limit by pull request."
TOPIC_ADVICE = "Find out why they left; if the topic is given up, raise coverage.max_topic_lost_share for this change."


@dataclass(frozen=True, slots=True)
class NeededDocuments:
    """The documents that a key intent's judgements name, and those of them that are not there or not found."""

    needed: Sequence[str]
    missing: Sequence[str]
    """Not among the candidate's documents."""
    unfound: Sequence[str]
    """In the ledger, but a search with their own text does not return them."""


def judge_coverage(
    intents: Mapping[str, NeededDocuments],
    topics: "Sequence[Topic] | None",
    titles: Mapping[str, str],
    settings: CoverageSettings,
) -> GateResult:
    """Hold each key intent's documents to `min_intent_coverage` and each topic of live to `max_topic_lost_share`.

    `topics` are live's, worst hit first; None without a live version. One document of several may always be missing: with
    few documents a share says nothing else. Without key intents only topics are judged.
    """
    measurements = (
        *(_intent(intent, found, settings) for intent, found in sorted(intents.items())),
        _topics(topics, titles, settings),
    )
    verdict = judge(measurements)
    open_ones = [m for m in measurements if m.verdict is not Verdict.PASSED]
    sentences = [m.message for m in open_ones] + list(dict.fromkeys(m.advice for m in open_ones))
    return GateResult(
        name=NAME,
        mode=settings.mode,
        verdict=verdict,
        measurements=measurements,
        message=" ".join(sentences) or _passed(intents, measurements[-1]),
        details=_details(intents, topics, titles),
        settings=settings.model_dump(mode="json"),
    )


def _intent(intent: str, found: NeededDocuments, settings: CoverageSettings) -> Measurement:
    n, lost = len(found.needed), [*found.missing, *found.unfound]
    name = f"coverage[{intent}]"
    if not n:
        return Measurement(name=name, value=None, n=0, message=f"Key intent {intent} has no judged documents.")
    value, floor = 1 - len(lost) / n, settings.min_intent_coverage
    if n > 1:
        floor = min(floor, 1 - 1 / n)
    message = f"{n - len(lost)} of the {n} documents that answer key intent {intent} can be retrieved ({value:.1%})"
    if lost:
        parts = [f"{len(found.missing)} left (such as {_some(found.missing)})"] if found.missing else []
        parts += (
            [f"{len(found.unfound)} are not found by their own text (such as {_some(found.unfound)})"]
            if found.unfound
            else []
        )
        message += f"; {' and '.join(parts)}; at least {floor:.1%} is wanted"
    passed = value >= floor - 1e-12
    return Measurement(
        name=name,
        value=value,
        threshold=floor,
        direction="min",
        n=n,
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        message=f"{message}.",
        advice="" if passed else ADVICE,
    )


def _topics(topics: "Sequence[Topic] | None", titles: Mapping[str, str], settings: CoverageSettings) -> Measurement:
    name, limit = "topic_lost_share", settings.max_topic_lost_share
    if topics is None:
        return Measurement(name=name, value=None, n=0, message="There is no live version whose topics could be lost.")
    if not topics:
        return Measurement(name=name, value=0.0, n=0, message="No document left, or live is too small to have topics.")
    hit = [topic for topic in topics if topic.lost_share > limit]
    worst = topics[0]
    passed = not hit
    if passed:
        message = f"Of live's {len(topics)} topics the worst hit keeps {1 - worst.lost_share:.0%} of its documents."
    else:
        named = "; ".join(_topic(topic, titles) for topic in hit[:SHOWN])
        message = (
            f"{len(hit)} of live's {len(topics)} topics would lose more than {limit:.0%} of their documents: {named}."
        )
    return Measurement(
        name=name,
        value=worst.lost_share,
        threshold=limit,
        direction="max",
        n=len(topics),
        verdict=Verdict.PASSED if passed else Verdict.FAILED,
        message=message,
        advice="" if passed else TOPIC_ADVICE,
    )


def _topic(topic: "Topic", titles: Mapping[str, str]) -> str:
    words = f"{', '.join(topic.terms)!r} " if topic.terms else ""
    such = ", ".join(titles.get(doc_id) or doc_id for doc_id in topic.lost[:SHOWN])
    return f"{words}loses {len(topic.lost)} of {len(topic.doc_ids)} ({such})"


def _passed(intents: Mapping[str, NeededDocuments], topics: Measurement) -> str:
    needed = {doc_id for found in intents.values() for doc_id in found.needed}
    lost = sorted({doc_id for found in intents.values() for doc_id in (*found.missing, *found.unfound)})
    there = (
        f"Of the {len(needed)} documents that answer the {len(intents)} key intents {len(needed) - len(lost)} can be"
    )
    there += f" retrieved (not {_some(lost)})." if lost else " retrieved."
    there = there if needed else "No key intent names documents."
    return f"{there} {topics.message}"


def _details(
    intents: Mapping[str, NeededDocuments], topics: "Sequence[Topic] | None", titles: Mapping[str, str]
) -> dict[str, Any]:
    return {
        "intents": {
            intent: {
                "n_needed": len(found.needed),
                "missing": list(found.missing[:LISTED]),
                "unfound": list(found.unfound[:LISTED]),
            }
            for intent, found in sorted(intents.items())
        },
        "topics": [
            {
                "terms": list(topic.terms),
                "n_documents": len(topic.doc_ids),
                "n_lost": len(topic.lost),
                "lost": [{"doc_id": doc_id, "title": titles.get(doc_id, "")} for doc_id in topic.lost[:SHOWN]],
            }
            for topic in (topics or ())[:LISTED]
            if topic.lost
        ],
    }


def _some(doc_ids: Sequence[str]) -> str:
    return ", ".join(doc_ids[:SHOWN])
