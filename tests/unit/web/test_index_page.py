from small_kb import KB, SmallKb
from web_pages import DAG_ID, FOREIGN, READER, browser


def test_the_index_lists_only_what_the_user_may_read(web_kb: SmallKb) -> None:
    assert f"/kb/{DAG_ID}/versions" in browser(READER).get("/").text
    assert KB not in browser(FOREIGN).get("/").text


def test_a_knowledge_base_that_left_the_settings_is_not_listed(web_kb: SmallKb) -> None:
    web_kb.settings_file.write_text(web_kb.settings_file.read_text().replace("[kb.small.", "[kb.other."))
    assert "/kb/" not in browser(READER).get("/").text
