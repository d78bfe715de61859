"""Sensors that turn more often than people come and go, whatever is confirmed of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import Engine, func, select

from app import jobs
from app.database import create_engine, reading, transaction
from app.occupancy.flapping import TURNS_AT_MOST, flapping
from app.occupancy.health import health
from app.occupancy.models import OccupancyChange
from app.occupancy.readings import Reading
from app.pipeline import process_readings
from firmware_stubs.simulator.faults import Faults
from firmware_stubs.simulator.stream import Fleet, messages, sensor_ids
from sensor_gateway.decoders import Wires
from sensor_gateway.messages import Envelope
from tests.app.occupancy.test_troubles import told, troubles
from tests.house import OFFICE, House, at
from tests.office import furnish_database

TEN_MINUTES = timedelta(minutes=10)


def turns(house: House, name: str, start: datetime, count: int, every: timedelta) -> datetime:
    """A sensor says one thing and then the other, `count` turns of it; when it said the last."""
    times = [start + number * every for number in range(count + 1)]
    said = [Reading(name, when, when, number % 2 == 0, "b007", number) for number, when in enumerate(times)]
    house.process(said, times[-1])
    return times[-1]


def flap(house: House, now: datetime) -> list[str]:
    jobs.note_troubles(house.engine, now, OFFICE)
    with reading(house.engine) as session:
        return [one.sensor_id for one in health(session, now, count_gaps=False) if "flapping" in one.troubles]


@pytest.mark.parametrize(("more", "found"), [(0, []), (1, ["sensor-seat"])])
def test_what_turns_over_sixty_times_an_hour_flaps(house: House, more: int, found: list[str]) -> None:
    last = turns(house, "sensor-seat", at("08:00"), TURNS_AT_MOST + more, timedelta(seconds=30))
    assert flap(house, last) == found


def test_the_hold_hides_it_and_it_is_found_all_the_same(house: House) -> None:
    last = turns(house, "sensor-seat", at("07:00"), 1200, timedelta(seconds=30))
    with reading(house.engine) as session:
        assert session.scalar(select(func.count()).select_from(OccupancyChange)) == 1
    assert flap(house, last) == ["sensor-seat"]


def test_turns_of_more_than_an_hour_told_afterwards_or_of_nothing_clear_are_none(house: House) -> None:
    last = turns(house, "sensor-seat", at("08:00"), 70, timedelta(minutes=1))
    beats = [last + number * timedelta(seconds=10) for number in range(1, 90)]
    nothing = [Reading("sensor-seat", when, when) for when in beats]
    past = [
        Reading("sensor-window", when, beats[-1], number % 2 == 0, history=True)
        for number, when in enumerate(beats)
    ]
    house.process([*nothing, *past], beats[-1])
    assert flap(house, beats[-1]) == []


def test_it_is_shown_for_a_day_and_told_once(house: House) -> None:
    last = turns(house, "sensor-seat", at("08:00"), 100, timedelta(seconds=30))
    assert flap(house, last) == ["sensor-seat"]
    for hours in (1, 12, 23):
        assert flap(house, last + timedelta(hours=hours)) == ["sensor-seat"]
    named = [one["trouble"] for event in told(house) for one in event["new"]]  # type: ignore[attr-defined]
    assert named.count("flapping") == 1
    assert flap(house, last + timedelta(hours=24)) == []
    assert ("sensor-seat", "flapping") not in troubles(house)


@pytest.fixture
def fleet_engine(database_url: str) -> Iterator[Engine]:
    furnish_database(database_url, sensor_ids(4))
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.mark.parametrize("rate", [0, 1])
def test_the_simulators_fault_is_found_and_nobody_who_moves_about(fleet_engine: Engine, rate: int) -> None:
    fleet = Fleet(sensor_ids(4), date(2026, 11, 16), seed=5, pir=True, faults=Faults(flapping=rate))
    wires = Wires()
    said: dict[int, list[Reading]] = defaultdict(list)
    start, end = fleet.day_span(fleet.first)
    for sent in messages(fleet):
        said[(sent.at - start) // TEN_MINUTES] += wires.readings(Envelope(sent.topic, sent.payload, sent.at))
    found: set[str] = set()
    for step in range((end - start) // TEN_MINUTES):
        now = start + (step + 1) * TEN_MINUTES
        with transaction(fleet_engine) as session:
            process_readings(session, said[step], now)
        jobs.note_troubles(fleet_engine, now, OFFICE)
        with reading(fleet_engine) as session:
            found |= flapping(session, now)
    assert found == (set(sensor_ids(4)) if rate else set())
