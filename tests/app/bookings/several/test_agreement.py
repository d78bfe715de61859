"""What is decided on at once is what would have come of it one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings import reserve
from app.bookings.guards import queue_up
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.several import verbs
from app.database import rehearsal, transaction
from app.errors import DomainError
from app.people.models import Membership
from app.spaces import barriers, fixed_seats, zones
from app.spaces.models import Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Opening
from app.spaces.service import get_place, set_policy
from app.timespan import TimeSpan
from tests.house import DAY, House, at, copied

PEOPLE = ["aoki", "chiba", "endo", "fujii"]
PLACES = ["seat", "window", "taxes", "free", "booth"]
DAYS = 9
hours = st.integers(8, 16)
lengths = st.sampled_from([30, 60, 120, 300])
spans = st.builds(
    lambda day, hour, minutes: TimeSpan(
        at(f"{hour:02d}:00", day=day), at(f"{hour:02d}:00", day=day) + timedelta(minutes=minutes)
    ),
    st.integers(0, DAYS),
    hours,
    lengths,
)


@dataclass(frozen=True)
class Office:
    """What was there before, and what is set."""

    booked: Sequence[tuple[str, str, TimeSpan]]
    policies: Sequence[tuple[str, str, bool]]
    is_open: bool
    guests: Sequence[int]
    overflows: bool
    broken: Sequence[TimeSpan]
    kept_for: str | None
    drawn: bool
    joins: int | None
    claim: bool
    used: bool


offices = st.builds(
    Office,
    st.lists(st.tuples(st.sampled_from(PEOPLE), st.sampled_from(PLACES), spans), max_size=12),
    st.lists(
        st.one_of(
            st.tuples(st.just("buffer"), st.sampled_from(["10m", "60m"]), st.booleans()),
            st.tuples(
                st.sampled_from(["concurrent_quota", "weekly_quota"]),
                st.sampled_from(["1", "2", "4"]),
                st.booleans(),
            ),
            st.tuples(st.just("horizon"), st.just("4d"), st.booleans()),
        ),
        max_size=4,
    ),
    st.booleans(),
    st.lists(st.integers(0, 6), max_size=3),
    st.booleans(),
    st.lists(spans, max_size=2),
    st.sampled_from([None, None, *PEOPLE]),
    st.booleans(),
    st.none() | st.integers(1, DAYS),
    st.booleans(),
    st.booleans(),
)


def furnish(house: House, office: Office) -> None:
    with transaction(house.engine) as session:
        own, taxes = (session.get_one(Space, house.spaces[one]).zone_id for one in ("seat", "taxes"))
        set_policy(session, Kind.SEAT, "series_horizon", "0d", now=at("00:00"), actor_id=None)
        for key, value, is_zones in office.policies:
            zone_id = taxes if is_zones else None
            set_policy(session, Kind.SEAT, key, value, now=at("00:00"), actor_id=None, zone_id=zone_id)
        if office.is_open:
            site = session.scalars(select(Site)).one()
            opening = Opening(time(9), time(18), working_days_only=True)
            zones.set_opening(session, site.id, opening, actor_id=None, now=at("00:00"))
        guests = [GuestDay(None, weekday, None) for weekday in office.guests]
        zones.set_guests(session, taxes, guests, actor_id=None, now=at("00:00"))
        if office.overflows:
            session.get_one(Zone, own).section_id = next(iter(house.people["aoki"].section_ids))
            zones.set_overflow(session, own, [taxes], actor_id=None, now=at("00:00"))
        if office.drawn:
            session.get_one(Zone, taxes).lots_at = time(16)
        if office.joins is not None:
            section_id = next(iter(house.people["endo"].section_ids))
            day = DAY + timedelta(days=office.joins)
            session.add(Membership(user_id=house.people["aoki"].id, section_id=section_id, from_on=day))
        for one in office.broken:
            barriers.add_outage(
                session,
                house.spaces["taxes"],
                start=one.start,
                end=one.end,
                reason="",
                actor_id=None,
                now=at("00:00"),
            )
        if office.kept_for:
            fixed_seats.keep_for(
                session,
                house.spaces["seat"],
                house.people[office.kept_for].id,
                first=DAY + timedelta(days=2),
                last=None,
                actor_id=house.people["fujii"].id,
                now=at("00:00"),
            )
    _occupy(house, office)


def _occupy(house: House, office: Office) -> None:
    if office.used:
        _try(house, "chiba", "seat", TimeSpan(at("07:30"), at("08:05")))
        house.sweep("08:06")
    for who, where, span in office.booked:
        _try(house, who, where, span)
    if office.claim:
        house.claim("aoki", "free", "07:00")


def _try(house: House, who: str, where: str, span: TimeSpan) -> None:
    """A booking by facility staff, where it can be made."""
    try:
        with transaction(house.engine) as session:
            reserve.reserve(
                session,
                actor=house.people["fujii"],
                for_user_id=house.people[who].id,
                space_id=house.spaces[where],
                span=span,
                now=at("07:00"),
            )
    except DomainError:
        pass


def said(error: DomainError | None) -> Any:
    """What a refusal comes to. Of two clashes at once either may be named."""
    if error is None:
        return None
    is_clash = error.code == "booking.overlap"
    return error.code, None if is_clash else error.facts.get("rule"), error.facts.get("person")


def live(session: Session) -> list[Any]:
    query = select(
        Booking.space_id, Booking.user_id, Booking.start_at, Booking.end_at, Booking.release_check_at
    ).where(Booking.status.in_((Status.BOOKED, Status.CHECKED_IN)))
    return sorted(session.execute(query).all(), key=str)


@given(
    offices,
    st.sampled_from(PEOPLE),
    st.sampled_from([None, *PEOPLE]),
    st.sampled_from(PLACES),
    st.lists(spans, min_size=1, max_size=8, unique=True),
)
def test_many_are_booked_as_one_after_the_other(
    furnished_sqlite: House,
    office: Office,
    who: str,
    for_whom: str | None,
    where: str,
    wanted: list[TimeSpan],
) -> None:
    with copied(furnished_sqlite) as house:
        furnish(house, office)
        actor = house.people[who]
        for_user_id = house.people[for_whom].id if for_whom else None

        def by_turns(session: Session) -> list[Any]:
            found: list[Any] = []
            for span in wanted:
                try:
                    with session.begin_nested():
                        reserve.reserve(
                            session,
                            actor=actor,
                            space_id=house.spaces[where],
                            span=span,
                            now=at("08:10"),
                            for_user_id=for_user_id,
                        )
                    found.append(None)
                except DomainError as error:
                    found.append(said(error))
            return found

        def at_once(session: Session) -> list[Any]:
            place = get_place(session, house.spaces[where])
            queue_up(session, user_ids=[for_user_id or actor.id], space_ids=[place.space.id])
            try:
                decided = verbs.decide(
                    session,
                    place,
                    wanted,
                    actor=actor,
                    now=at("08:10"),
                    for_user_id=for_user_id,
                    title="",
                )
            except DomainError as error:  # a stranger's: of no day
                return [said(error)] * len(wanted)
            verbs.make(session, decided, actor=actor, now=at("08:10"))
            refused = dict(decided.refused)
            return [said(refused.get(span)) for span in wanted]

        with rehearsal(house.engine) as session:
            expected = by_turns(session), live(session)
        with rehearsal(house.engine) as session:
            assert (at_once(session), live(session)) == expected


@given(
    offices,
    st.sampled_from(["aoki", "endo"]),
    st.sampled_from(["aoki", "endo", "chiba", "fujii"]),
    st.sampled_from([None, *PLACES]),
    st.integers(-3, 3),
    st.sampled_from([0, 1]),
)
def test_many_are_moved_as_one_after_the_other(
    furnished_sqlite: House, office: Office, who: str, by: str, where: str | None, shift: int, days: int
) -> None:
    with copied(furnished_sqlite) as house:
        furnish(house, office)
        space_id = house.spaces[where] if where else None

        def listed(session: Session) -> list[tuple[Booking, TimeSpan]]:
            later = timedelta(hours=shift, days=days)
            query = select(Booking).where(
                Booking.user_id == house.people[who].id, Booking.status == Status.BOOKED
            )
            found = session.scalars(query.order_by(Booking.start_at)).all()
            return [(one, TimeSpan(one.start_at + later, one.end_at + later)) for one in found]

        def by_turns(session: Session) -> Any:
            try:
                for booking, span in listed(session):
                    reserve.move(
                        session,
                        booking,
                        actor=house.people[by],
                        now=at("08:10"),
                        space_id=space_id,
                        span=span,
                    )
            except DomainError as error:
                return said(error)
            return live(session)

        def at_once(session: Session) -> Any:
            try:
                verbs.move_all(
                    session,
                    listed(session),
                    actor=house.people[by],
                    now=at("08:10"),
                    space_id=space_id,
                )
            except DomainError as error:
                return said(error)
            return live(session)

        with rehearsal(house.engine) as session:
            expected = by_turns(session)
        with rehearsal(house.engine) as session:
            assert at_once(session) == expected
