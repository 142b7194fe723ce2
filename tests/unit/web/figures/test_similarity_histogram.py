import pytest

from kbgate.web.figures.similarity_histogram import similarity_histogram

EDGES = (-0.5, 0.0, 0.5, 1.0)


def test_one_bar_a_bin_that_holds_chunks_and_a_line_at_the_threshold(marks):
    figure = similarity_histogram(EDGES, [1, 0, 3], 0.42, [0, 10, 30])
    assert len(marks(figure.svg, "rect")) == 4
    (line,) = marks(figure.svg, "rule")
    assert line.get("stroke-dasharray")
    assert [text.text for text in marks(figure.svg, "text")] == ["0.42"]
    assert "below 0.42" in figure.caption


def test_the_line_stands_where_the_threshold_is(marks):
    lines = [marks(similarity_histogram(EDGES, [1, 0, 3], at).svg, "rule")[0] for at in (-0.5, 0.25, 1.0)]
    left, middle, right = (float(line.get("transform").split("(")[1].split(",")[0]) for line in lines)
    assert (middle - left) / (right - left) == pytest.approx(0.5, abs=0.01)


def test_the_table_is_the_data():
    figure = similarity_histogram(EDGES, [1, 0, 3], 0.42, [0, 10, 30])
    assert figure.columns == ("Similarity", "New chunks, chunks", "New chunks, share", "Live, chunks", "Live, share")
    assert figure.rows == (
        ("-0.5 to 0", "1", "25.0%", "0", "0.0%"),
        ("0 to 0.5", "0", "0.0%", "10", "25.0%"),
        ("0.5 to 1", "3", "75.0%", "30", "75.0%"),
    )


def test_without_threshold_and_live_neither_is_drawn(marks):
    figure = similarity_histogram(EDGES, [1, 0, 3], None)
    assert not marks(figure.svg, "rule")
    assert len(figure.columns) == 3


@pytest.mark.parametrize(
    ("edges", "counts", "reference"), [(EDGES, [1, 2], None), (EDGES, [1, 2, 3], [1]), (EDGES, [1, 2, -3], None)]
)
def test_counts_that_do_not_fit_the_bins_are_refused(edges, counts, reference):
    with pytest.raises(ValueError, match="3 bins need as many counts"):
        similarity_histogram(edges, counts, 0.4, reference)


def test_bounds_that_do_not_rise_are_refused():
    with pytest.raises(ValueError, match="must rise"):
        similarity_histogram([0.0, 0.5, 0.5], [1, 2], 0.4)
