"""Every route says who may call it, and holds to it."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import text, update
from werkzeug.routing import Rule

from app.access import declared
from app.clock import SteppingClock
from app.database import transaction
from app.extensions import db
from app.factory import create_app
from app.orm import Base
from app.people.models import ApiToken, Role, User
from app.settings import Settings
from tests.fixtures.web import Api, problem
from tests.house import House, at

# Whoever may open these without signing in, and why is plain. Everything else asks who it is.
PUBLIC = {
    "api-docs.openapi_json",
    "api_docs",
    "boards_pages.demo",
    "boards_pages.demo_clock",
    "boards_pages.start",
    "healthz",
    # Signed addresses: a calendar's, and the links of mails, which their readers follow without signing in.
    "messages.calendar",
    "messages.follow",
    "messages.link",
    "metrics",
    "oidc_pages.back",
    "oidc_pages.start",
    "people_pages.choose_password",
    "people_pages.language",
    "people_pages.log_in",
    "people_pages.log_out",
    "people_pages.login",
    "people_pages.password_code",
    "readyz",
}


def rules(app: Flask) -> Iterator[Rule]:
    return (rule for rule in app.url_map.iter_rules() if rule.endpoint != "static")


def calls(app: Flask) -> Iterator[tuple[str, str, frozenset[Role]]]:
    """(method, path, roles) of every API route, its ids filled in with 1; a token's with 0, or it would die."""
    for rule in rules(app):
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in PUBLIC:
            _, path = rule.build({name: int(name != "token_id") for name in rule.arguments}) or ("", "")
            roles = declared(app, rule.endpoint)
            assert roles
            for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
                yield method, path.removeprefix("/api/v1"), roles


def test_every_route_declares_its_access_and_the_public_ones_are_known(app: Flask) -> None:
    found = {rule.endpoint: declared(app, rule.endpoint) for rule in rules(app)}
    assert [endpoint for endpoint, roles in found.items() if roles is None] == []
    assert {endpoint for endpoint, roles in found.items() if not roles} == PUBLIC


def test_a_route_that_declares_nothing_is_closed_to_everybody(app: Flask, api: Api) -> None:
    forgetful = create_app(app.extensions["akiseki"])
    forgetful.add_url_rule("/api/v1/forgotten", "forgotten", lambda: "secret")
    calls = Api(forgetful.test_client(), api.tokens)
    for who in ("", "aoki", "fujii"):
        assert problem(calls.call(who, "GET", "/forgotten")) == (403, "access.denied")
    with forgetful.app_context():
        db.engine.dispose()


def test_no_route_of_the_api_answers_a_stranger(app: Flask, api: Api) -> None:
    for method, path, _roles in calls(app):
        answer = api.call("", method, path)
        assert problem(answer) == (401, "access.unauthenticated"), (method, path)
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", Role)
def test_a_role_is_refused_exactly_where_it_is_not_declared(
    app: Flask, api: Api, house: House, role: Role
) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "aoki@example.jp").values(role=role))
    for method, path, roles in calls(app):
        answer = api.call("aoki", method, path)
        denied = answer.status_code == 403 and answer.get_json()["code"] == "access.denied"
        assert denied == (role not in roles), (method, path, answer.text)


def test_the_api_takes_no_cookie_and_the_pages_no_token(api: Api) -> None:
    with api.client.session_transaction() as session:
        session["user_id"], session["id"] = 1, "one"
    assert problem(api.call("", "GET", "/me")) == (401, "access.unauthenticated")
    api.client.delete_cookie("akiseki")
    assert api.client.get("/bookings", headers=api.headers("aoki")).status_code == 302


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Basic YTpi", "Bearer wrong", "Bearer \xe9"])
def test_what_is_no_token_opens_nothing(api: Api, header: str) -> None:
    answer = api.client.get("/api/v1/me", headers={"Authorization": header})
    assert problem(answer) == (401, "access.unauthenticated")


