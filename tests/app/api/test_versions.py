"""What the API shows has a version, and a change from an old one is refused and changes nothing: every resource."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.telework.closing.rules import DEFAULT
from app.telework.rules import Half
from tests.app.api.good import (
    Seeds,
    asked,
    empty_zone,
    frozen,
    offered,
    over,
    section_week,
    soumu,
    spare_sensor,
    written,
)
from tests.app.api.good_singles import planned_outage
from tests.app.api.test_schema import lots, seeds
from tests.app.bookings.rooms import meeting
from tests.app.rotation import months
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at

__all__ = ["lots", "seeds"]
NO_VERSION = '"0"'


@dataclass
class Shown:
    """An address and what is done to it in this order, each by method, address and body. `others`: who changes it."""

    path: str
    done: list[tuple[str, str, Any]]
    who: str = "fujii"


def change(suffix: str, method: str, *bodies: Any) -> Callable[[str], list[tuple[str, str, Any]]]:
    return lambda path: [(method, path + suffix, body) for body in bodies]


def of(path: str, *changes: Callable[[str], list[tuple[str, str, Any]]], who: str = "fujii") -> Shown:
    return Shown(path, [one for made in changes for one in made(path)], who)


def cell(seeds: Seeds, kind: str | None) -> dict[str, Any]:
    person = seeds.house.people["aoki"].id
    on = months.FIRST.isoformat()
    return {"section": soumu(seeds), "user_id": person, "on": on, "half": "am", "kind": kind}


def in_query(query: dict[str, Any]) -> str:
    return "&".join(f"{name}={value}" for name, value in query.items())


WEEK = f"?from={DAY + timedelta(days=14)}&to={DAY + timedelta(days=20)}"
A_DAY = (DAY + timedelta(days=15)).isoformat()
QUIET = {"wanted": [], "quiet_from": "20:00", "quiet_until": "07:00"}
HOURS = [{"opens": f"0{hour}:00", "closes": "20:00", "working_days_only": False} for hour in (7, 8)]

RESOURCES: dict[str, Callable[[Seeds], Shown]] = {
    "space": lambda s: of(
        f"/spaces/{s.house.spaces['bare']}",
        change("", "PATCH", {"x": 11}, {"capacity": 3}),
        change("/outage", "POST", {}),
        change("/outage", "DELETE", None),
        change("", "DELETE", None),
    ),
    "zone": lambda s: of(
        f"/zones/{empty_zone(s)}", change("", "PATCH", {"name": "窓"}, {"x": 5}), change("", "DELETE", None)
    ),
    "rules of a zone": lambda s: of(
        f"/zones/{s.zone}/rules",
        change("", "PUT", {"guests": [{"weekday": 1}], "overflow": []}, {"guests": [], "overflow": []}),
    ),
    "draw of a zone": lambda s: of(f"/zones/{s.zone}/lots", change("", "PUT", {"at": "15:00"}, {"at": None})),
    "site": lambda s: of(f"/sites/{s.site}", change("/hours", "PUT", *HOURS)),
    "closure": lambda s: of(f"/closures/{s.closure}", change("", "DELETE", None)),
    "outage": lambda s: of(f"/outages/{planned_outage(s)}", change("", "DELETE", None)),
    "fixed seat": lambda s: of(f"/fixed-seats/{s.fixed}", change("", "DELETE", None)),
    "sensor": lambda s: of(
        "/sensors/sensor-seat",
        change("", "PATCH", {"model": "x"}, {"space_id": None}),
        change("", "PATCH", {"space_id": 1}),
        change("/swap", "POST", {"spare_id": spare_sensor(s)}),
    ),
    "sensor let go": lambda _s: of("/sensors/sensor-booth", change("", "DELETE", None)),
    "policy": lambda _s: of(
        "/policies/booth",
        change("", "PATCH", {"values": {"no_show_grace": "15m"}}, {"values": {"no_show_grace": "20m"}}),
        change("", "DELETE", None),
    ),
    "policy of a zone": lambda s: of(
        f"/policies/booth?zone={s.zone}",
        change("", "PATCH", {"values": {"no_show_grace": "15m"}}),
        change("", "DELETE", None),
    ),
    "plans of one's own": lambda _s: of(
        f"/telework/plans{WEEK}",
        change("", "PUT", {"on": A_DAY, "half": "am", "kind": "home"}),
        change("", "PUT", {"cells": [{"on": A_DAY, "half": one, "kind": "trip"} for one in ("am", "pm")]}),
        who="aoki",
    ),
    "a plan, to its person": lambda s: of(
        f"/telework/plans/{asked(s, 20)}",
        change("/withdraw", "POST", None),
        change("/restore", "POST", None),
        who="aoki",
    ),
    "a plan, to its chief": lambda s: of(
        f"/telework/plans/{asked(s, 21)}",
        change("/approve", "POST", None),
        change("/revoke", "POST", {"reason": "議会"}),
        who="chiba",
    ),
    "a plan that is refused": lambda s: of(
        f"/telework/plans/{asked(s, 22)}", change("/reject", "POST", {"reason": "窓口"}), who="chiba"
    ),
    "rule of telework": lambda s: of(f"/telework/rules/{s.rule}", change("", "DELETE", None), who="jinji"),
    "deputy": lambda s: of(f"/telework/deputies/{s.deputy}", change("", "DELETE", None), who="chiba"),
    "half-day": lambda s: of(
        f"/telework/days/{written(s, Half.PM)}", change("/correct", "POST", {"class": "office", "why": "x"})
    ),
    "month to close": lambda s: of(
        f"/telework/months/{over(s, date(2026, 10, 1))}", change("/close", "POST", None), who="jinji"
    ),
    "month to reopen": lambda s: of(
        f"/telework/months/{frozen(s, date(2026, 9, 1))}",
        change("/reopen", "POST", {"why": "x"}),
        who="jinji",
    ),
    "attendance file": lambda _s: of(
        "/telework/export-mapping",
        *(change("", "PUT", DEFAULT.as_stored() | {"encoding": one}) for one in ("cp932", "utf-8")),
        who="jinji",
    ),
    "wish": lambda s: of(
        f"/lots/{s.to_draw}/wish",
        change("", "PUT", {"prefers": [s.house.spaces["taxes"]]}, {"prefers": []}),
        change("", "DELETE", None),
        who="endo",
    ),
    "oneself": lambda _s: of("/me", change("", "PATCH", {"locale": "en"}, {"locale": ""})),
    "card": lambda _s: of("/me/card", change("", "PUT", {"card": "FUJII001"}), change("", "DELETE", None)),
    "choices": lambda _s: of("/me/notifications", change("", "PUT", QUIET, QUIET | {"quiet_from": "21:00"})),
    "webhook": lambda s: of(
        f"/webhooks/{s.webhook}", change("/secret", "POST", None), change("", "DELETE", None)
    ),
    "place in line": lambda s: of(f"/waitlist/{offered(s, 5)}", change("", "DELETE", None), who="chiba"),
    "offer declined": lambda s: of(
        f"/waitlist/{offered(s, 6)}", change("/decline", "POST", None), who="chiba"
    ),
    "offer accepted": lambda s: of(
        f"/waitlist/{offered(s, 7)}", change("/accept", "POST", None), who="chiba"
    ),
    "setting of rotations": lambda s: of(
        f"/sections/{soumu(s)}/rotation-setting",
        change("", "PUT", {"covers": [{"name": "窓口", "least": 1}]}, {"covers": []}),
        who="chiba",
    ),
    "locks of rotations": lambda s: of(
        f"/rotations/locks?{in_query(section_week(s))}",
        change("", "PUT", cell(s, "home"), cell(s, "office"), cell(s, None)),
        who="chiba",
    ),
    "account": lambda s: of(
        f"/people/{s.newcomer}",
        change("/leave", "POST", {"at": at("17:15", day=3).isoformat()}),
        change("/leave", "DELETE", None),
        change("/leave", "POST", {}),
        who="ito",
    ),
    "invitation": lambda s: of(
        f"/bookings/{meeting(s.house, 'aoki', 'fujii', day=10).id}", change("/decline", "POST", None)
    ),
    "rotation": lambda s: of(
        f"/rotations/{months.planned(s.house)}",
        change("/publish", "POST", None),
        change("/withdraw", "POST", None),
        who="chiba",
    ),
    "rotation called off": lambda s: of(
        f"/rotations/{months.planned(s.house, to='wait')}", change("/cancel", "POST", None), who="chiba"
    ),
}
# Bookings, accounts and sections demand the version that their rows count: `test_bookings`, `test_people`,
# `test_sections`.
BY_THE_ROW = {
    "PATCH /bookings/<int:booking_id>",
    "DELETE /bookings/<int:booking_id>",
    "PUT /usage/<int:booking_id>/correction",
    "PATCH /people/<int:user_id>",
    "PUT /people/<int:user_id>/sections",
    "DELETE /people/<int:user_id>/identity",
    "PATCH /sections/<int:section_id>",
}
# What makes another thing, and what is not of the thing that is shown.
BESIDE_IT = {
    "POST /people/<int:user_id>/password-code",
    "POST /rotations/<int:rotation_id>/swaps",
    "POST /spaces/<int:space_id>/claim",
    "POST /spaces/<int:space_id>/fixed-seat",
}
# A token has nothing to edit, and whoever revokes one means it whatever it was used for since.
WITHOUT = {"DELETE /tokens/<int:token_id>"}


def send(api: Api, shown: Shown, one: tuple[str, str, Any], version: str) -> TestResponse:
    method, path, body = one
    # A suffix stands before the query.
    address, _, rest = path.partition("?")
    query, slash, suffix = rest.partition("/")
    path = f"{address}{slash}{suffix}" + (f"?{query}" if query else "")
    return api.call(shown.who, method, path, body, If_Match=version)


@pytest.mark.parametrize("name", RESOURCES)
def test_a_stale_version_changes_nothing_and_the_current_one_does(
    api: Api, house: House, seeds: Seeds, name: str
) -> None:
    shown = RESOURCES[name](seeds)
    if name == "wish":
        assert problem(send(api, shown, shown.done[0], NO_VERSION)) == (412, "request.stale")
        api.call(shown.who, "PUT", shown.path, {})
    old = NO_VERSION
    for one in shown.done:
        before = api.call(shown.who, "GET", shown.path)
        assert before.status_code == 200, before.text
        assert problem(send(api, shown, one, old)) == (412, "request.stale"), one
        same = api.call(shown.who, "GET", shown.path)
        assert (same.data, same.headers["ETag"]) == (before.data, before.headers["ETag"])
        done = send(api, shown, one, before.headers["ETag"])
        assert 200 <= done.status_code < 300, (one, done.text)
        after = api.call(shown.who, "GET", shown.path)
        assert after.headers.get("ETag") != before.headers["ETag"], one
        if not one[1].endswith("/accept"):
            assert done.headers.get("ETag") == after.headers.get("ETag"), one
        old = before.headers["ETag"]


def templated(rule: str) -> str:
    """A rule of the application as the document writes it."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule)


