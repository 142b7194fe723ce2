import pytest

from kbgate.errors import SettingsError
from kbgate.settings import CONFIG_VARIABLE, Settings
from kbgate.variables import refuse_unknown


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("KBGATE_REGISTRY_DSN", "Did you mean KBGATE_REGISTRY__DSN?"),
        ("KBGATE_ARTIFACT_ROTO", "Did you mean KBGATE_ARTIFACT_ROOT?"),
        ("kbgate_configs", "Did you mean KBGATE_CONFIG?"),
        ("KBGATE_XYZZY", "Known are KBGATE_CONFIG, "),
    ],
)
def test_a_variable_that_nothing_reads_is_answered_with_what_was_meant(name: str, hint: str) -> None:
    with pytest.raises(SettingsError) as caught:
        refuse_unknown(["PATH", name], Settings, CONFIG_VARIABLE)
    assert str(caught.value).startswith(f"{name} is no variable that kbgate reads. {hint}")


def test_every_top_level_setting_is_a_variable() -> None:
    refuse_unknown([f"KBGATE_{name.upper()}" for name in Settings.model_fields], Settings, CONFIG_VARIABLE)


@pytest.mark.parametrize(
    "name",
    [
        "KBGATE_CONFIG",
        "KBGATE_DEMO_FOLDER",
        "KBGATE_KB__FAQ__RECALL__K",
        "kbgate_registry__dsn",
        "AIRFLOW_CONN_KBGATE_REGISTRY",
        "KBGATE_SERVICE_HOST",
        "KBGATE_SERVICE_PORT_HTTP",
        "KBGATE_PORT",
        "KBGATE_WEB_PORT_80_TCP_ADDR",
    ],
)
def test_other_variables_and_those_of_kubernetes_are_let_pass(name: str) -> None:
    refuse_unknown([name], Settings, CONFIG_VARIABLE)
