import math

import pytest
from pydantic import ValidationError

from kbgate.sections.chunker import ChunkerSettings
from kbgate.sections.coverage import CoverageSettings
from kbgate.sections.drift import DriftSettings
from kbgate.sections.embedder import EmbedderSettings
from kbgate.sections.golden import GoldenSettings
from kbgate.sections.quality import QualitySettings
from kbgate.sections.recall import RecallSettings
from kbgate.sections.reconcile import ReconcileSettings
from kbgate.sections.release import ReleaseSettings
from kbgate.sections.section import Section, Share, Similarity
from kbgate.sections.source import SourceSettings
from kbgate.sections.store import StoreSettings

WITH_DEFAULTS = [
    ChunkerSettings,
    CoverageSettings,
    DriftSettings,
    EmbedderSettings,
    GoldenSettings,
    QualitySettings,
    RecallSettings,
    ReconcileSettings,
    ReleaseSettings,
    StoreSettings,
]


class Limits(Section):
    share: Share = 0.5
    similarity: Similarity = 0.5


@pytest.mark.parametrize("section", WITH_DEFAULTS)
def test_defaults_lie_within_their_own_bounds(section: type[Section]) -> None:
    # Pydantic does not check defaults by itself.
    defaults = section().model_dump()
    assert section.model_validate(defaults) == section()


@pytest.mark.parametrize("section", [*WITH_DEFAULTS, SourceSettings])
def test_every_section_is_frozen_and_refuses_unknown_keys(section: type[Section]) -> None:
    needed = {"kind": "jsonl"} if section is SourceSettings else {}
    settings = section(**needed)
    name = next(iter(section.model_fields))
    with pytest.raises(ValidationError, match="frozen"):
        setattr(settings, name, getattr(settings, name))
    with pytest.raises(ValidationError, match="no_such_key\n  Extra inputs are not permitted"):
        section(**needed, no_such_key=1)


@pytest.mark.parametrize(("field", "lowest"), [("share", 0), ("similarity", -1)])
def test_a_share_is_0_to_1_and_a_similarity_minus_1_to_1(field: str, lowest: int) -> None:
    for value in (lowest, 1):
        assert getattr(Limits(**{field: value}), field) == value
    for value in (lowest - 0.001, 1.001, math.nan, math.inf):
        with pytest.raises(ValidationError) as caught:
            Limits(**{field: value})
        assert [error["loc"] for error in caught.value.errors()] == [(field,)]


@pytest.mark.parametrize("section", [CoverageSettings, DriftSettings, RecallSettings, ReconcileSettings])
def test_a_seed_is_what_every_library_takes(section: type[Section]) -> None:
    for seed in (0, 2**32 - 1):
        section(seed=seed)  # type: ignore[call-arg]
    for seed in (-1, 2**32):
        with pytest.raises(ValidationError, match="seed"):
            section(seed=seed)  # type: ignore[call-arg]
