"""The rule of promotion: what every gate found, and whether that lets a version go live.

Made from the decision record alone, so that anyone can apply it again.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict

from kbgate.results import Measurement, Mode, Verdict, judge

FirstIngest = Literal["allow", "hold"]


class GateRecord(BaseModel):
    """What the decision took from one gate file; `sha256` is of the file's bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    sha256: str
    verdict: Verdict
    mode: Mode
    needs_reference: bool
    message: str
    measurements: tuple[Measurement, ...]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """What the rule comes to; `reasons` say why it is held (none if it is not), `notes` what was let pass."""

    outcome: Literal["promote", "hold"]
    headline: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def conclude(
    gates: Mapping[str, GateRecord],
    expected: Sequence[str],
    version: str,
    live_version: str | None,
    first_ingest: FirstIngest,
) -> Conclusion:
    """Promote only if each expected gate left a result and each that blocks has passed; say so in words for a person."""
    # Not the order of `gates`: a record read from its file has them sorted.
    names = [name for name in expected if name in gates] + sorted(gates.keys() - set(expected))
    failures, unproven, notes = [], [], []
    for name in names:
        gate = gates[name]
        failures += [f"the {name} gate: {cause}" for cause in contradictions(gate)]
        if gate.mode == "off":
            continue
        notes += [f"Warning of the {name} gate: {_sentence(cause)}" for cause in _warnings(gate)]
        if gate.verdict is Verdict.PASSED:
            continue
        if gate.mode == "warn":
            notes.append(f"The {name} gate is {gate.verdict} and only warns: {_sentence(gate.message)}")
        elif gate.verdict is Verdict.FAILED:
            failures += [f"the {name} gate: {cause}" for cause in _causes(gate)]
        elif not (gate.needs_reference and live_version is None):
            unproven += [f"the {name} gate is inconclusive: {cause}" for cause in _causes(gate)]
        elif first_ingest == "allow":
            notes.append(f"The {name} gate had no live version to compare with; release.first_ingest allows that once.")
        else:
            cause = "has no live version to compare with, and release.first_ingest is 'hold'"
            unproven.append(f"the {name} gate {cause}")
    missing = [name for name in expected if name not in gates]
    if missing and (failures or unproven):
        # A gate that stops the run early keeps the later ones from measuring; that is no reason of its own.
        notes.append(f"Not measured, since the candidate was held before: {', '.join(missing)}.")
    elif missing:
        unproven = [f"the {name} gate left no result: its task did not finish" for name in missing]
    reasons = tuple(_sentence(reason) for reason in failures + unproven)
    if reasons:
        first = failures[0].partition(": ")[2] if failures else unproven[0]
        live = f"Live stays {live_version}." if live_version else "Nothing is live yet."
        headline = f"{'Blocked' if failures else 'Held'}: {first}{_more(reasons)}. {live}"
        return Conclusion("hold", headline, reasons, tuple(notes))
    goal = f"may replace {live_version}" if live_version else "may become the first live version"
    return Conclusion("promote", _sentence(f"{summary(gates)}: {version} {goal}"), (), tuple(notes))


def contradictions(gate: GateRecord) -> list[str]:
    """Where PASSED does not follow from the numbers. A wrong FAILED needs no look: it holds the promotion anyway."""
    if gate.mode == "off":
        return []
    found = []
    for measured in gate.measurements:
        if measured.verdict is not Verdict.PASSED or measured.threshold is None or measured.direction == "info":
            continue
        if measured.value is None:
            if measured.severity == "critical":
                found.append(f"{measured.name} was not measured, yet it is marked as passed")
            continue
        sign = 1 if measured.direction == "max" else -1
        excess = sign * (measured.value - measured.threshold)
        if excess > 0 and not math.isclose(measured.value, measured.threshold, rel_tol=1e-9, abs_tol=1e-12):
            found.append(f"{_limit(measured)}, yet it is marked as passed")
    if gate.verdict is Verdict.PASSED and judge(gate.measurements) is not Verdict.PASSED:
        found.append(f"the gate is marked as passed, but its measurements give {judge(gate.measurements)}")
    return found


def _causes(gate: GateRecord) -> list[str]:
    """Why a gate did not pass, one clause a critical measurement with the gate's verdict; else the gate's message."""
    found = [m for m in gate.measurements if m.verdict is gate.verdict and m.severity == "critical"]
    return [(m.message or _limit(m)).rstrip(". ") for m in found] or [gate.message.rstrip(". ")]


def _warnings(gate: GateRecord) -> list[str]:
    return [m.message for m in gate.measurements if m.severity == "warning" and m.verdict is not Verdict.PASSED]


def _limit(measured: Measurement) -> str:
    value = "not measured" if measured.value is None else f"{measured.value:g}"
    if measured.threshold is None:
        return f"{measured.name} is {value}"
    return f"{measured.name} is {value}, wanted at {'most' if measured.direction == 'max' else 'least'} {measured.threshold:g}"


def summary(gates: Mapping[str, GateRecord]) -> str:
    """How many gates passed, in words that start a sentence or follow a colon."""
    judged = [gate for gate in gates.values() if gate.mode != "off"]
    n_passed = sum(gate.verdict is Verdict.PASSED for gate in judged)
    n_warned = sum(gate.verdict is not Verdict.PASSED and gate.mode == "warn" for gate in judged)
    n_open = len(judged) - n_passed - n_warned
    parts = [f"all {n_passed} gates passed" if n_passed == len(judged) else f"{n_passed} of {len(judged)} gates passed"]
    parts += [f"{n_open} had no live version to compare with"] if n_open else []
    parts += [f"{n_warned} did not and only warn{'s' if n_warned == 1 else ''}"] if n_warned else []
    n_off = len(gates) - len(judged)
    parts += [f"{n_off} switched off"] if n_off else []
    return ", ".join(parts)


def _more(reasons: Sequence[str]) -> str:
    n = len(reasons) - 1
    return f" (and {n} more reason{'s' if n > 1 else ''})" if n else ""


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(". ") + "."
