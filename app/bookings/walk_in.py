"""Whoever sits down without a booking: the desk's code, and the seats that the sensors have just seen taken."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from app.bookings import presence
from app.bookings.models import HOLDS, Booking
from app.bookings.now.entrance import Entrance
from app.bookings.release import empty_claim
from app.bookings.reserve import claimable, longest_claim
from app.bookings.rules import Status
from app.bookings.service import OwnBooking, get_booking, own_bookings
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.occupancy.models import SpaceState
from app.occupancy.rules import Occupancy
from app.people.cards import find_by_card
from app.people.service import Person, get_person
from app.spaces.desk_codes import as_typed
from app.spaces.models import FixedSeat, Floor, Site, Space, Zone, ZoneGuest, ZoneOverflow
from app.spaces.rules import Entry, Lane
from app.spaces.service import Place, get_place, in_layout, policies, timezones
from app.timespan import TimeSpan, day_span

JUST = timedelta(minutes=20)
AT_MOST = 6


@dataclass(frozen=True, slots=True)
class Desk:
    """A desk as whoever stands before it sees it; nothing of anybody else's booking.

    `mine`: the booking of it that they hold, or hold next today. `held`: what is offered to them of it, if anything.
    `claim`: for how long they could sit down now; None: not, for the reason that `refused` names, if it is not theirs
    by now. `elsewhere`: what they hold of the lane now at another space.
    """

    place: Place
    mine: Booking | None
    held: Booking | None
    claim: TimeSpan | None
    refused: DomainError | None
    elsewhere: Space | None

    @property
    def space(self) -> Space:
        return self.place.space

    def opens_at(self) -> datetime | None:
        """When check-in to one's own booking opens."""
        return self.mine.start_at - self.place.policy.check_in_opens if self.mine else None


def find_desk(session: Session, code: str) -> Place:
    """The place of a desk code as typed; raises NotFound `desk.unknown`."""
    wanted = as_typed(code)
    space_id = session.scalar(select(Space.id).where(Space.desk_code == wanted)) if wanted else None
    if space_id is None:
        raise NotFound("desk.unknown", desk=wanted)
    return get_place(session, space_id)


def desk(session: Session, code: str, *, person: Person, now: datetime) -> Desk:
    """What a person can do at a desk now; a fixed number of queries. Raises NotFound `desk.unknown`."""
    place = find_desk(session, code)
    own = session.scalars(
        select(Booking)
        .where(
            Booking.space_id == place.space.id,
            Booking.user_id == person.id,
            HOLDS,
            Booking.end_at > now,
            Booking.start_at < now + timedelta(days=1),
        )
        .order_by(Booking.start_at)
    ).all()
    mine = next((one for one in own if one.status is not Status.HELD), None)
    held = next((one for one in own if one.status is Status.HELD), None)
    elsewhere = session.scalar(
        select(Space)
        .join(Booking, Booking.space_id == Space.id)
        .where(
            Booking.user_id == person.id,
            Booking.lane == place.space.lane,
            Booking.space_id != place.space.id,
            Booking.status.in_((Status.BOOKED, Status.CHECKED_IN)),
            Booking.start_at <= now,
            Booking.end_at > now,
        )
    )
    claim, refused = None, None
    if all(one.start_at > now for one in own):
        try:
            _check_free(session, place, now)
            claim = claimable(session, place, actor=person, now=now)
        except DomainError as error:
            refused = error
    return Desk(place, mine, held, claim, refused, elsewhere)


def _check_free(session: Session, place: Place, now: datetime) -> None:
    held = session.scalar(
        select(Booking.id).where(
            Booking.space_id == place.space.id, HOLDS, Booking.start_at <= now, Booking.end_at > now
        )
    )
    if held is not None and empty_claim(session, place.space.id, now) is None:
        raise Conflict("booking.overlap", clash="space", space=place.space.code)


def card_holder(session: Session, card: str, on: date, at: datetime, *, secret_key: str) -> Person:
    """Whose staff card it is. Raises RuleBroken `card.invalid`, NotFound `card.unknown`."""
    person = find_by_card(session, card, on, at, secret_key=secret_key)
    if person is None:
        raise NotFound("card.unknown")
    return person


