"""Checks that a compose file agrees with the code, with Airflow and with itself; each returns the problems it found."""

import re
import shlex
import tomllib
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

import compose_spec
import yaml
from pydantic import BaseModel

from compose_file import ComposeFile, strings
from installed_airflow import AirflowAnswers
from kbgate.settings import CONFIG_VARIABLE, Settings

CHECKOUT = Path(__file__).parents[1]
AIRFLOW_OPTION = re.compile(r"AIRFLOW__(\w+?)__(\w+)")
SECRET_NAME = re.compile(r"(PASSWORD|SECRET|KEY|TOKEN)$")
ONLY_REQUIRED = re.compile(r"\$\{\w+:\?[^}]+\}")
DATA_VARIABLES = ("AIRFLOW__LOGGING__BASE_LOG_FOLDER", "KBGATE_ARTIFACT_ROOT", "PGDATA")
DSN_VARIABLES = ("AIRFLOW__DATABASE__SQL_ALCHEMY_CONN", "AIRFLOW_CONN_KBGATE_REGISTRY", "KBGATE_REGISTRY__DSN")
Problems = list[str]


def schema(compose: ComposeFile) -> Problems:
    """The file is one that Docker Compose accepts: the specification's own fields, types, and names that exist."""
    try:
        compose_spec.PyCompose.from_yaml(yaml.safe_dump(compose.sample)).validate()
    except ValueError as error:
        return [str(error)]
    return []


def secrets(compose: ComposeFile) -> Problems:
    """Every password, key and secret comes from a variable that must be set; none has a default or stands in the file."""
    problems = []
    for name, value in _all_variables(compose.raw):
        if SECRET_NAME.search(name) and not ONLY_REQUIRED.fullmatch(value):
            problems.append(f"{name} must be a required variable, not {value!r}")
    for value in strings(compose.raw):
        for password in re.findall(r"://[^:/@\s]+:(.+?)@", value) + re.findall(r'^\{"\w+": "(.+)"\}$', value.strip()):
            if not ONLY_REQUIRED.fullmatch(password):
                problems.append(f"{password!r} stands where a required variable must")
        for name, rule in re.findall(r"\$\{?(\w+)(:\?)?", value):
            if SECRET_NAME.search(name) and rule != ":?":
                problems.append(f"{name} may be left unset")
    return problems


def airflow_commands(compose: ComposeFile) -> list[tuple[str, tuple[str, ...]]]:
    """Every (service, arguments) that the services and their health checks give to the airflow program."""
    found = []
    for name, service in _airflow_services(compose).items():
        command, test = service["command"], service.get("healthcheck", {}).get("test", [])
        if isinstance(command, str):
            found.append((name, tuple(shlex.split(command))))
        else:
            script = [shlex.split(line) for line in command[-1].splitlines()]
            found += [(name, tuple(line[1:])) for line in script if line[0] == "airflow"]
        if test[:2] == ["CMD", "airflow"]:
            found.append((name, tuple(test[2:])))
    return found


def commands(compose: ComposeFile, airflow: AirflowAnswers) -> Problems:
    """Every command is one that the installed Airflow takes, and each of its processes runs once."""
    found = airflow_commands(compose)
    problems = [f"{name}: airflow does not take {' '.join(line)}" for name, line in found if line in airflow.rejected]
    for process in ("api-server", "scheduler", "dag-processor", "triggerer"):
        services = [name for name, line in found if line == (process,)]
        if services != [f"airflow-{process}"]:
            problems.append(f"{process} must run once, in airflow-{process}; found {services}")
    return problems


def airflow_options(compose: ComposeFile, airflow: AirflowAnswers) -> Problems:
    """Every AIRFLOW__SECTION__OPTION is an option of the installed Airflow."""
    names = {name for name, _ in _all_variables(compose.raw) if name.startswith("AIRFLOW__")}
    found = {name: AIRFLOW_OPTION.fullmatch(name) for name in names}
    return [
        f"Airflow has no option {name}"
        for name, match in sorted(found.items())
        if match is None or f"{match[1]}.{match[2]}".lower() not in airflow.options
    ]


