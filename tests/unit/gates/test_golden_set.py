from dataclasses import replace
from typing import Any

import pytest

from kbgate.evaluation.circularity import CircularJudgement
from kbgate.evaluation.evidence import resolve_evidence
from kbgate.evaluation.golden_set import GoldenSet, Judgement, Query
from kbgate.evaluation.leakage import LeakedQuery
from kbgate.evaluation.query_duplicates import QueryPair
from kbgate.gates.golden_set import GoldenFindings, judge_golden_set
from kbgate.releases.decision import decide
from kbgate.results import GateResult, Measurement, Verdict
from kbgate.sections.golden import GoldenSettings

N = 100
SETTINGS = GoldenSettings()
QUOTE = "The refund arrives within five working days."


def findings(n_stale: int = 0, **changes: Any) -> GoldenFindings:
    """A sound golden set of N questions on one document, the first `n_stale` of which ask for one that is gone."""
    queries = tuple(Query(f"q{number}", f"question {number}") for number in range(N))
    judgements = tuple(
        Judgement(query.query_id, "gone.md" if number < n_stale else "a.md", 1) for number, query in enumerate(queries)
    )
    evidence = resolve_evidence(GoldenSet("memory", queries, judgements), {"a.md": QUOTE}, min_similarity=0.9)
    return replace(GoldenFindings(evidence, duplicates=(), leaks=(), circular=()), **changes)


def measured(result: GateResult, name: str) -> Measurement:
    return {m.name: m for m in result.measurements}[name]


def pairs(n: int, similarity: float) -> list[QueryPair]:
    return [QueryPair(0, number, similarity) for number in range(1, n + 1)]


def test_a_sound_golden_set_passes_with_a_measurement_a_rule() -> None:
    result = judge_golden_set(findings(), SETTINGS)
    assert result.verdict is Verdict.PASSED
    assert result.message == "All 100 golden questions are sound."
    assert [m.name for m in result.measurements] == [
        "stale_share",
        "moved_evidence",
        "edited_evidence",
        "unanchored_evidence",
        "doubled_queries",
        "near_duplicate_queries",
        "leaked_queries",
        "circular_judgements",
    ]
    assert not any(m.message for m in result.measurements)


@pytest.mark.parametrize(
    ("name", "at_the_limit", "beyond", "verdict", "told"),
    [
        (
            "doubled_queries",
            {"duplicates": pairs(2, 1.0)},
            {"duplicates": pairs(3, 1.0)},
            Verdict.INCONCLUSIVE,
            "3 of 100 questions (3.0 %) repeat an earlier one word for word, so that they count twice (q1 'question 1' like q0; "
            "q2 'question 2' like q0; q3 'question 3' like q0). At most 2 % is wanted. Keep one of each.",
        ),
        (
            "leaked_queries",
            {"leaks": [LeakedQuery(f"q{n}", "a.md", 1.0) for n in range(5)]},
            {"leaks": [LeakedQuery(f"q{n}", "a.md", 1.0) for n in range(6)]},
            Verdict.INCONCLUSIVE,
            "6 of 100 questions (6.0 %) are copied from a document that answers them, which any search finds ('question 0' from "
            "a.md; 'question 1' from a.md; 'question 2' from a.md). At most 5 % is wanted. Ask in users' words.",
        ),
        (
            "circular_judgements",
            {},
            {"circular": [CircularJudgement("q0", "a.md", "mini")]},
            Verdict.FAILED,
            "1 of 100 judgements were made by mini, the retriever under test (q0 / a.md): it would be measured by its own "
            "opinion. None is wanted. Have a person judge them, or take them out.",
        ),
    ],
)
def test_each_rule_passes_at_its_limit_and_not_beyond(
    name: str, at_the_limit: dict[str, Any], beyond: dict[str, Any], verdict: Verdict, told: str
) -> None:
    assert judge_golden_set(findings(**at_the_limit), SETTINGS).verdict is Verdict.PASSED
    result = judge_golden_set(findings(**beyond), SETTINGS)
    assert (result.verdict, measured(result, name).verdict, result.message) == (verdict, verdict, told)
    assert result.blocks
    assert all(m.verdict is Verdict.PASSED for m in result.measurements if m.name != name)


def test_a_failure_is_told_before_what_is_only_open() -> None:
    both = findings(duplicates=pairs(9, 1.0), circular=[CircularJudgement("q0", "a.md", "mini")])
    result = judge_golden_set(both, SETTINGS)
    assert result.verdict is Verdict.FAILED
    assert result.message.startswith("1 of 100 judgements were made by mini")


def test_near_duplicates_only_warn() -> None:
    result = judge_golden_set(findings(duplicates=pairs(6, 0.9)), SETTINGS)
    near = measured(result, "near_duplicate_queries")
    assert (result.verdict, near.verdict, near.severity) == (Verdict.PASSED, Verdict.FAILED, "warning")
    assert measured(result, "doubled_queries").value == 0


