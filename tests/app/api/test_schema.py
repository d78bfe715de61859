"""The served OpenAPI document against the application.

Generated requests, signed in and with ids that exist: nothing answers 5xx, and nothing what the document does not say.
And a good request of every operation, so that none hides behind its refusals: one without a row here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
import schemathesis
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import APIOperation, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from sqlalchemy import select

from app import pipeline
from app.access import declared
from app.clock import SteppingClock
from app.database import transaction
from app.people import service as people
from app.people.models import ApiToken, Role
from app.spaces.rules import Kind, Lane, Target
from tests.app.lots.conftest import Lots, lots
from tests.app.notifications.desk import add_hook, book_for, telling
from tests.fixtures.web import Api
from tests.house import DAY, House, at
from tests.house import span as house_span

__all__ = ["lots"]
CALLERS = {Role.FACILITY: "fujii", Role.CHIEF: "chiba", Role.STAFF: "aoki", Role.IT: "ito"}
KEPT = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


@dataclass
class Good:
    """A request that succeeds: path parameters, query, body, If-Match; `who` where it must be somebody else."""

    path: dict[str, Any] = field(default_factory=dict)
    query: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    version: bool = False
    who: str = ""
    media: str = "application/json"


@dataclass
class Seeds:
    """An office in which every operation finds what it is about."""

    house: House
    booking: int
    plan: int
    closure: int
    fixed: int
    series: int
    message: int
    webhook: int
    zone: int
    site: int
    drawn: int
    to_draw: int
    newcomer: int
    token: int


def span(start: str, end: str, *, day: int = 0) -> dict[str, str]:
    return {"start": at(start, day=day).isoformat(), "end": at(end, day=day).isoformat()}


def from_to(start: str, end: str) -> dict[str, str]:
    return {"from": at(start).isoformat(), "to": at(end).isoformat()}


DAYS = {"from": DAY.isoformat(), "to": DAY.isoformat()}
HOURS = {"opens": "06:00", "closes": "22:00", "working_days_only": False}
CHOICES: dict[str, Any] = {"wanted": [], "quiet_from": None, "quiet_until": None}

GOOD: dict[str, Callable[[Seeds], Good]] = {
    "GET /me": lambda _s: Good(),
    "GET /people": lambda _s: Good(),
    "POST /people": lambda _s: Good(
        body={"name": "x", "email": "x@example.jp", "section": "zei", "role": "chief"}, who="ito"
    ),
    "GET /people/{user_id}": lambda s: Good({"user_id": s.newcomer}),
    "PATCH /people/{user_id}": lambda s: Good(
        {"user_id": s.newcomer}, body={"extension": "3101"}, version=True
    ),
    "PUT /people/{user_id}/sections": lambda s: Good(
        {"user_id": s.newcomer}, body={"from": DAY.isoformat(), "section_ids": [1, 2]}, version=True
    ),
    "POST /people/{user_id}/password-code": lambda s: Good({"user_id": s.newcomer}),
    "POST /people/{user_id}/leave": lambda s: Good({"user_id": s.newcomer}, body={}),
    "DELETE /people/{user_id}/leave": lambda s: Good({"user_id": s.newcomer}),
    "GET /me/looks": lambda _s: Good(),
    "GET /tokens": lambda _s: Good(),
    "POST /tokens": lambda _s: Good(body={"label": "x", "expires_on": "2026-12-31"}),
    "DELETE /tokens/{token_id}": lambda s: Good({"token_id": s.token}, who="ito"),
    "GET /sections": lambda _s: Good(),
    "GET /floors": lambda _s: Good(),
    "GET /floors/{floor_id}": lambda s: Good({"floor_id": s.house.floor_id}),
    "GET /floors/{floor_id}/availability": lambda s: Good(
        {"floor_id": s.house.floor_id}, span("09:00", "12:00")
    ),
    "GET /zones": lambda _s: Good(),
    "GET /zones/{zone_id}/rules": lambda s: Good({"zone_id": s.zone}),
    "PUT /zones/{zone_id}/rules": lambda s: Good({"zone_id": s.zone}, body={"guests": [], "overflow": []}),
    "GET /spaces": lambda _s: Good(),
    "GET /spaces/{space_id}": lambda s: Good({"space_id": s.house.spaces["seat"]}),
    "GET /sites": lambda _s: Good(),
    "PUT /sites/{site_id}/hours": lambda s: Good({"site_id": s.site}, body=HOURS),
    "GET /closures": lambda _s: Good(),
    "POST /closures": lambda s: Good(
        body={"site_id": s.site, "end": at("18:00", day=9).isoformat(), "dry_run": True}
    ),
    "DELETE /closures/{closure_id}": lambda s: Good({"closure_id": s.closure}),
    "POST /spaces/{space_id}/outage": lambda s: Good({"space_id": s.house.spaces["bare"]}, body={}),
    "DELETE /spaces/{space_id}/outage": lambda s: Good({"space_id": s.house.spaces["bare"]}),
    "GET /fixed-seats": lambda _s: Good(),
    "POST /spaces/{space_id}/fixed-seat": lambda s: Good(
        {"space_id": s.house.spaces["window"]},
        body={"user_id": s.house.people["baba"].id, "from": "2027-03-01", "until": "2027-03-02"},
    ),
    "DELETE /fixed-seats/{fixed_id}": lambda s: Good({"fixed_id": s.fixed}),
    "GET /sensors": lambda _s: Good(),
    "POST /bookings": lambda s: Good(body={"space_id": s.house.spaces["seat"], **span("15:00", "16:00")}),
    "GET /bookings": lambda _s: Good(),
    "GET /bookings/{booking_id}": lambda s: Good({"booking_id": s.booking}),
    "PATCH /bookings/{booking_id}": lambda s: Good(
        {"booking_id": s.booking}, body={"title": "x"}, version=True
    ),
    "DELETE /bookings/{booking_id}": lambda s: Good({"booking_id": spare(s)}, version=True),
    "POST /bookings/{booking_id}/still-coming": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/check-in": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/end": lambda s: Good({"booking_id": s.booking}),
    "POST /bookings/{booking_id}/reclaim": lambda s: Good({"booking_id": released(s)}),
    "GET /bookings/{booking_id}/history": lambda s: Good({"booking_id": s.booking}),
    "GET /me/export": lambda _s: Good(),
    "GET /exports/{name}": lambda _s: Good({"name": "spaces"}),
    "POST /imports/{name}": lambda _s: Good(
        {"name": "people"}, body="email,name\nmori@example.jp,森\n", who="ito", media="text/csv"
    ),
    "POST /bookings/cancel": lambda _s: Good(body=from_to("09:00", "18:00")),
    "POST /series/{series_id}/confirm": lambda s: Good({"series_id": s.series}, who="aoki"),
    "POST /spaces/{space_id}/claim": lambda s: Good({"space_id": s.house.spaces["free"]}, who="baba"),
    "POST /bookings/now": lambda _s: Good(body={"lane": "desk", "minutes": 30, "dry_run": True}, who="chiba"),
    "POST /waitlist": lambda _s: Good(body={"kind": "booth", **span("09:00", "10:00", day=8)}, who="chiba"),
    "GET /waitlist": lambda _s: Good(who="chiba"),
    "POST /waitlist/numbers": lambda s: Good(body={"zone_id": s.zone}, who="endo"),
    "GET /waitlist/numbers": lambda s: Good(query={"zone": s.zone}),
    "GET /waitlist/{entry_id}": lambda s: Good({"entry_id": offered(s, 5)}, who="chiba"),
    "DELETE /waitlist/{entry_id}": lambda s: Good({"entry_id": offered(s, 6)}, who="chiba"),
    "POST /waitlist/{entry_id}/accept": lambda s: Good({"entry_id": offered(s, 7)}, who="chiba"),
    "POST /waitlist/{entry_id}/decline": lambda s: Good({"entry_id": offered(s, 9)}, who="chiba"),
    "GET /usage": lambda s: Good(query={"space": s.house.spaces["seat"], **from_to("09:00", "18:00")}),
    "PUT /usage/{booking_id}/correction": lambda s: Good(
        {"booking_id": s.booking}, body={"reason": "told"}, version=True
    ),
    "GET /telework/plans": lambda _s: Good(query=DAYS),
    "PUT /telework/plans": lambda _s: Good(body={"on": DAY.isoformat(), "half": "pm", "kind": "home"}),
    "POST /telework/plans/{plan_id}/approve": lambda s: Good({"plan_id": s.plan}),
    "GET /telework/days": lambda _s: Good(query=DAYS),
    "GET /zones/{zone_id}/lots": lambda s: Good({"zone_id": s.zone}),
    "PUT /zones/{zone_id}/lots": lambda s: Good({"zone_id": s.zone}, body={"at": None}),
    "GET /lots": lambda _s: Good(),
    "GET /lots/{draw_id}": lambda s: Good({"draw_id": s.drawn}),
    "GET /lots/{draw_id}/record": lambda s: Good({"draw_id": s.drawn}),
    "GET /lots/{draw_id}/check": lambda s: Good({"draw_id": s.drawn}),
    "PUT /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, body={}, who="endo"),
    "GET /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, who="endo"),
    "DELETE /lots/{draw_id}/wish": lambda s: Good({"draw_id": s.to_draw}, who="endo"),
    "GET /messages": lambda _s: Good(who="aoki"),
    "POST /messages/{message_id}/read": lambda s: Good({"message_id": s.message}, who="aoki"),
    "GET /me/notifications": lambda _s: Good(),
    "PUT /me/notifications": lambda _s: Good(body=CHOICES),
    "GET /webhooks": lambda _s: Good(),
    "POST /webhooks": lambda _s: Good(body={"url": "http://127.0.0.1:9/x", "kinds": ["*"]}),
    "POST /webhooks/{webhook_id}/enable": lambda s: Good({"webhook_id": s.webhook}),
    "DELETE /webhooks/{webhook_id}": lambda s: Good({"webhook_id": s.webhook}),
}


def spare(seeds: Seeds) -> int:
    """A booking of the facility's own that nobody minds."""
    return seeds.house.book("fujii", "window", "09:00", "10:00", day=5).id