def test_every_change_heeds_a_version_or_says_why_not(app: Flask, api: Api, seeds: Seeds) -> None:
    adapter = app.url_map.bind("localhost")
    tried = set()
    for shown in (make(seeds) for make in RESOURCES.values()):
        for method, path, _body in shown.done:
            rule, _ids = adapter.match(re.sub(r"\?[^/]*", "", f"/api/v1{path}"), method, return_rule=True)
            tried.add(f"{method} {rule.rule.removeprefix('/api/v1')}")
    changing = {
        f"{method} {rule.rule.removeprefix('/api/v1')}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"PATCH", "PUT", "DELETE"}
        if rule.rule.startswith("/api/v1/")
    }
    assert changing - tried == BY_THE_ROW | WITHOUT
    document = api.client.get("/api/v1/openapi.json").get_json()["paths"]
    # So do verbs on what is shown with a version.
    tells = {
        path
        for path, one in document.items()
        if "ETag" in one.get("get", {}).get("responses", {}).get("200", {}).get("headers", {})
    }
    verbs = {
        f"POST {rule.rule.removeprefix('/api/v1')}"
        for rule in app.url_map.iter_rules()
        if "POST" in (rule.methods or set())
        and rule.arguments
        and templated(rule.rule).rpartition("/")[0] in tells
    }
    assert verbs >= BESIDE_IT
    for name in sorted(tried | BY_THE_ROW | verbs - BESIDE_IT):
        method, _, path = name.partition(" ")
        operation = document[templated(f"/api/v1{path}")][method.lower()]
        assert "If-Match" in {one["name"] for one in operation["parameters"]}, name
        assert "412" in operation["responses"], name


