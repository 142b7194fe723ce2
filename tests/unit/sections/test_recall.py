import pytest
from pydantic import ValidationError

from kbgate.sections.recall import RecallSettings


def test_a_token_budget_needs_its_number():
    with pytest.raises(ValidationError, match="budget = 'tokens' needs budget_tokens"):
        RecallSettings(budget="tokens")
    assert RecallSettings(budget="tokens", budget_tokens=2000).token_budget == 2000


def test_chunks_are_counted_unless_tokens_are_asked_for():
    assert RecallSettings().token_budget is None
    assert RecallSettings(budget_tokens=2000).token_budget is None


@pytest.mark.parametrize("values", [{"margin": 0}, {"resamples": 9_999}, {"rule": "mean"}, {"min_relevance": 0}])
def test_settings_that_would_judge_nothing_are_refused(values):
    with pytest.raises(ValidationError):
        RecallSettings(**values)
