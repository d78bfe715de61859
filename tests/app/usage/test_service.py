"""Sessions as they are kept, and the ledger beside the bookings; the numbers are those of RULES."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.bookings import release
from app.bookings.models import Booking
from app.database import reading, transaction
from app.occupancy.rules import Occupancy
from app.occupancy.service import Change
from app.spaces.models import SensorBinding
from app.timespan import TimeSpan
from app.usage.models import UsageSession
from app.usage.rules import SESSION_GAP, Edge, sessions
from app.usage.service import LedgerRow, ledger, note_change
from tests.house import TOKYO, House, at, copied, span


def clock(instant: datetime | None) -> str | None:
    return instant.astimezone(TOKYO).strftime("%H:%M") if instant else None


def kept(house: House, where: str = "seat") -> list[tuple[str | None, str | None, str]]:
    """(start, end, flag) of a space's sessions."""
    with reading(house.engine) as session:
        query = select(UsageSession).where(UsageSession.space_id == house.spaces[where])
        return [
            (clock(one.start_at), clock(one.end_at), one.flag)
            for one in session.scalars(query.order_by(UsageSession.start_at))
        ]


def rows(house: House, now: str = "18:00", **of: int) -> list[tuple[str, bool, tuple[str, str] | None, str]]:
    """(space, is booked, actual, flag) of the day's ledger."""

    def actual(row: LedgerRow) -> tuple[str, str] | None:
        found = row.actual
        return (f"{clock(found.start)}", f"{clock(found.end)}") if found else None

    with reading(house.engine) as session:
        found = ledger(session, span("08:00", "18:00"), now=at(now), **of)
        return [(row.space.code, row.booking is not None, actual(row), row.flag) for row in found]


def sit(house: House, where: str, start: str, end: str) -> None:
    """Somebody sits in a space from the first signal until the first vacant message, which the hold then confirms."""
    house.hear_beats(where, start, end, occupied=True)
    left = at(end) + timedelta(minutes=1)
    house.hear(where, *((f"{clock(left + timedelta(minutes=late))}", False) for late in (0, 10)))


def test_rule_15_a_session_ends_at_the_last_signal_and_not_when_the_hold_expired(house: House) -> None:
    house.hear("seat", ("09:01", True), ("09:03", True))
    assert kept(house) == [("09:01", None, "")]
    house.hear("seat", ("09:13", False))
    assert kept(house) == [("09:01", None, "")]
    house.hear("seat", ("09:23", False))
    assert kept(house) == [("09:01", "09:13", "")]


def test_rule_15_somebody_without_a_booking_is_a_session_all_the_same(house: House) -> None:
    sit(house, "focus", "09:00", "10:00")
    assert rows(house, space_id=house.spaces["focus"]) == [("focus", False, ("09:00", "10:01"), "")]


def test_rule_15_offline_closes_a_session_at_its_last_signal_flagged(house: House) -> None:
    house.hear("seat", ("09:01", True), ("09:03", True), ("09:13", True))
    house.sweep("09:38")
    assert kept(house) == [("09:01", "09:13", "offline")]


def test_a_sensor_that_comes_back_after_more_than_the_gap_begins_another_session(house: House) -> None:
    """Nobody knows whether it was the same person."""
    house.hear("seat", ("09:01", True), ("09:03", True))
    house.sweep("09:28")
    house.hear("seat", ("09:30", True), ("09:32", True))
    assert kept(house) == [("09:01", "09:03", "offline"), ("09:30", None, "")]


def test_a_last_will_and_a_new_start_within_the_gap_go_on_with_the_session(house: House) -> None:
    house.hear("seat", ("09:01", True), ("09:03", True))
    will = house.readings("seat", [("09:04", None)])[0]._replace(online=False)
    house.process([will], at("09:04"))
    assert kept(house) == [("09:01", "09:03", "offline")]
    house.hear("seat", ("09:06", True), ("09:07", True))
    assert kept(house) == [("09:01", None, "")]


@pytest.mark.parametrize(
    ("again", "sessions"),
    [("10:11", [("09:00", None)]), ("10:11:01", [("09:00", "10:01"), ("10:11", None)])],
)
def test_somebody_back_within_ten_minutes_goes_on_with_the_session(
    house: House, again: str, sessions: list[tuple[str, str | None]]
) -> None:
    """The vacancy was confirmed at 10:11, by the hold that began at 10:01."""
    house.hear_beats("seat", "09:00", "10:00", occupied=True)
    house.hear("seat", ("10:01", False), (again, True), ("10:12", True))
    assert [(start, end) for start, end, _flag in kept(house)] == sessions


def test_rule_4_a_session_of_more_than_twelve_hours_is_suspect(house: House) -> None:
    house.hear_beats("seat", "06:00", "18:00", occupied=True)
    house.sweep("18:00")
    assert kept(house) == [("06:00", None, "")]
    house.hear("seat", ("18:01", True))
    house.sweep("18:01")
    assert kept(house) == [("06:00", None, "suspect")]