def test_any_version_will_do_where_that_is_said(api: Api, seeds: Seeds) -> None:
    path = f"/zones/{seeds.zone}"
    assert api.call("fujii", "PATCH", path, {"name": "窓"}, If_Match="*").status_code == 200
    tag = api.call("fujii", "GET", path).headers["ETag"]
    assert api.call("fujii", "PATCH", path, {"name": "壁"}, If_Match=f'"x", {tag}').status_code == 200
    weak = f"W/{api.call('fujii', 'GET', path).headers['ETag']}"
    assert problem(api.call("fujii", "PATCH", path, {"name": "x"}, If_Match=weak)) == (412, "request.stale")
    gone = api.call("fujii", "PATCH", "/zones/10000", {"name": "x"}, If_Match="*")
    assert problem(gone) == (404, "zone.unknown")


def test_whoever_names_a_version_of_a_list_names_the_list(api: Api) -> None:
    body = {"on": A_DAY, "half": "am", "kind": "home"}
    without = api.call("aoki", "PUT", "/telework/plans", body)
    assert (without.status_code, "ETag" in without.headers) == (200, False)
    nowhere = api.call("aoki", "PUT", "/telework/plans", body | {"kind": "trip"}, If_Match=NO_VERSION)
    assert problem(nowhere) == (422, "request.invalid")


