"""Proposing the best space of this moment, and booking it in the same call; where there is none, when there will be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bookings import reserve
from app.bookings.guards import queue_up
from app.bookings.holding import clashing_with, make_room
from app.bookings.models import HOLDS, Booking
from app.bookings.now.options import options, refusal_of_all
from app.bookings.now.quotas import within_quotas
from app.bookings.now.rules import (
    QUARTER,
    Habits,
    NextFree,
    Option,
    Proposal,
    longest_now,
    next_free,
    ranked,
    span_now,
)
from app.bookings.rules import Status
from app.errors import Conflict, DomainError, RuleBroken
from app.people.models import Membership
from app.people.service import Person
from app.spaces.models import Space, Zone
from app.spaces.rules import LANES, Kind, Lane, Target
from app.spaces.service import get_zone
from app.timespan import TimeSpan

TRIES = 8
# Everybody who asks at one moment sees the same seats: whoever lost all of their tries looks again.
ROUNDS = 8
HABIT = timedelta(days=60)
LATELY = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Ask:
    """What is wanted now. `length` None: a call's for a room, until `closes_at` for a desk. `day_ends_at`: how far a
    next free time is looked for. `replace`: what clashes of one's own ends for it. `near_site_id`: at which site they
    are; others come last."""

    target: Target
    length: timedelta | None
    closes_at: datetime
    day_ends_at: datetime
    replace: bool = False
    near_site_id: int | None = None

    def span(self, now: datetime) -> TimeSpan:
        return span_now(now, self.target.lane, length=self.length, closes_at=self.closes_at)

    def wait(self, now: datetime) -> tuple[timedelta | None, datetime]:
        """For how long, and until when, whoever finds nothing free may wait for it: so long from whenever it is their
        turn, until the office closes, later than that until midnight. None: all of the time, of a desk to work at."""
        span = self.span(now)
        if self.length is None and self.target.lane is Lane.DESK:
            return None, span.end
        until = self.closes_at if span.end < self.closes_at else self.day_ends_at
        return span.length, max(span.end, until)


def target_named(
    kind: str | None, lane: str | None, zone_id: int | None, site_id: int | None = None
) -> Target:
    """What the names of a kind, a lane, a zone and a site mean; a desk where neither kind nor lane is named."""
    of = Kind(kind) if kind else None
    return Target(LANES[of] if of else Lane(lane or Lane.DESK), of, zone_id, site_id=site_id)


@dataclass(frozen=True, slots=True)
class Proposed:
    """What is free now from best to worst, what of one's own clashes, and the next free one where none is."""

    span: TimeSpan
    proposals: list[Proposal]
    clashing: list[Booking]
    next_free: NextFree | None


def propose(session: Session, ask: Ask, *, actor: Person, now: datetime) -> Proposed:
    """What the actor could have now. Not what a sensor sees somebody at, and not what they hold already.

    Raises NotFound `zone.unknown`.
    """
    if ask.target.zone_id is not None:
        get_zone(session, ask.target.zone_id)
    span = ask.span(now)
    every, listed = _options(session, ask, span, actor=actor, now=now)
    if ask.length is None and ask.target.lane is Lane.DESK and not _free(_near(listed, ask), span):
        # Nobody said how long: a desk for a part of the day is better than none, or than one in another building.
        short = TimeSpan(now, now + QUARTER)
        every_short, shorter = _options(session, ask, short, actor=actor, now=now)
        longest = longest_now(_near(shorter, ask), now, span)
        if longest is None and not _free(listed, span):
            longest = longest_now(shorter, now, span) or longest_now(every_short, now, span)
        if longest is not None:
            span, every, listed = longest, every_short, shorter
    # Where nothing is free but what a quota forbids, that is proposed: whoever asks for it is told why.
    free = _free(listed, span) or _free(every, span)
    clashing = clashing_with(session, actor.id, ask.target.lane, span)
    proposals = ranked(free, _habits(session, ask, actor, span)) if free else []
    following = None if free else _next_free(listed, ask, span, now)
    return Proposed(span, proposals, clashing, following)


def _near(listed: Sequence[Option], ask: Ask) -> list[Option]:
    """Those of the site where they are."""
    return [one for one in listed if ask.near_site_id in {None, one.site_id}]


def _next_free(listed: Sequence[Option], ask: Ask, span: TimeSpan, now: datetime) -> NextFree | None:
    until = max(ask.day_ends_at, span.end)
    near = next_free(_near(listed, ask), now=now, length=span.length, until=until)
    return near or next_free(listed, now=now, length=span.length, until=until)


def _options(
    session: Session, ask: Ask, span: TimeSpan, *, actor: Person, now: datetime
) -> tuple[list[Option], list[Option]]:
    """All, and those that the actor's quotas leave to them; all again, where they leave none."""
    every = options(session, ask.target, span, person=actor, now=now, until=ask.day_ends_at, claims=True)
    return every, within_quotas(session, every, ask.target.lane, span, user_id=actor.id, now=now) or every


def _free(listed: list[Option], span: TimeSpan) -> list[Option]:
    return [one for one in listed if one.is_free(span) and not one.is_occupied]


