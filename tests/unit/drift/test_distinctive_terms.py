"""Terms name what the texts are about and others are not."""

from kbgate.drift.distinctive_terms import distinctive_terms

HELP = [
    "Open the billing page and change the card that pays your plan.",
    "The invoice of your plan is on the billing page.",
    "Change the password on the settings page.",
    "Orders are shipped when the plan is paid.",
]
COOKING = [
    "Boil the water in a pot and add salt.",
    "Salt the water, then cook the lentils in the pot.",
    "The soup needs salt and an hour in the pot.",
]


def test_what_the_texts_share_and_others_lack_comes_first() -> None:
    terms = distinctive_terms(COOKING, HELP)
    assert set(terms[:3]) == {"pot", "salt", "water"}
    assert "lentils" not in terms, "one text alone says nothing common"


def test_what_everybody_says_is_no_mark() -> None:
    assert "the" not in distinctive_terms(COOKING, HELP)
    assert distinctive_terms(HELP, HELP) == []


def test_chinese_is_cut_in_pairs_of_characters() -> None:
    help_pages = ["請在設定頁面變更密碼", "帳單頁面顯示您的方案", "訂單付款後出貨"]
    cooking = ["鍋中加水煮滾後放鹽", "湯在鍋中煮一小時再放鹽"]
    assert {"鍋中", "放鹽"} <= set(distinctive_terms(cooking, help_pages))


def test_a_single_text_may_speak_for_itself_and_no_text_says_nothing() -> None:
    assert "lentils" in distinctive_terms(["lentils and lentils"], HELP)
    assert distinctive_terms([], HELP) == []
    assert distinctive_terms(COOKING, []) == []
    assert distinctive_terms(["12 34"], ["56"]) == []


def test_no_more_than_asked_for() -> None:
    assert len(distinctive_terms(COOKING, HELP, n_terms=2)) == 2
