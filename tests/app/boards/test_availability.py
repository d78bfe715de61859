"""What the floor calls free can be booked, and what it does not cannot: by dated sections, hours, horizon, pauses."""

from __future__ import annotations

from datetime import date, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select, update

from app.boards import service
from app.boards.availability import SpaceView, floor_view
from app.boards.rules import Look
from app.bookings import reserve
from app.calendar import CalendarDay
from app.database import reading, rehearsal, transaction
from app.errors import DomainError
from app.people.models import Membership
from app.people.service import get_person
from app.spaces import zones
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Opening
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.house import DAY, House, at, span
from tests.statements import counted

SATURDAY = 4


def view(house: House, who: str, where: str, wanted: TimeSpan, now: str = "08:00") -> SpaceView:
    with reading(house.engine) as session:
        views = floor_view(session, house.floor_id, wanted, person=house.people[who], now=at(now))
    return next(one for one in views if one.code == where)


def reason(house: House, who: str, where: str, wanted: TimeSpan) -> str | None:
    seen = view(house, who, where, wanted)
    assert seen.available == (seen.reason is None)
    return seen.reason


def refusal(house: House, who: str, where: str, wanted: TimeSpan) -> str | None:
    """The rule, or the code, by which a booking of it is refused; None where it is made."""
    try:
        with rehearsal(house.engine) as session:
            reserve.reserve(
                session,
                actor=house.people[who],
                space_id=house.spaces[where],
                span=wanted,
                now=at("08:00"),
            )
    except DomainError as error:
        return str(next((error.facts[name] for name in ("rule", "why") if name in error.facts), error.code))
    return None


def open_from(house: House, opening: Opening) -> None:
    with transaction(house.engine) as session:
        site = session.scalars(select(Site)).one()
        zones.set_opening(session, site.id, opening, actor_id=None, now=at("00:00"))


def let(house: House, key: str, value: str, *, zone_of: str | None = None) -> None:
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces[zone_of]).zone_id if zone_of else None
        set_policy(session, Kind.SEAT, key, value, now=at("00:00"), actor_id=None, zone_id=zone_id)


def belongs(house: House, who: str, to_whose: str, from_on: date, until_on: date | None = None) -> None:
    """Somebody belongs to another's section on some days too."""
    with transaction(house.engine) as session:
        section_id = next(iter(house.people[to_whose].section_ids))
        user_id = house.people[who].id
        session.add(Membership(user_id=user_id, section_id=section_id, from_on=from_on, until_on=until_on))
        session.flush()
        house.people[who] = get_person(session, user_id, DAY)


# Sections of the day


def test_whoever_enters_a_section_later_sees_its_zone_open_from_then_on(house: House) -> None:
    belongs(house, "aoki", "endo", DAY + timedelta(days=6))
    assert reason(house, "aoki", "taxes", span("09:00", "12:00", day=5)) == "other_section"
    assert refusal(house, "aoki", "taxes", span("09:00", "12:00", day=5)) == "zone"
    assert reason(house, "aoki", "taxes", span("09:00", "12:00", day=7)) is None
    assert refusal(house, "aoki", "taxes", span("09:00", "12:00", day=7)) is None


def test_whoever_leaves_a_section_no_longer_sees_its_zone_open(house: House) -> None:
    with transaction(house.engine) as session:
        user_id = house.people["endo"].id
        session.execute(
            update(Membership).where(Membership.user_id == user_id).values(until_on=DAY + timedelta(days=2))
        )
        house.people["endo"] = get_person(session, user_id, DAY)
    assert reason(house, "endo", "taxes", span("09:00", "12:00", day=2)) is None
    assert reason(house, "endo", "taxes", span("09:00", "12:00", day=3)) == "other_section"


def test_the_door_must_be_open_on_all_days_of_a_span(house: House) -> None:
    let(house, "max_duration", "5d")
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        guests = [GuestDay(None, None, DAY + timedelta(days=day)) for day in (1, 2)]
        zones.set_guests(session, zone_id, guests, actor_id=None, now=at("00:00"))
    both = TimeSpan(at("09:00", day=1), at("12:00", day=2))
    assert (reason(house, "aoki", "taxes", both), refusal(house, "aoki", "taxes", both)) == (None, None)
    for first, last in ((0, 1), (2, 3), (1, 3)):
        wanted = TimeSpan(at("09:00", day=first), at("12:00", day=last))
        assert reason(house, "aoki", "taxes", wanted) == "other_section"
        assert refusal(house, "aoki", "taxes", wanted) == "zone"


