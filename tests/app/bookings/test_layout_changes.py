"""The layout changes under what is booked: whoever may no longer be there is moved or told, and nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, update

from app import pipeline
from app.bookings import attendees, reserve
from app.bookings.models import Booking
from app.bookings.moving.service import Move
from app.bookings.rules import Status
from app.database import reading, rehearsal, transaction
from app.errors import Conflict
from app.events import Event
from app.spaces import fixed_seats
from app.spaces.models import Space, Zone
from app.spaces.rules import GuestDay, Kind
from tests.app.bookings.test_legal import open_doors, overflow, zone_id
from tests.house import DAY, House, at, span


def section_of(house: House, who: str) -> int:
    return next(iter(house.people[who].section_ids))


def change_zone(
    house: House, zone_of: str, values: dict[str, Any], *, now: str = "08:30", dry_run: bool = False
) -> list[tuple[int, str]]:
    """Change the zone that a space is in; (booking, where it goes) of each that is moved or ended."""
    with (rehearsal if dry_run else transaction)(house.engine) as session:
        _zone, moves = pipeline.change_zone(
            session, zone_id(session, house, zone_of), values, actor=house.people["fujii"], now=at(now)
        )
        return told(moves)


def change_space(
    house: House, where: str, values: dict[str, Any], *, now: str = "08:30"
) -> list[tuple[int, str]]:
    with transaction(house.engine) as session:
        _space, moves = pipeline.change_space(
            session, house.spaces[where], values, actor=house.people["fujii"], now=at(now)
        )
        return told(moves)


def told(moves: list[Move]) -> list[tuple[int, str]]:
    return [(one.booking.id, one.code) for one in moves]


def zone_of(house: House, where: str) -> int:
    with reading(house.engine) as session:
        return zone_id(session, house, where)


def where_is(house: House, booking: Booking) -> str:
    at_ = house.get(booking).space_id
    return next(name for name, space_id in house.spaces.items() if space_id == at_)


def test_a_seat_that_goes_to_another_sections_zone_lets_those_go_who_may_not_be_there(house: House) -> None:
    gone, mine = house.book("aoki", "seat", "10:00", "11:00"), house.book("endo", "seat", "13:00", "14:00")
    moves = change_space(house, "seat", {"zone_id": zone_of(house, "taxes")})
    assert moves == [(gone.id, "bare")], "the nearest of the zone it was in; who is of the section stays"
    assert where_is(house, gone) == "bare"
    assert where_is(house, mine) == "seat"
    (event,) = [one for one in house.events(gone) if one.kind == "booking.moved"]
    assert (event.actor_id, event.data["user_id"]) == (house.people["fujii"].id, house.people["aoki"].id)


def test_a_zone_of_another_section_ends_what_finds_no_other_place(house: House) -> None:
    open_doors(house, "taxes")
    for where in ("window", "bare", "focus"):
        house.break_(where)
    booked = house.book("aoki", "seat", "10:00", "11:00")
    begun = house.book("baba", "booth", "08:15", "09:00", now="08:00")
    tomorrow = house.book("chiba", "seat", "10:00", "11:00", day=1)
    own = house.book("fujii", "seat", "15:00", "16:00")
    moves = change_zone(house, "seat", {"section_id": section_of(house, "endo")})
    assert moves == [(begun.id, ""), (booked.id, ""), (tomorrow.id, "")]
    assert [house.get(one).status for one in (begun, booked, tomorrow, own)] == [
        Status.ENDED_EARLY,
        Status.CANCELLED,
        Status.CANCELLED,
        Status.BOOKED,
    ]
    assert {house.get(one).reason for one in (begun, booked, tomorrow)} == {"layout"}


def test_a_zone_made_free_seating_lets_what_is_booked_go_and_who_sits_there_stay(house: House) -> None:
    sits = house.claim("baba", "window", "08:30")
    booked = house.book("aoki", "seat", "10:00", "11:00")
    with transaction(house.engine) as session:
        session.get_one(Zone, zone_id(session, house, "taxes")).section_id = section_of(house, "aoki")
    moves = change_zone(house, "seat", {"free_seating": True}, now="08:40")
    assert moves == [(booked.id, "taxes")]
    assert house.get(sits).status is Status.CHECKED_IN
    assert change_zone(house, "seat", {"free_seating": False}) == []


def test_a_smaller_space_lets_go_those_whom_it_holds_no_more(house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 3
        session.add(
            Space(zone_id=zone_id(session, house, "seat"), code="hall", kind=Kind.MEETING_BOOTH, capacity=4)
        )
    alone, three = (
        house.book("baba", "booth", "09:00", "10:00"),
        house.book("aoki", "booth", "10:00", "11:00"),
    )
    with transaction(house.engine) as session:
        people = [house.people[name].id for name in ("chiba", "endo")]
        attendees.invite(
            session, session.get_one(Booking, three.id), people, actor=house.people["aoki"], now=at("08:10")
        )
    assert change_space(house, "booth", {"capacity": 2, "x": 7}) == [(three.id, "hall")]
    assert where_is(house, alone) == "booth"


def test_what_a_change_does_not_take_away_stays(house: House) -> None:
    """A name, a place on the map; a guest day that still holds; a kept seat; who is of the section anyway."""
    open_doors(house, "taxes", GuestDay(None, DAY.weekday(), None))
    guest = house.book("aoki", "taxes", "09:00", "10:00")
    with transaction(house.engine) as session:
        fixed_seats.keep_for(
            session,
            house.spaces["taxes"],
            house.people["chiba"].id,
            first=at("00:00", day=1).date(),
            last=None,
            actor_id=None,
            now=at("08:00"),
        )
    kept = house.book("chiba", "taxes", "09:00", "10:00", day=2)
    put = house.book("endo", "seat", "10:00", "11:00")
    assert change_zone(house, "taxes", {"name": "税", "x": 10}) == []
    assert change_zone(house, "seat", {"section_id": section_of(house, "endo")}) == []
    open_doors(house, "taxes")
    assert change_zone(house, "taxes", {"section_id": section_of(house, "aoki")}) == []
    assert {where_is(house, one) for one in (guest, kept)} == {"taxes"}
    assert where_is(house, put) == "seat"


def test_who_was_put_somewhere_against_the_rules_stays_there(house: House) -> None:
    with transaction(house.engine) as session:
        put = reserve.reserve(
            session,
            actor=house.people["fujii"],
            space_id=house.spaces["taxes"],
            span=span("10:00", "11:00"),
            now=at("08:00"),
            for_user_id=house.people["aoki"].id,
        )
        session.expunge(put)
    with transaction(house.engine) as session:
        other = Zone(floor_id=house.floor_id, code="N", name="N", section_id=section_of(house, "endo"))
        session.add(other)
        session.flush()
        other_id = other.id
    assert change_space(house, "taxes", {"zone_id": other_id}) == []
    assert where_is(house, put) == "taxes"


def test_a_zone_that_takes_people_in_when_theirs_is_full_keeps_them(house: House) -> None:
    overflow(house, "seat", "taxes")
    for where in ("seat", "window", "bare", "focus"):
        house.break_(where)
    booking = house.book("aoki", "taxes", "09:00", "10:00")
    with transaction(house.engine) as session:
        other = Zone(floor_id=house.floor_id, code="N", name="N", section_id=section_of(house, "endo"))
        session.add(other)
        session.flush()
        other_id = other.id
    assert change_space(house, "taxes", {"zone_id": other_id}) == [(booking.id, "")]


def test_a_rehearsed_change_tells_and_changes_nothing(house: House) -> None:
    booking = house.book("aoki", "seat", "10:00", "11:00")
    values = {"section_id": section_of(house, "endo")}
    shown = change_zone(house, "seat", values, dry_run=True)
    assert shown == [(booking.id, "")]
    assert house.get(booking).status is Status.BOOKED
    assert change_zone(house, "seat", values) == shown


def test_no_two_go_to_one_place_and_who_can_stay_together_does(house: House) -> None:
    morning = house.book("aoki", "seat", "09:00", "12:00")
    beside = house.book("baba", "window", "09:00", "12:00")
    with transaction(house.engine) as session:
        other = Zone(floor_id=house.floor_id, code="N", name="N", section_id=section_of(house, "aoki"))
        session.add(other)
        session.flush()
        session.add_all([Space(zone_id=other.id, code=f"N-{one}", kind=Kind.SEAT) for one in (1, 2)])
    moves = change_zone(house, "seat", {"section_id": section_of(house, "endo")})
    assert sorted(moves) == sorted([(morning.id, "N-1"), (beside.id, "N-2")])


def test_nobody_whose_time_has_begun_is_sent_where_somebody_sits(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.hear("window", ("09:00", True), ("09:03", True))
    house.break_("bare")
    moves = change_space(house, "seat", {"zone_id": zone_of(house, "taxes")}, now="09:10")
    assert moves == [(booking.id, "focus")]


def test_what_is_held_for_the_queue_lapses_where_its_person_may_not_be_any_more(house: House) -> None:
    held = house.book("aoki", "seat", "10:00", "11:00")
    with transaction(house.engine) as session:
        session.execute(
            update(Booking).where(Booking.id == held.id).values(status=Status.HELD, release_check_at=None)
        )
    assert change_zone(house, "seat", {"section_id": section_of(house, "endo")}) == [(held.id, "")]
    assert house.get(held).status is Status.CANCELLED


def test_a_booked_seat_still_becomes_no_room(house: House) -> None:
    house.book("aoki", "seat", "10:00", "11:00")
    with pytest.raises(Conflict, match=r"space\.booked"):
        change_space(house, "seat", {"kind": Kind.BOOTH, "zone_id": zone_of(house, "taxes")})
    with reading(house.engine) as session:
        assert session.scalars(select(Event.id).where(Event.kind == "space.changed")).all() == []
