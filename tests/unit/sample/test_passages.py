import pytest

from kbgate.quality.languages import build_detector, detect_languages
from kbgate.sample.passages import read_passages

LANGUAGES = {"german": "de", "french": "fr", "chinese": "zh", "foreign_topics": "en"}


@pytest.mark.parametrize("name", ["boilerplate", "chinese", "foreign_topics", "french", "german"])
def test_every_section_has_a_title_of_its_own_and_a_text(name: str) -> None:
    passages = read_passages(name)
    assert len(passages) == len({title for title, _ in passages}) >= 2
    assert all(title and len(text) > 40 and not text.startswith("#") for title, text in passages)


@pytest.mark.parametrize(("name", "language"), LANGUAGES.items())
def test_the_texts_are_in_the_language_their_file_is_named_after(name: str, language: str) -> None:
    detector = build_detector(list(LANGUAGES.values()))
    assert set(detect_languages([text for _, text in read_passages(name)], detector)) == {language}


def test_a_file_that_does_not_exist_is_an_error() -> None:
    with pytest.raises(FileNotFoundError):
        read_passages("klingon")
