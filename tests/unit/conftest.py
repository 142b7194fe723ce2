"""What the tests of the pipeline and of its stages share."""

from pathlib import Path

import pytest

from kbgate.run import Run, RunRequest
from small_kb import UNTIL_DECISION, SmallKb


@pytest.fixture
def decided(live_kb: SmallKb) -> tuple[SmallKb, RunRequest, Path]:
    """A run that may be promoted: the knowledge base, its request and its folder."""
    live_kb.change(3)
    request = live_kb.request("second")
    assert not live_kb.stages(request, *UNTIL_DECISION)[-1].holds
    return live_kb, request, Path(Run(live_kb.settings, request).folder.uri)
