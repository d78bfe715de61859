"""Who may book what: zones, barriers, hours, capacity, buffers, quotas, guests."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.boards.availability import floor_view
from app.bookings import attendees, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.service import own_bookings
from app.database import reading, transaction
from app.errors import DomainError, Forbidden, NotFound, RuleBroken
from app.events import history
from app.people.models import Membership
from app.people.service import get_person
from app.spaces import fixed_seats, outages, zones
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Opening
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.house import DAY, House, at, span

TUESDAY = DAY.weekday()


def zone_id(session: Session, house: House, where: str) -> int:
    return session.get_one(Space, house.spaces[where]).zone_id


def let(house: House, key: str, value: str, *, kind: Kind = Kind.SEAT, zone_of: str | None = None) -> None:
    with transaction(house.engine) as session:
        zone = zone_id(session, house, zone_of) if zone_of else None
        set_policy(session, kind, key, value, now=at("00:00"), actor_id=None, zone_id=zone)


def open_doors(house: House, where: str, *guests: GuestDay) -> None:
    with transaction(house.engine) as session:
        zones.set_guests(session, zone_id(session, house, where), guests, actor_id=None, now=at("00:00"))


def refused(house: House, who: str, where: str, start: str, end: str, *, day: int = 0) -> DomainError:
    with pytest.raises(DomainError) as caught:
        house.book(who, where, start, end, day=day)
    return caught.value


def rule_of(error: DomainError) -> tuple[str, str]:
    assert error.code == "booking.rule"
    return error.facts["rule"], error.facts["allowed"]


def reason(house: House, who: str, where: str, wanted: TimeSpan) -> str | None:
    with reading(house.engine) as session:
        views = floor_view(session, house.floor_id, wanted, person=house.people[who], now=at("08:00"))
    return next(view.reason for view in views if view.code == where)


# Zones


def test_a_zone_takes_in_guests_of_other_sections_on_their_weekday_only(house: House) -> None:
    open_doors(house, "taxes", GuestDay(None, TUESDAY, None))
    assert reason(house, "aoki", "taxes", span("09:00", "12:00")) is None
    house.book("aoki", "taxes", "09:00", "12:00")
    assert reason(house, "aoki", "taxes", span("09:00", "12:00", day=1)) == "other_section"
    assert refused(house, "aoki", "taxes", "09:00", "12:00", day=1).facts["why"] == "zone"


def test_a_zone_takes_in_guests_on_a_date(house: House) -> None:
    open_doors(house, "taxes", GuestDay(None, None, DAY + timedelta(days=1)))
    assert refused(house, "aoki", "taxes", "09:00", "12:00").facts["why"] == "zone"
    house.book("aoki", "taxes", "09:00", "12:00", day=1)


def overflow(house: House, of: str, into: str) -> None:
    """The zone of `of` overflows into that of `into`, and belongs to the people of the general affairs' section."""
    with transaction(house.engine) as session:
        home = zone_id(session, house, of)
        session.get_one(Zone, home).section_id = next(iter(house.people["aoki"].section_ids))
        zones.set_overflow(session, home, [zone_id(session, house, into)], actor_id=None, now=at("00:00"))


def test_a_zone_that_takes_the_overflow_opens_when_the_own_zone_is_full(house: House) -> None:
    overflow(house, "seat", "taxes")
    assert reason(house, "baba", "taxes", span("09:00", "12:00")) == "zone_not_full"
    assert rule_of(refused(house, "baba", "taxes", "09:00", "12:00"))[0] == "overflow"
    for who, where in (("aoki", "seat"), ("chiba", "window"), ("fujii", "bare"), ("endo", "focus")):
        with transaction(house.engine) as session:
            reserve.reserve(
                session,
                actor=house.people["fujii"],
                for_user_id=house.people[who].id,
                space_id=house.spaces[where],
                span=span("09:00", "12:00"),
                now=at("08:00"),
            )
    assert reason(house, "baba", "taxes", span("09:00", "12:00")) is None
    assert reason(house, "baba", "taxes", span("11:00", "13:00")) is None
    assert reason(house, "baba", "taxes", span("12:00", "13:00")) == "zone_not_full"
    house.book("baba", "taxes", "09:00", "12:00")


def test_a_zone_for_free_seating_is_full_when_its_sensors_say_so(house: House) -> None:
    overflow(house, "free", "taxes")
    with pytest.raises(RuleBroken):
        house.claim("aoki", "taxes", "09:10")
    house.hear("free", ("09:11", True), ("09:13", True))
    assert house.claim("aoki", "taxes", "09:15").status is Status.CHECKED_IN


