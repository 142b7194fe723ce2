import pytest

from kbgate.errors import SettingsError
from kbgate.quality.languages import SAMPLE_CHARS, build_detector, detect_languages
from quality_samples import collection


@pytest.mark.parametrize(("name", "code"), [("xquad_en", "en"), ("drcd_dev", "zh"), ("covidqa_faq", "en")])
def test_real_collections_are_told_right(shared_data, name, code):
    texts = [document.text[:SAMPLE_CHARS] for document in collection(shared_data / name)[:200]]
    found = detect_languages(texts, build_detector(("en",)))
    assert sum(language == code for language in found) >= 0.99 * len(texts)


def test_an_empty_sample_has_no_language():
    assert detect_languages([""], build_detector(("en",))) == [""]


def test_an_expected_language_joins_the_candidates():
    text = "Þetta er íslensk síða um reikninga og greiðslur sem viðskiptavinir lesa á hverjum degi."
    assert detect_languages([text], build_detector(("is",))) == ["is"]


def test_an_unknown_code_is_an_error_that_names_it():
    with pytest.raises(SettingsError, match=r"quality\.languages holds 'zh-TW'"):
        build_detector(("zh-TW",))


@pytest.mark.parametrize(
    "name", ["xquad_en", "drcd_dev", "covidqa_faq", "docs_plausible/t0_2025-10-01", "docs_plausible/t2_2026-07-24"]
)
@pytest.mark.parametrize("expected", [("en",), ("zh",), ("de", "fr")])
def test_a_first_look_says_what_the_whole_sample_says(shared_data, name, expected):
    texts = [document.text[:SAMPLE_CHARS] for document in collection(shared_data / name)[:120]]
    detector = build_detector(expected)
    assert detect_languages(texts, detector, expected) == detect_languages(texts, detector)


def test_a_page_in_another_language_below_an_english_heading_is_not_expected():
    text = (
        "Help centre - Billing and payments - Last updated on Monday by the support team. "
        "Öffnen Sie die Einstellungen und wählen Sie links in der Liste Ihre Rechnung aus. Nur eine Person mit der Rolle "
        "Verwaltung darf die Anschrift ändern. Wenn nach einer Minute nichts geschieht, laden Sie die Seite bitte neu und "
        "schreiben Sie uns mit der Uhrzeit und der Nummer des Vorgangs, damit wir im Protokoll nachsehen können."
    )
    assert detect_languages([text], build_detector(("en",)), ("en",)) == ["de"]
