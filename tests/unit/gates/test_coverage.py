"""What key intents need must be retrievable, and a topic that leaves is named."""

import pytest

from kbgate.drift.topics import Topic
from kbgate.gates.coverage import NeededDocuments, judge_coverage
from kbgate.results import GateResult, Verdict
from kbgate.sections.coverage import CoverageSettings

SETTINGS = CoverageSettings()
NAMES = tuple(f"d{number:02}" for number in range(20))
TITLES = {name: f"Title of {name}" for name in NAMES}


def needed(missing: int = 0, unfound: int = 0, n: int = 20) -> dict[str, NeededDocuments]:
    names = NAMES[:n]
    return {"billing": NeededDocuments(names, names[:missing], names[missing : missing + unfound])}


def topic(n_lost: int, terms: tuple[str, ...] = ("invoice", "refund")) -> Topic:
    return Topic(NAMES[:10], NAMES[:n_lost], terms)


def judge(intents: dict[str, NeededDocuments] | None = None, topics: list[Topic] | None = None) -> GateResult:
    return judge_coverage(needed() if intents is None else intents, topics, TITLES, SETTINGS)


def test_everything_there_passes_with_and_without_live() -> None:
    for topics in (None, [], [topic(2)]):
        assert judge(topics=topics).verdict is Verdict.PASSED
    assert "can be retrieved" in judge(topics=[topic(2)]).message


@pytest.mark.parametrize(
    ("missing", "unfound", "verdict"), [(1, 0, "passed"), (0, 1, "passed"), (2, 0, "failed"), (1, 1, "failed")]
)
def test_documents_that_are_gone_or_not_found_count_alike(missing: int, unfound: int, verdict: str) -> None:
    gate = judge(needed(missing, unfound))
    assert gate.verdict == verdict
    (measured, _) = gate.measurements
    assert (measured.name, measured.value, measured.n) == (
        "coverage[billing]",
        pytest.approx(1 - (missing + unfound) / 20),
        20,
    )
    assert (measured.value >= measured.threshold - 1e-9) is (verdict == "passed")
    if verdict == "failed":
        assert f"{missing} left (such as d00" in gate.message
        assert ("are not found by their own text" in gate.message) is bool(unfound)


def test_one_document_of_a_few_may_be_missing() -> None:
    assert judge(needed(1, n=4)).verdict is Verdict.PASSED
    assert judge(needed(2, n=4)).verdict is Verdict.FAILED


def test_the_only_document_of_a_key_intent_may_not_be_missing() -> None:
    gate = judge(needed(missing=1, n=1))
    assert (gate.verdict, gate.measurements[0].threshold) == (Verdict.FAILED, SETTINGS.min_intent_coverage)
    assert judge(needed(n=1)).verdict is Verdict.PASSED


def test_what_passed_counts_what_is_lost_all_the_same() -> None:
    message = judge(needed(missing=1)).message
    assert message.startswith("Of the 20 documents that answer the 1 key intents 19 can be retrieved (not d00).")


def test_a_topic_that_lost_most_of_its_documents_is_named() -> None:
    assert judge(topics=[topic(5)]).verdict is Verdict.PASSED
    gate = judge(topics=[topic(6), topic(0)])
    assert gate.verdict is Verdict.FAILED
    assert "'invoice, refund' loses 6 of 10 (Title of d00, Title of d01, Title of d02)" in gate.message
    assert gate.details["topics"][0]["n_lost"] == 6
    assert "loses 6 of 10" in judge(topics=[topic(6, ())]).message


def test_without_key_intents_only_topics_are_judged() -> None:
    assert [m.name for m in judge({}, [topic(1)]).measurements] == ["topic_lost_share"]
    assert judge({"login": NeededDocuments((), (), ())}).verdict is Verdict.PASSED
