"""A draw for a day on which the office turned out to be closed: nobody was left out, and anybody can check it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from app.calendar import CalendarDay
from app.database import transaction
from app.lots.models import Outcome, State
from app.lots.rules import Wish
from app.lots.rules.record import check, commitment, inputs_of, published
from app.lots.views import record_of
from app.spaces import barriers, zones
from app.spaces.models import Site
from app.spaces.rules import Opening
from tests.app.lots.conftest import MORE_DESKS, Lots, bookings
from tests.app.waitlist.test_pages import browser
from tests.house import DAY, House, at, span


def close(house: House, *, day: int) -> None:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        closed = span("12:00", "23:59", day=day)
        barriers.close(session, site_id, closed, zone_id=None, reason="", actor_id=None, now=at("08:00"))


def open_at_night_alone(house: House) -> None:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        zones.set_opening(session, site_id, Opening(opens=time(20)), actor_id=None, now=at("08:00"))


def make_tomorrow_a_holiday(house: House) -> None:
    """Of an office that opens on working days alone."""
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        zones.set_opening(session, site_id, Opening(working_days_only=True), actor_id=None, now=at("08:00"))
        session.add(CalendarDay(on_date=DAY + timedelta(days=1), works=False))


@pytest.mark.parametrize(
    "shut", [lambda house: close(house, day=1), open_at_night_alone, make_tomorrow_a_holiday]
)
def test_whoever_wished_is_told_that_the_office_is_closed_and_the_record_holds(
    lots: Lots, house: House, shut: Callable[[House], None]
) -> None:
    lots.put()
    lots.wish("endo", "B-1")
    shut(house)
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)["endo"]
    assert (draw.state, found.outcome, found.reason) == (State.DRAWN, Outcome.REFUSED, "closed")
    assert check(record_of(draw)).holds
    assert bookings(house) == []


def test_a_closed_day_costs_nobody_their_place_in_the_order(lots: Lots, house: House) -> None:
    lots.hire("goda")
    for code in MORE_DESKS:
        house.break_(code)
    lots.put()
    lots.wish("endo")
    lots.wish("goda")
    lots.let_come_first("goda")
    first = lots.draw()
    assert first is not None
    assert lots.left_out(first.id) == {"endo"}
    close(house, day=2)
    lots.wish("endo", now="17:00")
    lots.wish("goda", now="17:00")
    assert lots.draw(day=1) is not None
    for one in ("endo", "goda"):
        lots.wish(one, now="17:00", day=1)
    third = lots.draw(day=2)
    assert third is not None
    found = lots.outcomes(third.id)
    assert {name: one.missed for name, one in found.items()} == {"endo": 1, "goda": 0}
    assert lots.left_out(third.id) == {"goda"}
    assert check(record_of(third)).holds


def test_a_draw_published_before_closed_days_were_told_is_verified_as_it_was(lots: Lots) -> None:
    wish = Wish(123456, missed=1)
    seed, nonce, on = "5" * 64, "6" * 32, DAY
    record = published(
        zone="B",
        on=on,
        seed=seed,
        nonce=nonce,
        committed=commitment("B", on, seed, nonce),
        inputs=inputs_of([], [wish]),
        result=[
            {"order": 1, "number": 123456, "seat": None, "why": "full", "choice": None, "repeated": False}
        ],
    )
    assert check(record).holds


def test_the_pages_say_that_the_office_is_closed_and_not_that_there_were_too_few_seats(
    app: Flask, lots: Lots, house: House
) -> None:
    lots.put()
    lots.wish("endo")
    close(house, day=1)
    draw = lots.draw()
    assert draw is not None
    endo = browser(app, house, "endo", "/lots")
    shown = endo.client.get("/lots").text
    assert (
        "The office is closed then, so no seat was drawn. Your place in the order stays as it was." in shown
    )
    assert "more wishes than seats" not in shown
    for who in (endo, browser(app, house, "aoki", "/lots")):
        seen = who.client.get(f"/lots/{draw.id}?check=1").text
        assert "so no seat was drawn. Everybody's place in the order stays as it was." in seen
        assert "Nobody took part." not in seen
        assert "the draw repeated gives the same seats" in seen
