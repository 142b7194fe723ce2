from pathlib import Path

import pandas as pd
import pytest

from kbgate.errors import SettingsError
from kbgate.quality.suite_agreement import require_agreement
from kbgate.quality.suites import ExpectationOutcome, SuiteResult

PATH = Path("expectations/documents.json")
MASKS = {"empty_text": pd.Series([True, False, True]), "mojibake": pd.Series([False] * 3)}


def suite(**n_unexpected: int | None) -> SuiteResult:
    kind = "expect_column_values_to_be_between"
    return SuiteResult(
        tuple(
            ExpectationOutcome(rule, rule, kind, "x", "critical", False, n=3, n_unexpected=count)
            for rule, count in n_unexpected.items()
        ),
        {},
    )


def test_a_suite_that_finds_what_the_masks_find_is_accepted() -> None:
    require_agreement(PATH, suite(empty_text=2, mojibake=0), MASKS, ["empty_text", "mojibake"])


def test_an_expectation_that_waits_for_live_is_not_compared() -> None:
    require_agreement(PATH, suite(empty_text=None), MASKS)


def test_another_count_is_refused_with_rule_file_and_both_numbers() -> None:
    with pytest.raises(SettingsError, match=r"documents\.json: .*'empty_text' finds 1 rows, the rule itself 2"):
        require_agreement(PATH, suite(empty_text=1), MASKS)


def test_a_rule_that_sets_rows_aside_must_have_its_expectation() -> None:
    with pytest.raises(SettingsError, match=r"documents\.json has no expectation with meta\.rule mojibake"):
        require_agreement(PATH, suite(empty_text=2), MASKS, ["empty_text", "mojibake"])
