import pytest
from hypothesis import given
from hypothesis import strategies as st

from kbgate.errors import UsageError
from kbgate.releases.version_names import VersionName, next_hotfix_name, next_version_name

names = st.builds(VersionName, *[st.integers(0, 30)] * 4)


@given(names)
def test_a_name_is_read_back_as_it_was_written(name: VersionName) -> None:
    assert VersionName.parse(str(name)) == name


@pytest.mark.parametrize(
    "text", ["", "1.2.1", "v1.2", "v01.2.1", "v1.2.1-rc1", "v1.2.1-hotfix.1", "v1.2.1-hotfix.0", "v1.2.1\n", "v１.2.1"]
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is not a version name"):
        VersionName.parse(text)


def test_a_hotfix_comes_after_its_base_and_before_the_next_patch() -> None:
    ordered = [
        "v1.2.1",
        "v1.2.1-hotfix",
        "v1.2.1-hotfix.2",
        "v1.2.1-hotfix.10",
        "v1.2.2",
        "v1.2.10",
        "v1.10.0",
        "v2.0.0",
    ]
    assert sorted(reversed(ordered), key=VersionName.parse) == ordered


@pytest.mark.parametrize(
    ("live", "bump", "taken", "wanted"),
    [
        (None, "first", [], "v1.0.0"),
        (None, "first", ["v1.0.0"], "v1.0.1"),
        (None, "minor", ["v1.0.0", "v1.0.1"], "v1.0.2"),
        ("v1.2.0", "patch", ["v1.2.0"], "v1.2.1"),
        ("v1.2.0", "patch", ["v1.2.0", "v1.2.1", "v1.2.2"], "v1.2.3"),
        ("v1.2.3", "minor", ["v1.2.3"], "v1.3.0"),
        ("v1.2.3", "minor", ["v1.3.0"], "v1.4.0"),
        ("v1.2.1-hotfix.2", "patch", ["v1.2.1-hotfix.2"], "v1.2.2"),
        ("v1.2.1-hotfix", "minor", [], "v1.3.0"),
    ],
)
def test_the_next_name_follows_live_and_skips_those_taken(live: str, bump: str, taken: list[str], wanted: str) -> None:
    assert next_version_name(live, bump, taken) == wanted


@given(names, st.sampled_from(["patch", "minor"]), st.lists(names.map(str)))
def test_the_next_name_is_free_and_greater_than_live(live: VersionName, bump: str, taken: list[str]) -> None:
    name = next_version_name(str(live), bump, taken)
    assert name not in taken
    assert VersionName.parse(name) > live


@pytest.mark.parametrize(
    ("base", "taken", "wanted"),
    [
        ("v1.2.1", [], "v1.2.1-hotfix"),
        ("v1.2.1", ["v1.2.1-hotfix"], "v1.2.1-hotfix.2"),
        ("v1.2.1-hotfix", ["v1.2.1-hotfix"], "v1.2.1-hotfix.2"),
        ("v1.2.1-hotfix.2", ["v1.2.1-hotfix.3"], "v1.2.1-hotfix.4"),
    ],
)
def test_a_hotfix_is_named_after_what_it_repairs(base: str, taken: list[str], wanted: str) -> None:
    assert next_hotfix_name(base, taken) == wanted
