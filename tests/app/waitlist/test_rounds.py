"""A round of offers where people come in only when their own zone is full: read once, however many wait."""

from __future__ import annotations

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.now.entrance import Entrance
from app.bookings.reads import free_by_zone
from app.bookings.rules import Status
from app.database import reading, transaction
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.people import service as people
from app.people.models import Membership, User
from app.people.service import Person
from app.spaces import barriers, fixed_seats, zones
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import Entry as Ground
from app.spaces.rules import Kind, Lane
from app.timespan import TimeSpan
from app.waitlist import offers
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.app.bookings.test_legal import overflow
from tests.house import DAY, OFFICE, OPENED_AT, TOKYO, House, at, copied
from tests.statements import counted

FEW, MANY = 2, 20


@pytest.fixture
def office(house: House) -> House:
    """Many sections, each with a person `p0`, a zone of its own with one seat `home0`, and a zone of others into which
    that one overflows, with one focus seat `over0`; and so on."""
    with transaction(house.engine) as session:
        others = people.add_section(session, "others", name="その他").id
        for n in range(MANY):
            section = people.add_section(session, f"s{n}", name=f"第{n}課").id
            home = add_zone(session, house, f"H{n}", section, f"home{n}", Kind.SEAT)
            over = add_zone(session, house, f"O{n}", others, f"over{n}", Kind.FOCUS_SEAT)
            zones.set_overflow(session, home, [over], actor_id=None, now=at("00:00"))
            house.people[f"p{n}"] = hire(session, f"p{n}", section)
    return house


def add_zone(session: Session, house: House, code: str, section_id: int, space: str, kind: Kind) -> int:
    zone = Zone(floor_id=house.floor_id, code=code, name=code, section_id=section_id)
    session.add(zone)
    session.flush()
    made = Space(zone_id=zone.id, code=space, kind=kind)
    session.add(made)
    session.flush()
    house.spaces[space] = made.id
    return zone.id


def hire(session: Session, name: str, section_id: int) -> Person:
    user = User(email=f"{name}@example.jp", name=name, kana=name)
    session.add(user)
    session.flush()
    session.add(Membership(user_id=user.id, section_id=section_id, from_on=OPENED_AT.date()))
    session.flush()
    return people.get_person(session, user.id, DAY)


def wait(house: House, who: str, where: str, start: str = "10:00", end: str = "12:00") -> Entry:
    """Somebody stands in line, and nothing is offered yet."""
    with transaction(house.engine) as session:
        entry = Entry(
            user_id=house.people[who].id,
            lane=Lane.DESK,
            space_id=house.spaces[where],
            start_at=at(start),
            end_at=at(end),
            state=State.WAITING,
            made_at=at("08:00"),
            made_by=house.people[who].id,
        )
        session.add(entry)
        session.flush()
        session.expunge(entry)
    return entry


def offered(house: House, now: str = "08:30") -> tuple[list[int], int]:
    """Who is offered something in a round, and what the round costs."""
    with transaction(house.engine) as session, counted(house.engine) as statements:
        found = offers.offer(session, at(now), freed=(), office=OFFICE)
        return [one.id for one in found], len(statements)


def test_a_round_costs_the_same_however_many_wait_for_a_zone_that_their_own_must_fill_before(
    office: House,
) -> None:
    for n in range(FEW):
        wait(office, f"p{n}", f"over{n}")
    few = offered(office)
    for n in range(FEW, MANY):
        wait(office, f"p{n}", f"over{n}")
    assert offered(office) == few == ([], few[1])


def test_of_all_who_wait_those_are_let_in_whose_own_zone_is_full(office: House) -> None:
    line = [wait(office, f"p{n}", f"over{n}") for n in range(4)]
    for n in (1, 3):
        office.book(f"p{n}", f"home{n}", "11:00", "13:00")
    assert offered(office)[0] == [line[1].id, line[3].id]


