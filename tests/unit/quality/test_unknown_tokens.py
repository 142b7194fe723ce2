import pandas as pd
import pytest

from kbgate.quality.unknown_tokens import measure_unknown_tokens
from kbgate.results import Verdict


def features(n_unknown: list[int], n_tokens: list[int]) -> pd.DataFrame:
    return pd.DataFrame({"n_unknown": n_unknown, "n_tokens": n_tokens})


@pytest.mark.parametrize(("n_unknown", "verdict"), [(20, Verdict.PASSED), (21, Verdict.FAILED)])
def test_the_share_is_of_all_tokens_and_may_reach_its_limit(n_unknown: int, verdict: Verdict) -> None:
    found = measure_unknown_tokens(features([n_unknown, 0], [100, 900]), 0.02)
    assert (found.value, found.n, found.verdict) == (n_unknown / 1000, 1000, verdict)
    assert ("choose one for its language" in found.message) == (verdict is Verdict.FAILED)


def test_a_batch_without_tokens_is_not_called_readable() -> None:
    found = measure_unknown_tokens(features([0, 0], [0, 0]), 0.02)
    assert (found.value, found.verdict) == (None, Verdict.INCONCLUSIVE)


def test_documents_not_tokens_are_independent() -> None:
    spread = measure_unknown_tokens(features([10] * 20, [100] * 20), 0.02)
    one_document = measure_unknown_tokens(features([100, 100] + [0] * 18, [100] * 20), 0.02)
    assert spread.value == one_document.value == 0.1
    assert spread.ci_high - spread.ci_low < 0.01 < one_document.ci_high - one_document.ci_low


def test_the_interval_ends_at_one() -> None:
    assert measure_unknown_tokens(features([100, 0], [100, 1]), 0.02).ci_high == 1.0
