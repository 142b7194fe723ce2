import os
import re
import shlex
import shutil
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from cryptography.fernet import Fernet
from pydantic import SecretStr
from scramp import ScramMechanism
from sqlalchemy import URL, NullPool, create_engine, make_url, text
from sqlalchemy.exc import ProgrammingError

import compose_checks
from compose_checks import CHECKOUT, airflow_commands
from compose_file import ComposeFile, MissingVariableError, interpolate
from installed_airflow import AirflowAnswers, ask_airflow
from kbgate.settings import RegistrySettings, Settings
from kbgate.web.versions import read_versions
from postgres_server import postgres_folder

SHIPPED = ComposeFile((CHECKOUT / "docker-compose.yml").read_text())
SAMPLE = SHIPPED.sample["services"]
REQUIRED = {
    "AIRFLOW_ADMIN_PASSWORD",
    "AIRFLOW_API_SECRET_KEY",
    "AIRFLOW_DB_PASSWORD",
    "AIRFLOW_FERNET_KEY",
    "AIRFLOW_JWT_SECRET",
    "PAGES_DB_PASSWORD",
    "POSTGRES_PASSWORD",
    "REGISTRY_DB_PASSWORD",
}
TELL = ":?set it in .env, see the top of docker-compose.yml}"

# (check, text of the shipped file, what spoils it, what the check must say)
SPOILT = [
    ("schema", "restart: unless-stopped", "restart: sometimes", "sometimes"),
    ("schema", "cap_drop: [ALL]", "cap_dropp: [ALL]", "cap_dropp"),
    ("schema", "- source: databases", "- source: database", "database"),
    ("schema", "\n  artifacts:\n", "\n", "artifacts"),
    ("schema", "interval: 60s", "interval: often", "often"),
    ("schema", "${PUBLISH_ADDRESS:-127.0.0.1}", "${PUBLISH_ADDRESS:-localhost}", "IP address"),
    ("secrets", "${AIRFLOW_FERNET_KEY" + TELL, "${AIRFLOW_FERNET_KEY:-}", "AIRFLOW__CORE__FERNET_KEY"),
    ("secrets", "${AIRFLOW_JWT_SECRET" + TELL, "${AIRFLOW_JWT_SECRET}", "AIRFLOW__API_AUTH__JWT_SECRET"),
    ("secrets", "${POSTGRES_PASSWORD" + TELL, "postgres", "POSTGRES_PASSWORD"),
    ("secrets", "registry:${REGISTRY_DB_PASSWORD" + TELL, "registry:registry", "'registry'"),
    (
        "secrets",
        "airflow:${AIRFLOW_DB_PASSWORD" + TELL,
        "airflow:${AIRFLOW_DB_PASSWORD:-airflow}",
        "AIRFLOW_DB_PASSWORD",
    ),
    ("secrets", "${AIRFLOW_ADMIN_PASSWORD" + TELL, "admin", "'admin'"),
    ("commands", "command: dag-processor", "command: dag-procesor", "airflow does not take dag-procesor"),
    ("commands", "command: triggerer", "command: webserver", "airflow does not take webserver"),
    ("commands", "command: triggerer", "command: scheduler", "triggerer must run once"),
    ("commands", "DagProcessorJob", "DagProcessor", "airflow does not take jobs check --job-type DagProcessor"),
    ("commands", "airflow db migrate", "airflow db init", "airflow does not take db init"),
    ("airflow_options", "AIRFLOW__API__BASE_URL", "AIRFLOW__WEBSERVER__BASE_URL", "AIRFLOW__WEBSERVER__BASE_URL"),
    ("airflow_options", "AIRFLOW__CORE__LOAD_EXAMPLES", "AIRFLOW__CORE__LOAD_EXAMPLE", "AIRFLOW__CORE__LOAD_EXAMPLE"),
    ("kbgate_variables", "KBGATE_ARTIFACT_ROOT", "KBGATE_ARTIFACTS", "KBGATE_ARTIFACTS"),
    ("kbgate_variables", "KBGATE_REGISTRY__DSN", "KBGATE_REGISTRY__URL", "KBGATE_REGISTRY__URL"),
    (
        "volumes",
        "KBGATE_ARTIFACT_ROOT: /opt/kbgate/artifacts",
        "KBGATE_ARTIFACT_ROOT: /opt/kbgate/var",
        "/opt/kbgate/artifacts",
    ),
    ("volumes", "PGDATA: /var/lib/postgresql/data", "PGDATA: /var/lib/postgresql/17", "PGDATA is in no volume"),
    ("volumes", "      - artifacts:/opt/kbgate/artifacts\n", "", "/opt/kbgate/artifacts is not a writable volume"),
    ("volumes", "volumes:\n  postgres-data:", "volumes:\n  more:\n  postgres-data:", "more is used by no service"),
    ("ports", "${PUBLISH_ADDRESS:-127.0.0.1}", "${PUBLISH_ADDRESS:-0.0.0.0}", "published by default is 0.0.0.0"),
    ("ports", 'AIRFLOW__API__PORT: "8080"', 'AIRFLOW__API__PORT: "8081"', "container port is 8080"),
    ("ports", "127.0.0.1:8080/api/v2/monitor/health", "127.0.0.1:8974/health", "health check's port is 8974"),
    ("ports", "http://airflow-api-server:8080", "http://localhost:8080", "execution API's host is localhost"),
    ("image", "COPY --chown=airflow:0 dags dags", "COPY --chown=airflow:0 flows dags", "COPY flows"),
    ("image", "COPY --chown=airflow:0 plugins plugins\n", "\n", "AIRFLOW__CORE__PLUGINS_FOLDER"),
    ("image", "apache/airflow:3.3.2-python3.11", "apache/airflow:latest", "apache/airflow:latest"),
    ("image", "USER airflow", "USER root", "the image runs as root"),
    ("image", 'user: "50000:0"', 'user: "0:0"', "runs as root"),
    (
        "databases",
        "CREATE DATABASE kbgate OWNER registry;",
        "CREATE DATABASE kb OWNER registry;",
        "no database /kbgate",
    ),
    ("databases", "@postgres:5432/airflow", "@db:5432/airflow", "db:5432"),
    (
        "lifecycle",
        "test: [CMD, airflow, jobs, check, --job-type, TriggererJob, --local]",
        "timeout: 45s",
        "airflow-triggerer",
    ),
    ("lifecycle", 'restart: "no"', "restart: unless-stopped", "airflow-init (service_completed_successfully)"),
    (
        "lifecycle",
        "airflow-api-server:\n        condition",
        "airflow-webserver:\n        condition",
        "airflow-webserver",
    ),
    ("lifecycle", "  stop_grace_period: 60s", '  restart: "no"', "airflow-scheduler is not restarted"),
    ("logins", 'ALL_ADMINS: "False"', 'ALL_ADMINS: "True"', "admin without a password"),
    ("logins", "target: /opt/airflow/passwords.json", "target: /passwords.json", "password file"),
    ("logins", "mode: 0o600", "mode: 0o644", "password file"),
]
CHECKS = list(dict.fromkeys(case[0] for case in SPOILT))


