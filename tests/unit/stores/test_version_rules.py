import pytest

from kbgate.errors import UsageError
from kbgate.stores.version_rules import check_dimension, check_droppable, check_known, check_name, check_new


@pytest.mark.parametrize("name", ["v1.2.1", "v1.2.1-hotfix.2", "a", "x" * 64, "help_desk"])
def test_names_that_every_backend_can_hold_are_accepted(name):
    assert check_name(name, "version") == name


@pytest.mark.parametrize("name", ["", ".", "..", "a..b", "-a", "a-", "a/b", "a\n", "ä", "x" * 65, "a'b"])
def test_other_names_are_refused(name):
    with pytest.raises(UsageError, match="cannot be the name of a version"):
        check_name(name, "version")


def test_a_new_version_needs_a_new_name_and_a_parent_that_exists():
    check_new("v2", "v1", ["v1"])
    check_new("v2", None, [])
    with pytest.raises(UsageError, match="v1 is in the store already"):
        check_new("v1", None, ["v1"])
    with pytest.raises(UsageError, match="'v0' is not in the store"):
        check_new("v2", "v0", ["v1"])


def test_an_unknown_version_is_answered_with_those_that_exist():
    with pytest.raises(UsageError, match="Finished versions: v1, v2"):
        check_known("v3", {"v2", "v1"})
    with pytest.raises(UsageError, match="Finished versions: none"):
        check_known("v3", set())


def test_a_protected_version_is_kept():
    check_droppable("v1", {"v2"})
    with pytest.raises(UsageError, match="cannot be dropped"):
        check_droppable("v1", {"v1"})


def test_dimensions_must_agree():
    check_dimension(8, "v1", 8)
    with pytest.raises(UsageError, match="leave the parent out"):
        check_dimension(8, "v1", 16)