# Hours, horizon, pauses


def test_outside_the_sites_hours_nothing_is_free(house: House) -> None:
    open_from(house, Opening(time(8), time(18), working_days_only=True))
    for wanted in (
        span("17:00", "19:00"),
        span("19:00", "20:00"),
        span("07:00", "09:00", day=1),
        span("09:00", "12:00", day=SATURDAY),
    ):
        assert reason(house, "aoki", "seat", wanted) == "opening_hours"
        assert refusal(house, "aoki", "seat", wanted) == "opening_hours"
    assert reason(house, "aoki", "seat", span("08:00", "18:00")) is None


def test_a_day_that_the_office_works_after_all_is_open(house: House) -> None:
    open_from(house, Opening(working_days_only=True))
    wanted = span("09:00", "12:00", day=SATURDAY)
    assert reason(house, "aoki", "seat", wanted) == "opening_hours"
    with transaction(house.engine) as session:
        session.add(CalendarDay(on_date=DAY + timedelta(days=SATURDAY), works=True))
    assert (reason(house, "aoki", "seat", wanted), refusal(house, "aoki", "seat", wanted)) == (None, None)


def test_past_the_horizon_nothing_is_free_but_for_the_facility_staff(house: House) -> None:
    let(house, "horizon", "3d", zone_of="taxes")
    for where, day, expected in (
        ("seat", 14, None),
        ("seat", 15, "horizon"),
        ("taxes", 3, None),
        ("taxes", 4, "horizon"),
    ):
        wanted = span("08:00", "09:00", day=day)
        assert reason(house, "endo", where, wanted) == expected
        assert refusal(house, "endo", where, wanted) == expected
        assert reason(house, "fujii", where, wanted) is None
    assert reason(house, "fujii", "seat", span("08:00", "09:00", day=63)) == "horizon"


def test_the_pause_between_bookings_is_looked_at(house: House) -> None:
    house.book("baba", "seat", "10:00", "11:00")
    let(house, "buffer", "10m")
    for start, end, expected in (
        ("08:00", "09:50", None),
        ("08:00", "09:51", "buffer"),
        ("11:09", "12:00", "buffer"),
        ("11:10", "12:00", None),
        ("10:30", "12:00", "taken"),
    ):
        assert reason(house, "aoki", "seat", span(start, end)) == expected
        said = refusal(house, "aoki", "seat", span(start, end))
        assert said == ("space" if expected == "taken" else expected)
        assert reason(house, "aoki", "window", span(start, end)) is None
    let(house, "buffer", "off", zone_of="seat")
    assert reason(house, "aoki", "seat", span("11:00", "12:00")) is None


def test_what_stands_in_the_way_goes_before_the_rules_of_time(house: House) -> None:
    open_from(house, Opening(time(8), time(18)))
    let(house, "buffer", "30m")
    house.break_("bare")
    house.book("baba", "seat", "17:00", "18:00")
    evening = span("17:30", "19:00")
    said = {where: reason(house, "aoki", where, evening) for where in ("bare", "seat", "taxes", "free")}
    assert said == {
        "bare": "out_of_order",
        "seat": "taken",
        "taxes": "other_section",
        "free": "free_seating",
    }


@pytest.fixture
def strict(house: House) -> House:
    """Every rule of time at once, in two zones."""
    open_from(house, Opening(time(8), time(18), working_days_only=True))
    let(house, "horizon", "5d")
    let(house, "buffer", "15m")
    let(house, "buffer", "30m", zone_of="taxes")
    house.book("baba", "seat", "09:00", "10:00")
    house.book("endo", "taxes", "09:00", "10:00")
    return house


