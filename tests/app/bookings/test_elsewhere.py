"""Where somebody could go instead is found in one way, by the doors: what takes a booking away and what refuses one
name the same spaces."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings.alternatives import Nearby
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.spaces import zones
from app.spaces.models import Space, Zone
from app.spaces.rules import GuestDay, Kind
from app.spaces.service import get_place
from tests.app.bookings.test_legal import open_doors, zone_id
from tests.fixtures.web import Api
from tests.house import DAY, House, at, span


def add_zone(session: Session, house: House, code: str, who: str | None, **spaces: Kind) -> int:
    """A zone of somebody's section, or of everybody, on the house's floor."""
    section_id = next(iter(house.people[who].section_ids)) if who else None
    zone = Zone(floor_id=house.floor_id, code=code, name=code, section_id=section_id)
    session.add(zone)
    session.flush()
    for name, kind in spaces.items():
        space = Space(zone_id=zone.id, code=name, kind=kind)
        session.add(space)
        session.flush()
        house.spaces[name] = space.id
    return zone.id


@pytest.fixture
def taxes(house: House) -> Booking:
    """The tax section's only seat is booked, nothing of everybody's is in order, and its zone overflows into the
    general affairs'."""
    with transaction(house.engine) as session:
        over = add_zone(session, house, "OV", "aoki", over=Kind.SEAT)
        home = zone_id(session, house, "taxes")
        zones.set_overflow(session, home, [over], actor_id=None, now=at("00:00"))
    for where in ("seat", "window", "bare", "focus"):
        house.break_(where)
    return house.book("endo", "taxes", "10:00", "12:00")


def break_down(house: House, where: str) -> list[str]:
    """A space breaks; where its bookings go, as was foretold."""
    outage = pipeline.Outage(house.spaces[where], at("08:30"), None, "")
    with transaction(house.engine) as session:
        told = [one.code for one in pipeline.moves_of(session, outage, now=at("08:30"))]
        done = pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("08:30"))
        assert [one.code for one in done] == told
    return told


def test_a_broken_seats_booking_goes_to_where_the_full_zone_overflows(house: House, taxes: Booking) -> None:
    assert break_down(house, "taxes") == ["over"]
    assert house.get(taxes).status is Status.BOOKED


def test_overflow_is_the_last_resort_though_it_is_the_more_alike(house: House, taxes: Booking) -> None:
    with transaction(house.engine) as session:
        home = zone_id(session, house, "taxes")
        session.add(Space(zone_id=home, code="taxes-focus", kind=Kind.FOCUS_SEAT))
    assert break_down(house, "taxes") == ["taxes-focus"]


def test_a_broken_seats_booking_goes_to_where_its_people_are_guests(house: House, taxes: Booking) -> None:
    with transaction(house.engine) as session:
        add_zone(session, house, "G", "aoki", guest=Kind.SEAT)
    open_doors(house, "guest", GuestDay(next(iter(house.people["endo"].section_ids)), DAY.weekday(), None))
    assert break_down(house, "taxes") == ["guest"]


def test_nobody_goes_where_no_door_is_open_to_them(house: House, taxes: Booking) -> None:
    with transaction(house.engine) as session:
        home = zone_id(session, house, "taxes")
        zones.set_overflow(session, home, [], actor_id=None, now=at("00:00"))
    assert break_down(house, "taxes") == [""]
    assert house.get(taxes).status is Status.CANCELLED


def test_what_comes_nearest_to_a_day_of_a_series_may_lie_in_another_zone(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        add_zone(session, house, "N", None, **{"focus-2": Kind.FOCUS_SEAT})
    house.book("baba", "focus", "10:00", "11:00", day=1)
    answer = api.call(
        "aoki",
        "POST",
        "/bookings",
        {
            "space_id": house.spaces["focus"],
            "start": at("10:00", day=1).isoformat(),
            "end": at("11:00", day=1).isoformat(),
            "repeat": {"every": "day", "count": 2, "dry_run": True},
        },
    )
    (refused,) = answer.get_json()["series"]["refused"]
    assert refused["nearest_space_id"] == house.spaces["focus-2"]


def nearest(house: House, who: str, where: str, *, day: int = 0) -> str | None:
    wanted = span("10:00", "11:00", day=day)
    with reading(house.engine) as session:
        place = get_place(session, house.spaces[where])
        found = Nearby(session, place, wanted, user_id=house.people[who].id, now=at("08:00")).space(wanted)
    return found.code if found else None


def test_what_is_named_instead_is_what_the_person_may_book(house: House, taxes: Booking) -> None:
    with transaction(house.engine) as session:
        add_zone(session, house, "N", None, far=Kind.SEAT)
        session.get_one(Space, house.spaces["far"]).x = 9_999
        add_zone(session, house, "T", "endo", near=Kind.SEAT)
    assert nearest(house, "baba", "seat") == "over"
    assert nearest(house, "endo", "seat", day=1) == "near"
    house.book("aoki", "over", "10:00", "11:00")
    assert nearest(house, "baba", "seat") == "far"
    with transaction(house.engine) as session:
        session.get_one(Zone, zone_id(session, house, "near")).section_id = None
    assert nearest(house, "baba", "seat") == "near"
