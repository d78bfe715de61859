"""Ways round a rule: what a booking may not be is not to be had by changing it into that."""

from __future__ import annotations

import pytest

from app import pipeline
from app.bookings import attendees, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.bookings.service import Words
from app.database import reading, transaction
from app.errors import DomainError, Forbidden, RuleBroken
from app.spaces import fixed_seats
from app.spaces.models import FixedSeat, Space, Zone
from app.spaces.rules import GuestDay, Kind
from app.timespan import TimeSpan
from tests.app.bookings.test_legal import TUESDAY, keep, let, open_doors, overflow, reason
from tests.app.bookings.test_series import ask, bookings, make
from tests.house import DAY, House, at, span


def move(house: House, booking: Booking, who: str, now: str, wanted: TimeSpan, where: str = "") -> None:
    with transaction(house.engine) as session:
        reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people[who],
            now=at(now),
            span=wanted,
            space_id=house.spaces[where] if where else None,
        )


def test_a_guest_of_a_tuesday_cannot_move_the_booking_to_a_wednesday(house: House) -> None:
    open_doors(house, "taxes", GuestDay(None, TUESDAY, None))
    booking = house.book("aoki", "taxes", "09:00", "12:00")
    with pytest.raises(Forbidden):
        move(house, booking, "aoki", "08:10", span("09:00", "12:00", day=1))
    move(house, booking, "aoki", "08:10", span("10:00", "13:00"))


@pytest.mark.parametrize("where", ["seat", "free"])
def test_what_somebody_sits_at_cannot_be_moved_to_another_day(house: House, where: str) -> None:
    claimed = house.claim("aoki", where, "09:00")
    with pytest.raises(RuleBroken) as caught:
        move(house, claimed, "aoki", "09:10", span("09:00", "12:00", day=1))
    assert caught.value.facts["rule"] == "begun"
    assert house.get(claimed).start_at == at("09:00")


def released(house: House) -> Booking:
    let(house, "check_in_by_hand", "on")
    booking = house.book("aoki", "bare", "09:00", "12:00")
    house.sweep("10:01")
    assert house.get(booking).status is Status.RELEASED
    return booking


def reclaim(house: House, booking: Booking) -> None:
    with transaction(house.engine) as session:
        release.reclaim(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("10:30")
        )


def test_a_released_booking_of_a_space_out_of_order_cannot_be_reclaimed(house: House) -> None:
    booking = released(house)
    house.break_("bare", "10:15")
    with pytest.raises(DomainError) as caught:
        reclaim(house, booking)
    assert caught.value.facts["rule"] == "out_of_order"


def test_what_was_out_of_order_before_does_not_keep_from_reclaiming(house: House) -> None:
    booking = released(house)
    house.break_("bare", "10:05", "10:20")
    reclaim(house, booking)
    assert house.get(booking).status is Status.BOOKED


def test_a_zone_of_which_the_last_space_cannot_be_had_is_full(house: House) -> None:
    overflow(house, "seat", "taxes")
    for where in ("seat", "window"):
        house.break_(where)
    keep(house, "bare", "chiba")
    assert reason(house, "baba", "taxes", span("09:00", "12:00")) == "zone_not_full"
    house.break_("focus", "11:00", "11:30")
    assert reason(house, "baba", "taxes", span("09:00", "10:00")) == "zone_not_full"
    assert reason(house, "baba", "taxes", span("09:00", "12:00")) is None
    house.book("baba", "taxes", "09:00", "12:00")


def rooms(house: House, capacities: dict[str, int]) -> None:
    with transaction(house.engine) as session:
        for where, capacity in capacities.items():
            room = session.get_one(Space, house.spaces[where])
            room.kind, room.capacity = Kind.MEETING_BOOTH, capacity


def meeting(house: House, where: str) -> Booking:
    """Of aoki, baba and chiba."""
    booking = house.book("aoki", where, "10:00", "11:00")
    with transaction(house.engine) as session:
        attendees.invite(
            session,
            session.get_one(Booking, booking.id),
            [house.people["baba"].id, house.people["chiba"].id],
            actor=house.people["aoki"],
            now=at("08:00"),
        )
    return booking


