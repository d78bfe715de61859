"""The history of a booking in plain words, and the ledger with a correction beside what the sensor said."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from app.access import SESSION_ID, USER
from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Role, User
from app.records import erasing
from app.settings import Keeping
from app.timespan import TimeSpan
from app.usage.rules import CORRECTION_REACH, may_correct
from tests.fixtures.web import Api, problem
from tests.house import TOKYO, House, at, span

BOOKED = span("10:00", "11:00")


@given(start=st.integers(-2000, 2000), length=st.integers(1, 600), now=st.integers(-2000, 3000))
def test_what_really_happened_is_over_and_near_what_was_booked(start: int, length: int, now: int) -> None:
    real = TimeSpan(BOOKED.start + timedelta(minutes=start), BOOKED.start + timedelta(minutes=start + length))
    moment = BOOKED.start + timedelta(minutes=now)
    allowed = may_correct(BOOKED, real, moment)
    if allowed:
        assert real.end <= moment
        assert BOOKED.start - CORRECTION_REACH <= real.start < real.end <= BOOKED.end + CORRECTION_REACH
    assert may_correct(BOOKED, None, moment)


@pytest.fixture
def over(house: House, clock: SteppingClock) -> int:
    """A booking that nobody checked in to and that is over."""
    made = house.book("aoki", "bare", "10:00", "11:00")
    house.sweep("12:00")
    clock.advance(at("12:30") - clock())
    return made.id


def correction(start: str | None, end: str | None, **more: str) -> dict[str, str | None]:
    return {
        "start": at(start).isoformat() if start else None,
        "end": at(end).isoformat() if end else None,
        "reason": "told",
        **more,
    }


def row(api: Api, who: str = "fujii") -> dict[str, object]:
    answer = api.call(
        who, "GET", f"/usage?from={at('09:00'):%Y-%m-%dT%H:%M:%SZ}&to={at('12:00'):%Y-%m-%dT%H:%M:%SZ}"
    )
    [found] = answer.get_json()["items"]
    return dict(found)


def test_a_correction_stands_beside_the_original_and_figures_use_it(api: Api, over: int) -> None:
    path = f"/usage/{over}/correction"
    assert row(api)["real"] is None
    etag = api.call("aoki", "GET", f"/bookings/{over}").headers["ETag"]
    body = correction("10:05", "10:50", note="窓口で聞いた")
    assert problem(api.call("fujii", "PUT", path, body)) == (428, "request.version_required")
    assert problem(api.call("fujii", "PUT", path, body, If_Match='"77"')) == (412, "request.stale")
    done = api.call("fujii", "PUT", path, body, If_Match=etag)
    assert done.status_code == 200, done.text
    assert problem(api.call("fujii", "PUT", path, body, If_Match=etag)) == (412, "request.stale")
    found = row(api)
    assert found["actual"] is None
    assert found["real"] == {"start": at("10:05").isoformat(), "end": at("10:50").isoformat()}
    again = api.call("fujii", "PUT", path, correction(None, None), If_Match=done.headers["ETag"])
    assert again.get_json()["span"] is None
    assert row(api)["real"] is None


def test_only_facility_staff_correct_and_only_what_is_over(api: Api, house: House, over: int) -> None:
    body = correction("10:05", "10:50")
    for who in ("aoki", "chiba"):
        answer = api.call(who, "PUT", f"/usage/{over}/correction", body, If_Match='"2"')
        assert problem(answer) == (403, "access.denied")
    live = house.book("aoki", "bare", "15:00", "16:00")
    answer = api.call("fujii", "PUT", f"/usage/{live.id}/correction", body, If_Match='"1"')
    assert problem(answer) == (409, "booking.state")
    far = correction("12:00", "12:31")
    etag = api.call("fujii", "GET", f"/bookings/{over}").headers["ETag"]
    answer = api.call("fujii", "PUT", f"/usage/{over}/correction", far, If_Match=etag)
    assert problem(answer) == (422, "usage.far_off")


def test_a_correction_stays_as_a_figure_and_cannot_be_made_once_the_people_are_forgotten(
    api: Api, house: House, over: int, clock: SteppingClock
) -> None:
    etag = api.call("fujii", "GET", f"/bookings/{over}").headers["ETag"]
    body = correction("10:05", "10:50", note="aoki")
    done = api.call("fujii", "PUT", f"/usage/{over}/correction", body, If_Match=etag)
    later = at("12:00", day=181)
    erasing.erase(house.engine, erasing.limits_of(Keeping(), later, later.date(), TOKYO), now=later)
    found = row(api)
    assert found["real"] == {"start": at("10:05").isoformat(), "end": at("10:50").isoformat()}
    assert found["correction"] == {
        "span": found["real"],
        "reason": "told",
        "note": "",
        "made_at": at("12:30").isoformat(),
        "made_by": None,
    }
    assert done.status_code == 200
    etag = api.call("fujii", "GET", f"/bookings/{over}").headers["ETag"]
    answer = api.call("fujii", "PUT", f"/usage/{over}/correction", body, If_Match=etag)
    assert problem(answer) == (409, "booking.erased")


def test_the_history_says_who_what_from_what_to_what_and_why_in_both_languages(
    api: Api, house: House, clock: SteppingClock
) -> None:
    made = house.book("aoki", "seat", "10:00", "11:00")
    body = {"space_id": house.spaces["window"], "end": at("12:00").isoformat(), "why": "椅子が壊れた"}
    assert api.call("fujii", "PATCH", f"/bookings/{made.id}", body, If_Match='"1"').status_code == 200
    gone = api.call("fujii", "DELETE", f"/bookings/{made.id}?why=closed", If_Match='"2"')
    assert gone.status_code == 204

    def told(language: str, who: str = "aoki") -> list[dict[str, object]]:
        answer = api.call(who, "GET", f"/bookings/{made.id}/history", Accept_Language=language)
        return list(answer.get_json()["items"])

    english = told("en")
    assert [(one["who"], one["text"]) for one in english] == [
        ("aoki", "was booked"),
        ("fujii", "was changed"),
        ("fujii", "was cancelled"),
    ]
    assert english[1]["changes"] == ["Space: seat → window", "Until: Tue, Nov 24 11:00 → Tue, Nov 24 12:00"]
    assert [one["why"] for one in english] == ["", "椅子が壊れた", "closed"]
    japanese = told("ja")
    assert all(one["text"] != other["text"] for one, other in zip(japanese, english, strict=True))
    for stranger in ("baba", "endo"):
        answer = api.call(stranger, "GET", f"/bookings/{made.id}/history")
        assert problem(answer) == (403, "booking.not_allowed")
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "endo@example.jp").values(role=Role.AUDITOR))
    assert told("en", "endo") == english


def test_the_page_tells_and_the_facility_staff_correct_on_it(
    app: Flask, api: Api, house: House, over: int
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    path = f"/bookings/{over}/history"

    def page(who: str, **form: str) -> str:
        with api.client.session_transaction() as session:
            session[USER] = house.people[who].id
            session[SESSION_ID] = "one"
        if form:
            api.client.post(path, data=form, headers={"Accept-Language": "en"})
        return api.client.get(path, headers={"Accept-Language": "en"}).text

    assert "was booked" in page("aoki")
    assert 'name="nobody"' not in page("aoki")
    version = str(api.call("fujii", "GET", f"/bookings/{over}").get_json()["version"])
    form = {
        "version": version,
        "date": "2026-11-24",
        "from": "10:05",
        "to": "10:50",
        "reason": "told",
        "note": "x",
    }
    shown = page("fujii", **form)
    assert "10:05–10:50" in shown
    assert "The sensor said:" in shown
    assert "The booking changed in the meantime" in page("fujii", **form)
    assert "This request cannot" not in page("fujii", **(form | {"from": "??"}))