def spoil(shipped: str, spoilt: str) -> ComposeFile:
    assert shipped in SHIPPED.text, f"the shipped file no longer has {shipped!r}"
    return ComposeFile(SHIPPED.text.replace(shipped, spoilt))


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> AirflowAnswers:
    home = tmp_path_factory.mktemp("airflow")
    passwords = home / "passwords.json"
    passwords.write_text(SHIPPED.sample["configs"]["passwords"]["content"])
    environment = {
        name: value
        for name, value in SAMPLE["airflow-scheduler"]["environment"].items()
        if name.startswith(("AIRFLOW_CONN_", "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_"))
    }
    environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"] = str(passwords)
    files = [SHIPPED, *(spoil(case[1], case[2]) for case in SPOILT if case[0] == "commands")]
    return ask_airflow([line for file in files for _, line in airflow_commands(file)], environment, home)


def problems_of(check: str, compose: ComposeFile, request: pytest.FixtureRequest) -> list[str]:
    needs_airflow = check in ("commands", "airflow_options", "logins")
    arguments = [request.getfixturevalue("airflow")] if needs_airflow else []
    return getattr(compose_checks, check)(compose, *arguments)


@pytest.mark.parametrize("check", CHECKS)
def test_shipped_file_agrees(check: str, request: pytest.FixtureRequest) -> None:
    assert problems_of(check, SHIPPED, request) == []


@pytest.mark.parametrize(("check", "shipped", "spoilt", "said"), SPOILT, ids=lambda value: str(value)[:40])
def test_spoilt_file_is_noticed(
    check: str, shipped: str, spoilt: str, said: str, request: pytest.FixtureRequest
) -> None:
    found = problems_of(check, spoil(shipped, spoilt), request)
    assert any(said in problem for problem in found), found


