"""What a sensor said before it watches a space is not of that space: it neither frees it nor keeps it, nor moves it."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import RuleBroken
from app.occupancy import fitting
from app.occupancy.models import SensorState
from app.occupancy.readings import Reading
from app.occupancy.rules import Occupancy
from app.spaces import layout
from app.spaces.models import Sensor, SensorBinding
from tests.app.occupancy.test_together import shown
from tests.house import HEARTBEAT, House, at

OCCUPIED, VACANT, _, UNKNOWN = Occupancy


def watch(house: House, name: str, *where: str, now: str) -> None:
    with transaction(house.engine) as session:
        spaces = [house.spaces[one] for one in where]
        fitting.watch(session, name, spaces, at=None, actor_id=None, now=at(now))


def beats(house: House, name: str, start: str, end: str, *, occupied: bool) -> None:
    count = (at(end) - at(start)) // HEARTBEAT + 1
    times = [at(start) + number * HEARTBEAT for number in range(count)]
    house.process([Reading(name, when, when, occupied) for when in times], at(end))


def state(house: House, name: str) -> Occupancy:
    with reading(house.engine) as session:
        return session.get_one(SensorState, name).state


def test_a_spare_from_the_drawer_does_not_release_what_it_never_watched(house: House) -> None:
    booking = house.book("aoki", "seat", "08:30", "17:15")
    with transaction(house.engine) as session:
        layout.add_sensor(session, {"id": "spare", "model": "pir"}, actor_id=None, now=at("07:00"))
    beats(house, "spare", "07:30", "09:40", occupied=False)
    house.hear_beats("seat", "07:30", "09:20", occupied=False)  # and it is dead
    house.sweep("09:41")
    assert house.get(booking).reason == "awaiting_sensor"
    with transaction(house.engine) as session:
        layout.swap_sensor(session, "sensor-seat", "spare", actor_id=None, now=at("09:42"))
    for now in ("09:43", "10:30", "12:00"):
        house.sweep(now)
        assert (house.get(booking).status, house.get(booking).reason) == (Status.BOOKED, "sensor_silent")


def test_nor_does_a_sensor_that_watched_another_seat_until_now(house: House) -> None:
    booking = house.book("aoki", "seat", "08:30", "17:15")
    house.hear_beats("seat", "07:30", "09:20", occupied=False)
    house.hear_beats("window", "07:30", "09:40", occupied=False)
    watch(house, "sensor-window", "window", "seat", now="09:42")
    watch(house, "sensor-seat", now="09:42")
    house.sweep("09:43")
    assert (house.get(booking).status, house.get(booking).reason) == (Status.BOOKED, "sensor_silent")


def test_whom_it_saw_elsewhere_keeps_nothing_here(house: House) -> None:
    early = house.book("aoki", "seat", "08:30", "12:00")
    later = house.book("baba", "seat", "13:00", "17:15")
    house.hear_beats("window", "08:20", "09:00", occupied=True)
    house.hear_beats("window", "09:10", "09:10", occupied=False)
    watch(house, "sensor-seat", now="09:12")
    watch(house, "sensor-window", "seat", now="09:12")
    house.hear_beats("window", "09:20", "14:00", occupied=False)
    house.sweep("09:45")
    assert house.get(early).reason == "sensor_silent"  # nobody watched the seat at its start
    house.sweep("14:00")
    assert (house.get(later).status, house.get(later).reason) == (Status.RELEASED, "no_show")


def test_the_quiet_of_a_sensor_that_only_says_on_is_counted_from_where_it_was_bound(house: House) -> None:
    booking = house.book("aoki", "bare", "09:00", "17:00")
    with transaction(house.engine) as session:
        session.add(Sensor(id="on-only", clears_after_s=90 * 60))
    beats = [at("07:05") + number * HEARTBEAT for number in range(20)]
    house.process([Reading("on-only", when, when) for when in beats if when < at("08:40")], at("08:39"))
    watch(house, "on-only", "bare", now="08:40")
    for when in beats:
        if when > at("08:40"):
            house.process([Reading("on-only", when, when)], when)
    house.sweep("10:06")  # quiet here for 85 minutes
    assert (house.get(booking).status, house.get(booking).reason) == (Status.BOOKED, "awaiting_sensor")
    house.sweep("10:16")
    assert (house.get(booking).status, house.get(booking).reason) == (Status.RELEASED, "no_show")


def test_a_word_that_comes_late_moves_the_space_where_its_sensor_was_no_more_than_where_it_is(
    house: House,
) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:15")
    watch(house, "sensor-seat", now="09:12")
    watch(house, "sensor-window", "seat", now="09:12")
    late = house.readings("window", [("09:08", True), ("09:10", True), ("09:11", True)])
    house.process([one._replace(received_at=at("09:15")) for one in late], at("09:15"))
    house.sweep("09:15")
    assert (shown(house, "seat", "09:15"), house.get(booking).status) == (UNKNOWN, Status.BOOKED)
    house.hear("window", ("09:16", True), ("09:17", True))
    assert (shown(house, "seat", "09:17"), house.get(booking).status) == (OCCUPIED, Status.CHECKED_IN)


@pytest.mark.parametrize("other", ["seat", "bare"])
def test_a_sensor_that_watches_one_more_space_goes_on_with_what_it_knows(house: House, other: str) -> None:
    booking = house.book("aoki", other, "08:30", "17:15")
    house.hear("window", ("08:00", True), ("08:01", True))
    house.hear_beats("window", "08:10", "08:50", occupied=True)
    # `seat` comes before `window`, `bare` after it; `bare` was never watched, nothing is known of it.
    watch(house, "sensor-window", "window", other, now="08:52")
    watch(house, "sensor-seat", now="08:52")
    house.sweep("08:53")
    assert [shown(house, one, "08:53") for one in ("window", other)] == [OCCUPIED, OCCUPIED]
    assert house.get(booking).status is Status.BOOKED  # what was carried over is no evidence
    house.hear("window", ("09:00", True))
    assert state(house, "sensor-window") is OCCUPIED
    assert house.get(booking).status is Status.CHECKED_IN
    house.hear_beats("window", "09:10", "09:30", occupied=False)
    house.sweep("09:31")
    assert [shown(house, one, "09:31") for one in ("window", other)] == [VACANT, VACANT]


def test_what_is_said_of_a_space_that_nobody_spoke_of_is_said_once(house: House) -> None:
    house.sweep("08:00")
    assert house.sweep("08:01").observed.changes == ()
    watch(house, "sensor-window", "window", "bare", now="08:10")
    house.hear("window", ("08:11", True), ("08:12", True))
    house.sweep("08:13")
    assert house.sweep("08:14").observed.changes == ()
    assert shown(house, "bare", "08:14") is OCCUPIED


def test_from_its_date_on_it_watches_what_was_planned_though_no_sweep_came_since(house: House) -> None:
    old = house.book("aoki", "seat", "09:00", "12:00")
    new = house.book("baba", "bare", "09:00", "12:00")
    with transaction(house.engine) as session:
        spaces = [house.spaces["bare"]]
        fitting.watch(session, "sensor-seat", spaces, at=at("09:00"), actor_id=None, now=at("08:00"))
    beats(house, "sensor-seat", "09:01", "09:31", occupied=True)
    assert (house.get(old).status, house.get(new).status) == (Status.BOOKED, Status.CHECKED_IN)
    with reading(house.engine) as session:
        times = session.execute(
            select(SensorBinding.until_at, SensorBinding.from_at)
            .where(SensorBinding.sensor_id == "sensor-seat")
            .order_by(SensorBinding.from_at)
        ).all()
    assert [times[0].until_at, times[1].from_at] == [at("09:00"), at("09:00")]


def test_one_spare_takes_the_place_of_one_sensor_however_many_ask_at_once(house: House) -> None:
    replaced = ["sensor-seat", "sensor-window", "sensor-booth", "sensor-free"]
    with transaction(house.engine) as session:
        layout.add_sensor(session, {"id": "spare", "model": "pir"}, actor_id=None, now=at("07:00"))
    begins = threading.Barrier(len(replaced))

    def swap(sensor_id: str) -> bool:
        begins.wait()
        try:
            with transaction(house.engine) as session:
                layout.swap_sensor(session, sensor_id, "spare", actor_id=None, now=at("08:00"))
        except RuleBroken:
            return False
        return True

    with ThreadPoolExecutor(len(replaced)) as beside:
        assert sorted(beside.map(swap, replaced)) == [False, False, False, True]
    with reading(house.engine) as session:
        assert len(layout.watched_by(session, "spare")) == 1
