"""Whether a suite states the same rules over rows as the masks that set rows aside."""

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from kbgate.errors import SettingsError
from kbgate.quality.masks import Masks

if TYPE_CHECKING:
    from kbgate.quality.suites import SuiteResult


def require_agreement(path: Path, suite: "SuiteResult", masks: Masks, required: Collection[str] = ()) -> None:
    """Refuse a suite of which an expectation with `meta.rule` finds other rows than the rule's mask.

    The suite judges the share, the mask fills the quarantine: were they of two minds, the verdict would speak of rows that
    nobody can find. Each of the rules in `required`, which set rows aside, must have its expectation.

    Raises:
        SettingsError: the suite at `path` contradicts a mask or lacks a rule; names both.
    """
    found = {outcome.rule for outcome in suite.outcomes}
    missing = [name for name in required if name not in found]
    if missing:
        raise SettingsError(
            f"{path} has no expectation with meta.rule {', '.join(missing)}, though rows are set aside by that rule. "
            "Put it back; to tolerate more such rows raise its limit in the quality settings."
        )
    for outcome in suite.outcomes:
        if outcome.rule is None or outcome.n_unexpected is None:
            continue
        n_rows = int(masks[outcome.rule].sum())
        if outcome.n_unexpected != n_rows:
            raise SettingsError(
                f"{path}: the expectation with meta.rule {outcome.rule!r} finds {outcome.n_unexpected} rows, the rule itself "
                f"{n_rows}. Of such an expectation change only mostly and severity; bounds that kbgate's settings have are "
                "changed in the quality section of the settings file. For a check of your own set meta.measurement instead."
            )
