"""The matrix of routes, roles and data holds: each cell is a call."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from app import pipeline
from app.access import SESSION_ID, USER
from app.database import transaction
from app.people import tokens
from app.people.models import Role, User
from app.spaces.rules import Kind, Lane, Target
from app.telework.models import HalfDay
from app.telework.rules import DayClass, Half, PlanKind
from app.telework.service import put_plan
from app.waitlist.rules import Wish
from tests.app.api.matrix import path_of
from tests.app.api.rows import OWNERS, PERSONAL, REACH, REFUSED, ROWS
from tests.app.bookings.rooms import meeting
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at, span

# Public pages that lead a stranger to the door themselves.
TO_THE_DOOR = {"/", "/logout"}
STRANGERS = ("belongs to somebody else", "There is no such place in line", "You are not invited")
DENIED = "You may not do this."
ANSWER = {"class": "office", "why": "x"}


def routes(app: Flask) -> Iterator[tuple[str, str, Rule]]:
    """(row's name, method, rule) of all that is served."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield f"{method} {rule.rule}", method, rule


@dataclass
class Actor:
    """Somebody in a role who calls the API with a token and pages in a browser, in English."""

    api: Api
    user_id: int

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> TestResponse:
        if path.startswith("/api/v1/"):
            return self.api.call(
                "aoki", method, path.removeprefix("/api/v1"), body, Accept_Language="en", **headers
            )
        with self.api.client.session_transaction() as session:
            session.clear()
            session.update({USER: self.user_id, SESSION_ID: path})  # one of the requests signs out
        answer = self.api.client.open(path, method=method, data=body, headers={"Accept-Language": "en"})
        with self.api.client.session_transaction() as session:
            told = [str(message) for _kind, message in session.get("_flashes", ())]
            if any(words in message for words in STRANGERS for message in told):
                answer.status_code = 403  # a page leads back and says there that it refused
        return answer


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


# How each row on people's data is called with those of one person. Whether it succeeds is another test's matter:
# here it is refused as somebody else's, or not.


@dataclass
class Try:
    """One cell: somebody calls a route for the data of `owner`."""

    actor: Actor
    house: House
    owner: str
    number: int

    @property
    def owner_id(self) -> int:
        return self.house.people[self.owner].id

    @property
    def hour(self) -> int:
        return 8 + self.number % 12

    @property
    def day(self) -> int:
        """With the hour a time that no other cell has."""
        return 1 + self.number // 12 % 13

    def booking(self) -> int:
        """One of the owner's."""
        return self.house.book(
            self.owner, "seat", f"{self.hour:02}:00", f"{self.hour + 1:02}:00", day=self.day
        ).id

    def invitation(self) -> int:
        """A booking of somebody else's that the owner is invited to."""
        return meeting(self.house, "chiba", self.owner, hour=self.hour, day=self.day).id

    def series(self) -> int:
        hour = self.hour
        body = {
            "space_id": self.house.spaces["booth"],
            "start": at(f"{hour:02}:00", day=1).isoformat(),
            "end": at(f"{hour + 1:02}:00", day=1).isoformat(),
            "repeat": {"every": "day", "count": 2},
        }
        made = self.actor.api.call(self.owner, "POST", "/bookings", body)
        assert made.status_code == 201, made.text
        series: int = made.get_json()["series"]["id"]
        return series

    def entry(self) -> int:
        """The owner waits for a booth."""
        person = self.house.people[self.owner]
        wanted = Target(Lane.ROOM, Kind.BOOTH)
        with transaction(self.house.engine) as session:
            hours = span(f"{self.hour:02}:00", f"{self.hour + 1:02}:00", day=self.day)
            return pipeline.wait(
                session, Wish(wanted, hours), actor=person, now=at("09:00"), office=OFFICE
            ).id

    def token(self) -> int:
        with transaction(self.house.engine) as session:
            person = self.house.people[self.owner]
            made, _token = tokens.issue(
                session, person.id, label="x", expires_on=None, actor=person, on=DAY, now=at("09:00")
            )
            return made.id

    def plan(self) -> int:
        with transaction(self.house.engine) as session:
            plan = put_plan(
                session,
                actor=self.house.people[self.owner],
                on=DAY,
                half=Half.AM,
                kind=PlanKind.HOME,
                now=at("08:00"),
            )
            return plan.id

    def half_day(self) -> int:
        """The owner's, of the day before."""
        on = DAY - timedelta(days=1)
        with transaction(self.house.engine) as session:
            row = session.scalar(
                select(HalfDay).where(HalfDay.user_id == self.owner_id, HalfDay.on_date == on)
            ) or HalfDay(
                user_id=self.owner_id,
                on_date=on,
                half=Half.AM,
                day_class=DayClass.UNKNOWN,
                reason="no_evidence",
                classified_at=at("04:00"),
            )
            session.add(row)
            session.flush()
            return row.id


ANSWERS = "<any('accept', 'decline', 'leave'):verb>"
VERBS = "<any('check-in', 'end', 'reclaim', 'cancel', 'still-coming'):verb>"


def on_booking(
    method: str, suffix: str = "", body: Any = None, base: str = "/api/v1"
) -> Callable[[Try], TestResponse]:
    def call(one: Try) -> TestResponse:
        return one.actor.call(method, f"{base}/bookings/{one.booking()}{suffix}", body, If_Match='"1"')

    return call


def on_invitation(base: str = "/api/v1") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(
        "POST", f"{base}/bookings/{one.invitation()}/decline", None if base else {}
    )


def book_for(one: Try) -> TestResponse:
    body = {
        "space_id": one.house.spaces["bare"],
        "start": at(f"{one.hour:02}:00", day=one.day).isoformat(),
        "end": at(f"{one.hour:02}:30", day=one.day).isoformat(),
        "for_user_id": one.owner_id,
    }
    return one.actor.call("POST", "/api/v1/bookings", body)


def cancel_within(one: Try) -> TestResponse:
    body = {"user_id": one.owner_id, "from": at("09:00").isoformat(), "to": at("10:00").isoformat()}
    return one.actor.call("POST", "/api/v1/bookings/cancel", body)


def usage_of(one: Try) -> TestResponse:
    """The ledger refuses nobody: what is not theirs is not in it."""
    booking = one.booking()
    span = {"from": at("00:00").isoformat(), "to": at("00:00", day=14).isoformat()}
    shown = one.actor.api.client.get(
        "/api/v1/usage", query_string=span, headers=one.actor.api.headers("aoki")
    )
    if shown.status_code == 200 and booking not in {row["booking_id"] for row in shown.get_json()["items"]}:
        shown.status_code = 403
    return shown


def found_in(path: str) -> Callable[[Try], TestResponse]:
    """A report, or a search, refuses nobody: who is not theirs is not in it."""

    def call(one: Try) -> TestResponse:
        one.half_day()
        shown = one.actor.call(
            "GET", path.format(days=f"from={DAY - timedelta(days=1)}&to={DAY}", name=one.owner)
        )
        if shown.status_code == 200 and not re.search(rf'[>",]{one.owner}[<",]', shown.text):
            shown.status_code = 403
        return shown

    return call


def on_entry(method: str, suffix: str = "", base: str = "/api/v1/waitlist") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(
        method, f"{base}/{one.entry()}{suffix}", {} if base == "/queue" else None
    )


def on_plan(suffix: str = "", body: Any = None, method: str = "POST") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(method, f"/api/v1/telework/plans/{one.plan()}{suffix}", body)


def issue_token(one: Try) -> TestResponse:
    return one.actor.call("POST", "/api/v1/tokens", {"label": "x", "user_id": one.owner_id})


CALLS: dict[str, Callable[[Try], TestResponse]] = {
    "GET /api/v1/bookings": lambda one: one.actor.call("GET", f"/api/v1/bookings?user={one.owner_id}"),
    "GET /api/v1/series": lambda one: one.actor.call("GET", f"/api/v1/series?user={one.owner_id}"),
    "POST /api/v1/bookings": book_for,
    "POST /api/v1/bookings/cancel": cancel_within,
    "GET /api/v1/bookings/<int:booking_id>": on_booking("GET"),
    "PATCH /api/v1/bookings/<int:booking_id>": on_booking("PATCH", body={"title": "x"}),
    "DELETE /api/v1/bookings/<int:booking_id>": on_booking("DELETE"),
    "POST /api/v1/bookings/<int:booking_id>/check-in": on_booking("POST", "/check-in"),
    "POST /api/v1/bookings/<int:booking_id>/end": on_booking("POST", "/end"),
    "POST /api/v1/bookings/<int:booking_id>/reclaim": on_booking("POST", "/reclaim"),
    "POST /api/v1/bookings/<int:booking_id>/still-coming": on_booking("POST", "/still-coming"),
    "GET /api/v1/bookings/<int:booking_id>/history": on_booking("GET", "/history"),
    "GET /api/v1/tokens": lambda one: one.actor.call("GET", f"/api/v1/tokens?user={one.owner_id}"),
    "POST /api/v1/tokens": issue_token,
    "DELETE /api/v1/tokens/<int:token_id>": lambda one: one.actor.call(
        "DELETE", f"/api/v1/tokens/{one.token()}"
    ),
    "GET /api/v1/waitlist/<int:entry_id>": on_entry("GET"),
    "DELETE /api/v1/waitlist/<int:entry_id>": on_entry("DELETE"),
    "POST /api/v1/waitlist/<int:entry_id>/accept": on_entry("POST", "/accept"),
    "POST /api/v1/waitlist/<int:entry_id>/decline": on_entry("POST", "/decline"),
    "POST /api/v1/series/<int:series_id>/confirm": lambda one: one.actor.call(
        "POST", f"/api/v1/series/{one.series()}/confirm"
    ),
    "GET /api/v1/telework/days": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/days?from={DAY}&to={DAY}&user={one.owner_id}"
    ),
    "GET /api/v1/telework/caps": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/caps?user={one.owner_id}"
    ),
    "POST /api/v1/telework/approvals": lambda one: one.actor.call(
        "POST", "/api/v1/telework/approvals", {"plan_ids": [one.plan()]}
    ),
    "GET /api/v1/telework/plans/<int:plan_id>": on_plan(method="GET"),
    **{
        f"POST /api/v1/telework/plans/<int:plan_id>/{verb}": on_plan(f"/{verb}", body)
        for verb, body in {
            "approve": None,
            "reject": {"reason": "x"},
            "revoke": {"reason": "x"},
            "report": {"text": "x"},
            "restore": None,
            "withdraw": None,
        }.items()
    },
    "GET /api/v1/usage": usage_of,
    "POST /bookings/<int:booking_id>/change": on_booking(
        "POST", "/change", {"version": "1", "title": "x"}, base=""
    ),
    "POST /bookings/<int:booking_id>/cancel-series": on_booking(
        "POST", "/cancel-series", {"version": "1"}, base=""
    ),
    f"POST /bookings/<int:booking_id>/{VERBS}": on_booking("POST", "/end", {"version": "1"}, base=""),
    "GET /bookings/<int:booking_id>/history": on_booking("GET", "/history", base=""),
    "POST /tokens/<int:token_id>/revoke": lambda one: one.actor.call(
        "POST", f"/tokens/{one.token()}/revoke", {}
    ),
    f"POST /queue/<int:entry_id>/{ANSWERS}": on_entry("POST", "/leave", "/queue"),
    "POST /series/<int:series_id>/confirm": lambda one: one.actor.call(
        "POST", f"/series/{one.series()}/confirm", {}
    ),
    "POST /api/v1/bookings/<int:booking_id>/decline": on_invitation(),
    "POST /bookings/<int:booking_id>/decline": on_invitation(""),
    # At the end: an hour that a row above is tried at must stay its own.
    "GET /api/v1/reports/<string:name>": found_in("/api/v1/reports/telework_monthly?{days}"),
    "GET /api/v1/telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/days/{one.half_day()}"
    ),
    "POST /api/v1/telework/days/<int:half_day_id>/correct": lambda one: one.actor.call(
        "POST", f"/api/v1/telework/days/{one.half_day()}/correct", {"class": "office", "why": "x"}
    ),
    "GET /reports/<string:name>": found_in("/reports/telework_monthly?{days}"),
    "GET /reports/<string:name>/csv": found_in("/reports/telework_monthly/csv?{days}"),
    "GET /telework/days": lambda one: one.actor.call("GET", f"/telework/days?user={one.owner_id}"),
    "GET /telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "GET", f"/telework/days/{one.half_day()}"
    ),
    "POST /telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "POST", f"/telework/days/{one.half_day()}", ANSWER
    ),
    "GET /bookings/others": lambda one: one.actor.call("GET", f"/bookings/others?person={one.owner_id}"),
    "POST /bookings/absence": lambda one: one.actor.call(
        "POST", "/bookings/absence", {"user_id": one.owner_id, "first": f"{DAY}", "last": f"{DAY}"}
    ),
    "GET /bookings/<int:booking_id>/change": on_booking("GET", "/change", base=""),
    "GET /api/v1/presence": found_in("/api/v1/presence?q={name}"),
}


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
