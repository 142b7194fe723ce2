import pytest
from fastapi import HTTPException
from hypothesis import given
from hypothesis import strategies as st

from kbgate.artifacts import run_key_of
from kbgate.settings import load_settings
from kbgate.web.context import DAG_STEMS, WebContext
from small_kb import KB, SmallKb
from web_pages import access_of_tests


@pytest.mark.parametrize("stem", DAG_STEMS)
def test_a_dag_names_its_knowledge_base(small_kb: SmallKb, stem: str) -> None:
    assert WebContext(load_settings, access_of_tests()).knowledge_base(f"{stem}__{KB}") == KB


@pytest.mark.parametrize("dag_id", ["", KB, f"other__{KB}", "kb_ingest__other", f"kb_ingest__{KB}/..", "kb_ingest__.."])
def test_what_is_no_dag_of_kbgate_is_not_found(small_kb: SmallKb, dag_id: str) -> None:
    with pytest.raises(HTTPException) as refused:
        WebContext(load_settings, access_of_tests()).knowledge_base(dag_id)
    assert refused.value.status_code == 404


def test_the_folder_of_a_run_is_the_one_that_its_stages_write(small_kb: SmallKb) -> None:
    dag_id, run_id = f"kb_ingest__{KB}", "manual__2026-11-24T05:00:00+00:00"
    folder = WebContext(load_settings, access_of_tests()).run_folder(dag_id, run_id)
    assert folder.uri == f"{small_kb.settings.artifact_root}/{KB}/runs/{run_key_of(dag_id, run_id)}"


@given(st.text(max_size=300))
def test_the_name_of_a_folder_has_no_step_to_elsewhere(run_id: str) -> None:
    name = run_key_of(f"kb_ingest__{KB}", run_id)
    assert not set(name) & set("/\\.\0")


def test_a_changed_settings_file_needs_no_restart(small_kb: SmallKb) -> None:
    context = WebContext(load_settings, access_of_tests())
    context.knowledge_base(f"kb_ingest__{KB}")
    small_kb.settings_file.write_text(small_kb.settings_file.read_text().replace("[kb.small.", "[kb.other."))
    assert context.knowledge_base("kb_ingest__other") == "other"