def test_a_token_dies_when_it_is_revoked_or_its_owner_leaves(api: Api, house: House) -> None:
    assert api.call("aoki", "GET", "/me").get_json()["email"] == "aoki@example.jp"
    with transaction(house.engine) as session:
        session.execute(
            update(ApiToken).where(ApiToken.user_id == house.people["aoki"].id).values(revoked_at=at("08:30"))
        )
        session.execute(update(User).where(User.id == house.people["baba"].id).values(left_at=at("08:30")))
    for who in ("aoki", "baba"):
        assert problem(api.call(who, "GET", "/me")) == (401, "access.unauthenticated")


def test_every_answer_carries_its_guards(api: Api) -> None:
    for path in ("/login", "/api/v1/me", "/healthz", "/nowhere", "/static/akiseki.css"):
        answer = api.client.get(path)
        headers = answer.headers
        answer.close()
        assert headers["Content-Security-Policy"].startswith("default-src 'self'"), path
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "same-origin"
        assert path.startswith("/static") or headers["Cache-Control"] == "no-store"


def test_the_document_names_every_route(app: Flask, api: Api) -> None:
    document = api.client.get("/api/v1/openapi.json").get_json()
    assert document["openapi"].startswith("3.1")
    named = {
        (method.upper(), path)
        for path, operations in document["paths"].items()
        for method in operations
        if method != "parameters"
    }
    served = {
        (
            method,
            rule.rule.replace("<int:", "{").replace("<string:", "{").replace("<path:", "{").replace(">", "}"),
        )
        for rule in rules(app)
        if rule.rule.startswith("/api/v1/") and rule.endpoint not in PUBLIC
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }
    assert named == served
    page = api.client.get("/api/docs")
    assert page.status_code == 200
    assert "/api/v1/bookings/{booking_id}/check-in" in page.text


def test_ready_means_migrated_with_every_guard(api: Api, house: House) -> None:
    assert api.client.get("/healthz").get_json() == {"status": "ok"}
    assert api.client.get("/readyz").get_json() == {"status": "ready"}
    with house.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'older'"))
    assert problem(api.client.get("/readyz")) == (503, "database.not_ready")
    assert api.client.get("/healthz").status_code == 200


def test_a_guard_that_is_gone_is_named(api: Api, house: House) -> None:
    drop, name = {
        "sqlite": ("DROP TRIGGER {}", "tr_bookings_person_update"),
        "postgresql": ("ALTER TABLE bookings DROP CONSTRAINT {}", "ex_bookings_person_room"),
    }[house.engine.dialect.name]
    with house.engine.begin() as connection:
        connection.execute(text(drop.format(name)))
    answer = api.client.get("/readyz")
    assert problem(answer) == (503, "database.not_ready")
    assert answer.get_json()["facts"] == {"missing_guards": [name], "migrated": True}


def test_an_empty_database_is_not_ready(house: House, api: Api) -> None:
    with house.engine.begin() as connection:
        Base.metadata.drop_all(connection)
        connection.execute(text("DROP TABLE alembic_version"))
    answer = api.client.get("/readyz")
    assert problem(answer) == (503, "database.not_ready")
    assert not answer.get_json()["facts"]["migrated"]


def test_without_its_database_it_is_not_ready_and_says_so(clock: SteppingClock) -> None:
    nowhere = "postgresql+psycopg://akiseki@127.0.0.1:1/none"
    app = create_app(Settings(database_url=nowhere, secret_key="k" * 32, clock=clock))
    assert problem(app.test_client().get("/readyz")) == (503, "database.unreachable")
    with app.app_context():
        db.engine.dispose()


def test_the_figures_of_operation_are_served_for_prometheus(api: Api) -> None:
    mine = re.compile(r'akiseki_http_requests_total\{endpoint="own.me",method="GET",status="200"\} (\S+)')

    def counted() -> float:
        found = mine.search(api.client.get("/metrics").text)
        return float(found[1]) if found else 0

    before = counted()
    api.call("aoki", "GET", "/me")
    assert counted() == before + 1
