import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.quality.id_places import id_places

IDS = st.lists(st.sampled_from(["a", "b", "文件", "d e", ""]), max_size=8)


@given(IDS, IDS.map(lambda ids: list(dict.fromkeys(ids))))
def test_each_id_has_its_place_in_the_list_or_none(ids: list[str], known: list[str]) -> None:
    wanted = [known.index(doc_id) if doc_id in known else -1 for doc_id in ids]
    assert id_places(ids, known).tolist() == wanted
    assert id_places(pd.Series(ids, dtype="str"), pd.Series(known, dtype="str")).tolist() == wanted


@pytest.mark.parametrize("known", [(), ["a"], {"a"}, {"a": 1}.keys(), pd.Series(["a"], dtype=object)])
def test_any_collection_of_ids_will_do(known: object) -> None:
    assert (id_places(["a", "b"], known) >= 0).tolist() == [bool(len(known)), False]


def test_a_frame_in_pieces_is_one_list() -> None:
    pieces = pd.concat([pd.Series(["a", "b"], dtype="str"), pd.Series(["c"], dtype="str")])
    assert id_places(pieces, ["c", "a"]).tolist() == [1, -1, 0]