def test_rule_4_a_session_of_all_night_is_suspect_by_six(house: House) -> None:
    house.hear_beats("seat", "00:00", "06:00", occupied=True)
    house.sweep("06:00")
    assert kept(house) == [("00:00", None, "")]
    house.hear("seat", ("06:01", True))
    house.sweep("06:01")
    assert kept(house) == [("00:00", None, "suspect")]


def test_a_session_whose_sensor_was_taken_away_is_closed_and_flagged(house: House) -> None:
    house.hear("seat", ("09:01", True), ("09:03", True))
    with transaction(house.engine) as session:
        session.execute(
            update(SensorBinding)
            .where(SensorBinding.space_id == house.spaces["seat"])
            .values(until_at=at("09:05"))
        )
    house.sweep("09:06")
    assert [(start, flag) for start, _end, flag in kept(house)] == [("09:01", "unbound")]
    assert kept(house)[0][1] is not None


def test_a_cleaner_who_passes_by_leaves_no_session(house: House) -> None:
    house.hear("seat", ("09:01", True), ("09:01:30", False), ("09:20", False))
    house.sweep("09:30")
    assert kept(house) == []


# The ledger


def test_rule_15_a_booking_shows_one_span_from_the_first_to_the_last_signal(house: House) -> None:
    """Lunch is nobody's business."""
    house.book("aoki", "seat", "09:00", "17:00")
    sit(house, "seat", "09:00", "12:00")
    sit(house, "seat", "13:00", "16:00")
    assert len(kept(house)) == 2
    assert rows(house, space_id=house.spaces["seat"]) == [("seat", True, ("09:00", "16:01"), "")]


def test_booked_and_not_used_used_and_not_booked_stand_side_by_side(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    sit(house, "window", "09:00", "10:00")
    assert [row for row in rows(house) if row[0] in {"seat", "window"}] == [
        ("seat", True, None, ""),
        ("window", False, ("09:00", "10:01"), ""),
    ]


def test_what_was_cancelled_or_released_is_not_held_to_be_used(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("08:30")
        )
    sit(house, "seat", "09:00", "10:00")
    assert rows(house, space_id=house.spaces["seat"]) == [
        ("seat", True, None, ""),
        ("seat", False, ("09:00", "10:01"), ""),
    ]


def test_two_people_one_after_the_other_each_show_their_own_use(house: House) -> None:
    """The seat was hardly empty in between, so its use is one session; each booking shows its part."""
    house.book("aoki", "seat", "09:00", "12:00")
    house.book("baba", "seat", "12:00", "17:00")
    sit(house, "seat", "09:00", "16:00")
    assert len(kept(house)) == 1
    assert rows(house, space_id=house.spaces["seat"]) == [
        ("seat", True, ("09:00", "12:00"), ""),
        ("seat", True, ("12:00", "16:01"), ""),
    ]
    assert rows(house, user_id=house.people["aoki"].id) == [("seat", True, ("09:00", "12:00"), "")]


def test_who_overstays_shows_it_where_nobody_follows(house: House) -> None:
    house.book("aoki", "seat", "09:00", "10:00")
    sit(house, "seat", "09:00", "12:00")
    assert rows(house, space_id=house.spaces["seat"]) == [("seat", True, ("09:00", "12:01"), "")]


def test_one_persons_ledger_shows_nobody_elses_use(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    house.book("baba", "window", "09:00", "17:00")
    sit(house, "focus", "09:00", "10:00")
    assert rows(house, user_id=house.people["aoki"].id) == [("seat", True, None, "")]


# What is kept is what the rule says

CHANGES = st.lists(
    st.tuples(st.integers(1, 30), st.sampled_from([Occupancy.OCCUPIED, Occupancy.VACANT, Occupancy.OFFLINE])),
    min_size=1,
    max_size=12,
)


@settings(max_examples=15)
@given(CHANGES, st.integers(1, 12))
def test_sessions_kept_step_by_step_are_those_of_the_rule(
    furnished_sqlite: House, steps: list[tuple[int, Occupancy]], size: int
) -> None:
    with copied(furnished_sqlite) as house:
        moment, changes = at("08:00"), []
        for minutes, state in steps:
            moment += timedelta(minutes=minutes)
            # The last signal lay before the change, yet after the one before it.
            changes.append(
                Change(
                    house.spaces["seat"], "sensor-seat", state, moment, moment, moment - timedelta(seconds=30)
                )
            )
        for first in range(0, len(changes), size):
            with transaction(house.engine) as session:
                note_change(session, changes[first : first + size])
        until = moment + timedelta(minutes=1)
        with reading(house.engine) as session:
            stored = [
                TimeSpan(one.start_at, one.end_at or until)
                for one in session.scalars(select(UsageSession).order_by(UsageSession.start_at))
            ]
    edges = [Edge(one.state, one.since_at, one.last_hit_at) for one in changes]
    assert stored == sessions(edges, gap=SESSION_GAP, until=until)
