from pathlib import Path

import pytest

import kbgate
from kbgate.errors import SettingsError
from kbgate.locations import resolve


@pytest.mark.parametrize("location", ["a/b.jsonl", "/a/*.md", "s3://bucket/key", "memory://a"])
def test_paths_and_urls_stay_as_they_are(location: str) -> None:
    assert resolve(location) == location


def test_a_package_address_becomes_the_file_inside_the_package() -> None:
    assert resolve("package://kbgate/kbgate.toml") == str(Path(kbgate.__file__).with_name("kbgate.toml"))
    assert Path(resolve("package://kbgate/sample/helpdesk/golden")).is_dir()


def test_a_package_that_is_not_installed_is_named() -> None:
    with pytest.raises(SettingsError, match=r"package://nobody_has_this/a names the Python package 'nobody_has_this'"):
        resolve("package://nobody_has_this/a")


@pytest.mark.parametrize("location", ["package:///a", "package://../a", "package://.json/a"])
def test_a_package_address_without_a_package_is_refused(location: str) -> None:
    with pytest.raises(SettingsError, match=f"{location} names no Python package"):
        resolve(location)