@dataclass(frozen=True, slots=True)
class Taken:
    """What was booked, in a zone for free seating claimed, why this one, and what of one's own ended for it."""

    booking: Booking
    proposal: Proposal
    ended: list[Booking]


def book(session: Session, ask: Ask, *, actor: Person, now: datetime) -> Taken:
    """Book the best space that nobody was faster to take; the next best where somebody was, and so on, as long as a
    look at what is free finds something.

    Raises Conflict `booking.none_free` with the next free time, `booking.own_clash` with what one holds already, unless
    that is to be replaced; RuleBroken `booking.rule` where a rule forbids the best, or all.
    """
    found = propose(session, ask, actor=actor, now=now)
    for _ in range(ROUNDS):
        if found.clashing and not ask.replace:
            raise _own_clash(session, found.clashing[0])
        taken = _take_first(session, ask, found, actor=actor, now=now)
        if taken is not None:
            return taken
        if not found.proposals:
            break
        found = propose(session, ask, actor=actor, now=now)
    raise _none_free(session, ask, found, actor=actor, now=now)


def _take_first(session: Session, ask: Ask, found: Proposed, *, actor: Person, now: datetime) -> Taken | None:
    """The best of what is proposed that can be had; None where somebody was faster at each."""
    refused: RuleBroken | None = None
    for proposal in found.proposals[:TRIES]:
        try:
            # In a savepoint, so that the lock on a space that was lost is given up before the next is asked for.
            with session.begin_nested():
                return _take(session, ask, proposal, found.span, actor=actor, now=now)
        except RuleBroken as error:
            refused = refused or error
        except Conflict as error:
            if error.facts.get("clash") != "space":
                raise
    if refused is not None:
        raise refused
    return None


def _take(
    session: Session, ask: Ask, proposal: Proposal, span: TimeSpan, *, actor: Person, now: datetime
) -> Taken:
    space_id, lane = proposal.option.space_id, LANES[proposal.option.kind]
    clashing = clashing_with(session, actor.id, lane, span)
    queue_up(session, user_ids=[actor.id], space_ids=[space_id, *(one.space_id for one in clashing)])
    if clashing and not ask.replace:
        # Booked by the same person at this very moment, in another window.
        raise _own_clash(session, clashing[0])
    ended = make_room(session, actor.id, lane, span, actor_id=actor.id, now=now) if clashing else []
    if proposal.option.is_claimed:
        booking = reserve.claim(session, actor=actor, space_id=space_id, now=now, until=span.end)
    else:
        booking = reserve.reserve(session, actor=actor, space_id=space_id, span=span, now=now)
    return Taken(booking, proposal, ended)


def _own_clash(session: Session, booking: Booking) -> Conflict:
    space = session.get_one(Space, booking.space_id)
    return Conflict(
        "booking.own_clash",
        booking_id=booking.id,
        space_id=space.id,
        space=space.code,
        start=booking.start_at.isoformat(),
        end=booking.end_at.isoformat(),
    )


def _none_free(session: Session, ask: Ask, found: Proposed, *, actor: Person, now: datetime) -> DomainError:
    following = found.next_free
    if following is None:
        refused = refusal_of_all(
            session, ask.target, found.span, person=actor, now=now, near_site_id=ask.near_site_id
        )
        return RuleBroken("booking.rule", **asdict(refused)) if refused else Conflict("booking.none_free")
    return Conflict(
        "booking.none_free",
        next_space_id=following.option.space_id,
        next_space=following.option.code,
        next_start=following.span.start.isoformat(),
        next_end=following.span.end.isoformat(),
    )


def _habits(session: Session, ask: Ask, person: Person, span: TimeSpan) -> Habits:
    """Where the person's colleagues have booked or claimed a desk for that time, and where the person sat; two queries.

    What colleagues did themselves, not what sensors saw, and nobody is named to anybody.
    """
    colleagues = select(Membership.user_id).where(
        Membership.section_id.in_(person.section_ids),
        Membership.user_id != person.id,
        Membership.from_on <= person.on,
        Membership.until_on.is_(None) | (Membership.until_on >= person.on),
    )
    group = session.execute(
        select(Zone.floor_id, Space.zone_id, Space.x, Space.y)
        .select_from(Booking)
        .join(Space, Space.id == Booking.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .where(
            Booking.user_id.in_(colleagues),
            Booking.lane == Lane.DESK,
            HOLDS,
            Booking.status != Status.HELD,
            Booking.start_at < span.end,
            Booking.end_at > span.start,
        )
        .order_by(Booking.id)
    ).all()
    had = session.execute(
        select(Booking.space_id, func.count(), func.max(Booking.start_at, type_=Booking.start_at.type))
        .where(
            Booking.user_id == person.id,
            Booking.start_at > span.start - HABIT,
            Booking.start_at < span.start,
            Booking.status.in_((Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)),
        )
        .group_by(Booking.space_id)
    ).all()
    return Habits(
        group=[(row.floor_id, row.zone_id, row.x, row.y) for row in group],
        times={space_id: count for space_id, count, _last in had},
        lately={space_id for space_id, _count, last in had if last > span.start - LATELY},
        site_id=ask.near_site_id,
    )
