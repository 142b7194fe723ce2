"""Whether a golden set can carry a verdict on recall; what falls short here is INCONCLUSIVE, not FAILED."""

from kbgate.evaluation.recall_summary import RecallSummary
from kbgate.gates.recall_floor import ADD_QUESTIONS
from kbgate.gates.recall_values import ROUNDING, held, percent
from kbgate.results import Measurement, Verdict


def check_evidence(summary: RecallSummary) -> list[Measurement]:
    """How many queries can be measured, and the shares that cannot, overall and for each key intent."""
    settings, health, where = summary.settings, summary.health, summary.golden.location
    n = int(summary.measured.sum())
    few = (
        f"Only {n} of the {health.n_queries} queries of {where} can be measured; at least {settings.min_queries} are "
        "wanted."
    )
    unjudged = f"have no relevant document (such as {', '.join(health.unjudged[:3])})."
    stale = f"ask for documents or passages that the candidate no longer has (such as {', '.join(health.vanished_documents[:3])})."
    leave_out = f"Find out why they left; if that is meant, take the queries out of {where}."
    n_unjudged, n_stale = len(health.unjudged), len(health.stale)
    return [
        count_queries(n, settings.min_queries, few),
        _share(
            "unjudged_share",
            n_unjudged,
            health.n_queries,
            settings.max_unjudged_share,
            unjudged,
            "Judge them in qrels.tsv.",
        ),
        _share("stale_share", n_stale, health.n_queries, settings.max_stale_share, stale, leave_out),
        *_stale_per_key_intent(summary),
    ]


def count_queries(n: int, fewest: int, if_too_few: str, advice: str = ADD_QUESTIONS) -> Measurement:
    """Whether n queries are enough to judge by."""
    verdict = Verdict.PASSED if n >= fewest else Verdict.INCONCLUSIVE
    message = f"{n} queries can be measured; at least {fewest} are wanted." if n >= fewest else if_too_few
    return held("n_queries", n, "min", fewest, n, verdict, message, advice)


def _stale_per_key_intent(summary: RecallSummary) -> list[Measurement]:
    """The share for each key intent: a topic that vanished is a small part of all queries, and its recall stays high."""
    found, stale = [], set(summary.health.stale)
    for intent in sorted(summary.golden.key_intents):
        asked = [query.query_id for query in summary.golden.queries if query.intent == intent]
        count = len(stale.intersection(asked))
        finding = f"of key intent {intent} ask for documents or passages that the candidate no longer has."
        name, limit = f"stale_share[{intent}]", summary.settings.max_stale_share
        found.append(_share(name, count, len(asked), limit, finding, "Find out why they left."))
    return found


def _share(name: str, count: int, n: int, limit: float, finding: str, advice: str) -> Measurement:
    verdict = Verdict.PASSED if count / n <= limit + ROUNDING else Verdict.INCONCLUSIVE
    message = f"{percent(count / n)} of queries (at most {percent(limit)} is wanted) {finding}" if count else ""
    return held(name, count / n, "max", limit, n, verdict, message, advice)
