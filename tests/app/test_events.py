"""The log of facts: whatever is true was written with it, and nothing that was written is touched again."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.bookings import presence, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict
from app.events import Event, history
from tests.house import DAY, OFFICE, House, at, span
from tests.statements import counted


def a_day(house: House) -> None:
    """Booked, come, not come, reclaimed, moved, given back, claimed, run out, closed."""
    came = house.book("aoki", "seat", "09:00", "12:00")
    house.book("baba", "window", "09:00", "17:00")
    gone = house.book("endo", "focus", "13:00", "17:00")
    house.claim("chiba", "free", "09:00")
    house.hear("seat", ("09:01", True), ("09:02", True))
    house.hear_beats("window", "08:00", "10:00", occupied=False)
    house.sweep("10:00")
    with transaction(house.engine) as session:
        released = session.scalars(select(Booking).where(Booking.status == Status.RELEASED)).one()
        release.reclaim(session, released, actor=house.people["baba"], now=at("10:01"))
        presence.check_in(session, released, actor=house.people["baba"], now=at("10:02"))
        moving = session.get_one(Booking, gone.id)
        reserve.move(
            session, moving, actor=house.people["endo"], now=at("10:03"), span=span("14:00", "17:00")
        )
        release.cancel(session, moving, actor=house.people["endo"], now=at("10:04"))
        early = session.get_one(Booking, came.id)
        release.give_back(session, early, actor=house.people["aoki"], now=at("11:00"))
    house.sweep("00:00", day=1)
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))


def test_rule_19_a_whole_day_only_ever_appends_to_the_log(house: House) -> None:
    with counted(house.engine) as statements:
        a_day(house)
    touching = [
        one for one in statements if re.search(r"\bevents\b", one) and "SELECT" not in one.upper()[:6]
    ]
    assert touching
    assert {one.split()[0].upper() for one in touching} == {"INSERT"}


def test_what_the_log_says_of_a_booking_leads_to_what_the_booking_is(house: House) -> None:
    """Every change is in the log: played from the first fact on, it gives the row."""
    a_day(house)
    with reading(house.engine) as session:
        for booking in session.scalars(select(Booking)):
            facts = history(session, f"booking:{booking.id}")
            assert facts[0].kind in {"booking.made", "booking.claimed"}
            assert len(facts) == booking.version
            known: dict[str, object] = {}
            for fact in facts[1:]:
                for name, (before, after) in fact.data["changes"].items():
                    assert known.get(name, before) == before
                    known[name] = after
            for name, value in known.items():
                stored = getattr(booking, name)
                assert value == (stored.isoformat() if hasattr(stored, "isoformat") else stored)


def test_a_transaction_that_is_rolled_back_leaves_no_fact(house: House) -> None:
    def count() -> int:
        with reading(house.engine) as session:
            return session.scalars(select(func.count()).select_from(Event)).one()

    def two_for_one_seat() -> None:
        with transaction(house.engine) as session:
            for who in ("aoki", "baba"):
                reserve.reserve(
                    session,
                    actor=house.people[who],
                    space_id=house.spaces["seat"],
                    span=span("09:00", "12:00"),
                    now=at("08:00"),
                )

    before = count()
    with pytest.raises(Conflict):
        two_for_one_seat()
    assert count() == before
    with reading(house.engine) as session:
        assert session.scalars(select(func.count()).select_from(Booking)).one() == 0


def test_facts_are_told_in_the_order_in_which_they_became_true(house: House) -> None:
    a_day(house)
    with reading(house.engine) as session:
        for booking in session.scalars(select(Booking)):
            told = [fact.at for fact in history(session, f"booking:{booking.id}")]
            assert told == sorted(told)