def test_a_zone_cannot_overflow_into_itself_or_into_nowhere(house: House) -> None:
    with transaction(house.engine) as session:
        home = zone_id(session, house, "seat")
        with pytest.raises(RuleBroken):
            zones.set_overflow(session, home, [home], actor_id=None, now=at("00:00"))
        with pytest.raises(NotFound):
            zones.set_overflow(session, home, [10_000], actor_id=None, now=at("00:00"))


# Barriers


def keep(house: House, where: str, who: str, *, days: int | None = None) -> int:
    with transaction(house.engine) as session:
        return fixed_seats.keep_for(
            session,
            house.spaces[where],
            house.people[who].id,
            first=DAY,
            last=None if days is None else DAY + timedelta(days=days),
            actor_id=house.people["fujii"].id,
            now=at("00:00"),
        ).id


def test_a_fixed_seat_is_its_holders_and_for_others_not_available_and_no_more(house: House) -> None:
    keep(house, "seat", "aoki", days=0)
    error = refused(house, "baba", "seat", "09:00", "12:00")
    assert rule_of(error) == ("not_available", "another space")
    assert house.people["aoki"].name not in str(error.facts)
    assert reason(house, "baba", "seat", span("09:00", "12:00")) == "not_available"
    assert reason(house, "aoki", "seat", span("09:00", "12:00")) is None
    with pytest.raises(RuleBroken):
        house.claim("baba", "seat", "09:00")
    house.book("aoki", "seat", "09:00", "12:00")
    house.book("baba", "seat", "09:00", "12:00", day=1)


def test_a_fixed_seat_in_another_sections_zone_is_its_holders_all_the_same(house: House) -> None:
    keep(house, "taxes", "aoki")
    assert reason(house, "aoki", "taxes", span("09:00", "12:00")) is None
    house.book("aoki", "taxes", "09:00", "12:00")
    assert refused(house, "endo", "taxes", "13:00", "14:00").facts["rule"] == "not_available"


def test_a_seat_is_kept_for_one_at_a_time_and_given_back_from_the_next_day_on(house: House) -> None:
    kept = keep(house, "seat", "aoki")
    with pytest.raises(DomainError, match=r"space\.kept"):
        keep(house, "seat", "baba")
    with transaction(house.engine) as session:
        fixed_seats.free_again(session, kept, last=DAY, actor_id=None, now=at("10:00"))
    assert refused(house, "baba", "seat", "09:00", "12:00").facts["rule"] == "not_available"
    house.book("baba", "seat", "09:00", "12:00", day=1)


def test_the_log_does_not_say_whom_a_seat_is_kept_for(house: House) -> None:
    keep(house, "seat", "aoki")
    with reading(house.engine) as session:
        (event,) = history(session, f"space:{house.spaces['seat']}")
    assert set(event.data) == {"fixed_id"}


def test_an_outage_stands_in_the_way_while_it_lasts(house: House) -> None:
    house.break_("seat", "10:00", "12:00")
    assert rule_of(refused(house, "aoki", "seat", "09:00", "10:30")) == (
        "out_of_order",
        f">= {at('12:00').isoformat()}",
    )
    assert reason(house, "aoki", "seat", span("09:00", "17:00")) == "out_of_order"
    house.book("aoki", "seat", "09:00", "10:00")
    house.book("baba", "seat", "12:00", "13:00")
    with transaction(house.engine) as session:
        assert outages.mend(session, [house.spaces["seat"]], actor_id=None, now=at("10:30")) == 1
    house.book("chiba", "seat", "10:30", "12:00", now="10:30")


def test_a_claim_ends_where_an_outage_begins(house: House) -> None:
    house.break_("seat", "10:00")
    assert house.claim("aoki", "seat", "09:00").end_at == at("10:00")


def test_nobody_moves_onto_what_is_out_of_order(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    house.break_("window")
    with transaction(house.engine) as session, pytest.raises(RuleBroken):
        reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["aoki"],
            now=at("08:00"),
            space_id=house.spaces["window"],
        )


# Hours, lengths, buffers


def test_the_sites_hours_bound_a_booking_and_not_a_claim(house: House) -> None:
    with transaction(house.engine) as session:
        site = session.scalars(select(Site)).one()
        zones.set_opening(session, site.id, Opening(time(8), time(20)), actor_id=None, now=at("00:00"))
        with pytest.raises(RuleBroken, match=r"site\.hours"):
            zones.set_opening(session, site.id, Opening(time(20), time(8)), actor_id=None, now=at("00:00"))
    rule, allowed = rule_of(refused(house, "aoki", "seat", "19:00", "21:00"))
    assert (rule, allowed) == ("opening_hours", f"{at('08:00').isoformat()}/{at('20:00').isoformat()}")
    house.book("aoki", "seat", "19:00", "20:00")
    house.claim("baba", "window", "20:30")


