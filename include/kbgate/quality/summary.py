"""The message of a gate: one sentence for each thing that did not pass."""

from collections.abc import Sequence

from kbgate.quality.suite_measurements import waits_for_live
from kbgate.results import Measurement, Verdict


def summarise(measurements: Sequence[Measurement], passed: str) -> str:
    """Join the messages of what did not pass, critical ones first, then what to do, each advice once.

    `passed` is said if no critical one is open.

    What only waits for a first live version is told in one sentence.
    """
    open_ones = [m for m in measurements if m.verdict is not Verdict.PASSED]
    waiting = [m.name for m in open_ones if waits_for_live(m)]
    told = [m for m in open_ones if not waits_for_live(m)]
    critical = [m.message for m in told if m.severity == "critical"]
    sentences = critical or [passed]
    if waiting:
        sentences.append(f"There is no live version to compare with, so these were not judged: {', '.join(waiting)}.")
    sentences += [f"Warning: {m.message}" for m in told if m.severity == "warning"]
    return " ".join([*sentences, *dict.fromkeys(m.advice for m in told if m.advice)])
