"""Telework over HTTP: many half-days at once, refusals in words, approvals, rules with their preview."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from app.clock import SteppingClock
from app.letters import sentence
from app.people.models import Role
from app.telework.caps.rules import OverCap, Unit
from tests.app.telework.desk import become, make_rule, section_id
from tests.fixtures.web import Api, problem
from tests.house import House, at

PLANS = "/telework/plans"
WEDNESDAY = [{"on": "2026-11-25", "half": half, "kind": "home"} for half in ("am", "pm")]
THURSDAY = [{"on": "2026-11-26", "half": half, "kind": "home"} for half in ("am", "pm")]


@pytest.fixture
def house(sqlite_house: House) -> House:
    """On one database: what the verbs do is tried on both elsewhere."""
    return sqlite_house


def put(api: Api, who: str, *cells: dict[str, Any]) -> Any:
    answer = api.call(who, "PUT", PLANS, {"cells": list(cells)})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def test_many_half_days_are_asked_for_at_once_with_what_they_make_needless(api: Api, house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00", day=1)
    made = put(api, "aoki", *WEDNESDAY, *THURSDAY)
    assert [(one["on"], one["half"], one["state"]) for one in made["items"]] == [
        ("2026-11-25", "am", "requested"),
        ("2026-11-25", "pm", "requested"),
        ("2026-11-26", "am", "requested"),
        ("2026-11-26", "pm", "requested"),
    ]
    assert [one["id"] for one in made["items"][0]["needless_bookings"]] == [booking.id]


def test_hours_become_parts_of_half_days(api: Api) -> None:
    made = put(api, "aoki", {"on": "2026-11-25", "from": "10:00", "until": "17:15", "kind": "home"})
    assert [(one["half"], one["from"], one["until"]) for one in made["items"]] == [
        ("am", "10:00", "12:00"),
        ("pm", None, None),
    ]
    one = api.call(
        "aoki", "PUT", PLANS, {"on": "2026-11-26", "from": "08:30", "until": "09:30", "kind": "home"}
    )
    assert [each["until"] for each in one.get_json()["items"]] == ["09:30"]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, {"on", "kind", "half"}),
        ({"on": "2026-11-25", "kind": "home"}, {"half"}),
        ({"on": "2026-11-25", "kind": "home", "from": "10:00"}, {"until"}),
        ({"on": "2026-11-25", "kind": "home", "from": "10:00", "until": "10:00"}, {"until"}),
        ({"on": "2026-11-25", "kind": "home", "half": "am", "from": "09:00", "until": "10:00"}, {"until"}),
        ({"cells": []}, {"cells"}),
        ({"cells": [{"on": "2026-11-25", "half": "am"}]}, {"cells"}),
        ({"cells": WEDNESDAY, "kind": "home"}, {"cells"}),
    ],
)
def test_what_a_request_lacks_is_named(api: Api, body: dict[str, Any], fields: set[str]) -> None:
    answer = api.call("aoki", "PUT", PLANS, body)
    assert problem(answer) == (422, "request.invalid")
    found = answer.get_json()["errors"]["json"]
    assert found.keys() <= fields


def test_a_half_day_is_asked_for_once_in_a_request(api: Api) -> None:
    answer = api.call("aoki", "PUT", PLANS, {"cells": [WEDNESDAY[0], WEDNESDAY[0] | {"kind": "trip"}]})
    assert problem(answer) == (422, "request.invalid")


@pytest.mark.parametrize(
    ("rule", "cells", "facts", "sentences"),
    [
        (
            {"week": 3},
            [*WEDNESDAY, *THURSDAY],
            ("week", "4", "<= 3"),
            ("週の上限を超えます: 合計2日(上限1.5日", "More than a week allows: 2 days, at most 1.5 days"),
        ),
        (
            {"fiscal_year": 1},
            WEDNESDAY,
            ("fiscal_year", "2", "<= 1"),
            (
                "2026年度の上限を超えます: 合計1日(上限0.5日)。",
                "More than fiscal year 2026 allows: 1 day, at most 0.5 days.",
            ),
        ),
        (
            {"in_a_row": 1},
            [*WEDNESDAY, *THURSDAY],
            ("in_a_row", "2", "<= 1"),
            (
                "連続できる日数を超えます: 連続2日(上限1日",
                "Too many working days in a row: 2 days, at most 1 day",
            ),
        ),
        (
            {"terminals": 0},
            WEDNESDAY,
            ("terminals", "1", "<= 0"),
            (
                "貸出端末が足りません: 在宅1人に対して端末は0台です。",
                "1 would be at home, and 0 can be lent.",
            ),
        ),
        (
            {"eligible": False},
            WEDNESDAY,
            ("eligible", "1", "<= 0"),
            ("テレワークの対象ではありません", "do not provide for telework"),
        ),
    ],
)
def test_a_refusal_says_which_rule_in_both_languages(
    api: Api,
    house: House,
    rule: dict[str, Any],
    cells: list[dict[str, Any]],
    facts: tuple[str, str, str],
    sentences: tuple[str, str],
) -> None:
    make_rule(house, **rule)
    for language, expected in zip(("ja", "en"), sentences, strict=True):
        answer = api.call("aoki", "PUT", PLANS, {"cells": cells}, Accept_Language=language)
        assert problem(answer) == (422, "telework.cap")
        body = answer.get_json()
        assert (body["rule"], body["value"], body["allowed"]) == facts
        assert expected in body["detail"]


def test_a_cap_in_hours_is_told_in_hours(api: Api, house: House) -> None:
    make_rule(house, unit=Unit.HOUR, week=90, deadline_days=0)
    answer = api.call("aoki", "PUT", PLANS, {"cells": WEDNESDAY}, Accept_Language="ja")
    assert "合計7時間45分(上限1時間30分" in answer.get_json()["detail"]
    late = {"on": "2026-11-24", "half": "am", "kind": "home"}
    make_rule(house, section_id=section_id(house, "zei"), deadline_days=1)
    answer = api.call("endo", "PUT", PLANS, late, Accept_Language="ja")
    assert "11月24日(火)の分の期限は11月20日(金) 17:15でした。" in answer.get_json()["detail"]


def test_what_waits_is_seen_and_approved_by_the_week(api: Api, house: House) -> None:
    make_rule(house, week=2, over_cap=OverCap.ASK)
    clean = [one["id"] for one in put(api, "aoki", *WEDNESDAY)["items"]]
    over = put(api, "baba", *WEDNESDAY, *THURSDAY)["items"]
    assert [one["rule"] for one in over[0]["breaches"]] == ["week"]
    waits = api.call("chiba", "GET", "/telework/approvals?week=2026-11-24").get_json()["items"]
    assert [(one["name"], len(one["breaches"])) for one in waits] == [("aoki", 0)] * 2 + [("baba", 1)] * 4
    assert "週の上限を超えます" in waits[-1]["breaches"][0]["detail"]
    unseen = {"week": "2026-11-27", "seen_at": at("08:59").isoformat()}
    done = api.call("chiba", "POST", "/telework/approvals", unseen).get_json()
    assert (len(done["approved"]), len(done["left"])) == (0, 6)
    done = api.call("chiba", "POST", "/telework/approvals", {"week": "2026-11-27"}).get_json()
    assert ([one["id"] for one in done["approved"]], len(done["left"])) == (clean, 4)
    ids = [one["id"] for one in over]
    body = {"plan_ids": ids, "seen_at": at("08:59").isoformat()}
    assert len(api.call("chiba", "POST", "/telework/approvals", body).get_json()["left"]) == 4
    done = api.call("chiba", "POST", "/telework/approvals", {"plan_ids": ids}).get_json()
    assert [one["state"] for one in done["approved"]] == ["approved"] * 4
    both = api.call("chiba", "POST", "/telework/approvals", {"plan_ids": ids, "week": "2026-11-25"})
    assert problem(both) == (422, "request.invalid")


def test_a_plan_through_its_life(api: Api, house: House, clock: SteppingClock) -> None:
    plan_id = put(api, "aoki", WEDNESDAY[0])["items"][0]["id"]

    def post(who: str, verb: str, body: Any = None) -> Any:
        return api.call(who, "POST", f"{PLANS}/{plan_id}/{verb}", body)

    assert problem(post("chiba", "reject", {"reason": " "})) == (422, "request.invalid")
    assert (
        post("chiba", "reject", {"reason": " 窓口が足りません "}).get_json()["reason"] == "窓口が足りません"
    )
    put(api, "aoki", WEDNESDAY[0])
    assert post("chiba", "approve").get_json()["state"] == "approved"
    assert problem(post("aoki", "report", {"text": "x"})) == (409, "telework.state")
    assert post("aoki", "withdraw").get_json()["state"] == "withdrawn"
    assert post("aoki", "restore").get_json()["approved_at"] is not None
    clock.at = at("12:00", day=1)
    assert post("aoki", "report", {"text": "資料を作成"}).get_json()["report"] == "資料を作成"
    assert post("chiba", "revoke", {"reason": "議会対応"}).get_json()["state"] == "revoked"
    assert problem(post("chiba", "approve")) == (409, "telework.state")


def test_what_is_left_of_the_caps_is_told(api: Api, house: House) -> None:
    assert api.call("aoki", "GET", "/telework/caps").get_json() == {
        "user_id": house.people["aoki"].id,
        "on": "2026-11-24",
        "unit": None,
        "eligible": None,
        "caps": [],
    }
    make_rule(house, fiscal_year=20)
    put(api, "aoki", *WEDNESDAY)
    (left,) = api.call("chiba", "GET", f"/telework/caps?user={house.people['aoki'].id}").get_json()["caps"]
    assert left == {
        "period": "fiscal_year",
        "first": "2026-04-01",
        "last": "2027-03-31",
        "used": 2,
        "cap": 20,
        "left": 18,
        "measure": "half_days",
    }


def test_personnel_sees_who_would_break_a_rule_before_it_is_made(api: Api, house: House) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    put(api, "aoki", *WEDNESDAY)
    rule = {"from": "2026-11-24", "week": 1, "deadline_days": 1, "deadline_at": "17:00"}
    dry = api.call("fujii", "POST", "/telework/rules", rule | {"dry_run": True})
    assert (dry.status_code, dry.get_json()["id"]) == (200, None)
    assert [one["name"] for one in dry.get_json()["breakers"]] == ["aoki"]
    assert api.call("aoki", "GET", "/telework/rules").get_json()["items"] == []
    made = api.call("fujii", "POST", "/telework/rules", rule)
    assert made.status_code == 201
    assert made.get_json()["breakers"] == dry.get_json()["breakers"]
    (listed,) = api.call("aoki", "GET", "/telework/rules").get_json()["items"]
    assert (listed["week"], listed["deadline_at"], listed["in_effect"]) == (1, "17:00", True)
    (breaker,) = api.call("fujii", "GET", "/telework/breaches").get_json()["items"]
    assert breaker["breaches"][0]["allowed"] == "<= 1"
    assert api.call("fujii", "DELETE", f"/telework/rules/{listed['id']}").status_code == 204
    assert problem(api.call("fujii", "POST", "/telework/rules", rule | {"from": "2026-11-23"})) == (
        422,
        "telework.rule_dates",
    )


def test_a_chief_sees_the_own_deputies_and_personnel_all(api: Api, house: House) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    become(house, "endo", role=Role.CHIEF)
    body = {"deputy_id": house.people["baba"].id, "until": "2026-11-27"}
    made = api.call("chiba", "POST", "/telework/deputies", body)
    assert made.status_code == 201, made.text
    assert (made.get_json()["chief"], made.get_json()["deputy"]) == ("chiba", "baba")
    for who, count in (("chiba", 1), ("endo", 0), ("fujii", 1)):
        assert len(api.call(who, "GET", "/telework/deputies").get_json()["items"]) == count
    path = f"/telework/deputies/{made.get_json()['id']}"
    assert problem(api.call("endo", "DELETE", path)) == (403, "telework.not_allowed")
    assert api.call("chiba", "DELETE", path).status_code == 204


def test_the_kind_of_employment_is_kept_with_the_account(api: Api, house: House) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    path = f"/people/{house.people['aoki'].id}"
    before = api.call("fujii", "GET", path)
    assert before.get_json()["employment"] == "regular"
    tag = {"If_Match": before.headers["ETag"]}
    changed = api.call("fujii", "PATCH", path, {"employment": "fiscal_year"}, **tag)
    assert changed.get_json()["employment"] == "fiscal_year"
    csv = "email,employment\naoki@example.jp,part_time\nbaba@example.jp,lifelong\n"
    refused = api.client.post(
        "/api/v1/imports/people", data=csv, content_type="text/csv", headers=api.headers("fujii")
    )
    assert refused.status_code == 422
    assert "csv.choice" in refused.text


@pytest.mark.parametrize(
    ("kind", "data", "locale", "expected"),
    [
        (
            "telework.approved",
            {
                "cells": [
                    ["2026-11-25", "am", "home"],
                    ["2026-11-25", "pm", "home"],
                    ["2026-11-26", "am", "trip"],
                ]
            },
            "ja",
            "承認されました: 11月25日(水) 在宅, 11月26日(木) 午前 出張",
        ),
        (
            "telework.rejected",
            {"cells": [["2026-11-25", "am", "home"]], "reason": "counter duty"},
            "en",
            "Refused: Wed, Nov 25 AM Home. Why: counter duty.",
        ),
        (
            "telework.rejected",
            {
                "cells": [["2026-11-25", "am", "leave"]],
                "reason": "窓口当番",
                "count": 1,
                "lost": [["2026-11-25", "am", "home"]],
            },
            "ja",
            (
                "承認されませんでした: 11月25日(水) 午前 休暇。理由: 窓口当番。"
                "先に承認されていた予定(11月25日(水) 午前 在宅)はこの申請に置き換えられたため、元には戻りません。"
                "必要な場合は改めて申請してください。"
            ),
        ),
        (
            "telework.waiting",
            {"count": 3},
            "ja",
            "テレワーク・出張・休暇の申請が半日単位で3件、あなたの判断を待っています。",
        ),
    ],
)
def test_people_are_told_in_their_language(
    app: Flask, kind: str, data: dict[str, Any], locale: str, expected: str
) -> None:
    with app.test_request_context(), force_locale(locale):
        assert sentence(kind, data) == expected
