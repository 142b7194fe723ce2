import pytest

from kbgate.quality.row_limits import LIMITS, row_limits
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings(max_empty_text_share=0.02, max_mojibake_share=0.0)


@pytest.mark.parametrize(("n_rows", "limit"), [(0, 0.02), (1, 1.0), (12, 1 / 12), (50, 0.02), (200, 0.02)])
def test_a_limit_is_never_less_than_one_row(n_rows: int, limit: float) -> None:
    assert row_limits(SETTINGS, n_rows)["max_empty_text_share"] == limit


def test_a_limit_of_zero_stays() -> None:
    assert row_limits(SETTINGS, 12)["max_mojibake_share"] == 0


def test_doubled_ids_have_no_allowance() -> None:
    assert "max_doubled_id_share" not in LIMITS