def test_a_zone_that_fills_up_within_a_round_lets_the_next_in_line_in(office: House) -> None:
    with transaction(office.engine) as session:
        (section,) = office.people["p0"].section_ids
        office.people["late"] = hire(session, "late", section)
    before = wait(office, "p1", "over1")
    home = wait(office, "p0", "home0")
    over = wait(office, "late", "over0")
    assert offered(office)[0] == [home.id, over.id]
    with reading(office.engine) as session:
        assert session.get_one(Entry, before.id).state is State.WAITING


SPANS = st.tuples(st.integers(0, 23), st.integers(1, 30)).map(
    lambda one: TimeSpan(at("00:00") + timedelta(hours=one[0]), at("00:00") + timedelta(hours=sum(one)))
)


@settings(max_examples=15)
@given(
    wanted=st.lists(SPANS, min_size=1, max_size=4),
    booked=SPANS,
    broken=SPANS,
    closed=st.none() | SPANS,
    kept=st.sampled_from(["aoki", "baba"]),
    occupied=st.sets(st.sampled_from(["seat", "window", "bare", "focus", "booth"])),
    gone=st.sampled_from(["booth", "window", "focus"]),
)
def test_whether_the_own_zone_is_full_is_as_it_is_for_a_single_booking(
    furnished_sqlite: House,
    wanted: list[TimeSpan],
    booked: TimeSpan,
    broken: TimeSpan,
    closed: TimeSpan | None,
    kept: str,
    occupied: set[str],
    gone: str,
) -> None:
    now = at("08:00")
    with copied(furnished_sqlite) as house:
        overflow(house, "seat", "taxes")
        with transaction(house.engine) as session:
            _fill(session, house, booked=booked, broken=broken, closed=closed, kept=kept)
            session.get_one(Space, house.spaces[gone]).removed_at = at("00:00")
            session.add_all(
                SpaceState(space_id=house.spaces[one], state=Occupancy.OCCUPIED, since_at=now, at=now)
                for one in sorted(occupied)
            )
        with reading(house.engine) as session:
            taxes = session.scalars(select(Zone).where(Zone.code == "B")).one()
            home = session.scalars(select(Zone.id).where(Zone.code == "A")).one()
            zone = ZoneInfo(TOKYO.key)
            window = TimeSpan(min(now, *(one.start for one in wanted)), max(one.end for one in wanted))
            entrance = Entrance({taxes.id: (taxes, zone)}, window)
            for one in wanted:
                for who in ("aoki", "baba"):
                    for lane in Lane:
                        person = house.people[who]
                        free = free_by_zone(session, [home], one, now, zone, user_id=person.id)
                        found = entrance.grounds(session, [taxes.id], lane, one, person=person, now=now)
                        is_full = not free.get((home, lane))
                        assert found == {taxes.id: Ground.OVERFLOW if is_full else Ground.NONE}


def _fill(
    session: Session, house: House, *, booked: TimeSpan, broken: TimeSpan, closed: TimeSpan | None, kept: str
) -> None:
    """One seat and the focus seat are booked, one is out of order, one kept for somebody, all closed with the site."""
    for where in ("seat", "focus"):
        session.add(
            Booking(
                space_id=house.spaces[where],
                user_id=house.people["chiba" if where == "seat" else "endo"].id,
                lane=Lane.DESK,
                start_at=booked.start,
                end_at=booked.end,
                status=Status.BOOKED,
                made_at=at("00:00"),
            )
        )
    barriers.add_outage(
        session,
        house.spaces["window"],
        start=broken.start,
        end=broken.end,
        reason="",
        actor_id=None,
        now=at("00:00"),
    )
    fixed_seats.keep_for(
        session,
        house.spaces["bare"],
        house.people[kept].id,
        first=DAY,
        last=DAY,
        actor_id=None,
        now=at("00:00"),
    )
    if closed is not None:
        site = session.scalars(select(Site)).one()
        barriers.close(session, site.id, closed, zone_id=None, reason="", actor_id=None, now=at("00:00"))