def kbgate_variables(compose: ComposeFile) -> Problems:
    """Every KBGATE_ variable is a setting."""
    names = {name for name, _ in _all_variables(compose.raw) if name.startswith("KBGATE_")} - {CONFIG_VARIABLE}
    return [f"kbgate has no setting {name}" for name in sorted(names) if not _is_setting(name)]


def volumes(compose: ComposeFile) -> Problems:
    """What is mounted are the folders that the variables name, and whoever writes there has them."""
    problems, used = [], set()
    for name, service in compose.sample["services"].items():
        folders = {service["environment"].get(variable) for variable in DATA_VARIABLES}
        mounts = {}
        for mount in service.get("volumes", []):
            volume, target, *mode = mount.split(":")
            used.add(volume)
            mounts[target] = mode
            if target not in folders:
                problems.append(
                    f"{name}: nothing that it runs uses {target}; its variables name {sorted(filter(None, folders))}"
                )
        if service["environment"].get("PGDATA") and service["environment"]["PGDATA"] not in mounts:
            problems.append(f"{name}: PGDATA is in no volume, so the databases would be lost with the container")
        if name == "airflow-scheduler":
            kept = (service["environment"][variable] for variable in DATA_VARIABLES[:2])
            problems += [f"{name}: {folder} is not a writable volume" for folder in kept if mounts.get(folder) != []]
    unused = sorted(set(compose.sample["volumes"]) - used)
    return problems + [f"volume {volume} is used by no service" for volume in unused]


def ports(compose: ComposeFile) -> Problems:
    """One port: what the server listens on, is published (to this machine only), is checked and is told to the tasks."""
    server = compose.sample["services"]["airflow-api-server"]
    port = server["environment"]["AIRFLOW__API__PORT"]
    address, published, inner = server["ports"][0].split(":")
    health = urlsplit(server["healthcheck"]["test"][-1])
    execution = urlsplit(server["environment"]["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"])
    base = urlsplit(server["environment"]["AIRFLOW__API__BASE_URL"])
    found = {
        "published by default": (address, "127.0.0.1"),
        "container port": (inner, port),
        "health check's port": (str(health.port), port),
        "health check's path": (health.path, "/api/v2/monitor/health"),
        "execution API's host": (execution.hostname, "airflow-api-server"),
        "execution API's port": (str(execution.port), port),
        "execution API's path": (execution.path, "/execution/"),
        "base URL's port": (str(base.port), published),
    }
    others = [name for name, service in compose.sample["services"].items() if service.get("ports")]
    problems = [f"{what} is {value}, wanted {wanted}" for what, (value, wanted) in found.items() if value != wanted]
    return problems + [f"{name} publishes a port" for name in others if name != "airflow-api-server"]


def image(compose: ComposeFile) -> Problems:
    """The image copies what exists and what the variables name, has the tested Airflow and Python, and is not root's."""
    lines = compose.sample["services"]["airflow-init"]["build"]["dockerfile_inline"].splitlines()
    steps = [(word, rest) for word, _, rest in (line.partition(" ") for line in lines)]
    workdir = PurePosixPath(next(rest for word, rest in steps if word == "WORKDIR"))
    problems, targets = [], set()
    for _, rest in (step for step in steps if step[0] == "COPY"):
        *sources, target = [part for part in rest.split() if not part.startswith("--")]
        targets.add(str(workdir / target))
        problems += [f"COPY {source}: not in the checkout" for source in sources if not (CHECKOUT / source).exists()]
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    pin = next(line for line in project["dependencies"] if line.startswith("apache-airflow=="))
    wanted = f"FROM apache/airflow:{pin.partition('==')[2]}-python3.11"
    if lines[0] != wanted:
        problems.append(f"{lines[0]}: the tests run on {wanted}")
    if [rest for word, rest in steps if word == "USER"][-1] in ("root", "0"):
        problems.append("the image runs as root")
    for name, service in _airflow_services(compose).items():
        for variable in ("AIRFLOW__CORE__DAGS_FOLDER", "AIRFLOW__CORE__PLUGINS_FOLDER"):
            if service["environment"][variable] not in targets:
                problems.append(
                    f"{name}: {variable} is {service['environment'][variable]}, which the image does not have"
                )
        if service.get("user", "").partition(":")[0] in ("", "0", "root"):
            problems.append(f"{name} runs as root")
    return problems


