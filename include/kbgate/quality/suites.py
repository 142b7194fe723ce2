"""Run a Great Expectations suite, written as GX's own JSON, over a frame of features."""

import json
import logging
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kbgate.errors import SettingsError
from kbgate.sections.quality import QualitySettings

# Both must be set before the library is imported: it writes 214 INFO lines, and would report its use over the network.
os.environ["GX_ANALYTICS_ENABLED"] = "false"
logging.getLogger("great_expectations").setLevel(logging.WARNING)

import great_expectations as gx  # noqa: E402
from great_expectations.data_context.types.base import ProgressBarsConfig  # noqa: E402
from great_expectations.expectations.expectation_configuration import ExpectationConfiguration  # noqa: E402

PARAMETER = "$PARAMETER"
_NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True, slots=True)
class ExpectationOutcome:
    """What one expectation found.

    `name` is the `measurement` or `rule` of its `meta`, else made of type and column. For expectations on rows `n` is how
    many were looked at, `n_unexpected` how many break it and `max_share` what `mostly` allows; for the others `observed`
    is the number found, `low` and `high` its bounds. `waits_for` names parameters that have no value in this run, such
    as those of a live version that does not exist; the expectation was then not evaluated and `success` is False.
    """

    name: str
    rule: str | None
    kind: str
    column: str | None
    severity: str
    success: bool
    n: int | None = None
    n_unexpected: int | None = None
    max_share: float | None = None
    observed: float | None = None
    low: float | None = None
    high: float | None = None
    detail: str = ""
    notes: str = ""
    waits_for: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SuiteResult:
    """Outcomes in the order of the file, and GX's own statistics."""

    outcomes: tuple[ExpectationOutcome, ...]
    statistics: dict[str, Any]


def suite_parameters(settings: QualitySettings, **others: Any) -> dict[str, Any]:
    """Return what a suite may name as `{"$PARAMETER": …}`: every number of the quality settings under its own name,
    `expected_languages` (the set languages and "" for undecided ones), and `others`; None means "not known in this run".
    """
    numbers = {k: v for k, v in settings.model_dump().items() if isinstance(v, int | float)}
    return {**numbers, "expected_languages": [*settings.languages, ""], **others}


def run_suite(path: Path, frame: pd.DataFrame, parameters: Mapping[str, Any], rules: Mapping[str, Any]) -> SuiteResult:
    """Evaluate every expectation of the file at `path` on `frame` (result format SUMMARY).

    Raises:
        SettingsError: the file is no suite, or one of its expectations is malformed, names a parameter or rule that does
            not exist, or cannot be evaluated; the message names file and expectation.
    """
    written = _read(path)
    names = [_name(config) for config in written]
    if doubled := {name for name in names if names.count(name) > 1}:
        raise SettingsError(
            f"{path}: two expectations are called {', '.join(sorted(doubled))}. Set meta.measurement apart."
        )
    waiting = {i: _waits_for(path, config, parameters) for i, config in enumerate(written)}
    suite = gx.ExpectationSuite(name=path.stem)
    for i, config in enumerate(written):
        _check_rule(path, config, rules)
        # The suite's own constructor logs a broken expectation and goes on without it; a gate may not lose a check.
        try:
            expectation = ExpectationConfiguration(**{**config, "id": None}).to_domain_obj()
        except Exception as error:
            raise SettingsError(f"{path}: expectation {_where(i, config)} is not valid: {_short(error)}") from error
        expectation.meta = {**(expectation.meta or {}), "place": i}
        if not waiting[i]:
            suite.expectations.append(expectation)
    known = {name: value for name, value in parameters.items() if value is not None}
    try:
        report = (
            _batch_definition()
            .get_batch({"dataframe": _narrow(frame, written)})
            .validate(suite, result_format="SUMMARY", expectation_parameters=known)
        )
    except Exception as error:
        raise SettingsError(f"{path} cannot be evaluated: {_short(error)}") from error
    found = {result.expectation_config.meta["place"]: result for result in report.results}
    outcomes = [_outcome(path, i, config, found.get(i), waiting[i]) for i, config in enumerate(written)]
    return SuiteResult(tuple(outcomes), dict(report.statistics))


def _narrow(frame: pd.DataFrame, written: Sequence[Mapping[str, Any]]) -> pd.DataFrame:
    """The frame with only those columns' values that an expectation reads; the others are there in name.

    GX copies the whole frame for an expectation that leaves out missing values, so each text that nobody looks at would
    cost its memory several times.
    """
    of_rows = [config for config in written if not config["type"].startswith("expect_table_")]
    read = {name for config in of_rows for text in _texts(config.get("kwargs")) for name in _NAME.findall(text)}
    unread = pd.Categorical.from_codes(np.zeros(len(frame), dtype=np.int8), [""])
    columns = {name: frame[name] if name in read else unread for name in frame.columns}
    return pd.DataFrame(columns, index=frame.index, copy=False)


