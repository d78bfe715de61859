"""The served OpenAPI document against the application.

Generated requests, signed in and with ids that exist: nothing answers 5xx, and nothing what the document does not say.
And a good request of every operation, so that none hides behind its refusals: one without a row here fails.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
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

from app.access import declared
from app.clock import SteppingClock
from app.database import transaction
from app.people import service as people
from app.people.digests import digest
from app.people.models import ApiToken, Role
from app.telework.approval.deputies import name_deputy
from app.telework.approval.rules import Deputy
from app.telework.caps.rules import Rule
from app.telework.caps.ruling import make_rule
from tests.app.api.good import GOOD, Seeds, span
from tests.app.api.good_beside import BESIDE
from tests.app.api.good_singles import SINGLES
from tests.app.lots.conftest import Lots, lots
from tests.app.notifications.desk import add_hook, book_for, telling
from tests.fixtures.web import Api
from tests.house import DAY, House, at

__all__ = ["lots"]
CALLERS = {
    Role.FACILITY: "fujii",
    Role.CHIEF: "chiba",
    Role.STAFF: "aoki",
    Role.IT: "ito",
    Role.PERSONNEL: "jinji",
    Role.SERVICE: "bridge",
    Role.KIOSK: "door",
    Role.PERSONNEL: "jinji",
}
KEPT = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]


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
        *ruled(house),
    )


def ruled(house: House) -> tuple[int, int]:
    """A rule of telework that is to come, and a deputy of the chief."""
    with transaction(house.engine) as session:
        jinji = people.get_by_email(session, "jinji@example.jp").id
        wanted = Rule(0, DAY + timedelta(days=40), fiscal_year=20)
        rule = make_rule(session, wanted, actor=people.get_person(session, jinji, DAY), now=at("08:00"))
        chiba, baba = house.people["chiba"], house.people["baba"]
        deputy = name_deputy(
            session, Deputy(chiba.id, baba.id, DAY, DAY, False), actor=chiba, now=at("08:00")
        )
        return rule.id, deputy.id


def staffed(house: House, api: Api) -> tuple[int, int]:
    """Hires IT and personnel, with tokens, and a newcomer of whom nobody minds what becomes; and a token to revoke."""
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
            for name, role in (
                ("ito", Role.IT),
                ("newcomer", Role.STAFF),
                ("bridge", Role.SERVICE),
                ("jinji", Role.PERSONNEL),
                ("door", Role.KIOSK),
            )
        ]
        for name, user in (("ito", hired[0]), ("bridge", hired[2]), ("jinji", hired[3]), ("door", hired[4])):
            api.tokens[name] = people.issue_token(session, user, now=at("08:00"))
        spare = people.issue_token(session, hired[0], now=at("08:00"))
        token = session.scalars(select(ApiToken.id).where(ApiToken.token_hash == digest(spare))).one()
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
    whole = path.removeprefix("/api/v1")
    for part in ("/sections", "/leave", "/correction"):
        whole = whole.removesuffix(part)
    return api.call(who, "GET", whole.replace("/usage/", "/bookings/")).headers["ETag"]


def test_every_operation_can_succeed_and_answers_as_the_document_says(
    app: Flask, api: Api, house: House, seeds: Seeds
) -> None:
    found = {label(operation): operation for operation in operations(app)}
    # What is shown is asked for before some of it is taken away.
    every = SINGLES | BESIDE | GOOD
    assert found.keys() == every.keys()
    for name, wanted in every.items():
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


@pytest.mark.timeout(3600)
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
            max_examples=100 if long else 1,
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
