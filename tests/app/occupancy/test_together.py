"""Several sensors of a space, several spaces of a sensor, and sensors that come and go."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.boards.availability import floor_view
from app.bookings.rules import Status
from app.database import reading, transaction
from app.occupancy.models import OccupancyChange
from app.occupancy.readings import Reading
from app.occupancy.rules import Fold, Occupancy, Transition, combined, turned_space
from app.spaces import layout
from app.spaces.models import Sensor
from app.spaces.watching import watch_spaces
from app.usage.models import UsageSession
from tests.house import House, at, span

OCCUPIED, VACANT, OFFLINE, UNKNOWN = Occupancy


@given(st.lists(st.sampled_from(list(Occupancy)), max_size=5))
def test_a_space_is_occupied_where_one_says_so_and_vacant_where_all_do(states: list[Occupancy]) -> None:
    found = combined(states)
    assert (found is OCCUPIED) == (OCCUPIED in states)
    assert (found is VACANT) == (bool(states) and set(states) == {VACANT})
    assert combined(reversed(states)) is found


@given(st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(Occupancy))), max_size=20))
def test_no_two_equal_changes_come_in_a_row(turns: list[tuple[int, Occupancy]]) -> None:
    folds, state = [Fold(), Fold(), Fold()], UNKNOWN
    for minute, (who, to) in enumerate(turns):
        before = folds[who].state
        if to is before:
            continue
        when = at(f"09:{minute:02}")
        folds[who] = folds[who]._replace(state=to, since_at=when)
        beside = [fold for number, fold in enumerate(folds) if number != who]
        found = turned_space(Transition(to, when, when, None), before, beside)
        assert (found is None) == (combined(fold.state for fold in folds) is state)
        if found is not None:
            state = found.state
    assert combined(fold.state for fold in folds) is state


def add(house: House, name: str, *where: str, now: str = "08:00") -> None:
    with transaction(house.engine) as session:
        sensor = Sensor(id=name)
        session.add(sensor)
        session.flush()
        watch_spaces(session, {sensor.id: [house.spaces[one] for one in where]}, actor_id=None, now=at(now))


def hear(house: House, name: str, *said: tuple[str, bool]) -> None:
    for clock, occupied in said:
        number = int(at(clock).timestamp())
        house.process([Reading(name, at(clock), at(clock), occupied, "b007", number)], at(clock))


def changes(house: House, where: str) -> list[tuple[Occupancy, datetime]]:
    with reading(house.engine) as session:
        rows = session.execute(
            select(OccupancyChange.state, OccupancyChange.since_at)
            .where(OccupancyChange.space_id == house.spaces[where])
            .order_by(OccupancyChange.id)
        )
        return [(state, since_at) for state, since_at in rows]


def shown(house: House, where: str, now: str) -> Occupancy:
    with reading(house.engine) as session:
        views = floor_view(session, house.floor_id, span("09:00", "17:00"), person=None, now=at(now))
    return next(view.occupancy for view in views if view.code == where)


def test_a_space_of_two_sensors_is_left_when_both_say_so(house: House) -> None:
    add(house, "second", "seat")
    hear(house, "second", ("08:50", False))
    hear(house, "sensor-seat", ("09:00", True), ("09:01", True))
    hear(house, "second", ("09:05", True), ("09:06", True))
    hear(house, "sensor-seat", ("09:10", False), ("09:21", False))
    assert shown(house, "seat", "09:21") is OCCUPIED
    hear(house, "second", ("09:20", False), ("09:29", False))
    hear(house, "sensor-seat", ("09:30", False))
    hear(house, "second", ("09:31", False))
    assert changes(house, "seat")[-2:] == [(OCCUPIED, at("09:00")), (VACANT, at("09:20"))]
    with reading(house.engine) as session:
        (used,) = session.scalars(select(UsageSession).where(UsageSession.space_id == house.spaces["seat"]))
    assert (used.start_at, used.end_at) == (at("09:00"), at("09:20"))


def test_what_one_sensor_sees_keeps_the_booking_and_a_silent_one_does_too(house: House) -> None:
    add(house, "second", "seat")
    seen = house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:30", "10:10", occupied=False)
    hear(house, "second", ("08:55", False), ("09:10", True), ("09:11", True), ("09:30", False))
    house.sweep("10:10")
    assert house.get(seen).status is Status.CHECKED_IN
    silent = house.book("baba", "window", "09:00", "17:00")
    add(house, "third", "window")
    house.hear_beats("window", "08:30", "10:10", occupied=False)
    house.sweep("10:40")
    assert (house.get(silent).status, house.get(silent).reason) == (Status.BOOKED, "sensor_silent")


def test_a_sensor_of_two_seats_checks_both_in(house: House) -> None:
    add(house, "table", "bare", "focus")
    bookings = [house.book("aoki", "bare", "09:00", "12:00"), house.book("baba", "focus", "09:00", "12:00")]
    hear(house, "table", ("09:05", True), ("09:06", True))
    assert [house.get(one).status for one in bookings] == [Status.CHECKED_IN, Status.CHECKED_IN]


def test_a_sensor_that_is_bound_elsewhere_begins_anew_there(house: House) -> None:
    house.hear("seat", ("09:00", True), ("09:01", True))
    with transaction(house.engine) as session:
        layout.change_sensor(
            session, "sensor-seat", {"space_id": house.spaces["bare"]}, actor_id=None, now=at("09:10")
        )
    house.sweep("09:11")
    assert (shown(house, "seat", "09:11"), shown(house, "bare", "09:11")) == (UNKNOWN, UNKNOWN)
    hear(house, "sensor-seat", ("09:12", True))
    assert shown(house, "bare", "09:12") is UNKNOWN
    hear(house, "sensor-seat", ("09:13", True))
    assert shown(house, "bare", "09:13") is OCCUPIED


def test_when_one_of_two_sensors_goes_the_other_tells_what_is_known(house: House) -> None:
    add(house, "second", "seat")
    hear(house, "second", ("09:00", True), ("09:01", True))
    hear(house, "sensor-seat", ("09:00", False), ("09:09", False), ("09:18", False))
    assert shown(house, "seat", "09:18") is OCCUPIED
    with transaction(house.engine) as session:
        layout.change_sensor(session, "second", {"space_ids": []}, actor_id=None, now=at("09:20"))
    house.sweep("09:20")
    assert shown(house, "seat", "09:20") is VACANT
    before = changes(house, "seat")
    house.sweep("09:21")
    assert changes(house, "seat") == before
