"""A token makes so many calls and no more; the others go on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

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


@pytest.mark.parametrize("rate", ["", "many", "0/minute", "10/fortnight", "10 per minute"])
def test_a_rate_that_is_none_stops_the_start(rate: str) -> None:
    with pytest.raises(SettingsError, match="AKISEKI_API_RATE"):
        Settings.from_env({"AKISEKI_API_RATE": rate})
