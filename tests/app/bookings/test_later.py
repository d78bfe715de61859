"""The page behind a desk's code books the desk for later: a free time of each of the next days, one tap each."""

from __future__ import annotations

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.bookings import later
from app.clock import SteppingClock
from app.database import reading
from app.settings import OfficeHours
from app.spaces.service import get_place
from app.timespan import TimeSpan
from tests.app.bookings.test_legal import let, open_doors
from tests.app.bookings.test_walk_in import code, latest, signed_in
from tests.app.test_pages_words import form_of
from tests.house import House, at, span
from tests.statements import counted


def free(house: House, who: str, where: str, now: str = "09:07") -> list[TimeSpan]:
    with reading(house.engine) as session:
        place = get_place(session, house.spaces[where])
        return later.free_times(session, place, person=house.people[who], now=at(now), hours=OfficeHours())


WEEK = [span("08:30", "17:15", day=day) for day in (1, 2, 3, 6)]


def test_a_free_desk_is_had_for_what_is_left_of_today_and_the_next_working_days(house: House) -> None:
    assert free(house, "aoki", "seat") == [span("09:15", "17:15"), *WEEK]
    assert free(house, "aoki", "seat", now="17:05")[0] == WEEK[0]


def test_what_others_hold_and_what_one_holds_oneself_is_left_out(house: House) -> None:
    house.book("baba", "seat", "10:00", "17:15")
    house.book("baba", "seat", "08:30", "13:00", day=1)
    house.book("aoki", "window", "08:30", "17:15", day=2)
    assert free(house, "aoki", "seat")[:3] == [
        span("09:15", "10:00"),
        span("13:00", "17:15", day=1),
        span("08:30", "17:15", day=3),
    ]


def test_of_a_room_a_calls_time_is_offered_and_rules_of_length_and_horizon_hold(house: House) -> None:
    assert free(house, "aoki", "booth")[0] == span("09:15", "09:45")
    let(house, "horizon", "1d")
    let(house, "max_duration", "2h")
    assert free(house, "aoki", "seat") == [span("09:15", "11:15"), span("08:30", "10:30", day=1)]


@pytest.mark.parametrize("where", ["taxes", "free"])
def test_nothing_is_offered_where_one_may_not_book(house: House, where: str) -> None:
    assert free(house, "aoki", where) == []


def test_it_takes_the_same_queries_whatever_is_booked(house: House) -> None:
    open_doors(house, "taxes")
    for day in range(4):
        house.book("endo", "taxes", "09:00", "10:00", day=day)
    with counted(house.engine) as some:
        free(house, "endo", "taxes")
    with counted(house.engine) as none:
        free(house, "endo", "seat")
    assert len(some) <= len(none) <= 14


@pytest.fixture
def aoki(app: Flask, house: House) -> FlaskClient:
    return signed_in(app.test_client(), house, "aoki")


def test_one_tap_on_the_desks_page_books_it_and_leads_back(
    aoki: FlaskClient, house: House, clock: SteppingClock
) -> None:
    page = f"/s/{code(house, 'seat')}"
    shown = aoki.get(page).text
    answer = aoki.post("/bookings", data=form_of(shown, "/bookings"))
    assert answer.location == page
    assert latest(house).span == span("09:15", "17:15")
    panel = re.search(r'href="(/floors/[^"]+)#panel"', shown)
    assert panel
    assert "seat" in aoki.get(panel[1].replace("&amp;", "&")).text


def test_what_stands_in_a_form_for_two_instants_must_be_two(aoki: FlaskClient, house: House) -> None:
    form = form_of(aoki.get(f"/s/{code(house, 'seat')}").text, "/bookings")
    for start in ("", "2026-11-24T10:00:00", form["end"]):
        aoki.post("/bookings", data=form | {"start": start})
    with pytest.raises(Exception, match="No row was found"):
        latest(house)