def _texts(value: Any) -> list[str]:
    """All texts inside a value of JSON."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in _texts(part)]


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        suite = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} is not a suite: {error}. Correct the file.") from error
    expectations = suite.get("expectations") if isinstance(suite, dict) else None
    if not isinstance(expectations, list) or not expectations:
        raise SettingsError(f"{path} is not a suite: it has no list `expectations`, so nothing would be checked.")
    for i, config in enumerate(expectations):
        if not isinstance(config, dict) or not isinstance(config.get("type"), str):
            raise SettingsError(
                f"{path}: expectation {i + 1} has no `type`. Name one, such as expect_column_values_to_be_unique."
            )
    return expectations


def _name(config: Mapping[str, Any]) -> str:
    meta = config.get("meta") or {}
    if named := meta.get("measurement") or meta.get("rule"):
        return str(named)
    column = (config.get("kwargs") or {}).get("column")
    return f"{config['type']}:{column}" if column else str(config["type"])


def _where(i: int, config: Mapping[str, Any]) -> str:
    return f"{i + 1} ({_name(config)}, {config['type']})"


def _check_rule(path: Path, config: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
    rule = (config.get("meta") or {}).get("rule")
    if rule is not None and rule not in rules:
        raise SettingsError(
            f"{path}: expectation {_name(config)} has meta.rule {rule!r}, which does not exist. "
            f"Known: {', '.join(rules)}. For a check of your own set meta.measurement instead."
        )


def _waits_for(path: Path, config: Mapping[str, Any], parameters: Mapping[str, Any]) -> tuple[str, ...]:
    """Names of parameters without a value in the expectation's expressions, such as "1 - max_empty_text_share"."""
    used = [name for expression in _expressions(config.get("kwargs")) for name in _NAME.findall(expression)]
    unknown = sorted({name for name in used if name not in parameters})
    if unknown:
        raise SettingsError(
            f"{path}: expectation {_name(config)} names the parameter {', '.join(unknown)}, which does not exist. "
            f"Known: {', '.join(sorted(parameters))}."
        )
    return tuple(sorted({name for name in used if parameters[name] is None}))


def _expressions(value: Any) -> list[str]:
    if isinstance(value, dict):
        own = [str(value[PARAMETER])] if PARAMETER in value else []
        return own + [found for part in value.values() for found in _expressions(part)]
    return [found for part in value for found in _expressions(part)] if isinstance(value, list) else []


def _outcome(
    path: Path, i: int, config: Mapping[str, Any], result: Any, waits_for: tuple[str, ...]
) -> ExpectationOutcome:
    kwargs = config.get("kwargs") or {}
    meta = config.get("meta") or {}
    # GX's `info` is a measurement that never blocks; the gates know that as a warning.
    severity = "critical" if config.get("severity", "critical") == "critical" else "warning"
    same = {
        "name": _name(config),
        "rule": meta.get("rule"),
        "kind": config["type"],
        "column": kwargs.get("column"),
        "severity": severity,
        "notes": _text(config.get("notes")),
    }
    if result is None:
        return ExpectationOutcome(**same, success=False, waits_for=waits_for)
    if message := _exception(result.exception_info):
        raise SettingsError(f"{path}: expectation {_where(i, config)} cannot be evaluated: {message}")
    found, used = result.result, result.expectation_config.kwargs
    n, n_unexpected = found.get("element_count"), found.get("unexpected_count")
    observed = found.get("observed_value")
    return ExpectationOutcome(
        **same,
        success=bool(result.success),
        n=None if n is None or n_unexpected is None else int(n - found.get("missing_count", 0)),
        n_unexpected=None if n_unexpected is None else int(n_unexpected),
        max_share=None if n_unexpected is None else round(1 - used.get("mostly", 1.0), 10),
        observed=_number(observed),
        low=_number(used.get("min_value")),
        high=_number(used.get("max_value")),
        detail="" if observed is None else str(observed)[:300],
    )


def _exception(info: Mapping[str, Any]) -> str:
    """The message of an exception inside GX, which stands either at the top or under the metric that raised it."""
    parts = [info] if "raised_exception" in info else list(info.values())
    raised = [part for part in parts if isinstance(part, Mapping) and part.get("raised_exception")]
    return _short(raised[0].get("exception_message") or "unknown error") if raised else ""


def _number(value: Any) -> float | None:
    return float(value) if pd.api.types.is_number(value) else None


def _text(notes: Any) -> str:
    return " ".join(notes) if isinstance(notes, list) else str(notes or "")


def _short(error: Any) -> str:
    return " ".join(str(error).split())[:400]


@cache
def _batch_definition() -> Any:
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    source = context.data_sources.add_pandas("kbgate")
    return source.add_dataframe_asset("features").add_batch_definition_whole_dataframe("batch")