def test_a_meeting_is_not_moved_to_a_room_that_does_not_hold_it(house: House) -> None:
    rooms(house, {"seat": 4, "window": 2, "bare": 3})
    booking = meeting(house, "seat")
    with pytest.raises(DomainError) as caught:
        move(house, booking, "aoki", "08:10", span("10:00", "11:00"), "window")
    assert caught.value.facts["rule"] == "capacity"
    move(house, booking, "aoki", "08:10", span("10:00", "11:00"), "bare")


def test_a_meeting_of_a_broken_room_goes_to_one_that_holds_it_or_nowhere(house: House) -> None:
    rooms(house, {"seat": 4, "window": 3, "bare": 2})
    booking = meeting(house, "seat")
    with transaction(house.engine) as session:
        pipeline.take_out_of_order(
            session,
            pipeline.Outage(house.spaces["seat"], at("09:00"), None, ""),
            actor=house.people["fujii"],
            now=at("09:00"),
        )
    assert house.get(booking).space_id == house.spaces["window"]


def test_a_guest_of_a_zone_is_not_moved_to_another_of_its_section(house: House) -> None:
    with transaction(house.engine) as session:
        zone = session.get_one(Zone, session.get_one(Space, house.spaces["taxes"]).zone_id)
        other = Zone(floor_id=zone.floor_id, code="C", name="C", section_id=zone.section_id)
        session.add(other)
        session.flush()
        session.add(Space(zone_id=other.id, code="near", kind=Kind.SEAT))
        for where in ("seat", "window", "bare", "focus"):
            session.get_one(Space, house.spaces[where]).x = 9_999
    open_doors(house, "taxes", GuestDay(None, TUESDAY, None))
    guest = house.book("aoki", "taxes", "09:00", "10:00")
    own = house.book("endo", "taxes", "10:00", "11:00")
    with transaction(house.engine) as session:
        outage = pipeline.Outage(house.spaces["taxes"], at("08:30"), None, "")
        moves = pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("08:30"))
        codes = {one.booking.id: one.code for one in moves}
    assert codes == {guest.id: "bare", own.id: "near"}


def test_a_new_title_of_all_is_the_title_of_all(house: House) -> None:
    made = make(house, ask(house))
    with transaction(house.engine) as session:
        booking = session.get_one(Booking, made.bookings[1].id)
        series.move(
            session,
            booking,
            Scope.FOLLOWING,
            booking.span,
            actor=house.people["aoki"],
            now=at("08:30"),
            words=Words(title="朝会"),
        )
    assert [one.title for one in bookings(house)] == ["", "朝会", "朝会"]


@pytest.mark.parametrize("shift", [1, -1])
def test_a_daily_series_can_be_moved_by_a_day(house: House, shift: int) -> None:
    wanted = TimeSpan(at("09:00", day=1), at("12:00", day=1))
    made = make(house, ask(house, times=wanted, recurrence=Recurrence(Every.DAY, count=2)))
    with transaction(house.engine) as session:
        series.move(
            session,
            session.get_one(Booking, made.bookings[0].id),
            Scope.ALL,
            span("09:00", "12:00", day=1 + shift),
            actor=house.people["aoki"],
            now=at("08:30"),
        )
    starts = [one.start_at for one in bookings(house)]
    assert starts == [one.start_at + (wanted.start - at("09:00")) * shift for one in made.bookings]


def test_a_seat_that_is_no_longer_kept_stays_everybodys_when_it_is_freed_again(house: House) -> None:
    kept = keep(house, "seat", "chiba")
    for last in (DAY, DAY.replace(day=28)):
        with transaction(house.engine) as session:
            fixed_seats.free_again(session, kept, last=last, actor_id=None, now=at("18:00"))
    with reading(house.engine) as session:
        assert session.get_one(FixedSeat, kept).until_on == DAY
