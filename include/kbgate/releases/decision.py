"""The decision record: what every gate found, and whether that lets a version be promoted.

Promotion does not trust that the tasks ran in the right order: it reads this record, checks it against the gate files
and applies the rules again.
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kbgate.errors import ArtifactError
from kbgate.results import GateResult, Measurement, Mode, Verdict, judge

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


class Decision(BaseModel):
    """Whether a version may be promoted, and everything that was weighed; stored as `decision.json`.

    `live_version` and `base_revision` are the release the gates compared with; promotion expects to find it unmoved.
    `headline` is one line for a person, `reasons` say why it is held (none if it is not), `notes` what was let pass.
    `inputs` holds SHA-256 hashes of what was judged: ledger, golden_set, settings, documents.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = 1
    kb: str
    version: str
    run_key: str
    live_version: str | None
    base_revision: int
    outcome: Literal["promote", "hold"]
    headline: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    expected_gates: tuple[str, ...]
    gates: dict[str, GateRecord]
    inputs: dict[str, str]
    first_ingest: FirstIngest
    actor: str

    @property
    def hash(self) -> str:
        """SHA-256 (hex) of `to_json()`; the registry keeps it with the version."""
        return hashlib.sha256(self.to_json()).hexdigest()

    @property
    def promoted_headline(self) -> str:
        """The line for a person once the promotion has happened."""
        replaced = f", replacing {self.live_version}" if self.live_version else ", the first live version"
        return f"Promoted {self.version}{replaced}: {_summary(self.gates)}."

    def to_json(self) -> bytes:
        """The record in canonical form: sorted keys, no spaces, UTF-8."""
        values = self.model_dump(mode="json")
        return json.dumps(values, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()

    @classmethod
    def from_json(cls, content: bytes) -> "Decision":
        """Read `decision.json`.

        Raises:
            ArtifactError: it is not a decision record.
        """
        try:
            return cls.model_validate_json(content)
        except ValidationError as error:
            raise ArtifactError(
                f"decision.json is not a decision record: {error}. Run the decide task again."
            ) from error


def decide(
    gates: Sequence[GateResult],
    gate_hashes: Mapping[str, str],
    expected_gates: Sequence[str],
    *,
    kb: str,
    version: str,
    run_key: str,
    live_version: str | None,
    base_revision: int,
    inputs: Mapping[str, str],
    first_ingest: FirstIngest,
    actor: str,
) -> Decision:
    """Weigh every gate: promote only if each expected one left a result and each that blocks has passed.

    `gate_hashes` holds the SHA-256 of each gate's file by gate name. A gate in mode warn or off never holds. Without a
    live version, INCONCLUSIVE gates that need one to compare with are let pass if `first_ingest` is "allow".

    Raises:
        ArtifactError: two results have one name, or a gate's hash is missing.
    """
    records: dict[str, GateRecord] = {}
    for gate in gates:
        if gate.name in records:
            raise ArtifactError(f"Two results are named {gate.name!r}. Wanted: one file a gate. Run the gates again.")
        if gate.name not in gate_hashes:
            raise ArtifactError(f"The hash of gates/{gate.name}.json is missing. Run the decide task again.")
        records[gate.name] = _record(gate, gate_hashes[gate.name])
    conclusion = _conclude(records, expected_gates, version, live_version, first_ingest)
    return Decision(
        kb=kb,
        version=version,
        run_key=run_key,
        live_version=live_version,
        base_revision=base_revision,
        outcome=conclusion.outcome,
        headline=conclusion.headline,
        reasons=conclusion.reasons,
        notes=conclusion.notes,
        expected_gates=tuple(expected_gates),
        gates=records,
        inputs=dict(inputs),
        first_ingest=first_ingest,
        actor=actor,
    )


def verify(decision: Decision, gate_files: Mapping[str, bytes]) -> None:
    """Check a record against the gate files (content by gate name) and apply the rules to it again.

    It proves that the record is what the gates found, not that it promotes: look at `outcome` for that.

    Raises:
        ArtifactError: a gate file is missing, unknown or was changed, or the record says something that does not follow
            from its own numbers.
    """
    if decision.gates.keys() != gate_files.keys():
        found, wanted = sorted(gate_files), sorted(decision.gates)
        raise _refusal(decision, f"it was made from the gate files {wanted}, but there are {found}")
    for name, content in gate_files.items():
        digest, record = hashlib.sha256(content).hexdigest(), decision.gates[name]
        if digest != record.sha256:
            raise _refusal(
                decision, f"gates/{name}.json was changed after it: SHA-256 {digest}, wanted {record.sha256}"
            )
        try:
            gate = GateResult.model_validate_json(content)
        except ValidationError as error:
            raise _refusal(decision, f"gates/{name}.json is not a gate's result: {error}") from error
        if gate.name != name or _record(gate, digest) != record:
            raise _refusal(decision, f"it does not say what gates/{name}.json says")
    for name, record in decision.gates.items():
        contradictions = _contradictions(record)
        if contradictions and decision.outcome == "promote":
            raise _refusal(decision, f"the {name} gate contradicts itself: {contradictions[0]}")
    rule = (decision.expected_gates, decision.version, decision.live_version, decision.first_ingest)
    wanted_conclusion = _conclude(decision.gates, *rule)
    found_conclusion = _Conclusion(decision.outcome, decision.headline, decision.reasons, decision.notes)
    if found_conclusion != wanted_conclusion:
        raise _refusal(
            decision,
            f"it says {decision.outcome} ({decision.headline}), but its gates give {wanted_conclusion.outcome} "
            f"({wanted_conclusion.headline})",
        )


@dataclass(frozen=True, slots=True)
class _Conclusion:
    outcome: Literal["promote", "hold"]
    headline: str
    reasons: tuple[str, ...]
    notes: tuple[str, ...]


def _conclude(
    gates: Mapping[str, GateRecord],
    expected: Sequence[str],
    version: str,
    live_version: str | None,
    first_ingest: FirstIngest,
) -> _Conclusion:
    """The rules themselves; made from the record alone, so that anyone can apply them again."""
    # Not the order of `gates`: a record read from its file has them sorted.
    names = [name for name in expected if name in gates] + sorted(gates.keys() - set(expected))
    failures, unproven, notes = [], [], []
    for name in names:
        gate = gates[name]
        failures += [f"the {name} gate: {cause}" for cause in _contradictions(gate)]
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
        return _Conclusion("hold", headline, reasons, tuple(notes))
    goal = f"may replace {live_version}" if live_version else "may become the first live version"
    return _Conclusion("promote", _sentence(f"{_summary(gates)}: {version} {goal}"), (), tuple(notes))


def _contradictions(gate: GateRecord) -> list[str]:
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


def _summary(gates: Mapping[str, GateRecord]) -> str:
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


def _record(gate: GateResult, sha256: str) -> GateRecord:
    # By way of JSON, as the file holds it: NaN becomes null.
    gate = GateResult.model_validate_json(gate.model_dump_json())
    return GateRecord(
        sha256=sha256,
        verdict=gate.verdict,
        mode=gate.mode,
        needs_reference=gate.needs_reference,
        message=gate.message,
        measurements=gate.measurements,
    )


def _refusal(decision: Decision, finding: str) -> ArtifactError:
    return ArtifactError(
        f"The decision record of {decision.kb} {decision.version} was refused: {finding}. Nothing was promoted. "
        "Gate files and records are not edited by hand; run the gates and the decide task again."
    )
