"""What past runs needed of each setting: the strictest value of it under which each run would still have passed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from kbgate.gates.effective_limit import LimitRange, limit_under, needed_setting
from kbgate.gates.judged_run import JudgedRun
from kbgate.gates.limit_settings import LimitSetting, limit_setting
from kbgate.gates.recorded_chance import recorded_chance
from kbgate.results import GateResult, Measurement


@dataclass(frozen=True, slots=True)
class LimitedMeasurement:
    """A measurement of one run that a setting limits; `recorded` is that setting in that run, None if not on record."""

    run: JudgedRun
    gate: GateResult
    entry: LimitSetting
    measured: Measurement
    recorded: float | None

    @property
    def blocks(self) -> bool:
        """Whether it would hold the promotion if it did not pass."""
        return self.gate.mode == "block" and self.measured.severity == "critical"

    @property
    def chance(self) -> float | None:
        """The least limit there can be where chance is allowed for; None if the record is silent."""
        return recorded_chance(self.gate, self.measured) if self.entry.rule == "or_chance" else None

    def limit_under(self, proposed: float) -> LimitRange:
        """Where the limit would lie if the setting were `proposed`."""
        return limit_under(self.entry, self.measured, self.recorded, proposed, self.chance)

    @property
    def needed(self) -> float | None:
        """The strictest setting under which it surely passes; None if the record does not tell."""
        return needed_setting(self.entry, self.measured, self.recorded, self.chance)

    @property
    def unit_share(self) -> float:
        """What one document (or row) alone makes of the value; 0 if the value is no share of such things."""
        n: float | None = None
        if self.entry.unit == "rows":
            n = self.measured.n
        elif self.entry.unit == "documents":
            amount = [m.n for m in self.gate.measurements if m.name == "new_document_share"]
            n = self.gate.details.get("n_documents") or (amount[0] if amount else None)
        elif self.entry.unit == "topics":
            n = self.gate.settings.get("min_topic_documents")
        return min(1 / n, 1.0) if n else 0.0


@dataclass(frozen=True, slots=True)
class NeededLimit:
    """What one run needed of one setting, by the most demanding of the measurements that the setting limits.

    `need` is in [0, infinity): the setting of a maximum, 1 - the setting of a minimum, so that more is always worse.
    """

    run_key: str
    need: float
    n: int | None
    unit_share: float
    blocks: bool


def limited_measurements(run: JudgedRun) -> Iterator[LimitedMeasurement]:
    """Every measurement of a run that was held to a limit which a setting gives."""
    for gate in run.gates:
        for measured in gate.measurements:
            entry = limit_setting(gate.name, measured.name)
            if entry is None or gate.mode == "off" or measured.direction == "info":
                continue
            if measured.value is None or measured.threshold is None:
                continue
            yield LimitedMeasurement(run, gate, entry, measured, _number(gate.settings.get(entry.field)))


def needed_limits(runs: Sequence[JudgedRun]) -> dict[str, list[NeededLimit]]:
    """Per setting that can be learnt, what each run needed of it; runs that did not measure it are left out."""
    found: dict[str, dict[str, NeededLimit]] = {}
    for run in runs:
        for limited in limited_measurements(run):
            needed = None if limited.entry.not_learnt else limited.needed
            if needed is None:
                continue
            need = loss_of(limited.entry, needed)
            of_setting = found.setdefault(limited.entry.setting, {})
            before = of_setting.get(run.run_key)
            if before is None or need > before.need:
                of_setting[run.run_key] = NeededLimit(
                    run.run_key, need, limited.measured.n, limited.unit_share, limited.blocks
                )
    return {setting: list(of_setting.values()) for setting, of_setting in found.items()}


def loss_of(entry: LimitSetting, setting: float) -> float:
    """The scale on which more is worse: the setting of a maximum, 1 - the setting of a minimum."""
    return setting if entry.looser_is_larger else 1 - setting


def setting_of(entry: LimitSetting, loss: float) -> float:
    """The setting that `loss_of` came from, cut to ten digits."""
    return round(loss if entry.looser_is_larger else 1 - loss, 10)


def _number(value: Any) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