def test_what_changes_by_itself_is_no_new_version(api: Api, house: House) -> None:
    house.book("aoki", "booth", "10:00", "11:00")
    wait = {"kind": "booth", "start": at("10:00").isoformat(), "end": at("11:00").isoformat()}
    first, second = (api.call(who, "POST", "/waitlist", wait).get_json()["id"] for who in ("baba", "chiba"))
    seen = api.call("chiba", "GET", f"/waitlist/{second}")
    assert api.call("baba", "DELETE", f"/waitlist/{first}").status_code == 204
    again = api.call("chiba", "GET", f"/waitlist/{second}")
    assert (seen.get_json()["place"], again.get_json()["place"]) == (2, 1)
    assert again.headers["ETag"] == seen.headers["ETag"]


def test_a_dry_run_is_no_new_version(api: Api, seeds: Seeds) -> None:
    path = f"/spaces/{seeds.house.spaces['seat']}"
    tag = api.call("fujii", "GET", path).headers["ETag"]
    tried = api.call("fujii", "DELETE", f"{path}?dry_run=true", If_Match=tag)
    assert (tried.status_code, tried.headers["ETag"]) == (200, tag)
    assert api.call("fujii", "GET", path).headers["ETag"] == tag


def test_an_answer_given_again_has_the_version_of_then(api: Api, seeds: Seeds) -> None:
    path = f"/spaces/{seeds.house.spaces['seat']}"
    tag = api.call("fujii", "GET", path).headers["ETag"]
    first, again = (
        api.call("fujii", "POST", f"{path}/outage", {}, If_Match=tag, Idempotency_Key="k") for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.headers["ETag"] == again.headers["ETag"] != tag
