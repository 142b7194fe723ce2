import pytest

from kbgate.web.figures.palette import CANDIDATE, LIVE, QUIET


def luminance(colour: str) -> float:
    """Relative luminance of WCAG 2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("colour", [CANDIDATE, LIVE, QUIET])
@pytest.mark.parametrize("background", ["#ffffff", "#f5f6f8", "#111418", "#1a1a1a", "#1b2027"])
def test_data_stand_out_in_light_and_dark_themes(colour, background):
    dark, light = sorted([luminance(colour), luminance(background)])
    assert (light + 0.05) / (dark + 0.05) >= 3
