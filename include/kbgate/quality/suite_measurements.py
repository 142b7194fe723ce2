"""Turn what a suite found into measurements that a person can read."""

from collections.abc import Mapping

from kbgate.quality.masks import Rule
from kbgate.quality.shares import limit_percent, percent, wilson_interval
from kbgate.quality.suites import ExpectationOutcome
from kbgate.results import Measurement, Severity, Verdict

_NEEDS_LIVE = "There is no live version to compare with"


def needs_live(name: str, what: str, severity: Severity = "critical") -> Measurement:
    """Return the open measurement of something that only a live version gives a meaning to."""
    message = f"{what} was not judged. {_NEEDS_LIVE}."
    return Measurement(name=name, value=None, verdict=Verdict.INCONCLUSIVE, severity=severity, message=message)


def waits_for_live(measurement: Measurement) -> bool:
    """Whether a measurement is open for want of a live version and for no other reason."""
    return measurement.verdict is Verdict.INCONCLUSIVE and _NEEDS_LIVE in measurement.message


def measure_outcome(outcome: ExpectationOutcome, rules: Mapping[str, Rule], rows: str, advice: str) -> Measurement:
    """Return the measurement of one expectation; `rows` names what the frame's rows are, such as "documents"."""
    severity: Severity = "critical" if outcome.severity == "critical" else "warning"
    verdict = Verdict.PASSED if outcome.success else Verdict.FAILED
    if outcome.waits_for:
        return needs_live(outcome.name, f"{outcome.name} (it uses {', '.join(outcome.waits_for)})", severity)
    if outcome.n is None or outcome.n_unexpected is None:
        return _measure_number(outcome, severity, verdict, advice)
    rule = rules.get(outcome.rule or "")
    finding = rule.finding if rule else f"break the expectation {outcome.name} ({outcome.kind} on {outcome.column})"
    max_share = outcome.max_share or 0.0
    if not outcome.n:
        return Measurement(
            name=outcome.name,
            value=None,
            threshold=max_share,
            # Not "max": a decision rightly refuses a limit that passed without a number.
            direction="info",
            n=0,
            verdict=verdict,
            severity=severity,
            message=f"None of the {rows} is one that {outcome.name} looks at.",
        )
    return measure_share(
        outcome.name, outcome.n_unexpected, outcome.n, max_share, f"of {rows} {finding}", advice, severity, verdict
    )


def measure_share(
    name: str,
    count: int,
    n: int,
    limit: float,
    finding: str,
    advice: str,
    severity: Severity = "critical",
    verdict: Verdict | None = None,
) -> Measurement:
    """Return the measurement of count / n against a largest share; without `verdict` it is judged here."""
    share = count / n
    low, high = wilson_interval(min(count, n), n)
    verdict = verdict or (Verdict.FAILED if share > limit else Verdict.PASSED)
    message = f"{percent(share)} {finding} ({count} of {n}); the limit is {limit_percent(limit)}."
    return Measurement(
        name=name,
        value=share,
        threshold=limit,
        direction="max",
        n=n,
        ci_low=low,
        ci_high=high,
        verdict=verdict,
        severity=severity,
        message=message,
        advice="" if verdict is Verdict.PASSED else advice,
    )


def _measure_number(outcome: ExpectationOutcome, severity: Severity, verdict: Verdict, advice: str) -> Measurement:
    """An expectation on the table or on one number of a column."""
    what = f"{outcome.name} ({outcome.kind}" + (f" on {outcome.column})" if outcome.column else ")")
    bounds = [
        f"{word} {bound:g}"
        for word, bound in (("at least", outcome.low), ("at most", outcome.high))
        if bound is not None
    ]
    below = outcome.low is not None and (outcome.observed or 0.0) < outcome.low
    use_low = outcome.low is not None and (below or outcome.high is None)
    threshold = outcome.low if use_low else outcome.high
    found = f"{outcome.observed:g}" if outcome.observed is not None else outcome.detail or "what it found"
    wanted = f"; wanted {' and '.join(bounds)}" if bounds else ""
    state = "holds" if verdict is Verdict.PASSED else "does not hold"
    note = f" {outcome.notes}" if outcome.notes else ""
    message = f"The expectation {what} {state}: found {found}{wanted}.{note}"
    return Measurement(
        name=outcome.name,
        value=outcome.observed if outcome.observed is not None else float(outcome.success),
        threshold=threshold,
        direction="info" if threshold is None else ("min" if use_low else "max"),
        verdict=verdict,
        severity=severity,
        message=message,
        advice="" if verdict is Verdict.PASSED else advice,
    )
