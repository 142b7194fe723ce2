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
