from pathlib import Path

import pytest

from kbgate.commands.proposed_limits import present_limits, read_proposed_limits
from kbgate.errors import KbgateError, SettingsError, UsageError
from past_gates import PRESENT, SETTINGS


def read(*assignments: str, file: Path | None = None) -> dict[str, float]:
    return read_proposed_limits(SETTINGS, "faq", assignments, file)


def test_settings_are_named_with_or_without_their_knowledge_base() -> None:
    assert read("quality.max_token_psi=0.3", "kb.faq.recall.min_queries = 200") == {
        "quality.max_token_psi": 0.3,
        "recall.min_queries": 200.0,
    }


def test_a_file_has_the_form_of_the_settings_and_an_assignment_is_stronger(tmp_path: Path) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text("# a comment\n[kb.faq.quality]\nmax_token_psi = 0.3\n[kb.faq.drift]\nmin_paired_similarity = 0.8\n")
    assert read("quality.max_token_psi=0.2", file=file) == {
        "quality.max_token_psi": 0.2,
        "drift.min_paired_similarity": 0.8,
    }


@pytest.mark.parametrize(
    ("assignment", "wanted"),
    [
        ("quality.max_token_pis=0.3", "quality.max_token_psi"),
        ("quality.nothing=0.3", "quality.max_"),
        ("nonsense=1", "recall"),
        ("recall.k=3", "changes what is measured"),
        ("quality.min_shift_documents=3", "changes what is measured"),
        ("source.kind=csv", "changes what is measured"),
        ("schedule=1", "There is no setting 'schedule'"),
        ("quality.max_token_psi=11", "kb.faq.quality.max_token_psi"),
        ("quality.max_token_psi=much", "found: 'much'"),
        ("recall.margin=0", "kb.faq.recall.margin"),
        ("quality.max_token_psi=nan", "kb.faq.quality.max_token_psi"),
    ],
)
def test_a_wrong_name_or_value_is_told(assignment: str, wanted: str) -> None:
    with pytest.raises(SettingsError, match=wanted):
        read(assignment)


def test_an_assignment_without_a_value_and_nothing_at_all_are_usage() -> None:
    with pytest.raises(UsageError, match="has no value"):
        read("quality.max_token_psi")
    with pytest.raises(UsageError, match="--set <section>"):
        read()


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ("max = ", "cannot be read as TOML"),
        ("artifact_root = 'x'", "other tables"),
        ("[kb.other.quality]\nmax_token_psi = 0.3", "other tables"),
        ("kb = 3", "other tables"),
        ("[kb]\nfaq = 3", "other tables"),
        ("[kb.faq]\nschedule = '0 2 * * *'", "There is no setting 'schedule'"),
        ("[kb.faq.recall]\nk = 3", "changes what is measured"),
    ],
)
def test_a_file_that_is_no_proposal_is_refused(tmp_path: Path, content: str, wanted: str) -> None:
    file = tmp_path / "proposal.toml"
    file.write_text(content)
    with pytest.raises(KbgateError, match=wanted):
        read(file=file)
    with pytest.raises(UsageError, match="cannot be read"):
        read(file=tmp_path / "none.toml")


def test_the_present_limits_are_those_of_the_settings() -> None:
    assert present_limits(SETTINGS) == PRESENT
