import pytest

from kbgate.evaluation.provenance import Provenance


@pytest.mark.parametrize("text", ["human", "production", "retriever:BAAI/bge-small-en-v1.5"])
def test_what_is_read_is_written_again(text: str) -> None:
    assert str(Provenance.read(text)) == text


def test_blanks_around_the_parts_mean_nothing() -> None:
    assert Provenance.read(" retriever : e5 ") == Provenance("retriever", "e5")


@pytest.mark.parametrize("text", ["", "people", "retriever", "retriever:", "human:ada"])
def test_anything_else_is_refused_with_what_is_wanted(text: str) -> None:
    with pytest.raises(ValueError, match="human, production or retriever:<model or fingerprint> is wanted"):
        Provenance.read(text)
