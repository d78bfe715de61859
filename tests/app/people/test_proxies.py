"""A reverse proxy that is believed from its own address alone: of who asks, and of where they ask from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from ipaddress import ip_network

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import pipeline
from app.access import USER
from app.clock import SteppingClock
from app.database import reading, transaction
from app.events import Event
from app.extensions import db
from app.factory import create_app
from app.people import signing_in
from app.settings import Settings
from tests.app.test_pages import token_in
from tests.house import House, at


@pytest.fixture
def proxied(house: House, clock: SteppingClock) -> Iterator[Callable[..., FlaskClient]]:
    made = []

    def start(**more: object) -> FlaskClient:
        settings = Settings(
            database_url=house.engine.url.render_as_string(hide_password=False),
            secret_key="k" * 32,
            clock=clock,
            proxy_user_header="X-Remote-User",
            proxy_addresses=(ip_network("192.0.2.0/30"), ip_network("2001:db8::1")),
        )
        made.append(create_app(replace(settings, **more)))  # type: ignore[arg-type]
        return made[-1].test_client()

    yield start
    for app in made:
        with app.app_context():
            db.engine.dispose()


def ask(client: FlaskClient, peer: str, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.get("/account", headers=named, environ_base={"REMOTE_ADDR": peer})


def test_the_proxy_is_believed(proxied: Callable[..., FlaskClient]) -> None:
    client = proxied()
    for peer in ("192.0.2.1", "2001:db8::1"):
        answer = ask(client, peer, X_Remote_User="Aoki@example.jp")
        assert answer.status_code == 200, peer
        assert "aoki@example.jp" in answer.text


@pytest.mark.parametrize("public_url", ["", "https://seats.example"])
def test_the_header_of_anybody_else_is_nothing_whatever_it_forwards(
    proxied: Callable[..., FlaskClient], public_url: str
) -> None:
    client = proxied(public_url=public_url)
    for peer in ("192.0.2.4", "127.0.0.1", "2001:db8::2", ""):
        answer = ask(client, peer, X_Remote_User="aoki@example.jp", X_Forwarded_For="192.0.2.1")
        assert answer.status_code == 302, peer
        assert "/login" in answer.location


def test_behind_the_proxy_the_peer_counts_and_not_whom_it_forwards(
    proxied: Callable[..., FlaskClient],
) -> None:
    client = proxied(public_url="https://seats.example")
    answer = ask(client, "192.0.2.1", X_Remote_User="aoki@example.jp", X_Forwarded_For="198.51.100.9")
    assert answer.status_code == 200


@pytest.mark.parametrize("said", ["nobody@example.jp", "aoki@example.jp, baba@example.jp"])
def test_whom_the_proxy_knows_and_we_do_not_is_told_so(
    proxied: Callable[..., FlaskClient], said: str
) -> None:
    answer = ask(proxied(), "192.0.2.1", X_Remote_User=said, Accept_Language="en")
    assert answer.status_code == 403
    assert "have no account here" in answer.text


def test_a_leaver_is_refused_whatever_the_proxy_says(
    proxied: Callable[..., FlaskClient], house: House
) -> None:
    with transaction(house.engine) as session:
        pipeline.leave(session, house.people["aoki"].id, actor=None, now=at("09:00"))
    assert ask(proxied(), "192.0.2.1", X_Remote_User="aoki@example.jp").status_code == 403


def test_the_api_takes_no_word_of_the_proxy(proxied: Callable[..., FlaskClient]) -> None:
    answer = proxied().get(
        "/api/v1/me",
        headers={"X-Remote-User": "aoki@example.jp"},
        environ_base={"REMOTE_ADDR": "192.0.2.1"},
    )
    assert answer.status_code == 401


@pytest.mark.parametrize(("peer", "counted"), [("192.0.2.1", "198.51.100.9"), ("203.0.113.5", "203.0.113.5")])
def test_attempts_are_noted_by_the_address_that_a_named_proxy_forwards_and_nobody_else_invents(
    proxied: Callable[..., FlaskClient], house: House, peer: str, counted: str
) -> None:
    client = proxied(public_url="https://seats.example", proxy_user_header="")
    asked = {"environ_base": {"REMOTE_ADDR": peer}, "base_url": "https://seats.example"}
    headers = {"X-Forwarded-For": "10.0.0.7, 198.51.100.9", "Referer": "https://seats.example/login"}
    form = {"csrf_token": token_in(client.get("/login", **asked).text), "email": "aoki@example.jp"}
    answer = client.post("/login", data={**form, "password": "wrong"}, headers=headers, **asked)
    assert answer.status_code == 401
    with reading(house.engine) as session:
        (failed,) = session.scalars(select(Event).where(Event.kind == signing_in.FAILED))
    assert failed.data["address"] == counted


def test_without_the_setting_the_header_is_nothing(app: Flask) -> None:
    client = app.test_client()
    assert ask(client, "127.0.0.1", X_Remote_User="aoki@example.jp").status_code == 302
    with client.session_transaction() as session:
        assert USER not in session