def test_a_booking_shorter_than_the_least_is_refused(house: House) -> None:
    let(house, "min_duration", "30m")
    assert rule_of(refused(house, "aoki", "seat", "09:00", "09:29")) == ("min_duration", ">= 30 min")
    house.book("aoki", "seat", "09:00", "09:30")


def test_a_zone_may_have_a_rule_of_its_own(house: House) -> None:
    let(house, "max_duration", "1h", zone_of="taxes")
    assert rule_of(refused(house, "endo", "taxes", "09:00", "11:00"))[0] == "max_duration"
    house.book("endo", "seat", "09:00", "11:00")


def test_back_to_back_is_accepted_but_for_a_buffer(house: House) -> None:
    house.book("aoki", "seat", "09:00", "10:00")
    house.book("baba", "seat", "10:00", "11:00")
    let(house, "buffer", "10m")
    assert rule_of(refused(house, "chiba", "seat", "11:00", "12:00")) == ("buffer", ">= 10 min")
    assert rule_of(refused(house, "chiba", "seat", "08:30", "08:51")) == ("buffer", ">= 10 min")
    house.book("chiba", "seat", "11:10", "12:00")


def test_a_pause_is_kept_also_after_ones_own_claim(house: House) -> None:
    claimed = house.claim("aoki", "seat", "09:00")
    let(house, "buffer", "10m")
    assert rule_of(refused(house, "aoki", "seat", "11:00", "12:00")) == ("buffer", ">= 10 min")
    assert house.get(claimed).end_at == claimed.end_at


# Guests and attendees


def test_a_guest_without_an_account_is_booked_for_by_those_who_receive_guests(house: House) -> None:
    def book(who: str) -> Booking:
        with transaction(house.engine) as session:
            booking = reserve.reserve(
                session,
                actor=house.people[who],
                guest_name="北九州 花子",
                space_id=house.spaces["booth"],
                span=span("09:00", "10:00"),
                now=at("08:00"),
            )
            session.expunge(booking)
        return booking

    with pytest.raises(Forbidden):
        book("aoki")
    booking = book("chiba")
    assert (booking.user_id, booking.guest_name) == (None, "北九州 花子")
    house.book("chiba", "seat", "09:00", "10:00")
    with reading(house.engine) as session:
        shown = own_bookings(session, user_id=house.people["chiba"].id, since=at("08:00"))
        assert {one.booking.id for one in shown} > {booking.id}


def test_a_guest_sits_where_the_host_belongs_on_that_day(house: House) -> None:
    tomorrow = DAY + timedelta(days=1)
    with transaction(house.engine) as session:
        zei = session.scalars(
            select(Membership.section_id).where(Membership.user_id == house.people["endo"].id)
        ).one()
        host = house.people["chiba"].id
        session.add(Membership(user_id=host, section_id=zei, from_on=tomorrow))
        session.flush()
        actor = get_person(session, host, DAY)
        wanted: dict[str, Any] = {
            "actor": actor,
            "guest_name": "客",
            "space_id": house.spaces["taxes"],
            "now": at("08:00"),
        }
        with pytest.raises(Forbidden):
            reserve.reserve(session, span=span("09:00", "10:00"), **wanted)
        assert reserve.reserve(session, span=span("09:00", "10:00", day=1), **wanted).guest_name == "客"


def test_a_room_holds_as_many_as_it_holds_and_invites_each_once(house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 3
    booking = house.book("aoki", "booth", "09:00", "10:00")
    everybody = [house.people[who].id for who in ("baba", "chiba", "endo")]

    def invite(wanted: list[int]) -> None:
        with transaction(house.engine) as session:
            attendees.set_attendees(
                session,
                session.get_one(Booking, booking.id),
                wanted,
                actor=house.people["aoki"],
                now=at("08:00"),
            )

    with pytest.raises(RuleBroken) as caught:
        invite(everybody)
    assert rule_of(caught.value) == ("capacity", "<= 3")
    invite(everybody[:2])
    invite(everybody[1:])
    with reading(house.engine) as session:
        assert attendees.attendee_ids(session, [booking.id]) == {booking.id: everybody[1:]}
    told = [(event.kind, event.data["user_id"]) for event in house.events(booking)][1:]
    assert told == [
        ("booking.invited", everybody[0]),
        ("booking.invited", everybody[1]),
        ("booking.uninvited", everybody[0]),
        ("booking.invited", everybody[2]),
    ]
    with pytest.raises(NotFound):
        invite([10_000])
