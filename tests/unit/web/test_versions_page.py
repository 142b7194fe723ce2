import re

import pytest

from small_kb import KB, SmallKb, doc_id
from web_pages import DAG_ID, SECOND, browser, run_folder

PAGE = f"/kb/{DAG_ID}/versions"
DIFF = f"/kb/{DAG_ID}/diff"


def test_live_previous_and_canary_stand_at_the_top(web_kb: SmallKb) -> None:
    page = browser().get(PAGE)
    assert page.status_code == 200
    assert re.search(
        r"<dt>Live</dt><dd>v1\.0\.1</dd>\s*<dt>Previous</dt><dd>v1\.0\.0</dd>\s*<dt>Canary</dt><dd>–</dd>", page.text
    )


def test_every_version_has_its_counts_its_reason_and_a_link_to_its_run(web_kb: SmallKb) -> None:
    page = browser().get(PAGE).text
    row = page[page.index('<th scope="row">v1.0.1') : page.index('<th scope="row">v1.0.0')]
    assert re.search(r"0 added<br>5 changed<br>1 removed", row)
    assert "tester: a test of it" in row
    run_key = run_folder(web_kb.settings, SECOND).run_key
    assert f'href="/kb/{DAG_ID}/runs/{run_key}"' in row
    assert browser().get(f"/kb/{DAG_ID}/runs/{run_key}").status_code == 200


def test_what_happened_names_who_why_and_when(web_kb: SmallKb) -> None:
    web_kb.reader().registry.rollback(KB, "v1.0.0", actor="ada", reason="prices are wrong")
    page = browser().get(PAGE).text
    events = page[page.index('id="events"') :]
    assert "ada: prices are wrong" in events
    assert events.index("rolled back") < events.index("promoted")
    assert re.search(r'<time datetime="20\d\d-\d\d-\d\dT[\d:.]+\+00:00">20\d\d-\d\d-\d\d \d\d:\d\d:\d\d</time>', events)


def test_hostile_reasons_and_actors_are_text(web_kb: SmallKb) -> None:
    hostile = "<img src=x onerror=alert(1)>\u202e" + "x" * 9000
    web_kb.reader().registry.rollback(KB, "v1.0.0", actor="<b>ada</b>", reason=hostile)
    page = browser().get(PAGE).text
    assert "<img" not in page
    assert "<b>ada" not in page
    assert "\u202e" not in page
    assert re.search(r"\[8,\d{3} more characters\]", page)


def test_any_two_versions_can_be_chosen_and_looking_changes_nothing(web_kb: SmallKb) -> None:
    before = web_kb.reader().registry.events(KB)
    page = browser().get(PAGE).text
    assert f'<form method="get" action="{DIFF}">' in page
    assert browser().get(DIFF, params={"before": "v1.0.0", "after": "v1.0.1"}).status_code == 200
    assert browser().get(DIFF, params={"before": "v1.0.1", "after": "v1.0.1"}).status_code == 200
    assert web_kb.reader().registry.events(KB) == before
    assert web_kb.live == "v1.0.1"


def test_the_diff_names_documents_and_stands_both_versions_side_by_side(web_kb: SmallKb) -> None:
    page = browser().get(DIFF, params={"before": "v1.0.0", "after": "v1.0.1"}).text
    assert "34 documents are the same in both." in page
    assert re.search(rf"Changed: 5</h3>\s*<ul><li>{doc_id(0)}</li>", page)
    assert re.search(rf"Removed: 1</h3>\s*<ul><li>{doc_id(39)}</li>", page)
    assert '<th scope="row">Documents</th><td class="figure">40</td><td class="figure">39</td>' in page
    assert "Model and chunk settings are the same." in page


def test_the_diff_shows_the_questions_that_lost_most_first(web_kb: SmallKb) -> None:
    page = browser().get(DIFF, params={"before": "v1.0.0", "after": "v1.0.1"}).text
    questions = page[page.index('id="questions"') :]
    assert re.search(r"3 of them with lower recall", questions)
    first = questions[questions.index("<tbody>") :]
    assert first.index(doc_id(39)) < first.index("</tr>")
    assert "lower" in first[: first.index("</tr>")]


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({}, "Name two versions"),
        ({"before": "v1.0.0"}, "Name two versions"),
        ({"before": "v1.0.0", "after": "v9.9.9"}, "has no version v9.9.9"),
        ({"before": "../../etc/passwd", "after": "v1.0.1"}, "is not a version name"),
        ({"before": "<script>", "after": "\u202ev1"}, "is not a version name"),
        ({"before": "v1.0.0", "after": "x" * 50_000}, "more characters"),
        ({"before": "v1.0.0\x00", "after": "v1.0.1"}, "is not a version name"),
    ],
)
def test_versions_that_do_not_exist_are_told(web_kb: SmallKb, params: dict[str, str], said: str) -> None:
    answer = browser().get(DIFF, params=params)
    assert answer.status_code == 404
    assert said in answer.text
    assert "<script>" not in answer.text
    assert "\u202e" not in answer.text
    assert len(answer.content) < 20_000


@pytest.mark.parametrize("page", ["abc", "0", "-1", "9" * 5000, "1; DROP TABLE event"])
def test_a_page_that_is_no_number_is_told(web_kb: SmallKb, page: str) -> None:
    answer = browser().get(PAGE, params={"page": page})
    assert answer.status_code == 404
    assert "Wanted: a whole number from 1" in answer.text


@pytest.mark.parametrize("name", ["ledger.parquet", "profile.json", "recall_queries.parquet"])
@pytest.mark.parametrize("content", [None, b"", b"{", b"PAR1 half a file"])
def test_a_missing_or_broken_file_is_named_and_the_rest_is_shown(
    web_kb: SmallKb, name: str, content: bytes | None
) -> None:
    folder = run_folder(web_kb.settings, SECOND)
    folder.clear(name)
    if content is not None:
        folder.write_bytes(name, content)
    answer = browser().get(DIFF, params={"before": "v1.0.0", "after": "v1.0.1"})
    assert answer.status_code == 200
    assert name in answer.text
    assert "Files that cannot be read" in answer.text
    assert '<th scope="row">Documents</th><td class="figure">40</td><td class="figure">39</td>' in answer.text


def test_a_collected_version_says_that_its_index_is_gone(web_kb: SmallKb) -> None:
    registry = web_kb.reader().registry
    registry.reserve_version(
        KB, "never-promoted", kind="ingest", base="v1.0.1", bump="patch", actor="tester", reason="broken off"
    )
    registry.mark_collected(KB, "v1.0.2", actor="tester", reason="old")
    page = browser().get(DIFF, params={"before": "v1.0.2", "after": "v1.0.1"})
    assert page.status_code == 200
    assert "v1.0.2: collected. The index files" in page.text
    assert "ledger is missing or broken" in page.text
    assert "collected" in browser().get(PAGE).text


def test_a_registry_that_does_not_answer_is_a_page_that_says_so(web_kb: SmallKb) -> None:
    (web_kb.folder / "artifacts" / "registry.db").write_bytes(b"no database at all" * 100)
    answer = browser().get(PAGE)
    assert answer.status_code == 503
    assert "registry" in answer.text
