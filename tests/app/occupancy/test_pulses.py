"""A sensor that says occupied only: what its quiet becomes in the database, and in the no-show rule."""

from datetime import timedelta
from pathlib import Path

from sqlalchemy import select, update

from app.bookings.rules import Status
from app.database import reading, transaction
from app.occupancy.models import OccupancyChange
from app.occupancy.rules import Occupancy
from app.spaces.models import Sensor
from sensor_gateway.profiles import load
from tests.app.records.test_sheets import take
from tests.fixtures.web import Api
from tests.house import House, at

OCCUPIED, VACANT, OFFLINE = Occupancy.OCCUPIED, Occupancy.VACANT, Occupancy.OFFLINE


def only_says_on(house: House, heartbeat: timedelta, clears_after_s: int = 30) -> None:
    with transaction(house.engine) as session:
        session.execute(
            update(Sensor).values(heartbeat_s=heartbeat.total_seconds(), clears_after_s=clears_after_s)
        )


def changes(house: House) -> list[tuple[Occupancy, str]]:
    with reading(house.engine) as session:
        rows = session.execute(select(OccupancyChange.state, OccupancyChange.at).order_by(OccupancyChange.id))
        return [(state, str(when - at("00:00"))) for state, when in rows]


def test_one_movement_and_silence_is_no_passer_by_taken_for_somebody(house: House) -> None:
    only_says_on(house, timedelta(hours=1))
    house.hear("seat", ("08:00", True))
    for now in ("08:02", "08:15", "10:30"):
        house.sweep(now)
    assert changes(house) == [(VACANT, "8:10:30"), (OFFLINE, "10:30:00")]
    house.hear("seat", ("11:00", True), ("11:04", True))
    house.sweep("11:30")
    assert [state for state, _at in changes(house)[3:]] == [OCCUPIED, VACANT]


def test_its_signs_of_life_say_vacant_so_that_a_no_show_is_given_back(house: House) -> None:
    only_says_on(house, timedelta(minutes=10))
    kept = house.book("baba", "window", "09:00", "17:00")
    booking = house.book("aoki", "seat", "09:00", "17:00")
    for seat in ("seat", "window"):
        house.hear_beats(seat, "08:00", "10:00", occupied=None)
    house.hear("window", ("10:00:10", True), ("10:00:20", None))
    house.sweep("10:01")
    assert house.get(booking).status is Status.RELEASED
    assert house.get(kept).status is Status.BOOKED


def test_a_profile_the_api_and_a_file_say_after_what_quiet_it_clears(
    api: Api, house: House, tmp_path: Path
) -> None:
    (tmp_path / "pulse.toml").write_text('models = ["Pulse"]\n[timing]\nclears_after_s = 45\n')
    assert load(tmp_path).timing("Pulse 2") == {"clears_after_s": 45}
    changed = api.call("fujii", "PATCH", "/sensors/sensor-seat", {"clears_after_s": 30})
    assert (changed.status_code, changed.get_json()["clears_after_s"]) == (200, 30)
    wrong = api.call("fujii", "PATCH", "/sensors/sensor-seat", {"clears_after_s": 86_401})
    assert wrong.status_code == 422
    take(house, "sensors", "id,clears_after_s\nsensor-window,20\n")
    with reading(house.engine) as session:
        told = dict(session.execute(select(Sensor.id, Sensor.clears_after_s)).all())
    assert (told["sensor-seat"], told["sensor-window"], told["sensor-booth"]) == (30, 20, 0)
