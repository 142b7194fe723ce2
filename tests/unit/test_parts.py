import subprocess
import sys

import pytest
from pydantic import BaseModel, ConfigDict, Field

from kbgate import chunkers, embedders, sources, stores
from kbgate.errors import SettingsError
from kbgate.parts import load, read_options

REGISTRIES = {"sources": sources, "chunkers": chunkers, "embedders": embedders, "stores": stores}
PARTS = [(kind, name) for kind, module in REGISTRIES.items() for name in module.REGISTRY]


class Options(BaseModel):
    """Options of an invented part."""

    model_config = ConfigDict(extra="forbid")

    path: str
    rows: int = Field(1, ge=1)


@pytest.mark.parametrize(("kind", "name"), PARTS)
def test_every_registered_part_exists(kind: str, name: str) -> None:
    registry = REGISTRIES[kind].REGISTRY
    assert load(registry, name, "setting").__name__ == registry[name].partition(":")[2]


def test_an_unknown_name_is_answered_with_the_setting_and_the_known_names() -> None:
    with pytest.raises(SettingsError, match=r"kb\.x\.store\.kind is 'lance', .*Use one of: .*lancedb, numpy, pgvector"):
        load(stores.REGISTRY, "lance", "kb.x.store.kind")


def test_a_missing_package_is_named_with_how_to_install_it() -> None:
    registry = {"exotic": "package_that_nobody_installed:Store"}
    with pytest.raises(
        SettingsError, match=r"kb\.x\.store\.kind is 'exotic'.*'package_that_nobody_installed'.*pip install"
    ):
        load(registry, "exotic", "kb.x.store.kind")


def test_importing_the_registries_loads_no_part() -> None:
    code = (
        f"import sys, {', '.join(f'kbgate.{kind}' for kind in REGISTRIES)};"
        f"print([name for name in sys.modules if name.startswith({tuple(f'kbgate.{kind}.' for kind in REGISTRIES)})])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"


def test_options_are_checked_and_every_wrong_one_is_named() -> None:
    assert read_options(Options, {"path": "a"}, "source.options").rows == 1
    with pytest.raises(SettingsError) as caught:
        read_options(Options, {"rows": 0, "pathh": "a"}, "source.options")
    message = str(caught.value)
    assert "source.options.path is missing" in message
    assert "source.options.rows should be greater than or equal to 1 (found: 0)" in message
    assert "source.options.pathh is not a setting; did you mean 'path'?" in message


def test_a_misspelt_options_value_is_not_shown_because_it_may_be_a_password() -> None:
    with pytest.raises(SettingsError) as caught:
        read_options(Options, {"path": "a", "pasword": "hunter2"}, "store.options")
    assert "pasword" in str(caught.value)
    assert "hunter2" not in str(caught.value)
