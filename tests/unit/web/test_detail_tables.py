from kbgate.web.detail_tables import MAX_ROWS, detail_tables
from kbgate.web.section import Table


def test_lists_of_objects_and_objects_of_objects_become_tables() -> None:
    found = detail_tables(
        {"lost_topics": [{"topic": "a", "n": 3}, {"topic": "b", "example": ["x", "y"]}], "intents": {"i": {"n": 1}}}
    )
    assert found == [
        Table("Lost topics", ("topic", "n", "example"), (("a", 3, None), ("b", None, "x, y")), folded=True),
        Table("Intents", ("name", "n"), (("i", 1),), folded=True),
    ]


def test_single_values_are_gathered_and_empty_ones_left_out() -> None:
    found = detail_tables(
        {"n_topics": 3, "states": {"whole": 2}, "stale": [], "live": None, "ids": ["a", 1], "odd": [[1]]}
    )
    rows = (("n topics", 3), ("states whole", 2), ("ids", "a, 1"), ("odd", "[[1]]"))
    assert found == [Table("More that was found", ("Name", "Value"), rows, folded=True)]


def test_a_long_list_is_cut_and_says_so() -> None:
    (found,) = detail_tables({"rows": [{"n": n} for n in range(1000)]})
    assert (found.caption, len(found.rows)) == ("Rows: 50 of 1000", MAX_ROWS)
