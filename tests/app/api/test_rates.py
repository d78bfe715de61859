"""A token makes so many calls and no more; the others go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from app.extensions import db, limiter
from app.factory import create_app
from app.settings import Settings, SettingsError
from tests.fixtures.web import Api, problem
from tests.house import House, at


@pytest.fixture
def app(house: House) -> Iterator[Flask]:
    url = house.engine.url.render_as_string(hide_password=False)
    made = create_app(
        Settings(database_url=url, secret_key="k" * 32, clock=lambda: at("09:00"), api_rate="3/minute")
    )
    yield made
    limiter.reset()
    with made.app_context():
        db.engine.dispose()


def test_a_token_has_its_calls_and_is_told_when_it_may_come_again(api: Api) -> None:
    left = [api.call("aoki", "GET", "/me").headers["X-RateLimit-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    refused = api.call("aoki", "GET", "/me")
    assert problem(refused) == (429, "request.too_many")
    assert 0 < int(refused.headers["Retry-After"]) <= 60
    assert api.call("baba", "GET", "/me").status_code == 200


def test_a_token_has_its_calls_over_all_routes_together(api: Api) -> None:
    paths = ("/me", "/messages", "/floors")
    left = [api.call("aoki", "GET", path).headers["X-RateLimit-Remaining"] for path in paths]
    assert left == ["2", "1", "0"]
    assert problem(api.call("aoki", "GET", "/me/notifications")) == (429, "request.too_many")
    assert api.call("baba", "GET", "/floors").status_code == 200


def test_only_who_is_refused_is_told_when_to_come_again(api: Api) -> None:
    answers = [api.call("aoki", "GET", path) for path in ("/me", "/nothing", "/bookings?user=0")]
    assert [one.status_code for one in answers] == [200, 404, 404]
    assert not any("Retry-After" in one.headers for one in answers)
    assert "X-RateLimit-Limit" in answers[0].headers


def test_where_the_database_is_busy_it_is_said_when_to_come_again(app: Flask, api: Api) -> None:
    def fail() -> None:
        raise OperationalError("SELECT", {}, Exception("busy"))

    app.before_request_funcs.setdefault(None, []).append(fail)
    refused = api.call("aoki", "GET", "/me")
    assert problem(refused) == (503, "database.busy")
    assert refused.headers["Retry-After"] == "1"


@pytest.mark.parametrize(
    "spelled", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {}", "Bearer     {}", "bEARER \t{}"]
)
def test_a_token_has_its_calls_however_it_is_spelled(api: Api, spelled: str) -> None:
    for _ in range(3):
        assert api.call("aoki", "GET", "/me").status_code == 200
    header = {"Authorization": spelled.format(api.tokens["aoki"])}
    assert problem(api.client.get("/api/v1/me", headers=header)) == (429, "request.too_many")


def test_who_sends_no_token_is_counted_by_address_whatever_they_send_instead(api: Api) -> None:
    for number in range(3):
        header = {"Authorization": f"Basic {number}"}
        assert api.client.get("/api/v1/me", headers=header).status_code == 401
    assert api.client.get("/api/v1/me", headers={"Authorization": "Digest x"}).status_code == 429
    assert api.client.get("/api/v1/me").status_code == 429


def test_who_makes_tokens_up_is_counted_by_address_and_whose_are_good_are_not(api: Api) -> None:
    made_up = [
        api.client.get("/api/v1/me", headers={"Authorization": f"Bearer {number}"}).status_code
        for number in range(5)
    ]
    assert made_up == [401, 401, 401, 429, 429]
    for name in ("aoki", "baba"):
        left = [api.call(name, "GET", "/me").headers["X-RateLimit-Remaining"] for _ in range(3)]
        assert left == ["2", "1", "0"]


@pytest.mark.parametrize("rate", ["", "many", "0/minute", "10/fortnight", "10 per minute"])
def test_a_rate_that_is_none_stops_the_start(rate: str) -> None:
    with pytest.raises(SettingsError, match="AKISEKI_API_RATE"):
        Settings.from_env({"AKISEKI_API_RATE": rate})
