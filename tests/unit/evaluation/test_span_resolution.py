import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.evaluation.span_resolution import ResolvedSpan, SpanState, one_line, resolve_span

BOUND = 0.9
WORDS = st.lists(st.text("abcdefghij", min_size=2, max_size=8), min_size=1, max_size=15).map(" ".join)
# The words of the evidence have letters that no other word has and each begins with another letter, so that it stands in one
# place only and does not fit itself a word further on.
QUOTES = st.permutations("klmnopqrst").flatmap(
    lambda letters: st.lists(st.text("uvwxyz", min_size=3, max_size=7), min_size=6, max_size=10).map(
        lambda words: " ".join(f"{letter}{word}" for letter, word in zip(letters, words, strict=False))
    )
)


def resolve(text: str, quote: str, start: int | None) -> ResolvedSpan:
    return resolve_span(text, quote, start, min_similarity=BOUND)


@given(before=WORDS, quote=QUOTES, after=WORDS)
def test_evidence_that_stayed_is_found_in_its_place(before: str, quote: str, after: str) -> None:
    start = len(before) + 1
    found = resolve(f"{before} {quote} {after}", quote, start)
    assert found == ResolvedSpan(SpanState.UNCHANGED, start, start + len(quote), 1.0)


@given(before=WORDS, inserted=WORDS, quote=QUOTES, after=WORDS)
def test_text_inserted_before_the_evidence_moves_its_offsets(
    before: str, inserted: str, quote: str, after: str
) -> None:
    text = f"{before} {inserted} {quote} {after}"
    found = resolve(text, quote, len(before) + 1)
    assert found.state is SpanState.MOVED
    assert text[found.start : found.end] == quote


@given(before=WORDS, quote=QUOTES, after=WORDS, data=st.data())
def test_evidence_edited_within_the_bound_is_found_and_beyond_it_is_not(
    before: str, quote: str, after: str, data: st.DataObject
) -> None:
    n_edits = data.draw(st.integers(1, len(quote)), label="edits")
    edited = "".join("#" if place < n_edits else letter for place, letter in enumerate(reversed(quote)))[::-1]
    found = resolve(f"{before} {edited} {after}", quote, len(before) + 1)
    if n_edits <= (1 - BOUND) * len(quote) + 1e-9:
        assert found.state is SpanState.EDITED
        assert found.similarity == pytest.approx(1 - n_edits / len(quote))
    else:
        assert found == ResolvedSpan(SpanState.LOST)


@given(before=WORDS, quote=QUOTES, after=WORDS)
def test_evidence_that_was_deleted_is_lost_and_never_guessed(before: str, quote: str, after: str) -> None:
    assert resolve(f"{before} {after}", quote, len(before) + 1) == ResolvedSpan(SpanState.LOST)


@given(first=WORDS, quote=QUOTES, between=WORDS, last=WORDS, edited=st.booleans())
def test_two_places_that_fit_equally_well_are_not_chosen_between(
    first: str, quote: str, between: str, last: str, edited: bool
) -> None:
    there = f"#{quote[1:]}" if edited else quote
    text = f"{first} {there} {between} {there} {last}"
    found = resolve(text, quote, len(text) + 5)
    assert (found.state, found.start, found.stands) == (SpanState.AMBIGUOUS, None, False)


@given(quote=QUOTES, between=WORDS)
def test_of_two_places_the_old_one_is_kept(quote: str, between: str) -> None:
    text = f"{quote} {between} {quote}"
    start = len(quote) + len(between) + 2
    assert resolve(text, quote, start) == ResolvedSpan(SpanState.UNCHANGED, start, len(text), 1.0)


@given(before=WORDS, quote=QUOTES, after=WORDS, blanks=st.sampled_from(["\n", "  ", "\r\n\t", "\u00a0", "\u2003\n"]))
def test_white_space_is_one_blank_and_offsets_are_those_of_the_text(
    before: str, quote: str, after: str, blanks: str
) -> None:
    text = blanks + f"{before} {quote} {after}".replace(" ", blanks)
    found = resolve(text, quote, None)
    assert found.state is SpanState.UNCHANGED
    assert one_line(text[found.start : found.end]) == quote
    assert text[found.start : found.end] == text[found.start : found.end].strip()


@pytest.mark.parametrize(
    ("text", "quote", "state"),
    [
        ("Invoices are kept for 110 days.", "10 days", SpanState.LOST),
        ("Invoices are kept for 10 days.", "10 days", SpanState.UNCHANGED),
        ("The recap is long.", "cap", SpanState.LOST),
        ("我們在十天內退款給您。", "十天內退款", SpanState.UNCHANGED),
        ("Refunds take five days.", "Refunds take four days.", SpanState.LOST),
        ("Refunds take at most five working days.", "Refunds take at most five working day", SpanState.EDITED),
        ("Refunds take at most five working days.", "Refunds take at most five workings days.", SpanState.EDITED),
        ("", "anything", SpanState.LOST),
        ("anything", " ", SpanState.LOST),
    ],
)
def test_words_are_not_cut_and_numbers_are_not_mistaken(text: str, quote: str, state: SpanState) -> None:
    assert resolve(text, quote, None).state is state


@given(words=st.lists(st.text(min_size=1, max_size=6), min_size=1, max_size=12), data=st.data())
def test_any_words_of_any_text_are_found_or_said_to_be_ambiguous(words: list[str], data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    quote = one_line(" ".join(words[start:end]))
    found = resolve(" ".join(words), quote, None)
    assert found.state in (SpanState.UNCHANGED, SpanState.AMBIGUOUS) or not quote


@pytest.mark.parametrize(
    ("text", "stands"),
    [
        ("A refund takes up to 14 business days to reach your bank account.", True),
        ("A refund takes up to 14 working days to reach your bank account.", True),
        ("A refund takes up to 41 business days to reach your bank account.", False),
        ("A refund takes up to 140 business days to reach your bank account.", False),
    ],
)
def test_a_number_that_changed_is_another_answer(text: str, stands: bool) -> None:
    quote = "A refund takes up to 14 business days to reach your bank account."
    assert resolve_span(text, quote, 0, min_similarity=0.85).stands is stands
