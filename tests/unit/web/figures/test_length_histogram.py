import pytest

from kbgate.web.figures.length_histogram import length_histogram

BINS = (0, 16, 32)


def bar_heights(shapes) -> list[float]:
    """Pixels of bars that Vega writes as "M<x>,<y>h<width>v<height>h…"."""
    return [float(shape.get("d").split("v")[1].split("h")[0]) for shape in shapes]


def test_bars_are_shares_so_that_a_small_batch_and_a_large_live_version_compare(marks):
    heights = bar_heights(marks(length_histogram(BINS, [1, 2, 1], [100, 200, 100]).svg, "rect"))
    assert len(heights) == 6
    assert sorted(heights[:3]) == pytest.approx(sorted(heights[3:]), abs=0.11)
    assert max(heights) / min(heights) == pytest.approx(2, abs=0.01)


def test_live_is_told_apart_by_its_outline(marks):
    looks = [
        next(e.get("fill") for e in [shape, *shape.iterancestors()] if e.get("fill"))
        for shape in marks(length_histogram(BINS, [1, 2, 1], [1, 2, 1]).svg, "rect")
    ]
    assert looks.count("#1f7fc1") == 3
    assert looks.count("none") == 3


def test_the_table_is_the_data():
    figure = length_histogram(BINS, [1, 2, 1], [1000, 3000, 0], unit="tokens")
    assert figure.columns == (
        "Length in tokens",
        "This ingest, texts",
        "This ingest, share",
        "Live, texts",
        "Live, share",
    )
    assert figure.rows == (
        ("0–15", "1", "25.0%", "1,000", "25.0%"),
        ("16–31", "2", "50.0%", "3,000", "75.0%"),
        ("32+", "1", "25.0%", "0", "0.0%"),
    )
    assert figure.caption == "This ingest: 4 texts. Live: 4,000 texts."


def test_without_live_only_this_ingest_is_drawn(marks):
    figure = length_histogram(BINS, [1, 2, 1], None)
    assert len(marks(figure.svg, "rect")) == 3
    assert figure.columns == ("Length in tokens", "This ingest, texts", "This ingest, share")


def test_an_ingest_without_texts_is_drawn_beside_live(marks):
    assert len(marks(length_histogram(BINS, [0, 0, 0], [1, 2, 1]).svg, "rect")) == 6


@pytest.mark.parametrize(("current", "reference"), [([1, 2], None), ([1, 2, 3], [1]), ([1, 2, -3], None)])
def test_counts_that_do_not_fit_the_bins_are_refused(current, reference):
    with pytest.raises(ValueError, match="3 bins need as many counts of 0 or more"):
        length_histogram(BINS, current, reference)
