from dataclasses import FrozenInstanceError, fields

import pytest
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from kbgate.settings import load_settings
from kbgate.web.access import Access
from kbgate.web.app import create_app
from web_pages import access_of_tests

ACCESS = access_of_tests()
ROUTES = [route for route in create_app(load_settings, ACCESS).routes if isinstance(route, APIRoute)]


def asked(dependant: Dependant) -> set[object]:
    """Everything that is called before a route's own function."""
    return {call for one in dependant.dependencies for call in (one.call, *asked(one))}


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.path)
def test_a_route_asks_for_its_dag_if_it_has_one_and_for_the_pages_if_not(route: APIRoute) -> None:
    guards = asked(route.dependant) & {ACCESS.may_read_dag, ACCESS.may_see_pages}
    assert guards == {ACCESS.may_read_dag if "{dag_id}" in route.path else ACCESS.may_see_pages}


def test_some_page_lists_only_what_its_user_may_read() -> None:
    assert "/" in [route.path for route in ROUTES if ACCESS.readable_dag_ids in asked(route.dependant)]


def test_pages_cannot_be_mounted_with_a_guard_left_out() -> None:
    for missing in fields(Access):
        others = {one.name: getattr(ACCESS, one.name) for one in fields(Access) if one is not missing}
        with pytest.raises(TypeError, match=missing.name):
            Access(**others)


def test_a_guard_cannot_be_exchanged_once_it_is_given() -> None:
    with pytest.raises(FrozenInstanceError):
        ACCESS.may_read_dag = ACCESS.may_see_pages  # type: ignore[misc]
