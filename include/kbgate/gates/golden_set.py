"""The golden-set gate: can the questions and their judgements still be trusted to measure recall?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from kbgate.evaluation.circularity import CircularJudgement
from kbgate.evaluation.evidence import Evidence
from kbgate.evaluation.golden_set import GoldenSet
from kbgate.evaluation.leakage import LeakedQuery
from kbgate.evaluation.query_duplicates import QueryPair
from kbgate.evaluation.span_resolution import SpanState
from kbgate.results import GateResult, Measurement, Severity, Verdict, judge
from kbgate.sections.golden import GoldenSettings

NAME = "golden_set"
SHOWN = 3
ROUNDING = 1e-9
LISTED = 200
"""Most rows of each list in the details; the whole lists lie in golden.json."""


@dataclass(frozen=True, slots=True)
class GoldenFindings:
    """What was found in a golden set, for `judge_golden_set`; `live_hash` is the set that live was judged on, if known."""

    evidence: Evidence
    duplicates: Sequence[QueryPair]
    leaks: Sequence[LeakedQuery]
    circular: Sequence[CircularJudgement]
    live: str | None = None
    live_hash: str | None = None

    @property
    def golden(self) -> GoldenSet:
        """The golden set itself."""
        return self.evidence.golden


def judge_golden_set(
    findings: GoldenFindings | None, settings: GoldenSettings, *, max_stale_share: float | None = None
) -> GateResult:
    """Hold the golden set to its limits; too many copies are too little evidence (INCONCLUSIVE), circularity is FAILED.

    `max_stale_share`: None reports stale questions without judging them, because the recall gate, which leaves them out,
    holds them to its own limit; a share judges them here. Without a golden set (None) or without questions the gate
    passes: that recall is unknown then is said by the recall gate.
    """
    if findings is None or not findings.golden.queries:
        message = "There are no golden questions to look at; the recall gate says what that means."
        nothing = Measurement(name="n_queries", value=0, n=0, message=message)
        return _result(settings, (nothing,), message, {})
    measurements = (
        _stale(findings, max_stale_share),
        *_anchors(findings),
        _doubled(findings, settings),
        _nearly_doubled(findings, settings),
        _leaked(findings, settings),
        _circular(findings),
        *_changed(findings),
    )
    message = _message(findings, measurements)
    return _result(settings, measurements, message, _details(findings))


def _message(findings: GoldenFindings, measurements: Sequence[Measurement]) -> str:
    """What did not pass, failures first, and what to do about it; else how many questions are sound."""
    open_ones = [m for m in measurements if m.verdict is not Verdict.PASSED]
    critical = sorted((m for m in open_ones if m.severity == "critical"), key=lambda m: m.verdict is not Verdict.FAILED)
    n, n_stale = len(findings.golden.queries), len(findings.evidence.stale)
    sound = f"{n - n_stale} of {n} golden questions are sound." if n_stale else f"All {n} golden questions are sound."
    sentences = [m.message for m in critical] or [sound, measurements[0].message]
    return " ".join(filter(None, [*sentences, *(m.advice for m in critical)]))


def _stale(findings: GoldenFindings, limit: float | None) -> Measurement:
    stale, n = findings.evidence.stale, len(findings.golden.queries)
    message = ""
    if stale:
        first = "; ".join(f"{query.text[:80]!r}: {query.reason}" for query in stale[:SHOWN])
        message = f"{_share(len(stale), n)} can no longer be measured and are left out of recall ({first})."
    if limit is None:
        return Measurement(name="stale_share", value=len(stale) / n, n=n, message=message)
    advice = "Find out why; if it is meant, judge them anew or take them out."
    return _held("stale_share", len(stale), n, limit, message, advice, Verdict.INCONCLUSIVE)


def _anchors(findings: GoldenFindings) -> list[Measurement]:
    """How the evidence was found again; reported, since any of it can be right."""
    evidence = findings.evidence
    n = len(evidence.states)
    texts = {
        "moved_evidence": (evidence.count(SpanState.MOVED), "moved within their document and were found word for word"),
        "edited_evidence": (evidence.count(SpanState.EDITED), "were edited and found again by what stayed of them"),
        "unanchored_evidence": (
            evidence.n_unanchored,
            "name a span but no quote, so an edit of their document goes unseen; kbgate golden anchor writes the quotes",
        ),
    }
    return [
        Measurement(name=name, value=count, n=n, message=f"{count} of {n} relevant judgements {text}." if count else "")
        for name, (count, text) in texts.items()
    ]


def _doubled(findings: GoldenFindings, settings: GoldenSettings) -> Measurement:
    pairs = [pair for pair in findings.duplicates if pair.similarity == 1]
    message = _pairs(findings, pairs, "repeat an earlier one word for word, so that they count twice")
    n, limit = len(findings.golden.queries), settings.max_doubled_share
    return _held("doubled_queries", len(pairs), n, limit, message, "Keep one of each.", Verdict.INCONCLUSIVE)


def _nearly_doubled(findings: GoldenFindings, settings: GoldenSettings) -> Measurement:
    pairs = [pair for pair in findings.duplicates if pair.similarity < 1]
    message = _pairs(findings, pairs, "nearly repeat an earlier one")
    n, limit, advice = (
        len(findings.golden.queries),
        settings.max_near_duplicate_share,
        "Look whether they ask something new.",
    )
    return _held("near_duplicate_queries", len(pairs), n, limit, message, advice, Verdict.FAILED, "warning")


def _leaked(findings: GoldenFindings, settings: GoldenSettings) -> Measurement:
    leaks, n, message = findings.leaks, len(findings.golden.queries), ""
    if leaks:
        texts = {query.query_id: query.text for query in findings.golden.queries}
        first = "; ".join(f"{texts[leak.query_id][:80]!r} from {leak.doc_id}" for leak in leaks[:SHOWN])
        message = (
            f"{_share(len(leaks), n)} are copied from a document that answers them, which any search finds ({first})."
        )
    limit, advice = settings.max_leaked_share, "Ask in users' words."
    return _held("leaked_queries", len(leaks), n, limit, message, advice, Verdict.INCONCLUSIVE)


def _circular(findings: GoldenFindings) -> Measurement:
    circular, n, message = findings.circular, len(findings.golden.judgements), ""
    if circular:
        first = ", ".join(f"{found.query_id} / {found.doc_id}" for found in circular[:SHOWN])
        message = (
            f"{len(circular)} of {n} judgements were made by {circular[0].retriever}, the retriever under test ({first}): "
            "it would be measured by its own opinion. None is wanted."
        )
    return Measurement(
        name="circular_judgements",
        value=len(circular),
        threshold=0,
        direction="max",
        n=n,
        verdict=Verdict.FAILED if circular else Verdict.PASSED,
        message=message,
        advice="Have a person judge them, or take them out." if circular else "",
    )


def _changed(findings: GoldenFindings) -> list[Measurement]:
    if findings.live_hash is None:
        return []
    now = findings.golden.content_hash
    changed = now != findings.live_hash
    message = (
        f"The golden set is not the one that {findings.live} was judged on ({findings.live_hash[:12]} then, {now[:12]} now): "
        "their recorded recalls are not comparable, only what both answer to today's questions is."
    )
    return [
        Measurement(
            name="golden_set_changed",
            value=float(changed),
            threshold=0,
            direction="max",
            n=len(findings.golden.queries),
            verdict=Verdict.FAILED if changed else Verdict.PASSED,
            severity="warning",
            message=message if changed else "",
        )
    ]


def _pairs(findings: GoldenFindings, pairs: Sequence[QueryPair], finding: str) -> str:
    if not pairs:
        return ""
    queries = findings.golden.queries
    first = "; ".join(
        f"{queries[pair.later].query_id} {queries[pair.later].text[:80]!r} like {queries[pair.earlier].query_id}"
        for pair in pairs[:SHOWN]
    )
    return f"{_share(len(pairs), len(queries))} {finding} ({first})."


def _details(findings: GoldenFindings) -> dict[str, Any]:
    golden, evidence = findings.golden, findings.evidence
    ids = [query.query_id for query in golden.queries]
    return {
        "location": golden.location,
        "content_hash": golden.content_hash,
        "live_hash": findings.live_hash,
        "judgements_by_state": {
            state: evidence.count(state) for state in dict.fromkeys(found.state for found in evidence.states)
        },
        "n_stale": len(evidence.stale),
        "stale": [asdict(query) for query in evidence.stale[:LISTED]],
        "duplicates": [
            {"query_id": ids[pair.later], "like": ids[pair.earlier], "similarity": round(pair.similarity, 4)}
            for pair in findings.duplicates[:LISTED]
        ],
        "leaks": [asdict(leak) for leak in findings.leaks[:LISTED]],
        "circular": [asdict(found) for found in findings.circular[:LISTED]],
    }


def _held(
    name: str,
    count: int,
    n: int,
    limit: float,
    message: str,
    advice: str,
    beyond: Verdict,
    severity: Severity = "critical",
) -> Measurement:
    is_beyond = count > limit * n + ROUNDING
    return Measurement(
        name=name,
        value=count / n,
        threshold=limit,
        direction="max",
        n=n,
        verdict=beyond if is_beyond else Verdict.PASSED,
        severity=severity,
        message=f"{message} At most {100 * limit:g} % is wanted." if message else "",
        advice=advice if is_beyond else "",
    )


def _share(count: int, n: int) -> str:
    return f"{count} of {n} questions ({100 * count / n:.1f} %)"


def _result(
    settings: GoldenSettings, measurements: tuple[Measurement, ...], message: str, details: dict[str, Any]
) -> GateResult:
    return GateResult(
        name=NAME,
        mode=settings.mode,
        verdict=judge(measurements),
        measurements=measurements,
        message=message,
        details=details,
        settings=settings.model_dump(mode="json"),
    )
