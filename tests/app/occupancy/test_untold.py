"""Sensors that live but say nothing of an empty seat when it counts: no no-show is released there."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import update

from app import pipeline
from app.bookings.rules import Status
from app.bookings.untold import find_untold
from app.database import reading, transaction
from app.occupancy.health import health
from app.spaces.models import Sensor
from tests.app.bookings.test_walk_in import signed_in
from tests.app.occupancy.test_troubles import note, told, troubles
from tests.house import House, at

MORNING, NOON = ("09:00", "12:00"), ("12:30", "15:30")


def not_come(house: House, *spans: tuple[str, str], end: str = "15:30") -> None:
    """Aoki books the seat for each span and never comes; its sensor said vacant at seven, then signs of life only."""
    for start, until in spans:
        house.book("aoki", "seat", start, until)
    house.hear("seat", ("07:00", False))
    house.hear_beats("seat", "07:10", end, occupied=None)
    house.sweep("10:00")
    house.sweep("12:00")
    house.sweep("13:30")
    house.sweep("15:30")


def found(house: House, now: str = "15:31", *, day: int = 0) -> set[str]:
    with reading(house.engine) as session:
        return find_untold(session, at(now, day=day))


def test_a_sensor_that_speaks_on_change_only_is_told_once_two_bookings_ended_unverified(house: House) -> None:
    not_come(house, MORNING)
    assert note(house, "12:01") == 0, "once may be chance"
    house.book("aoki", "seat", *NOON, now="12:02")
    house.sweep("13:30")
    house.sweep("15:30")
    assert note(house, "15:31") == 1
    assert note(house, "15:35") == 0
    (event,) = told(house)
    assert event["new"] == [{"sensor": "sensor-seat", "spaces": "seat", "trouble": "untold"}]
    assert troubles(house) == {("sensor-seat", "untold")}
    with reading(house.engine) as session:
        wrong = {one.sensor_id: one.troubles for one in health(session, at("15:35")) if one.last_seen_at}
    assert wrong == {"sensor-seat": ["untold"]}


def test_it_goes_once_a_no_show_is_released_there_and_else_after_a_week(house: House) -> None:
    not_come(house, MORNING, NOON)
    assert note(house, "15:31") == 1
    assert found(house, "08:59", day=7) == {"sensor-seat"}
    assert found(house, "09:01", day=7) == set()
    late = house.book("aoki", "seat", "16:00", "19:00", now="15:40")
    house.hear_beats("seat", "15:40", "17:00", occupied=False)
    house.sweep("17:00")
    assert house.get(late).status is Status.RELEASED
    assert note(house, "17:01") == 0
    assert troubles(house) == set()


@pytest.mark.parametrize(
    ("spans", "end"),
    [
        pytest.param((MORNING, ("12:30", "13:15")), "15:30", id="within the grace nothing is asked"),
        pytest.param((MORNING, NOON), "13:00", id="it fell silent"),
    ],
)
def test_what_ended_unverified_for_another_reason_is_not_laid_to_the_sensors_words(
    house: House, spans: tuple[tuple[str, str], ...], end: str
) -> None:
    not_come(house, *spans, end=end)
    assert found(house) == set()


def test_one_that_said_vacant_within_a_booking_is_none(house: House) -> None:
    not_come(house, MORNING, NOON)
    house.process(house.readings("seat", [("14:00", False)]), at("15:31"))
    assert found(house) == set()


def test_one_whose_silence_says_vacant_owes_no_word(house: House) -> None:
    not_come(house, MORNING, NOON)
    with transaction(house.engine) as session:
        session.execute(update(Sensor).values(clears_after_s=60))
    assert found(house) == set()


def test_the_page_says_what_to_do(app: Flask, house: House) -> None:
    not_come(house, MORNING, NOON)
    with transaction(house.engine) as session:
        pipeline.note_sensor_troubles(session, at("15:31"))
    client = signed_in(app.test_client(), house, "fujii")
    for language, said in (
        ("ja", "来なかった予約を解放できません"),
        ("en", "tell its state at each heartbeat"),
    ):
        assert said in client.get("/office/sensors", headers={"Accept-Language": language}).text
    assert 'akiseki_sensor_well{sensor="sensor-seat"} 0.0' in client.get("/metrics").text