def todays(session: Session, person: Person, now: datetime) -> list[OwnBooking]:
    """What somebody at the kiosk has booked for themselves today, up to the midnight of its site, and what they may
    check in to by now; three queries."""
    own = own_bookings(session, user_id=person.id, since=now)
    rows = [row for row in own if row.booking.user_id == person.id]
    zones = timezones(session, [row.space.id for row in rows])

    def is_todays(row: OwnBooking) -> bool:
        zone, begins = zones[row.space.id], row.booking.start_at
        today = day_span(now.astimezone(zone).date(), zone)
        return begins < today.end or begins - row.policy.check_in_opens <= now

    return [row for row in rows if is_todays(row)]


def check_in(session: Session, booking_id: int, *, person: Person, now: datetime) -> Booking:
    """Somebody at the kiosk checks in to a booking of their own. Raises Forbidden `booking.not_allowed` for another's,
    and as `presence.check_in`."""
    booking = get_booking(session, booking_id, actor=person, to_change=True)
    if booking.user_id != person.id:
        raise Forbidden("booking.not_allowed", why="stranger")
    return presence.check_in(session, booking, actor=person, now=now)


def card_holder_again(session: Session, user_id: int, on: date, at: datetime) -> Person:
    """The same person a moment later; raises NotFound `user.unknown`."""
    return get_person(session, user_id, on, at)


def just_seen(session: Session, *, person: Person, now: datetime) -> list[Space]:
    """Seats that are open to the person, as a guest or while their own zone is full too, and on which somebody sat down
    just now, whom no booking explains, nor that they are kept for somebody; the newest first. None of a lane of which
    the person holds a space now. Three queries, at most five more where there are any.

    "Is that you?": so that sitting down needs one tap.
    """
    policy_of = policies(session)
    now_on = (HOLDS, Booking.start_at <= now, Booking.end_at > now)
    mine = select(Booking.lane).where(Booking.user_id == person.id, *now_on, Booking.status != Status.HELD)
    held_lanes = set(session.scalars(mine))
    held = select(Booking.id).where(Booking.space_id == Space.id, *now_on)
    fixed = select(FixedSeat.id).where(
        FixedSeat.space_id == Space.id,
        FixedSeat.from_on <= person.on,
        or_(FixedSeat.until_on.is_(None), FixedSeat.until_on >= person.on),
    )
    kept = fixed.where(FixedSeat.user_id == person.id).exists()
    rows = session.execute(
        select(Space, Zone, Site.timezone, kept.label("is_kept"))
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .join(SpaceState, SpaceState.space_id == Space.id)
        .where(
            SpaceState.state == Occupancy.OCCUPIED,
            SpaceState.since_at > now - JUST,
            in_layout(Space),
            or_(_takes_in(person), kept),
            ~held.exists(),
            ~fixed.where(FixedSeat.user_id != person.id).exists(),
        )
        .order_by(SpaceState.since_at.desc(), Space.code)
    ).all()
    claims = [
        (row, longest_claim(policy, ZoneInfo(row.timezone), now))
        for row in rows
        if row.Space.lane not in held_lanes
        and (policy := policy_of.of(row.Space.kind, row.Space.zone_id)).walk_in
    ]
    if not claims:
        return []
    zones = {row.Zone.id: (row.Zone, ZoneInfo(row.timezone)) for row, _span in claims}
    entrance = Entrance(zones, TimeSpan(now, max(span.end for _row, span in claims)))

    def is_open(zone_id: int, lane: Lane, span: TimeSpan) -> bool:
        grounds = entrance.grounds(session, [zone_id], lane, span, person=person, now=now)
        return grounds[zone_id] is not Entry.NONE

    found = (row.Space for row, span in claims if row.is_kept or is_open(row.Zone.id, row.Space.lane, span))
    return list(islice(found, AT_MOST))


def _takes_in(person: Person) -> ColumnElement[bool]:
    """That a zone is everybody's or the person's own, or takes in people of other sections at all."""
    return or_(
        Zone.section_id.is_(None),
        Zone.section_id.in_(person.within),
        select(ZoneGuest.id).where(ZoneGuest.zone_id == Zone.id).exists(),
        select(ZoneOverflow.zone_id).where(ZoneOverflow.overflow_id == Zone.id).exists(),
    )
