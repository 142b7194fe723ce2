"""Access, headers and errors, for every route that the application has."""

import re
from urllib.parse import quote

import pytest
from fastapi.routing import APIRoute

from kbgate.settings import load_settings
from kbgate.web.app import HEADERS, create_app
from small_kb import KB, SmallKb
from web_pages import DAG_ID, FOREIGN, NOBODY, READER, SECOND, access_of_tests, browser, run_folder

VALUES = {"dag_id": DAG_ID, "run_id": SECOND, "task_id": "check_recall", "run_key": "some-run"}
ROUTES = [route for route in create_app(load_settings, access_of_tests()).routes if isinstance(route, APIRoute)]
PATHS = [route.path for route in ROUTES]
DAG_PATHS = [path for path in PATHS if "{dag_id}" in path]


def address(path: str) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: quote(VALUES[name.group(1)], safe=""), path)


def test_the_routes_are_those_of_every_page() -> None:
    assert {"/", "/style.css", "/theme.js", "/runs/{dag_id}/{run_id}"} <= set(PATHS)
    assert all(route.methods == {"GET"} for route in ROUTES)


@pytest.mark.parametrize("path", PATHS)
def test_who_is_not_logged_in_gets_401_and_nothing_of_the_data(web_kb: SmallKb, path: str) -> None:
    answer = browser(None).get(address(path))
    assert answer.status_code == 401
    assert answer.text == browser(None).get(address("/")).text
    for secret in (KB, DAG_ID, "secret", "v1.0", "gate"):
        assert secret not in re.sub("kbgate|/style.css|/theme.js", "", answer.text)


@pytest.mark.parametrize("path", PATHS)
def test_who_may_not_read_the_dag_gets_403_and_nothing_of_the_data(web_kb: SmallKb, path: str) -> None:
    user = FOREIGN if path in DAG_PATHS else NOBODY
    answer = browser(user).get(address(path))
    assert answer.status_code == 403
    for secret in (DAG_ID, "secret", "v1.0", str(web_kb.folder)):
        assert secret not in answer.text


@pytest.mark.parametrize("user", [None, FOREIGN, READER])
@pytest.mark.parametrize("path", [*PATHS, "/no/such/page"])
def test_every_answer_carries_the_security_headers(web_kb: SmallKb, path: str, user: str | None) -> None:
    answer = browser(user).get(address(path))
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_a_browser_is_allowed_no_script_or_style_of_its_own_making() -> None:
    policy = HEADERS["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy


@pytest.mark.parametrize("dag_id", ["kb_ingest__unknown", "kb_ingest__", "kb_ingest__small__x"])
def test_an_unknown_knowledge_base_is_told_only_to_who_passed_the_guard(web_kb: SmallKb, dag_id: str) -> None:
    assert browser(READER).get(f"/runs/{dag_id}/x").status_code == 404
    assert browser(FOREIGN).get(f"/runs/{dag_id}/x").status_code == 403
    assert browser(None).get(f"/runs/{dag_id}/x").status_code == 401


def test_a_spoilt_settings_file_is_named(web_kb: SmallKb) -> None:
    web_kb.settings_file.write_text("[kb")
    answer = browser().get("/")
    assert answer.status_code == 503
    assert str(web_kb.settings_file) in answer.text


def test_pages_under_a_path_link_to_that_path(web_kb: SmallKb) -> None:
    page = browser(root_path="/airflow/kbgate").get(f"/runs/{DAG_ID}/{SECOND}").text
    assert 'href="/airflow/kbgate/style.css"' in page
    assert not re.search(r'(href|src)="/(?!airflow/kbgate/)', page)


HOSTILE_IDS = [
    "../../../secret",
    "..%2f..%2f..%2fsecret",
    "%2e%2e/%2e%2e/secret",
    "%2e%2e%2f%2e%2e%2fsecret",
    "..%5c..%5csecret",
    "....//....//secret",
    "%252e%252e%252fsecret",
    "%00",
    "a%00b",
    "~",
    "%2fetc%2fpasswd",
    "file:%2f%2f%2fetc%2fpasswd",
    "s3:%2f%2fbucket%2fx",
    "x" * 5000,
    "%F0%9F%98%80" * 60,
    "%ff%fe",
    "kb_ingest__..",
    "kb_ingest__%2e%2e%2fother",
    "kb_ingest__small%2f..%2f..",
    ".",
    "..",
]


@pytest.mark.parametrize("path", [path for path in PATHS if "{" in path])
def test_no_id_leaves_the_artifact_root(web_kb: SmallKb, path: str) -> None:
    # A file of each name that a page reads, in each folder that a step upwards could reach.
    root = web_kb.folder / "artifacts"
    for folder in (web_kb.folder, root, root / KB, root / KB / "runs", root / "other" / "runs" / "secret"):
        folder.mkdir(parents=True, exist_ok=True)
        for name in ("report.json", "request.json", "changes.json", "quarantine.parquet"):
            (folder / name).write_text('{"headline": "the secret outside", "outcome": "promoted"}')
    client = browser()
    for name in set(re.findall(r"\{(\w+)\}", path)):
        for hostile in HOSTILE_IDS:
            filled = address(path.replace(f"{{{name}}}", "@")).replace("@", hostile)
            answer = client.get(filled)
            assert answer.status_code in (200, 303, 404, 422, 503), (filled, answer.status_code)
            assert "the secret outside" not in answer.text, filled
            assert "root:x:" not in answer.text, filled


def test_a_run_that_cannot_be_read_by_the_disk_is_a_page_and_no_crash(web_kb: SmallKb) -> None:
    folder = run_folder(web_kb.settings, SECOND)
    report = folder.uri + "/report.json"
    web_kb.folder.joinpath(report).unlink()
    web_kb.folder.joinpath(report).mkdir()
    answer = browser().get(f"/runs/{DAG_ID}/{quote(SECOND, safe='')}")
    assert answer.status_code == 200
    assert "report.json" in answer.text