def test_user_without_password_or_with_unknown_role_is_noticed(airflow: AirflowAnswers) -> None:
    found = compose_checks.logins(SHIPPED, replace(airflow, users={"admin": "admin", "reader": "king"}))
    assert found == [
        "reader has the unknown role king",
        "users are ['admin', 'reader'], passwords are for ['admin']",
    ]


def test_every_secret_is_required() -> None:
    assert set(SHIPPED.required) == REQUIRED


@pytest.mark.parametrize("missing", sorted(REQUIRED))
@pytest.mark.parametrize("empty", [False, True])
def test_refuses_to_start_without_a_secret(missing: str, empty: bool) -> None:
    environment = dict.fromkeys(REQUIRED, "x")
    if empty:
        environment[missing] = ""
    else:
        del environment[missing]
    with pytest.raises(MissingVariableError, match=f"{missing} is missing a value: set it in .env"):
        SHIPPED.resolve(environment)


@pytest.mark.parametrize(
    ("value", "environment", "wanted"),
    [
        ("${A:-b}", {}, "b"),
        ("${A:-b}", {"A": ""}, "b"),
        ("${A:-b}:${C:-d}", {"C": "e"}, "b:e"),
        ("${A:-http://h:${P:-1}}/", {}, "http://h:1/"),
        ("${A:-http://h:${P:-1}}/", {"A": "x", "P": "2"}, "x/"),
        ("$A ${A} $$A", {"A": "1"}, "1 1 $A"),
        ("${A:?why}", {"A": "${B}"}, "${B}"),
    ],
)
def test_variables_are_put_in_as_compose_does(value: str, environment: dict[str, str], wanted: str) -> None:
    assert interpolate(value, environment) == wanted


def test_recipe_at_the_top_makes_every_secret(tmp_path: Path) -> None:
    if shutil.which("openssl") is None and os.environ.get("CI") != "true":
        pytest.skip("openssl is not installed; apt-get install openssl")
    comment = [line.removeprefix("#") for line in SHIPPED.text.splitlines() if line.startswith("#")]
    recipe = "\n".join(line for line in comment if line.startswith("   ") and "docker compose" not in line)
    subprocess.run(["bash", "-euc", recipe], cwd=tmp_path, check=True)
    environment = dict(line.split("=", 1) for line in (tmp_path / ".env").read_text().splitlines())
    assert set(environment) == REQUIRED
    Fernet(environment["AIRFLOW_FERNET_KEY"])
    secrets = [value for name, value in environment.items() if name != "AIRFLOW_FERNET_KEY"]
    assert all(re.fullmatch("[0-9a-f]{64}", secret) for secret in secrets)
    assert len(set(secrets)) == len(secrets)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    SHIPPED.resolve(environment)


def test_only_task_processes_know_the_registry() -> None:
    knowing = {name for name, service in SAMPLE.items() if "sample-REGISTRY_DB_PASSWORD" in str(service)}
    assert knowing == {"postgres", "airflow-init", "airflow-scheduler"}


def test_the_pages_know_the_registry_by_a_role_of_their_own() -> None:
    knowing = {name for name, service in SAMPLE.items() if "sample-PAGES_DB_PASSWORD" in str(service)}
    assert knowing == {"postgres", "airflow-api-server"}
    assert make_url(SAMPLE["airflow-api-server"]["environment"]["KBGATE_REGISTRY__DSN"]).username == "pages"


def test_ingests_leave_a_slot_to_a_rollback() -> None:
    (pool,) = [line for _, line in airflow_commands(SHIPPED) if line[:2] == ("pools", "set")]
    for name in ("airflow-scheduler", "airflow-dag-processor"):
        environment = SAMPLE[name]["environment"]
        assert environment["KBGATE_AIRFLOW_POOL"] == pool[2]
        assert int(environment["AIRFLOW__CORE__PARALLELISM"]) > int(interpolate(pool[3], {}))


def test_dags_and_command_line_use_the_same_registry(airflow: AirflowAnswers) -> None:
    direct = make_url(SAMPLE["airflow-scheduler"]["environment"]["KBGATE_REGISTRY__DSN"])
    assert make_url(airflow.registry_dsn) == direct.set(drivername="postgresql+pg8000")