def databases(compose: ComposeFile) -> Problems:
    """Every database address names a service, and a database and a role for it that PostgreSQL's first start creates."""
    script = compose.sample["configs"]["databases"]["content"]
    created = set(re.findall(r"CREATE DATABASE (\w+) OWNER (\w+);", script))
    created |= {
        found for found in re.findall(r"GRANT CONNECT ON DATABASE (\w+) TO (\w+);", script) if found[0] in dict(created)
    }
    problems = []
    for name, value in _all_variables(compose.sample):
        if name in DSN_VARIABLES:
            url = urlsplit(value)
            if (url.path.lstrip("/"), url.username) not in created:
                problems.append(f"{name}: no database {url.path} for {url.username} is created")
            if (url.hostname, url.port) != ("postgres", 5432):
                problems.append(f"{name}: {url.hostname}:{url.port} is not the postgres service")
    return problems


def lifecycle(compose: ComposeFile) -> Problems:
    """Whatever runs on is health-checked and restarted; whatever is waited for exists and can become what is awaited."""
    problems, services = [], compose.sample["services"]
    for name, service in services.items():
        lasting = service.get("restart") == "unless-stopped"
        if lasting and "test" not in service.get("healthcheck", {}):
            problems.append(f"{name} has no health check")
        if not lasting and name != "airflow-init":
            problems.append(f"{name} is not restarted")
        for other, wait in service.get("depends_on", {}).items():
            able = {
                "service_healthy": "healthcheck" in services.get(other, {}),
                "service_completed_successfully": services.get(other, {}).get("restart") == "no",
            }
            if not able.get(wait["condition"], False):
                problems.append(f"{name} waits for {other} ({wait['condition']}), which cannot happen")
    return problems


def logins(compose: ComposeFile, airflow: AirflowAnswers) -> Problems:
    """Every user has a known role and a password from the file, which Airflow's user owns and nobody else may read."""
    server = compose.sample["services"]["airflow-api-server"]
    environment, mount = server["environment"], server["configs"][0]
    problems = [
        f"{user} has the unknown role {role}" for user, role in airflow.users.items() if role not in airflow.roles
    ]
    if list(airflow.logins) != sorted(airflow.users):
        problems.append(f"users are {sorted(airflow.users)}, passwords are for {list(airflow.logins)}")
    if environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS"] != "False":
        problems.append("everybody is admin without a password")
    owner = (mount["source"], mount["target"], f"{mount['uid']}:{mount['gid']}", mount["mode"])
    wanted = ("passwords", environment["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"], server["user"], "0o600")
    return problems + ([] if owner == wanted else [f"the password file is mounted as {owner}, wanted {wanted}"])


def _airflow_services(compose: ComposeFile) -> dict[str, dict[str, Any]]:
    return {name: service for name, service in compose.sample["services"].items() if name != "postgres"}


def _all_variables(tree: dict[str, Any]) -> list[tuple[str, str]]:
    return [pair for service in tree["services"].values() for pair in service["environment"].items()]


def _is_setting(variable: str) -> bool:
    model: Any = Settings
    for part in variable.removeprefix("KBGATE_").lower().split("__"):
        if not (isinstance(model, type) and issubclass(model, BaseModel) and part in model.model_fields):
            return False
        model = model.model_fields[part].annotation
    return True
