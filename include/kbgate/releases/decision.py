"""The decision record: what every gate found, and whether that lets a version be promoted.

Promotion does not trust that the tasks ran in the right order: it reads this record, checks it against the gate files
and applies the rules again.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from kbgate.errors import ArtifactError
from kbgate.releases.promotion_rule import Conclusion, FirstIngest, GateRecord, conclude, contradictions, summary
from kbgate.results import GateResult


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
        return f"Promoted {self.version}{replaced}: {summary(self.gates)}."

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
    conclusion = conclude(records, expected_gates, version, live_version, first_ingest)
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
        found = contradictions(record)
        if found and decision.outcome == "promote":
            raise _refusal(decision, f"the {name} gate contradicts itself: {found[0]}")
    rule = (decision.expected_gates, decision.version, decision.live_version, decision.first_ingest)
    wanted_conclusion = conclude(decision.gates, *rule)
    found_conclusion = Conclusion(decision.outcome, decision.headline, decision.reasons, decision.notes)
    if found_conclusion != wanted_conclusion:
        raise _refusal(
            decision,
            f"it says {decision.outcome} ({decision.headline}), but its gates give {wanted_conclusion.outcome} "
            f"({wanted_conclusion.headline})",
        )


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
