"""The facility staff's pages: a form does what it says, shows what cannot be undone first, and is theirs alone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from app.bookings.rules import Status
from app.database import reading, transaction
from app.people import service as people
from app.people.models import User
from app.spaces.models import Closure, FixedSeat, Floor, Site, Space, Zone
from app.spaces.rules import GuestDay, Kind
from app.spaces.service import policies
from app.spaces.zones import guests_of, overflow_of
from tests.app.test_pages import PASSWORD, token_in
from tests.house import DAY, House, span


@dataclass
class Browser:
    client: FlaskClient
    house: House

    def zone(self, where: str) -> int:
        with reading(self.house.engine) as session:
            return session.get_one(Space, self.house.spaces[where]).zone_id

    def send(self, path: str, **form: Any) -> TestResponse:
        token = token_in(self.client.get("/office").text)
        return self.client.post(path, data={"csrf_token": token, **form}, follow_redirects=True)

    def post(self, path: str, **form: Any) -> TestResponse:
        answer = self.send(path, **form)
        assert answer.status_code == 200, answer.text
        return answer


@pytest.fixture
def staff(app: Flask, house: House) -> Browser:
    with transaction(house.engine) as session:
        people.set_password(
            session.scalars(select(User).where(User.email == "fujii@example.jp")).one(), PASSWORD
        )
    client = app.test_client()
    form = {
        "csrf_token": token_in(client.get("/login").text),
        "email": "fujii@example.jp",
        "password": PASSWORD,
    }
    assert client.post("/login", data=form).status_code == 302
    return Browser(client, house)


def test_closing_shows_what_would_end_and_does_nothing_until_confirmed(staff: Browser, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    with reading(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
    form = {
        "where": str(site_id),
        "until_date": DAY.isoformat(),
        "until_time": "18:00",
        "reason": "台風",
    }
    shown = staff.post("/office/closures", **form)
    assert "1人の予約1件" in shown.text
    assert house.get(booking).status is Status.BOOKED
    staff.post("/office/closures", **form, confirmed="1")
    assert house.get(booking).status is Status.CANCELLED
    with reading(house.engine) as session:
        (closure,) = session.scalars(select(Closure))
    assert (closure.start_at, closure.end_at) == (span("09:00", "18:00").start, span("09:00", "18:00").end)
    assert "台風" in staff.client.get("/office").text
    staff.post(f"/office/closures/{closure.id}/reopen")
    house.book("aoki", "seat", "10:00", "11:00")


@pytest.mark.parametrize(
    "form",
    [
        {"where": "x", "until_date": "2026-11-24", "until_time": "18:00"},
        {"where": "1", "until_date": "2026-11-24", "until_time": "08:00"},
        {"where": "1", "until_date": "", "until_time": ""},
    ],
)
def test_a_closing_that_is_none_is_said_and_changes_nothing(
    staff: Browser, house: House, form: dict[str, str]
) -> None:
    answer = staff.post("/office/closures", **form)
    assert 'class="notice error"' in answer.text
    with reading(house.engine) as session:
        assert session.scalars(select(Closure)).all() == []


def test_hours_are_kept_and_reversed_ones_refused(staff: Browser, house: House) -> None:
    with reading(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
    staff.post(f"/office/sites/{site_id}/hours", opens="08:00", closes="20:00", working_days_only="1")
    refused = staff.post(f"/office/sites/{site_id}/hours", opens="20:00", closes="08:00")
    assert 'class="notice error"' in refused.text
    with reading(house.engine) as session:
        site = session.get_one(Site, site_id)
        assert (str(site.opens), str(site.closes), site.working_days_only) == ("08:00:00", "20:00:00", True)


def test_guests_come_and_go_and_overflow_has_its_order(staff: Browser, house: House) -> None:
    zone = staff.zone("taxes")
    staff.post(f"/office/zones/{zone}/guests", section="", day="4", on="")
    staff.post(f"/office/zones/{zone}/guests", section="", day="", on=DAY.isoformat())
    shown = staff.client.get(f"/office/zones/{zone}").text
    assert "金曜日" in shown
    staff.post(f"/office/zones/{zone}/guests/remove", section="", day="4", on="")
    for wrong in ({"day": "", "on": ""}, {"day": "0", "on": DAY.isoformat()}, {"day": "7", "on": ""}):
        assert 'class="notice error"' in staff.post(f"/office/zones/{zone}/guests", **wrong).text
    first, second = staff.zone("free"), staff.zone("seat")
    staff.post(f"/office/zones/{zone}/overflow", overflow=[str(first), "", str(second)])
    with reading(house.engine) as session:
        assert guests_of(session, zone) == [GuestDay(None, None, DAY)]
        assert [one.id for one in overflow_of(session, zone)] == [first, second]


def test_a_seat_is_kept_and_given_back(staff: Browser, house: House) -> None:
    zone = staff.zone("seat")
    form = {
        "space_id": str(house.spaces["seat"]),
        "email": "aoki@example.jp",
        "first": DAY.isoformat(),
        "last": "",
    }
    for far in ({"first": "0001-01-01"}, {"last": "9999-12-31"}):
        assert 'class="notice error"' in staff.post(f"/office/zones/{zone}/fixed-seats", **form | far).text
    assert "aoki" in staff.post(f"/office/zones/{zone}/fixed-seats", **form, confirmed="1").text
    elsewhere = staff.post(f"/office/zones/{staff.zone('taxes')}/fixed-seats", **form)
    assert 'class="notice error"' in elsewhere.text
    with reading(house.engine) as session:
        (kept,) = session.scalars(select(FixedSeat))
    staff.post(f"/office/fixed-seats/{kept.id}/end", zone_id=str(zone))
    with reading(house.engine) as session:
        assert session.scalars(select(FixedSeat)).one().until_on == DAY


def test_keeping_a_seat_shows_whose_bookings_move_and_does_nothing_until_confirmed(
    staff: Browser, house: House
) -> None:
    zone = staff.zone("seat")
    others = house.book("baba", "seat", "10:00", "11:00")
    own = house.book("aoki", "seat", "13:00", "14:00")
    form = {
        "space_id": str(house.spaces["seat"]),
        "email": "aoki@example.jp",
        "first": DAY.isoformat(),
        "last": "",
    }
    shown = staff.post(f"/office/zones/{zone}/fixed-seats", **form).text
    assert "→ bare" in shown
    assert shown.count("<li>") == 1, "the holder's own booking stays"
    assert house.get(others).space_id == house.spaces["seat"]
    with reading(house.engine) as session:
        assert session.scalars(select(FixedSeat)).all() == []
    done = staff.post(f"/office/zones/{zone}/fixed-seats", **form, confirmed="1").text
    assert "ほかの方の予約1件" in done
    assert house.get(others).space_id == house.spaces["bare"]
    assert house.get(own).space_id == house.spaces["seat"]


def test_a_zone_that_changes_hands_shows_whose_bookings_go_where_before_it_does(
    staff: Browser, house: House
) -> None:
    zone = staff.zone("seat")
    booking = house.book("aoki", "seat", "10:00", "11:00")
    taxes = str(next(iter(house.people["endo"].section_ids)))
    named = {"name": "窓側", "name_en": "Window side", "section": ""}
    assert "保存しました" in staff.post(f"/office/zones/{zone}/change", **named).text, (
        "it takes nothing from anybody"
    )
    shown = staff.post(f"/office/zones/{zone}/change", **named | {"section": taxes}).text
    assert "窓側を変更しますか" in shown
    assert house.get(booking).status is Status.BOOKED
    with reading(house.engine) as session:
        assert session.get_one(Zone, zone).section_id is None
    done = staff.post(f"/office/zones/{zone}/change", **named | {"section": taxes}, confirmed="1").text
    assert "予約1件を移動または終了し" in done
    assert house.get(booking).status is Status.CANCELLED
    with reading(house.engine) as session:
        found = session.get_one(Zone, zone)
        assert (found.name, found.name_en, found.section_id) == ("窓側", "Window side", int(taxes))
    for wrong in ({"name": ""}, {"section": "x"}, {"section": "999"}):
        assert 'class="notice error"' in staff.post(f"/office/zones/{zone}/change", **named | wrong).text


def test_a_space_goes_to_another_zone_with_a_preview(staff: Browser, house: House) -> None:
    zone, path = staff.zone("seat"), f"/office/spaces/{house.spaces['seat']}"
    booking = house.book("aoki", "seat", "10:00", "11:00")
    form = {"zone_id": str(staff.zone("taxes")), "kind": "focus_seat"}
    assert "→ bare" in staff.post(path, **form).text
    assert staff.zone("seat") == zone
    staff.post(path, **form, confirmed="1")
    assert staff.zone("seat") == staff.zone("taxes")
    assert house.get(booking).space_id == house.spaces["bare"]
    with reading(house.engine) as session:
        assert session.get_one(Space, house.spaces["seat"]).kind is Kind.FOCUS_SEAT
    for wrong in ({"capacity": "0"}, {"capacity": "x"}, {"kind": "sofa"}, {"zone_id": "x"}, {"zone_id": ""}):
        assert 'class="notice error"' in staff.post(path, **form | wrong).text


def annex(house: House) -> tuple[int, int]:
    """A second site with a zone: (site, zone)."""
    with transaction(house.engine) as session:
        site = Site(code="annex", name="別館", timezone="Asia/Tokyo")
        session.add(site)
        session.flush()
        floor = Floor(site_id=site.id, code="1F", name="1階")
        session.add(floor)
        session.flush()
        zone = Zone(floor_id=floor.id, code="X", name="別館の島")
        session.add(zone)
        session.flush()
        return site.id, zone.id


def test_each_site_offers_its_own_zones_to_be_closed_and_another_ones_is_refused_in_words(
    staff: Browser, house: House
) -> None:
    site, zone = annex(house)
    with reading(house.engine) as session:
        main = session.scalars(select(Site.id).where(Site.code == "main")).one()
    shown = staff.client.get("/office").text
    assert f'value="{site}/{zone}"' in shown
    assert f'value="{main}/{zone}"' not in shown
    assert shown.count("<optgroup") == 2
    until = {"until_date": DAY.isoformat(), "until_time": "18:00"}
    for confirmed in ({}, {"confirmed": "1"}):
        wrong = staff.post("/office/closures", where=f"{main}/{zone}", **until, **confirmed).text
        assert "その庁舎にそのゾーンはありません。" in wrong
        assert (
            'class="notice error"' in staff.post("/office/closures", where="999", **until, **confirmed).text
        )
    assert "別館 別館の島" in staff.post("/office/closures", where=f"{site}/{zone}", **until).text
    staff.post("/office/closures", where=f"{site}/{zone}", **until, confirmed="1")
    with reading(house.engine) as session:
        assert session.scalars(select(Closure.zone_id)).one() == zone


def test_rules_are_read_as_people_write_them(staff: Browser, house: House) -> None:
    written = {
        "max_duration": "４時間",
        "buffer": "10 分",
        "horizon": "14日",
        "walk_in": "オフ",
        "weekly_quota": "３",
    }
    staff.post("/office/rules/seat", **written)
    with reading(house.engine) as session:
        found = policies(session).of(Kind.SEAT)
    assert (found.max_duration, found.buffer) == (timedelta(hours=4), timedelta(minutes=10))
    assert (found.horizon, found.walk_in, found.weekly_quota) == (timedelta(days=14), False, 3)


def test_rules_are_set_for_a_kind_and_for_a_zone_and_cleared_there(staff: Browser, house: House) -> None:
    zone = staff.zone("seat")
    staff.post("/office/rules/seat", max_duration="4h", concurrent_quota="3")
    staff.post("/office/rules/seat", zone_id=str(zone), max_duration="2h")
    with reading(house.engine) as session:
        found = policies(session)
    assert found.of(Kind.SEAT).concurrent_quota == found.of(Kind.SEAT, zone).concurrent_quota == 3
    assert found.of(Kind.SEAT).max_duration == 2 * found.of(Kind.SEAT, zone).max_duration
    typed = {"zone_id": str(zone), "max_duration": "long", "buffer": "７分"}
    refused = staff.send("/office/rules/seat", **typed)
    assert refused.status_code == 422
    assert 'class="notice error"' in refused.text
    assert "「最長の予約」に「long」は使えません。" in refused.text
    assert 'value="long"' in refused.text
    assert 'value="７分"' in refused.text
    staff.post("/office/rules/seat", zone_id=str(zone), max_duration="")
    with reading(house.engine) as session:
        found = policies(session)
    assert found.of(Kind.SEAT, zone) == found.of(Kind.SEAT)


def zone_called(house: House, code: str) -> Zone:
    with reading(house.engine) as session:
        found = session.scalars(select(Zone).where(Zone.code == code)).one()
        session.expunge(found)
    return found


def space_called(house: House, code: str) -> Space:
    with reading(house.engine) as session:
        found = session.scalars(select(Space).where(Space.code == code)).one()
        session.expunge(found)
    return found


def test_a_zone_is_added_changed_and_taken_away_by_page(staff: Browser, house: House) -> None:
    section = str(zone_called(house, "B").section_id)
    form = {"code": "W", "name": "窓側", "floor_id": str(house.floor_id), "section": section}
    shown = staff.post("/office/zones", **form).text
    made = zone_called(house, "W")
    assert f'action="/office/zones/{made.id}/change"' in shown
    assert (str(made.section_id), made.free_seating) == (section, False)
    assert made.width > 0
    page = f"/office/zones/{made.id}"
    wanted = {"code": "W", "name": "窓側席", "name_en": "Window", "section": "", "free_seating": "1"}
    staff.post(f"{page}/change", **wanted, width="250")
    changed = zone_called(house, "W")
    assert (changed.name, changed.name_en, changed.section_id) == ("窓側席", "Window", None)
    assert (changed.free_seating, changed.width, changed.height) == (True, 250, made.height)
    assert 'class="notice error"' in staff.post(f"{page}/change", code="A", name="窓側席").text
    assert 'class="notice error"' in staff.post("/office/zones", **form).text
    staff.post(f"{page}/remove")
    assert zone_called(house, "W").removed_at is not None
    assert 'class="notice error"' in staff.post(f"/office/zones/{staff.zone('seat')}/remove").text


def test_a_space_is_added_where_the_zone_is_free_and_changed(staff: Browser, house: House) -> None:
    zone = staff.zone("taxes")
    for code in ("B-2", "B-3"):
        staff.post(f"/office/zones/{zone}/spaces", code=code, kind="seat", capacity="1")
    second, third = space_called(house, "B-2"), space_called(house, "B-3")
    assert (second.zone_id, second.kind, second.capacity) == (zone, Kind.SEAT, 1)
    assert (second.x, second.y) != (third.x, third.y)
    page = f"/office/spaces/{second.id}"
    assert "B-2" in staff.client.get(page).text
    staff.post(page, code="M-1", kind="meeting_booth", capacity="6", zone_id=str(staff.zone("seat")))
    moved = space_called(house, "M-1")
    assert (moved.kind, moved.capacity, moved.zone_id) == (Kind.MEETING_BOOTH, 6, staff.zone("seat"))
    for wrong in ({"capacity": "0"}, {"capacity": "x"}, {"kind": "sofa"}, {"code": "taxes"}):
        assert 'class="notice error"' in staff.post(page, **wrong).text
    wrong = {"code": "taxes", "kind": "seat", "capacity": "1"}
    assert 'class="notice error"' in staff.post(f"/office/zones/{zone}/spaces", **wrong).text


def test_a_booked_seat_becomes_no_room(staff: Browser, house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    refused = staff.post(f"/office/spaces/{house.spaces['seat']}", kind="booth")
    assert 'class="notice error"' in refused.text
    assert space_called(house, "seat").kind is Kind.SEAT


def test_taking_a_space_away_shows_who_would_move_first(staff: Browser, house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    path = f"/office/spaces/{house.spaces['seat']}/remove"
    shown = staff.post(path).text
    assert "10:00" in shown
    assert "→" in shown
    assert house.get(booking).space_id == house.spaces["seat"]
    assert space_called(house, "seat").removed_at is None
    staff.post(path, confirmed="1")
    moved = house.get(booking)
    assert moved.status is Status.BOOKED
    assert moved.space_id != house.spaces["seat"]
    assert space_called(house, "seat").removed_at is not None
    assert staff.client.get(f"/office/spaces/{house.spaces['seat']}").status_code == 404


def test_guests_come_on_any_day_of_the_week(staff: Browser, house: House) -> None:
    zone = staff.zone("taxes")
    page = staff.client.get(f"/office/zones/{zone}").text
    assert [f'<option value="{day}">' in page for day in range(7)] == [True] * 7
    staff.post(f"/office/zones/{zone}/guests", section="", day="6", on="")
    with reading(house.engine) as session:
        assert guests_of(session, zone) == [GuestDay(None, 6, None)]
