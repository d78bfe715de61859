"""A receiver checks a webhook's signature by what the README says, and its secret is renewed without losing a call."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from app.clock import SteppingClock
from app.database import reading, transaction
from app.events import Event
from app.notifications.models import Webhook
from app.notifications.rules import BACKOFF
from app.notifications.signing import SIGNATURE
from app.people.models import Role, User
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import add_hook, book_for, telling
from tests.fixtures.web import Api, problem
from tests.house import House, at
from tests.servers.receivers import Receiver

README = Path(__file__).parents[3].joinpath("README.md").read_text()


@pytest.fixture
def receives(clock: SteppingClock) -> Any:
    """The very function of the README, at the house's time."""
    (snippet,) = re.findall(r"```python\n(import hashlib.*?)```", README, re.DOTALL)
    known: dict[str, Any] = {}
    exec(snippet, known)  # noqa: S102  our own text
    known["time"] = SimpleNamespace(time=lambda: clock().timestamp())
    return known["is_from_akiseki"]


def test_the_readme_verifies_a_call_and_nothing_else(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, receives: Any
) -> None:
    secret = add_hook(house, receiver.url).secret
    book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    ((headers, body),) = receiver.calls
    signed = headers[SIGNATURE]
    assert receives(secret, signed, body)
    assert not receives(secret, signed, body + b" ")
    assert not receives("another", signed, body)
    assert not any(receives(secret, wrong, body) for wrong in ("", "t=x,v1=y", "v1=あ", f"{signed[:-1]}あ"))
    clock.advance(timedelta(minutes=6))
    assert not receives(secret, signed, body)


def test_the_document_says_what_a_call_is_and_when_it_comes_again(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, api: Api
) -> None:
    add_hook(house, receiver.url)
    book_for(house, "aoki")
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    ((_headers, body),) = receiver.calls
    document = api.client.get("/api/v1/openapi.json").get_json()
    told = document["webhooks"]["event"]["post"]
    assert SIGNATURE in {one["name"] for one in told["parameters"]}
    place = told["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    schema = document["components"]["schemas"][place.rpartition("/")[2]]
    assert json.loads(body).keys() == schema["properties"].keys() == set(schema["required"])
    *first, last = (str(one // timedelta(minutes=1)) for one in BACKOFF)
    tries = f"after {', '.join(first)} and {last} minutes"
    assert tries in told["description"]
    assert tries in README


def test_a_secret_is_renewed_and_what_waits_is_told_by_both_for_a_day(
    app: Flask, house: House, clock: SteppingClock, receiver: Receiver, receives: Any, api: Api
) -> None:
    old = add_hook(house, receiver.url)
    receiver.status = 503
    book_for(house, "aoki", day=2)
    job = telling(app, house, clock)
    job.tell()
    job.call_webhooks()
    renewed = api.call("fujii", "POST", f"/webhooks/{old.id}/secret").get_json()
    assert renewed["secret"] != old.secret
    assert renewed["old_secret_until"] == at("09:00", day=1).isoformat()
    receiver.status = 200
    clock.advance(timedelta(minutes=1))
    assert job.call_webhooks() == 1
    headers, body = receiver.calls[-1]
    assert headers[SIGNATURE].count("v1=") == 2
    assert receives(renewed["secret"], headers[SIGNATURE], body)
    assert receives(old.secret, headers[SIGNATURE], body)

    clock.at = at("09:00", day=1)
    book_for(house, "baba", "window", day=2)
    job.tell()
    assert job.call_webhooks() == 1
    headers, body = receiver.calls[-1]
    assert receives(renewed["secret"], headers[SIGNATURE], body)
    assert not receives(old.secret, headers[SIGNATURE], body)
    with reading(house.engine) as session:
        hook = session.get_one(Webhook, old.id)
        assert (hook.old_secret, hook.old_secret_until) == ("", None)
        kind = Event.kind == "webhook_secret_renewed"
        (event,) = session.scalars(select(Event).where(kind))
        assert (event.subject, event.actor_id) == (f"webhook:{old.id}", house.people["fujii"].id)
        assert renewed["secret"] not in json.dumps(event.data)


def test_whoever_may_not_add_such_a_webhook_renews_no_secret_of_one(house: House, api: Api) -> None:
    hook = add_hook(house, "http://127.0.0.1:9/x", kinds=("*",), by=Role.IT)
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).role = Role.FACILITY
    path = f"/webhooks/{hook.id}/secret"
    assert problem(api.call("fujii", "POST", path)) == (403, "webhook.not_allowed")
    assert problem(api.call("fujii", "POST", "/webhooks/987654/secret")) == (404, "webhook.unknown")


def test_a_secret_is_renewed_on_the_page_and_shown_once(app: Flask, house: House) -> None:
    old = add_hook(house, "http://127.0.0.1:9/x")
    staff = signed_in(app.test_client(), house, "fujii")
    path = f"/office/webhooks/{old.id}/secret"
    (seen,) = re.findall(r'name="version" value="(\w+)"', staff.get("/office/webhooks").text)
    shown = post(staff, "/office/webhooks", path, version=seen).text
    assert 'class="secret"' in shown
    assert old.secret not in shown
    assert 'class="secret"' not in staff.get("/office/webhooks").text
    gone = post(staff, "/office/webhooks", "/office/webhooks/987654/secret").text
    assert 'class="notice error" role="alert"' in gone
    again = post(staff, "/office/webhooks", path, version=seen).text
    assert ('class="notice error" role="alert"' in again, 'class="secret"' in again) == (True, False)
    with reading(house.engine) as session:
        hook = session.get_one(Webhook, old.id)
        assert (hook.secret in shown, hook.old_secret) == (True, old.secret)
