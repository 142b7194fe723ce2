"""Rejected values are shown short, and as text that can be stored."""

from hypothesis import given
from hypothesis import strategies as st

from kbgate.sources.excerpt import EXCERPT_CHARS, excerpt


@given(st.one_of(st.text(st.characters()), st.binary(), st.dictionaries(st.text(), st.integers())))
def test_any_value_becomes_storable_text_of_at_most_200_characters(value):
    shown = excerpt(value)
    assert len(shown) <= EXCERPT_CHARS
    shown.encode("utf-8")


def test_lone_surrogates_are_replaced():
    assert excerpt("a\ud800b\udcffc") == "a\ufffdb\ufffdc"


def test_bytes_that_are_not_utf8_are_replaced():
    assert excerpt(b"caf\xe9\n") == "caf\ufffd"
