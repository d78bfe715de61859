"""How the databases go about the frequent queries once there is something stored: by an index, never through it all."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import insert, text
from sqlalchemy.orm import Session

from app import pipeline
from app.boards.availability import floor_view
from app.bookings import reserve
from app.bookings.after_use import pauses_after_use
from app.bookings.models import Booking
from app.bookings.rules import Origin, Status
from app.bookings.service import list_bookings, own_bookings
from app.bookings.untold import find_untold
from app.database import transaction
from app.notifications.calendars import bookings_of
from app.occupancy import service as occupancy
from app.occupancy.flapping import find_flapping
from app.occupancy.models import OccupancyChange, SensorState, SpaceState, StoredReading
from app.occupancy.rules import Occupancy
from app.spaces.models import Floor, Sensor, SensorBinding, Site, Space, Zone
from app.spaces.rules import Kind, Lane
from app.spaces.service import policies, set_policy
from app.usage.models import UsageSession
from tests.house import HEARTBEAT, OFFICE, OPENED_AT, House, at, span
from tests.statements import explained

FLOORS = 20
SPACES = 30  # a floor
DAYS = 10  # of bookings, one a day and space
# What grows from day to day; spaces and sensors are as many as the building holds.
GROWING = "bookings|readings|usage_sessions|events|occupancy_changes"
# Without a condition on its columns, the partial index of what is open is still only what is open.
OPEN = "USING (COVERING )?INDEX uq_usage_sessions_open"


def whole_reads(plans: list[str], tables: str = GROWING) -> list[str]:
    """The plans that read one of the tables from end to end, through an index or not."""
    whole = re.compile(rf"Seq Scan on ({tables})\b|^SCAN ({tables})\b(?! {OPEN})", re.MULTILINE)
    return [plan for plan in plans if whole.search(plan)]


@pytest.fixture
def years(house: House) -> House:
    """The office after a while: many floors, each space used and booked every day until yesterday."""
    with transaction(house.engine) as session:
        spaces = _build_floors(session)
        _fill(session, house, spaces)
    with house.engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        connection.commit()
    return house


def _build_floors(session: Session) -> list[tuple[int, str]]:
    site = Site(code="large", name="本庁", timezone="Asia/Tokyo")
    session.add(site)
    session.flush()
    floors = [Floor(site_id=site.id, code=f"L{one}", name=f"L{one}") for one in range(FLOORS)]
    session.add_all(floors)
    session.flush()
    zones = [Zone(floor_id=floor.id, code=f"Z{floor.code}", name="Z") for floor in floors]
    session.add_all(zones)
    session.flush()
    spaces = [
        Space(zone_id=zone.id, code=f"{zone.code}-{one}", kind=Kind.SEAT)
        for zone in zones
        for one in range(SPACES)
    ]
    session.add_all(spaces)
    session.flush()
    found = [(space.id, f"s-{space.code}") for space in spaces]
    session.execute(insert(Sensor), [{"id": sensor, "heartbeat_s": 600} for _space, sensor in found])
    session.execute(
        insert(SensorBinding),
        [{"sensor_id": sensor, "space_id": space, "from_at": OPENED_AT} for space, sensor in found],
    )
    return found


def _fill(session: Session, house: House, spaces: list[tuple[int, str]]) -> None:
    dead = {"status": Status.COMPLETED, "origin": Origin.BOOKED, "lane": Lane.DESK, "reason": "ended"}
    days = [timedelta(days=-1 - one) for one in range(DAYS)]
    session.execute(
        insert(Booking),
        [
            {
                **dead,
                "space_id": space,
                "user_id": house.people["endo"].id,
                "start_at": at("09:00") + day,
                "end_at": at("17:00") + day,
                "ended_at": at("17:00") + day,
                "made_at": at("08:00") + day,
            }
            for space, _sensor in spaces
            for day in days
        ],
    )
    session.execute(
        insert(UsageSession),
        [
            {"space_id": space, "start_at": at("09:00") + day, "end_at": at("16:00") + day, "flag": ""}
            for space, _sensor in spaces
            for day in days
        ],
    )
    session.execute(
        insert(OccupancyChange),
        [
            {
                "space_id": space,
                "sensor_id": sensor,
                "state": state,
                "since_at": at(clock) + day,
                "at": at(clock) + day,
            }
            for space, sensor in spaces
            for day in days
            for clock, state in (("09:00", Occupancy.OCCUPIED), ("16:00", Occupancy.VACANT))
        ],
    )
    session.execute(
        insert(StoredReading),
        [
            {
                "sensor_id": sensor,
                "boot": "b",
                "seq": seq,
                "observed_at": at("07:00") + seq * HEARTBEAT,
                "received_at": at("07:00") + seq * HEARTBEAT,
                "occupied": False,
                "history": False,
            }
            for _space, sensor in spaces
            for seq in range(10)
        ],
    )
    session.execute(
        insert(SensorState),
        [
            {
                "sensor_id": sensor,
                "state": Occupancy.VACANT,
                "since_at": at("07:00"),
                "level": False,
                "signal_at": at("09:55"),
                "quiet_at": at("07:00"),
                "due_at": at("10:20"),
            }
            for _space, sensor in spaces
        ],
    )
    known = {"state": Occupancy.VACANT, "since_at": at("07:00"), "at": at("07:10")}
    session.execute(insert(SpaceState), [{"space_id": space, **known} for space, _sensor in spaces])


def test_a_sweep_looks_only_at_what_is_due(years: House) -> None:
    years.book("aoki", "seat", "09:00", "17:00")
    years.book("baba", "window", "09:00", "10:00")
    years.book("chiba", "booth", "09:30", "10:30")
    years.hear_beats("seat", "08:00", "10:00", occupied=False)
    years.hear("booth", ("09:29", True), ("09:31", True), ("09:40", False), ("09:50", False))
    years.hear("focus", ("09:20", True), ("09:25", True))
    with transaction(years.engine) as session, explained(years.engine) as plans:
        swept = pipeline.sweep(session, at("10:00"), OFFICE)
        done = [
            len(one) for one in (swept.released, swept.left_early, swept.completed, swept.observed.changes)
        ]
    assert done == [1, 1, 1, 1]
    assert len(plans) >= 10
    assert whole_reads(plans) == []


def test_silence_is_found_by_when_it_is_due(years: House) -> None:
    years.hear("focus", ("09:20", True), ("09:25", True))
    with transaction(years.engine) as session, explained(years.engine) as plans:
        observed = occupancy.settle(session, at("10:00"), policies(session))
    assert [one.state for one in observed.changes] == [Occupancy.OFFLINE]
    assert whole_reads(plans, f"sensor_states|{GROWING}") == []


def test_what_flaps_is_found_in_the_last_hour_of_those_that_saw_somebody(years: House) -> None:
    years.hear("focus", ("09:20", True), ("09:25", True))
    with transaction(years.engine) as session, explained(years.engine) as plans:
        assert find_flapping(session, at("10:00")) == set()
    assert whole_reads(plans) == []


def test_sensors_that_do_not_tell_vacant_are_found_in_the_last_weeks_bookings(years: House) -> None:
    with transaction(years.engine) as session, explained(years.engine) as plans:
        if years.engine.dialect.name == "postgresql":  # a week is most of ten days, but little of years
            session.execute(text("SET LOCAL enable_seqscan = off"))
        assert find_untold(session, at("10:00")) == set()
    assert whole_reads(plans) == []


def test_readings_are_taken_in_without_reading_a_table_through(years: House) -> None:
    years.book("aoki", "seat", "09:00", "17:00")
    batch = years.readings("seat", [("09:01", True), ("09:02", True), ("09:20", False), ("09:30", False)])
    with transaction(years.engine) as session, explained(years.engine) as plans:
        observed = pipeline.process_readings(session, batch, at("09:31"))
    assert len(observed.changes) == 2
    assert whole_reads(plans) == []


def test_a_floor_is_read_without_the_other_floors_bookings(years: House) -> None:
    years.book("aoki", "seat", "09:00", "17:00")
    with transaction(years.engine) as session, explained(years.engine) as plans:
        views = floor_view(
            session, years.floor_id, span("09:00", "12:00"), person=years.people["aoki"], now=at("09:00")
        )
    assert [view.code for view in views if view.reason == "yours"] == ["seat"]
    assert whole_reads(plans) == []


def test_a_booking_is_made_and_ones_own_are_listed_by_indexes(years: House) -> None:
    with transaction(years.engine) as session, explained(years.engine) as plans:
        person = years.people["aoki"]
        reserve.reserve(
            session,
            actor=person,
            space_id=years.spaces["seat"],
            span=span("10:00", "12:00"),
            now=at("08:00"),
        )
        day = at("00:00")
        assert len(list_bookings(session, user_id=person.id, start=day, end=day + timedelta(days=1))) == 1
        assert len(own_bookings(session, user_id=person.id, since=day)) == 1
        assert len(bookings_of(session, person.id, at("09:00"))) == 1
    assert whole_reads(plans) == []


def test_the_pause_after_a_use_is_looked_for_by_indexes(years: House) -> None:
    years.book("aoki", "seat", "09:00", "10:00")
    years.sweep("10:00")
    with transaction(years.engine) as session:
        set_policy(session, Kind.SEAT, "buffer", "15m", now=at("07:00"), actor_id=None)
    person, wanted = years.people["aoki"], span("10:05", "12:00")
    with transaction(years.engine) as session, explained(years.engine) as plans:
        policy = {years.spaces["seat"]: policies(session).of(Kind.SEAT)}
        assert len(pauses_after_use(session, policy, wanted.start, now=at("10:01"))) == 1
        views = floor_view(session, years.floor_id, wanted, person=person, now=at("10:01"))
    assert {view.code for view in views if view.reason == "buffer"} == {"seat"}
    assert whole_reads(plans) == []
    bounded = re.compile(r"ix_bookings_space_day.*?start_at ?>", re.DOTALL)
    assert len([one for one in plans if bounded.search(one)]) == 2


def test_a_plan_that_reads_a_table_through_is_told(years: House) -> None:
    """That the tests above can fail."""
    with transaction(years.engine) as session, explained(years.engine) as plans:
        session.execute(text("SELECT count(*) FROM bookings WHERE title = 'x'"))
    assert len(whole_reads(plans)) == 1
