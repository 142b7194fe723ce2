"""Changed documents whose date is older than live's."""

import pandas as pd
import pytest

from kbgate.quality.outdated import measure_outdated
from kbgate.results import Verdict
from kbgate.sections.quality import QualitySettings

SETTINGS = QualitySettings()


def frame(dates: list[str | None], text: str = "new") -> pd.DataFrame:
    ids = [f"d{i}" for i in range(len(dates))]
    return pd.DataFrame({"doc_id": ids, "content_hash": [f"{text}-{i}" for i in ids], "updated_at": dates})


def test_the_share_is_of_the_changed_documents_with_two_dates() -> None:
    live = frame(["2026-11-10", "2026-11-10", "2026-11-10", "2026-11-10", None, "2026-11-10"], "live")
    now = frame(["2026-11-09", "2026-11-11", "2026-11-10", None, "2026-01-01", "2020-01-01"])
    now.loc[5, "content_hash"] = live.loc[5, "content_hash"]
    found = measure_outdated(now, live, SETTINGS)
    assert (found.value, found.n) == (pytest.approx(1 / 3), 3)


@pytest.mark.parametrize(
    ("n_older", "n", "verdict"), [(2, 2, "passed"), (2, 40, "passed"), (3, 40, "failed"), (3, 3, "failed")]
)
def test_one_or_two_older_documents_are_an_editors_doing(n_older: int, n: int, verdict: str) -> None:
    now = frame(["2026-01-01"] * n_older + ["2026-12-01"] * (n - n_older))
    found = measure_outdated(now, frame(["2026-11-10"] * n, "live"), SETTINGS)
    assert found.verdict == verdict
    assert (found.value <= found.threshold) is (found.verdict is Verdict.PASSED)
    assert "such as d0" in found.message
    assert bool(found.advice) is (verdict == "failed")


def test_precision_and_time_zone_make_nothing_older() -> None:
    live = frame(["2026-11-10T23:30:00+02:00"] * 5, "live")
    assert measure_outdated(frame(["2026-11-10"] * 5), live, SETTINGS).value == 0
    assert measure_outdated(frame(["2026-11-09T23:59:59Z"] * 5), live, SETTINGS).value == 1


@pytest.mark.parametrize("live", [None, frame([None, None], "live"), frame(["2026-11-10"] * 2)])
def test_without_anything_to_compare_nothing_is_judged(live: pd.DataFrame | None) -> None:
    found = measure_outdated(frame(["2026-11-09"] * 2), live, SETTINGS)
    assert (found.value, found.threshold, found.verdict) == (None, None, Verdict.PASSED)


def test_undated_documents_are_told_by_what_live_descends_from() -> None:
    live, now, earlier = frame([None] * 6, "live"), frame([None] * 6), frame([None] * 6, "earlier")
    assert measure_outdated(now, live, SETTINGS, earlier).value == 0
    relapsed = measure_outdated(earlier, live, SETTINGS, earlier)
    assert (relapsed.value, relapsed.n, relapsed.verdict) == (1, 6, Verdict.FAILED)
    assert measure_outdated(earlier, live, SETTINGS, earlier.iloc[:0]).value is None


def test_a_date_counts_more_than_an_earlier_text() -> None:
    live, earlier = frame(["2026-11-10"] * 6, "live"), frame(["2026-11-12"] * 6, "earlier")
    assert measure_outdated(earlier, live, SETTINGS, earlier).value == 0
