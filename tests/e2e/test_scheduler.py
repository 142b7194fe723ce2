"""Whole runs on a real Airflow: API server, scheduler, DAG processor and triggerer as `make up` starts them, asked over REST.

One Airflow serves all tests of this file; `conversation` runs the DAGs in an order, and each test looks at the runs of its own.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from airflow_server import Api, LocalAirflow, makefile_environment, wait_for
from kbgate.artifacts import run_key_of
from kbgate.local_airflow import PASSWORDS, PROCESSES
from small_kb import KB, SmallKb

pytestmark = pytest.mark.scheduler

INGEST, HOTFIX, ROLLBACK = f"kb_ingest__{KB}", f"kb_hotfix_reindex__{KB}", f"kb_rollback__{KB}"
PROMOTION = f"kb_promote__{KB}"


@pytest.fixture(scope="module")
def kb(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallKb]:
    """The knowledge base with its batches; this process asks its registry too."""
    kb = SmallKb(tmp_path_factory.mktemp("kb"))
    changed = SmallKb(tmp_path_factory.mktemp("batches"))
    for number in range(8):
        changed.documents[number] = {**changed.documents[number], "text": ""}
    changed.write_documents(kb.folder / "bad.jsonl")
    with pytest.MonkeyPatch.context() as monkeypatch:
        for name in [name for name in os.environ if name.startswith("KBGATE_")]:
            monkeypatch.delenv(name)
        for name, value in kb.environment.items():
            monkeypatch.setenv(name, value)
        yield kb


@pytest.fixture(scope="module")
def airflow(kb: SmallKb, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalAirflow]:
    """A running Airflow that is ended afterwards, whatever happened."""
    airflow = LocalAirflow(makefile_environment(kb, tmp_path_factory.mktemp("airflow")))
    try:
        up = airflow.command("up")
        assert up.returncode == 0, up.stdout + up.stderr + airflow.logs()
        yield airflow
    finally:
        airflow.command("down")


@pytest.fixture(scope="module")
def api(airflow: LocalAirflow) -> Iterator[Api]:
    """Logged in as the administrator whose password Airflow made up."""
    ((user, password),) = json.loads((airflow.home / PASSWORDS).read_text()).items()
    login = httpx.post(f"{airflow.url}/auth/token", json={"username": user, "password": password})
    assert login.status_code == 201, login.text
    headers = {"Authorization": f"Bearer {login.json()['access_token']}"}
    with httpx.Client(base_url=f"{airflow.url}/api/v2/", headers=headers, timeout=30) as client:
        api = Api(client)
        for dag_id in (INGEST, HOTFIX, ROLLBACK):
            wait_for(f"parsing of {dag_id}", lambda dag_id=dag_id: client.get(f"dags/{dag_id}").status_code == 200)
            api.switch_on(dag_id)
        yield api


@pytest.fixture(scope="module")
def conversation(kb: SmallKb, api: Api) -> dict[str, dict[str, Any]]:
    """How each run ended, with `live_after`; in this order. The version that is rolled back was made without Airflow: faster."""
    first = {**api.run(INGEST), "live_after": kb.live}
    bad = {**api.run(INGEST, batch=str(kb.folder / "bad.jsonl")), "live_after": kb.live}
    kb.change(3)
    second = kb.run("second")
    assert (second.outcome, kb.live) == ("promoted", "v1.0.1"), second.report["headline"]
    back = {**api.run(ROLLBACK, reason="users complain"), "live_after": kb.live}
    return {"first": first, "bad": bad, "back": back}


@pytest.fixture(scope="module")
def refused(kb: SmallKb, api: Api, conversation: Mapping[str, Any]) -> dict[str, Any]:
    """A hotfix whose first try met the lease of an ingest; the second try comes after 30 s or more and is not waited for."""
    registry = kb.reader().registry
    registry.acquire_lease(KB, "the-nightly-ingest", "ingest", 10)
    run_id = api.trigger(HOTFIX, reason="mend the index", chunk_size_tokens=60)

    def look() -> dict[str, Any] | None:
        tasks = api.tasks(HOTFIX, run_id)
        return tasks if tasks["open_run"]["state"] not in (None, "scheduled", "queued", "running") else None

    tasks = wait_for("first try of the hotfix", look)
    lease = registry.lease(KB)
    registry.release_lease(KB, "the-nightly-ingest")
    return {"dag_id": HOTFIX, "dag_run_id": run_id, "tasks": tasks, "lease": lease}


def headline(kb: SmallKb, run: Mapping[str, Any]) -> str:
    """The sentence in the run's report."""
    folder = kb.folder / "artifacts" / KB / "runs" / run_key_of(run["dag_id"], run["dag_run_id"])
    return str(json.loads((folder / "report.json").read_text())["headline"])


def states(run: Mapping[str, Any]) -> dict[str, str]:
    return {name: task["state"] for name, task in run["tasks"].items()}


def test_nobody_on_another_machine_can_reach_it(airflow: LocalAirflow, conversation: Mapping[str, Any]) -> None:
    members = [member for member in airflow.family() if member.is_running()]
    listening = [
        found.laddr
        for member in members
        for found in member.net_connections(kind="inet")
        if found.status == psutil.CONN_LISTEN
    ]
    assert {(address.ip, address.port) for address in listening} == {
        ("127.0.0.1", int(airflow.environment["AIRFLOW__API__PORT"]))
    }


