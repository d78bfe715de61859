"""The matrix of routes, roles and data holds: each cell is a call."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from sqlalchemy import update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app.database import transaction
from app.people.models import Role, User
from tests.app.api.calls import CALLS
from tests.app.api.calls_people import KEPT
from tests.app.api.calls_rotation import OF_ONE
from tests.app.api.cells import Actor, BroughtAlong, Try
from tests.app.api.matrix import path_of
from tests.app.api.rows import OWNERS, PERSONAL, REACH, REFUSED, ROWS
from tests.app.telework.desk import become
from tests.fixtures.web import Api
from tests.house import House

# Public pages that lead a stranger to the door themselves.
TO_THE_DOOR = {"/", "/logout"}
DENIED = "You may not do this."


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """(row's name, method, rule) of all that is served."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield f"{method} {rule.rule}", method, rule


@pytest.fixture
def actor(app: Flask, api: Api, house: House) -> Callable[[Role], Actor]:
    app.config["WTF_CSRF_ENABLED"] = False

    def become(role: Role) -> Actor:
        person = house.people["aoki"]
        with transaction(house.engine) as session:
            session.execute(update(User).where(User.id == person.id).values(role=role))
        return Actor(api, person.id)

    return become


def is_denied(answer: TestResponse) -> bool:
    return answer.status_code == 403 and DENIED in answer.text


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On one database: who may call what is decided before it is asked."""
    return sqlite_house


def test_every_route_has_its_row_and_every_row_its_route(app: Flask) -> None:
    assert {name for name, _method, _rule in routes(app)} == ROWS.keys()


def test_every_row_on_peoples_data_is_tried_with_them() -> None:
    assert CALLS.keys() == PERSONAL.keys()


@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_in_exactly_where_the_matrix_says_so(
    app: Flask, actor: Callable[[Role], Actor], role: Role
) -> None:
    somebody = actor(role)
    for name, method, rule in routes(app):
        roles = ROWS[name].roles
        answer = somebody.call(method, path_of(rule), {} if method != "GET" else None)
        assert is_denied(answer) == (roles is not None and role not in roles), (name, answer.text[:200])


def test_a_stranger_is_let_in_only_where_everybody_is(app: Flask, api: Api) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    for name, method, rule in routes(app):
        path = path_of(rule)
        answer = api.client.open(path, method=method)
        to_the_door = answer.status_code == 302 and answer.headers["Location"].startswith("/login")
        refused = answer.status_code == 401 if path.startswith("/api/v1/") else to_the_door
        assert refused == (ROWS[name].roles is not None) or path in TO_THE_DOOR, (name, answer.status_code)


@pytest.mark.parametrize("role", Role)
def test_a_role_reaches_exactly_as_far_as_the_matrix_says(
    actor: Callable[[Role], Actor], house: House, role: Role
) -> None:
    somebody = actor(role)
    number = 0
    for name, call in CALLS.items():
        if role not in PERSONAL[name]:
            continue
        reached = REACH[PERSONAL[name][role]]
        for whose, owner in OWNERS.items():
            number += 1
            answer = call(Try(somebody, house, owner, number))
            assert (answer.status_code in REFUSED) == (whose not in reached), (name, role, owner, answer.text)
            assert answer.status_code < 500
            # It was refused for whose it is, or not, and not before that was asked.
            assert answer.headers.get("Location") != "/login", (name, role, owner)
            assert "request.invalid" not in answer.text, (name, role, owner, answer.text)


def test_a_problem_that_somebody_brought_along_is_theirs_to_solve(
    actor: Callable[[Role], Actor], house: House
) -> None:
    chief = actor(Role.CHIEF)
    for number, (name, call) in enumerate(OF_ONE.items()):
        for owner in ("aoki", "baba"):
            answer = call(BroughtAlong(chief, house, owner, number))
            assert (answer.status_code in REFUSED) == (owner == "baba"), (name, owner, answer.text)


@pytest.mark.parametrize("of", [Role.IT, Role.KIOSK, Role.SERVICE])
def test_it_alone_changes_accounts_of_it_and_of_machines(
    actor: Callable[[Role], Actor], house: House, of: Role
) -> None:
    become(house, "endo", role=of)
    for role in (Role.PERSONNEL, Role.IT):
        somebody = actor(role)
        for number, (name, call) in enumerate(KEPT.items()):
            answer = call(Try(somebody, house, "endo", number))
            assert (answer.status_code in REFUSED) == (role is Role.PERSONNEL), (name, answer.text)