def test_stale_questions_are_left_to_the_recall_gate_unless_a_limit_is_given() -> None:
    stale = findings(n_stale=6)
    reported = judge_golden_set(stale, SETTINGS)
    share = measured(reported, "stale_share")
    assert (reported.verdict, share.value, share.threshold, share.direction) == (Verdict.PASSED, 0.06, None, "info")
    assert reported.message.startswith("94 of 100 golden questions are sound. 6 of 100 questions (6.0 %) can no longer")
    assert [row["query_id"] for row in reported.details["stale"]] == [f"q{n}" for n in range(6)]

    held = judge_golden_set(stale, SETTINGS, max_stale_share=0.05)
    assert (held.verdict, measured(held, "stale_share").verdict) == (Verdict.INCONCLUSIVE, Verdict.INCONCLUSIVE)
    assert "'question 0': the document is gone (gone.md)" in held.message
    assert held.message.endswith("Find out why; if it is meant, judge them anew or take them out.")
    assert judge_golden_set(findings(n_stale=5), SETTINGS, max_stale_share=0.05).verdict is Verdict.PASSED


def test_how_the_evidence_was_found_is_reported() -> None:
    judgements = (
        Judgement("q", "a.md", 1, 0, 44, QUOTE),
        Judgement("q", "b.md", 1, 0, 44, QUOTE),
        Judgement("q", "c.md", 1, 0, 44),
    )
    texts = {"a.md": f"News. {QUOTE}", "b.md": QUOTE.replace("five", "four"), "c.md": QUOTE}
    golden = GoldenSet("memory", (Query("q", "when"),), judgements)
    found = replace(findings(), evidence=resolve_evidence(golden, texts, min_similarity=0.9))
    result = judge_golden_set(found, SETTINGS)
    assert result.verdict is Verdict.PASSED
    assert [measured(result, f"{what}_evidence").value for what in ("moved", "edited", "unanchored")] == [1, 1, 1]
    assert "kbgate golden anchor" in measured(result, "unanchored_evidence").message


def test_another_golden_set_than_lives_is_a_warning() -> None:
    golden = findings().golden
    same = judge_golden_set(findings(live="v1.0.0", live_hash=golden.content_hash), SETTINGS)
    assert measured(same, "golden_set_changed").verdict is Verdict.PASSED
    other = judge_golden_set(findings(live="v1.0.0", live_hash="0" * 64), SETTINGS)
    changed = measured(other, "golden_set_changed")
    assert (other.verdict, changed.verdict, changed.severity) == (Verdict.PASSED, Verdict.FAILED, "warning")
    assert f"v1.0.0 was judged on (000000000000 then, {golden.content_hash[:12]} now)" in changed.message
    unknown = judge_golden_set(findings(live="v1.0.0"), SETTINGS)
    assert "golden_set_changed" not in {m.name for m in unknown.measurements}


@pytest.mark.parametrize("nothing", [None, GoldenSet("memory", (), ())])
def test_without_questions_the_gate_is_quiet_because_recall_speaks(nothing: GoldenSet | None) -> None:
    found = None
    if nothing is not None:
        found = replace(findings(), evidence=resolve_evidence(nothing, {}, min_similarity=0.9))
    result = judge_golden_set(found, SETTINGS)
    assert (result.verdict, result.message) == (
        Verdict.PASSED,
        "There are no golden questions to look at; the recall gate says what that means.",
    )


@pytest.mark.parametrize("mode", ["warn", "off"])
def test_a_gate_that_may_not_block_does_not(mode: Any) -> None:
    spoilt = findings(circular=[CircularJudgement("q0", "a.md", "mini")])
    result = judge_golden_set(spoilt, GoldenSettings(mode=mode))
    assert (result.verdict, result.blocks) == (Verdict.FAILED, False)


def test_every_result_is_one_that_the_decision_record_accepts() -> None:
    for found in (
        None,
        findings(n_stale=6, live="v1.0.0", live_hash="0" * 64),
        findings(duplicates=pairs(9, 1.0), circular=[CircularJudgement("q0", "a.md", "mini")]),
    ):
        gate = judge_golden_set(found, SETTINGS)
        record = decide(
            [gate],
            {"golden_set": "hash"},
            ["golden_set"],
            kb="kb",
            version="v1",
            run_key="run",
            live_version="v0",
            base_revision=1,
            inputs={},
            first_ingest="allow",
            actor="ada",
        )
        assert (record.outcome == "promote") == (gate.verdict is Verdict.PASSED)
        assert not any("contradict" in reason or "yet it is" in reason for reason in record.reasons)