@pytest.fixture
def first_start(postgres_server: URL) -> Iterator[URL]:
    """The server's address after the file's own script has run there, as at PostgreSQL's first start."""
    install = postgres_folder()
    assert install is not None
    folder = str(Path(str(postgres_server.query["unix_sock"])).parent)
    command = [
        str(install / "bin" / "psql"),
        "-X",
        "-v",
        "ON_ERROR_STOP=1",
        "-h",
        folder,
        "-U",
        postgres_server.username,
    ]
    passwords = {name: value for name, value in SAMPLE["postgres"]["environment"].items() if name.endswith("PASSWORD")}
    script = SHIPPED.sample["configs"]["databases"]["content"]
    subprocess.run([*command, "-d", "postgres"], input=script, text=True, env=os.environ | passwords, check=True)
    yield postgres_server
    clean_up = "DROP DATABASE kbgate; DROP DATABASE airflow; DROP ROLE registry; DROP ROLE pages; DROP ROLE airflow;"
    subprocess.run([*command, "-d", "postgres"], input=clean_up, text=True, check=True)


@pytest.mark.postgres
def test_first_start_makes_both_databases_and_init_the_registry(first_start: URL) -> None:
    engine = create_engine(first_start, poolclass=NullPool)
    with engine.connect() as connection:
        for role, variable in (
            ("airflow", "AIRFLOW_DB_PASSWORD"),
            ("registry", "REGISTRY_DB_PASSWORD"),
            ("pages", "PAGES_DB_PASSWORD"),
        ):
            stored = connection.scalar(text("SELECT rolpassword FROM pg_authid WHERE rolname = :role"), {"role": role})
            assert stored == scram(SAMPLE["postgres"]["environment"][variable], like=stored)
        allowed = "SELECT has_database_privilege(:role, :database, 'CONNECT')"
        for role, database, wanted in (
            ("airflow", "airflow", True),
            ("registry", "kbgate", True),
            ("airflow", "kbgate", False),
            ("registry", "airflow", False),
            ("pages", "kbgate", True),
            ("pages", "airflow", False),
        ):
            assert connection.scalar(text(allowed), {"role": role, "database": database}) is wanted
    registry = first_start.set(username="registry", database="kbgate")
    line = next(line for line in SAMPLE["airflow-init"]["command"][-1].splitlines() if line.startswith("python "))
    dsn = {"KBGATE_REGISTRY__DSN": registry.render_as_string(hide_password=False)}
    subprocess.run([sys.executable, *shlex.split(line)[1:]], env=os.environ | dsn, check=True)
    with create_engine(registry, poolclass=NullPool).connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM index_version")) == 0
        assert connection.scalar(text("SELECT '[3,4]'::vector <-> '[0,0]'::vector")) == 5
    pages = registry.set(username="pages")
    found = read_versions(
        Settings(registry=RegistrySettings(dsn=SecretStr(pages.render_as_string(hide_password=False)))), "kb"
    )
    assert (found.rows, found.events) == ((), ())
    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        create_engine(pages, poolclass=NullPool).begin() as connection,
    ):
        connection.execute(text("DELETE FROM event"))


def scram(password: str, like: str) -> str:
    """What PostgreSQL stores for a password, with the salt and the iterations of another stored one."""
    _, iterations, salt = re.split(r"[$:]", like)[:3]
    made = ScramMechanism("SCRAM-SHA-256").make_auth_info(password, int(iterations), b64decode(salt))
    salt, stored_key, server_key, _ = (b64encode(part).decode() if isinstance(part, bytes) else part for part in made)
    return f"SCRAM-SHA-256${iterations}:{salt}${stored_key}:{server_key}"


@pytest.mark.skipif(shutil.which("docker") is None, reason="the docker client is not installed")
def test_docker_compose_reads_the_file_the_same_way(tmp_path: Path) -> None:
    command = ["docker", "compose", "--file", str(CHECKOUT / "docker-compose.yml"), "--env-file", "/dev/null", "config"]
    if subprocess.run(["docker", "compose", "version"], capture_output=True).returncode != 0:
        pytest.skip("the docker client has no compose plugin, and Debian 12 does not package it")
    bare = {"PATH": os.environ["PATH"], "HOME": str(tmp_path)}
    refused = subprocess.run(command, env=bare, capture_output=True, text=True)
    assert refused.returncode != 0
    assert "is missing a value: set it in .env" in refused.stderr
    secrets = {name: f"sample-{name}" for name in REQUIRED}
    accepted = subprocess.run(command, env=bare | secrets, capture_output=True, text=True, check=True)
    services = yaml.safe_load(accepted.stdout)["services"]
    assert {name: service["environment"] for name, service in services.items()} == {
        name: service["environment"] for name, service in SAMPLE.items()
    }
