"""The stream as a whole: however its readings are cut into batches, what comes out is the same."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.boards.availability import floor_view
from app.bookings.models import Booking
from app.database import reading, transaction
from app.occupancy.models import OccupancyChange
from app.occupancy.readings import Reading
from app.pipeline import process_readings, sweep
from app.spaces.rules import Kind, Lane, Target
from app.usage.models import UsageSession
from app.waitlist import service as waitlist
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.house import OFFICE, House, at, copied, span
from tests.statements import counted

MINUTES = range(8 * 60 + 30, 10 * 60 + 30, 3)


def outcome(house: House) -> list[Any]:
    """What people would see, without the ids that depend on the order of writing."""
    with reading(house.engine) as session:
        changes = [
            (one.space_id, one.state, one.since_at, one.at)
            for one in session.scalars(
                select(OccupancyChange).order_by(OccupancyChange.space_id, OccupancyChange.at)
            )
        ]
        sessions = [
            (one.space_id, one.start_at, one.end_at)
            for one in session.scalars(select(UsageSession).order_by(UsageSession.start_at))
        ]
        bookings = [
            (one.id, one.status, one.reason, one.checked_in_at)
            for one in session.scalars(select(Booking).order_by(Booking.id))
        ]
    return [changes, sessions, bookings]


@settings(max_examples=8)
@given(
    st.lists(st.sampled_from([True, False, None]), min_size=len(MINUTES), max_size=len(MINUTES)),
    st.lists(st.integers(1, 12), min_size=1, max_size=20),
)
def test_however_the_readings_are_cut_into_batches(
    furnished_sqlite: House, said: list[bool | None], sizes: list[int]
) -> None:
    found = []
    for cut in ([1] * len(said), sizes):
        with copied(furnished_sqlite) as house:
            house.book("aoki", "seat", "09:00", "12:00")
            clocks = [f"{minute // 60:02}:{minute % 60:02}" for minute in MINUTES]
            readings = house.readings("seat", list(zip(clocks, said, strict=True)))
            for batch in batches(readings, cut):
                house.process(batch, batch[-1].received_at)
            found.append(outcome(house))
    assert found[0] == found[1]


def batches(readings: Sequence[Reading], sizes: Sequence[int]) -> Iterator[Sequence[Reading]]:
    done, turn = 0, 0
    while done < len(readings):
        size = sizes[turn % len(sizes)]
        yield readings[done : done + size]
        done, turn = done + size, turn + 1


def test_a_batch_that_comes_again_changes_nothing(house: House) -> None:
    house.book("aoki", "seat", "09:00", "12:00")
    batch = house.readings("seat", [("09:01", True), ("09:02", True), ("09:30", False)])
    assert house.process(batch, at("09:31")).stored == 3
    before = outcome(house)
    again = house.process([*batch, *reversed(batch)], at("09:32"))
    assert (again.stored, again.changes, again.seen) == (0, (), ())
    assert outcome(house) == before


SPACES = ("seat", "window", "focus", "booth", "taxes", "free")


def half_hour(house: House, spaces: Sequence[str]) -> list[Reading]:
    """Each space's sensor sees somebody for a while, then nobody."""
    said = [(f"09:{minute:02}", minute < 15) for minute in range(30)]
    return [one for where in spaces for one in house.readings(where, said)]


def statements(house: House, do: Callable[[Session], object]) -> int:
    with transaction(house.engine) as session, counted(house.engine) as found:
        do(session)
    return len(found)


def test_readings_of_six_spaces_need_no_more_queries_than_of_one(house: House) -> None:
    one, six = half_hour(house, SPACES[:1]), half_hour(house, SPACES)
    of_one = statements(house, lambda session: process_readings(session, one, at("09:59")))
    of_six = statements(house, lambda session: process_readings(session, six, at("09:59")))
    recalled = 1  # the one spoke at these instants before: what it said is asked for
    assert of_six <= of_one + recalled


def test_a_sweep_over_many_due_bookings_needs_no_more_queries_than_over_one(house: House) -> None:
    house.process(half_hour(house, SPACES), at("09:59"))
    house.sweep("10:40")
    house.book("aoki", "booth", "10:45", "11:00", now="10:40")
    of_one = statements(house, lambda session: sweep(session, at("11:00"), OFFICE))
    house.book("aoki", "window", "11:15", "11:30", now="11:00")
    house.book("baba", "focus", "11:15", "11:30", now="11:00")
    house.book("chiba", "booth", "11:15", "11:30", now="11:00")
    of_three = statements(house, lambda session: sweep(session, at("11:30"), OFFICE))
    assert of_three <= of_one


def test_a_sweep_over_many_who_wait_and_may_not_needs_no_more_queries_than_over_one(house: House) -> None:
    """The one free seat is another section's: each is looked at, none is offered anything."""
    for where in ("seat", "window", "bare"):
        house.break_(where)
    wish = Wish(Target(Lane.DESK, Kind.SEAT), span("10:00", "12:00"))

    def wait(*who: str) -> None:
        with transaction(house.engine) as session:
            for name in who:
                waitlist.join(session, wish, actor=house.people[name], now=at("09:00"))

    wait("aoki")
    of_one = statements(house, lambda session: sweep(session, at("09:01"), OFFICE))
    wait("baba", "chiba")
    of_three = statements(house, lambda session: sweep(session, at("09:02"), OFFICE))
    assert of_three <= of_one
    with reading(house.engine) as session:
        assert {one.state for one in session.scalars(select(Entry))} == {State.WAITING}


def test_a_long_line_is_shown_with_no_more_queries_than_a_short_one(house: House) -> None:
    house.book("aoki", "booth", "09:00", "11:00")
    wish = Wish(Target(Lane.ROOM, Kind.BOOTH), span("09:30", "11:30"))

    def show(session: Session) -> object:
        entries = session.scalars(select(Entry).order_by(Entry.id)).all()
        return waitlist.standing(session, entries, now=at("09:10"))

    with transaction(house.engine) as session:
        waitlist.join(session, wish, actor=house.people["baba"], now=at("09:00"))
    of_one = statements(house, show)
    with transaction(house.engine) as session:
        for name in ("chiba", "endo", "fujii"):
            waitlist.join(session, wish, actor=house.people[name], now=at("09:00"))
    assert statements(house, show) <= of_one


def test_a_busy_floor_needs_no_more_queries_than_an_empty_one(house: House) -> None:
    def look(session: Session) -> object:
        return floor_view(session, house.floor_id, span("09:00", "17:00"), person=None, now=at("09:00"))

    empty = statements(house, look)
    house.book("aoki", "seat", "10:00", "17:00")
    house.book("baba", "window", "10:00", "17:00")
    assert statements(house, look) <= empty