def test_what_is_free_is_what_can_be_booked(strict: House) -> None:
    clocks = ["08:00", "08:45", "09:00", "10:00", "10:15", "10:30", "17:45", "18:00", "18:15"]
    for day in (0, 1, 3, SATURDAY, 6):
        for start, end in pairwise(clocks):
            for who, where in (("aoki", "seat"), ("endo", "taxes"), ("aoki", "bare"), ("fujii", "window")):
                wanted = span(start, end, day=day)
                is_free = reason(strict, who, where, wanted) is None
                assert is_free == (refusal(strict, who, where, wanted) is None), (who, where, wanted)


def test_a_look_at_a_floor_takes_as_many_queries_whatever_is_set(strict: House) -> None:
    def asked() -> int:
        with counted(strict.engine) as statements, reading(strict.engine) as session:
            floor_view(
                session,
                strict.floor_id,
                span("09:00", "17:00", day=1),
                person=strict.people["aoki"],
                now=at("08:00"),
            )
        return len([one for one in statements if one.lstrip().startswith("SELECT")])

    first = asked()
    assert first <= 8
    with transaction(strict.engine) as session:
        for number in range(5):
            zone = Zone(floor_id=strict.floor_id, code=f"N{number}", name="N", lots_at=time(15))
            session.add(zone)
            session.flush()
            session.add_all(
                Space(zone_id=zone.id, code=f"n-{number}-{seat}", kind=Kind.SEAT) for seat in range(5)
            )
            set_policy(session, Kind.SEAT, "buffer", "5m", now=at("00:00"), actor_id=None, zone_id=zone.id)
    assert asked() == first


# Pages


def page(house: House, who: str, start: str, end: str, **at_day: Any) -> service.FloorPage:
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        return service.floor_page(
            session,
            plan,
            span(start, end, **at_day),
            asked={"from": start},
            person=house.people[who],
            now=at("08:00"),
        )


def seen(found: service.FloorPage, house: House, where: str) -> tuple[Look, TimeSpan | None]:
    one = found.view_of(house.spaces[where])
    assert one is not None
    return found.look_of(one), found.offer_of(one)


def test_of_a_span_that_reaches_past_the_hours_what_lies_in_them_is_offered(house: House) -> None:
    open_from(house, Opening(time(9), time(17)))
    look, offer = seen(page(house, "aoki", "08:00", "20:00"), house, "seat")
    assert (look, offer) == (Look.PARTLY, span("09:00", "17:00"))
    assert seen(page(house, "aoki", "18:00", "20:00"), house, "seat") == (Look.OTHER, None)
    assert seen(page(house, "aoki", "09:00", "17:00"), house, "seat")[0] is Look.FREE


def test_past_the_horizon_nothing_is_offered(house: House) -> None:
    assert seen(page(house, "aoki", "09:00", "12:00", day=15), house, "seat") == (Look.OTHER, None)


def test_what_is_offered_keeps_the_pause(house: House) -> None:
    let(house, "buffer", "15m")
    house.book("baba", "seat", "08:30", "09:00")
    house.book("baba", "seat", "11:00", "12:00")
    look, offer = seen(page(house, "aoki", "09:00", "11:00"), house, "seat")
    assert (look, offer) == (Look.PARTLY, span("09:15", "10:45"))
    assert seen(page(house, "aoki", "09:00", "09:20"), house, "seat") == (Look.OTHER, None)


def test_whoever_sits_down_is_bound_by_no_rule_of_time(house: House) -> None:
    open_from(house, Opening(time(9), time(17)))
    let(house, "buffer", "15m")
    house.book("baba", "seat", "12:00", "13:00")
    found = page(house, "aoki", "08:00", "11:50")
    one = found.view_of(house.spaces["seat"])
    assert one is not None
    assert one.reason == "opening_hours"
    assert found.can_claim(one)
    assert house.claim("aoki", "seat", "08:00").start_at == at("08:00")


def test_a_page_does_not_change_while_only_time_goes_on(house: House) -> None:
    open_from(house, Opening(time(9), time(17)))
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        versions = {
            service.floor_page(
                session,
                plan,
                span("08:00", "20:00"),
                asked={},
                person=house.people["aoki"],
                now=at("08:10") + timedelta(seconds=second),
            ).version
            for second in range(3)
        }
    assert len(versions) == 1