def offered(seeds: Seeds, day: int) -> int:
    """A booth of a day that is offered to somebody."""
    with transaction(seeds.house.engine) as session:
        wanted = Target(Lane.ROOM, Kind.BOOTH)
        entry = pipeline.wait(
            session,
            wanted,
            house_span("09:00", "10:00", day=day),
            actor=seeds.house.people["chiba"],
            now=at("18:00"),
        )
        return entry.id


def released(seeds: Seeds) -> int:
    """A booking of the facility's own that nobody came to, still within its time."""
    house = seeds.house
    booking = house.book("fujii", "taxes", "07:30", "12:00", now="07:00")
    house.hear_beats("taxes", "07:00", "08:50", occupied=False)
    house.sweep("08:55")
    return booking.id


@pytest.fixture
def seeds(app: Flask, api: Api, house: House, lots: Lots, clock: SteppingClock) -> Seeds:
    def made(who: str, method: str, path: str, body: dict[str, Any]) -> Any:
        answer = api.call(who, method, path, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.get_json()

    site = api.call("fujii", "GET", "/sites").get_json()["items"][0]["id"]
    zone = api.call("fujii", "GET", f"/spaces/{house.spaces['seat']}").get_json()["zone_id"]
    booking = made(
        "fujii", "POST", "/bookings", {"space_id": house.spaces["focus"], **span("09:00", "12:00")}
    )
    plan = made("aoki", "PUT", "/telework/plans", {"on": "2026-11-25", "half": "am", "kind": "home"})
    far = {"site_id": site, "start": at("09:00", day=60).isoformat(), "end": at("18:00", day=60).isoformat()}
    closure = made("fujii", "POST", "/closures", far)
    kept = {"user_id": house.people["baba"].id, "from": "2027-01-04", "until": "2027-01-05"}
    fixed = made("fujii", "POST", f"/spaces/{house.spaces['bare']}/fixed-seat", kept)
    repeated = {
        "space_id": house.spaces["seat"],
        **span("10:00", "11:00"),
        "repeat": {"every": "day", "count": 3},
    }
    series = made("aoki", "POST", "/bookings", repeated)
    book_for(house, "aoki", "booth", day=1)
    telling(app, house, clock).tell()
    message = api.call("aoki", "GET", "/messages").get_json()["items"][0]["id"]
    hook = add_hook(house, "http://127.0.0.1:9/x").id
    lots.put()
    drawn = lots.open_id
    lots.draw()
    newcomer, token = staffed(house, api)
    return Seeds(
        house,
        booking["id"],
        plan["id"],
        closure["id"],
        fixed["id"],
        series["series"]["id"],
        message,
        hook,
        zone,
        site,
        drawn,
        lots.open_id,
        newcomer,
        token,
    )


def staffed(house: House, api: Api) -> tuple[int, int]:
    """Hires IT, with a token to call by, and a newcomer of whom nobody minds what becomes; and a token to revoke."""
    with transaction(house.engine) as session:
        hired = [
            people.add_user(
                session,
                f"{name}@example.jp",
                name=name,
                section_code="zei",
                role=role,
                now=at("08:00"),
                on=DAY,
            )
            for name, role in (("ito", Role.IT), ("newcomer", Role.STAFF))
        ]
        api.tokens["ito"] = people.issue_token(session, hired[0], now=at("08:00"))
        spare = people.issue_token(session, hired[0], now=at("08:00"))
        token = session.scalars(select(ApiToken.id).where(ApiToken.token_hash == people.digest(spare))).one()
        return hired[1].id, token


def operations(app: Flask) -> Iterator[APIOperation[Any, Any, Any, Any]]:
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        yield found.ok()


def label(operation: APIOperation[Any, Any, Any, Any]) -> str:
    return f"{operation.method.upper()} {operation.path.removeprefix('/api/v1')}"


def caller(app: Flask, operation: APIOperation[Any, Any, Any, Any]) -> str:
    """Somebody of the house who may call it."""
    adapter = app.url_map.bind("localhost")
    path = operation.path
    for parameter in operation.path_parameters:
        path = path.replace("{" + parameter.name + "}", "1")
    endpoint, _arguments = adapter.match(path, method=operation.method.upper())
    roles = declared(app, str(endpoint)) or frozenset()
    return next(who for role, who in CALLERS.items() if role in roles)


def version(api: Api, who: str, path: str) -> str:
    """The version of what an address is about: a part of a thing has the version of the whole."""
    whole = path.removeprefix("/api/v1").removesuffix("/sections").removesuffix("/correction")
    return api.call(who, "GET", whole.replace("/usage/", "/bookings/")).headers["ETag"]


def test_every_operation_can_succeed_and_answers_as_the_document_says(
    app: Flask, api: Api, house: House, seeds: Seeds
) -> None:
    found = {label(operation): operation for operation in operations(app)}
    assert found.keys() == GOOD.keys()
    for name, wanted in GOOD.items():
        good, operation = wanted(seeds), found[name]
        who = good.who or caller(app, operation)
        headers: dict[str, str] = {}
        if good.version:
            headers["If-Match"] = version(api, who, operation.path.format(**good.path))
        case = operation.Case(
            path_parameters=good.path,
            query=good.query,
            headers=headers,
            media_type=good.media if good.body is not None else None,
            **({"body": good.body} if good.body is not None else {}),
        )
        answer = case.call(headers=api.headers(who))
        assert 200 <= answer.status_code < 300, (name, answer.status_code, answer.text)
        case.validate_response(answer, checks=KEPT)


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
def test_whatever_is_asked_nothing_breaks_and_nothing_undocumented_is_answered(
    app: Flask, api: Api, house: House, seeds: Seeds, mode: GenerationMode, long: bool
) -> None:
    known = [
        seeds.booking,
        seeds.plan,
        seeds.zone,
        seeds.site,
        *house.spaces.values(),
        house.floor_id,
        10_000,
    ]
    for operation in operations(app):
        try:
            strategy = operation.as_strategy(generation_mode=mode)
        except Unsatisfiable:  # an operation that takes nothing has no wrong request
            continue
        # Whose account or token it is must not be those that call.
        mine = {"/people/": [seeds.newcomer, 10_000], "/tokens/": [seeds.token, 10_000]}
        chosen = next((ids for part, ids in mine.items() if f"{part}{{" in operation.path), known)
        send = sender(api, caller(app, operation), chosen)
        run: Callable[[], None] = settings(
            max_examples=100 if long else 5,
            deadline=None,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=[Phase.generate],
        )(given(strategy)(send))
        run()


def sender(api: Api, who: str, known: Sequence[int]) -> Callable[[Any], None]:
    """Calls and checks against the document; ids in the address are some that exist."""

    def send(case: Any) -> None:
        for number, (name, value) in enumerate((case.path_parameters or {}).items()):
            if isinstance(value, int):
                case.path_parameters[name] = known[(value + number) % len(known)]
        case.call_and_validate(headers=api.headers(who), checks=KEPT)

    return send