def test_nobody_else_on_this_machine_can_read_its_files(airflow: LocalAirflow, conversation: Mapping[str, Any]) -> None:
    modes = {file.relative_to(airflow.home): file.stat().st_mode & 0o077 for file in airflow.home.rglob("*")}
    assert {Path(PASSWORDS), Path("airflow.db"), Path("airflow.cfg"), Path("run/scheduler.log")} <= set(modes)
    secret = [file for file in modes if file.parts[0] != "logs"]
    assert {str(file): oct(modes[file]) for file in secret if modes[file]} == {}
    assert (airflow.home / "logs").stat().st_mode & 0o077 == 0


def test_nothing_is_told_without_a_login(airflow: LocalAirflow, api: Api) -> None:
    assert httpx.get(f"{airflow.url}/api/v2/dags").status_code == 401
    assert httpx.post(f"{airflow.url}/api/v2/dags/{INGEST}/dagRuns", json={}).status_code == 401
    wrong = httpx.post(f"{airflow.url}/auth/token", json={"username": "admin", "password": "admin"})
    assert wrong.status_code == 401


def test_every_dag_file_is_parsed(api: Api) -> None:
    assert api.get("importErrors")["import_errors"] == []
    assert {dag["dag_id"] for dag in api.get("dags")["dags"]} == {INGEST, HOTFIX, ROLLBACK, PROMOTION}


def test_a_clean_first_ingest_is_green_and_live(kb: SmallKb, conversation: Mapping[str, Any]) -> None:
    run = conversation["first"]
    assert (run["state"], set(states(run).values())) == ("success", {"success"})
    assert run["live_after"] == "v1.0.0"


def test_the_note_of_every_run_is_the_headline_of_its_report_with_a_link(
    kb: SmallKb, conversation: Mapping[str, Any]
) -> None:
    for name, run in conversation.items():
        assert run["note"].startswith(headline(kb, run) + " [Report](dags/"), name


def test_a_promotion_tells_other_dags_version_and_who(api: Api, conversation: Mapping[str, Any]) -> None:
    (event,) = api.events(conversation["first"])
    assert (event["uri"], event["source_task_id"]) == (f"kbgate://{KB}/live", "promote")
    assert (event["extra"]["version"], event["extra"]["actor"]) == ("v1.0.0", "admin")


def test_a_bad_batch_is_stopped_at_the_first_try_and_changes_nothing(api: Api, conversation: Mapping[str, Any]) -> None:
    run = conversation["bad"]
    gate = run["tasks"]["check_documents"]
    assert run["state"] == "failed"
    assert (gate["state"], gate["try_number"]) == ("failed", 1)
    assert gate["max_tries"] > 0, "other tasks of this DAG are tried again"
    assert states(run)["report"] == "success"
    assert states(run)["promote"] == "upstream_failed"
    assert run["note"].startswith("Blocked: 20.0 % of documents have no text (8 of 40)")
    assert run["live_after"] == "v1.0.0"
    assert api.events(run) == []


def test_the_log_of_a_failed_gate_can_be_read_although_there_is_no_log_server(
    api: Api, conversation: Mapping[str, Any]
) -> None:
    assert "20.0 % of documents have no text (8 of 40)" in api.log(conversation["bad"], "check_documents", 1)


def test_a_rollback_brings_the_former_version_back(api: Api, conversation: Mapping[str, Any]) -> None:
    run = conversation["back"]
    assert (run["state"], run["live_after"]) == ("success", "v1.0.0")
    (event,) = api.events(run)
    assert (event["extra"]["version"], event["extra"]["previous"]) == ("v1.0.0", "v1.0.1")


def test_a_run_that_meets_another_ones_lease_waits_for_another_try(api: Api, refused: Mapping[str, Any]) -> None:
    assert states(refused)["open_run"] == "up_for_retry"
    assert f"{KB} is being worked on by the-nightly-ingest (ingest)" in api.log(refused, "open_run", 1)
    assert refused["lease"].owner == "the-nightly-ingest"


def test_up_starts_nothing_twice(airflow: LocalAirflow, refused: Mapping[str, Any]) -> None:
    before = airflow.leaders()
    again = airflow.command("up")
    assert again.returncode == 0
    assert "is running already" in again.stdout
    assert airflow.leaders() == before


def test_down_ends_every_process_of_its_own_and_no_other(airflow: LocalAirflow, refused: Mapping[str, Any]) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "airflow scheduler"])
    try:
        family = airflow.family()
        assert len(family) > len(PROCESSES)
        down = airflow.command("down")
        assert down.returncode == 0, down.stderr
        assert down.stdout.split() == [word for name in reversed(PROCESSES) for word in (name, "ended")]
        assert [member for member in family if _runs(member)] == []
        assert list(airflow.home.glob("run/*.pid")) == []
        assert bystander.poll() is None
    finally:
        bystander.kill()
        bystander.wait()
    assert airflow.command("down").stdout == ""


def test_the_id_of_an_ended_process_that_another_one_got_is_left_alone(tmp_path: Path) -> None:
    bystander = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)", "airflow scheduler"])
    try:
        (tmp_path / "run").mkdir()
        (tmp_path / "run" / "scheduler.pid").write_text(f"{bystander.pid} 1700000000.0")
        environment = {**os.environ, "AIRFLOW_HOME": str(tmp_path)}
        down = LocalAirflow(environment).command("down")
        assert (down.returncode, down.stdout, bystander.poll()) == (0, "", None)
    finally:
        bystander.kill()
        bystander.wait()


def _runs(process: psutil.Process) -> bool:
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
