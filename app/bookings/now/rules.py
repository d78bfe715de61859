"""Which of the spaces that somebody may have is the best for them, on what ground, and when one will be free; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from math import hypot, inf
from typing import Any

from app.bookings.several.rules import Wanted
from app.spaces.rules import Kind, Lane
from app.timespan import TimeSpan, merged

NEVER = datetime.max.replace(tzinfo=UTC)
QUARTER, CALL = timedelta(minutes=15), timedelta(minutes=30)
SHORTEST_DAY = timedelta(hours=1)
# From what is for one person to what is for many.
ROOMS = (Kind.BOOTH, Kind.MEETING_BOOTH, Kind.OPEN_MEETING)


class Ground(IntEnum):
    """Why a space is proposed, the best first; the name in small letters is the reason that is told."""

    FIXED_SEAT = 0
    NEAR_GROUP = 1
    USUAL = 2
    OWN_ZONE = 3
    FREE = 4
    OVERFLOW = 5
    OTHER_SITE = 6

    @property
    def reason(self) -> str:
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class Option:
    """A space that a person may have, and what hinders it when.

    `is_own`: in a zone of the person's section; `is_overflow`: in one that takes them in while theirs is full;
    `is_kept`: kept for them. `busy`: when it cannot be had, its buffer included. `is_occupied`: as the sensor sees it.
    `closes_at`: when the site closes on that day. `is_claimed`: it takes no booking, only somebody who sits down.
    `longest`: the longest that it may be booked for. `counted`: as what the person's quotas count it; None where there
    is none.
    """

    space_id: int
    code: str
    kind: Kind
    zone_id: int
    floor_id: int
    site_id: int
    x: int
    y: int
    capacity: int = 1
    is_own: bool = False
    is_overflow: bool = False
    is_kept: bool = False
    wants_change: bool = False
    busy: tuple[TimeSpan, ...] = ()
    is_occupied: bool = False
    closes_at: datetime = NEVER
    is_claimed: bool = False
    longest: timedelta = timedelta(days=1)
    counted: Wanted | None = None

    @property
    def roominess(self) -> tuple[int, int]:
        """Of a room: how much more it is than somebody alone needs, so that a small one goes first; desks are alike."""
        return (ROOMS.index(self.kind), self.capacity) if self.kind in ROOMS else (0, 0)

    def is_free(self, span: TimeSpan) -> bool:
        """Whether nothing that is booked or barred touches a span."""
        return not any(one.overlaps(span) for one in self.busy)


@dataclass(frozen=True, slots=True)
class Habits:
    """What is known of a person: where the others of their sections sit today, as (floor, zone, x, y); how often they
    had a space; those they had of late; at which site they are."""

    group: Collection[tuple[int, int, int, int]] = ()
    times: Mapping[int, int] | None = None
    lately: Collection[int] = ()
    site_id: int | None = None

    def is_elsewhere(self, option: Option) -> bool:
        """Whether a space is in another building."""
        return self.site_id not in {None, option.site_id}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A space and the ground on which it is proposed."""

    option: Option
    ground: Ground


def ranked(options: Iterable[Option], habits: Habits) -> list[Proposal]:
    """The options from best to worst: one's fixed seat, near one's group today, one's usual, one's own zone, what is
    everybody's, overflow, another site; where the zone wants change, what one had of late comes after the rest of its
    like. Of rooms a booth comes first, then what is for a meeting, the smallest first: whoever asks now is alone.

    Within a ground the nearest to the group, then the more usual, then by code: the same input gives the same order.
    """
    return sorted((_proposal(one, habits) for one in options), key=lambda one: _order(one, habits))


def _proposal(option: Option, habits: Habits) -> Proposal:
    usual = (habits.times or {}).get(option.space_id, 0) > 0 and not option.wants_change
    near = any((floor, zone) == (option.floor_id, option.zone_id) for floor, zone, _x, _y in habits.group)
    for ground, holds in (
        (Ground.FIXED_SEAT, option.is_kept),
        (Ground.OTHER_SITE, habits.is_elsewhere(option)),
        (Ground.OVERFLOW, option.is_overflow),
        (Ground.NEAR_GROUP, near),
        (Ground.USUAL, usual),
        (Ground.OWN_ZONE, option.is_own),
    ):
        if holds:
            return Proposal(option, ground)
    return Proposal(option, Ground.FREE)


def _order(one: Proposal, habits: Habits) -> tuple[Any, ...]:
    option = one.option
    stale = option.wants_change and not option.is_kept and option.space_id in habits.lately
    times = 0 if option.wants_change else (habits.times or {}).get(option.space_id, 0)
    return (
        one.ground is not Ground.FIXED_SEAT,
        one.ground is Ground.OTHER_SITE,
        option.is_overflow and not option.is_kept,
        stale,
        option.roominess,
        one.ground,
        _distance(option, habits),
        -times,
        option.code,
        option.space_id,
    )


def _distance(option: Option, habits: Habits) -> float:
    """To the nearest of the group on the same floor, in the plan's units; infinite where nobody is there."""
    return min(
        (
            hypot(x - option.x, y - option.y)
            for floor, _zone, x, y in habits.group
            if floor == option.floor_id
        ),
        default=inf,
    )


def span_now(now: datetime, lane: Lane, *, length: timedelta | None, closes_at: datetime) -> TimeSpan:
    """What "now" means where nobody said how long: a room for a call, a desk until the office closes."""
    if length is not None:
        return TimeSpan(now, now + length)
    if lane is Lane.ROOM:
        return TimeSpan(now, now + CALL)
    return TimeSpan(now, max(closes_at, now + SHORTEST_DAY))


@dataclass(frozen=True, slots=True)
class NextFree:
    """Where and when a space will be free."""

    option: Option
    span: TimeSpan


def longest_now(options: Sequence[Option], now: datetime, span: TimeSpan) -> TimeSpan | None:
    """The longest time from now, within a span, for which one of the spaces is free; None where it is no quarter of an
    hour."""
    ends = [
        min(
            [one.closes_at, span.end, now + one.longest, *(busy.start for busy in one.busy if busy.end > now)]
        )
        for one in options
        if not one.is_occupied
    ]
    end = max(ends, default=now)
    return TimeSpan(now, end) if end - now >= QUARTER else None


def next_free(
    options: Sequence[Option], *, now: datetime, length: timedelta, until: datetime
) -> NextFree | None:
    """The earliest time at which one of the spaces can be booked for `length` before `until`, by what is booked today.

    Not where somebody sits whom no booking explains: nobody knows until when.
    """
    found = [
        NextFree(one, TimeSpan(start, start + length))
        for one in options
        if not one.is_claimed
        and (start := _first_start(one, now, length)) + length <= min(until, one.closes_at)
        and not (one.is_occupied and start == now)
    ]
    return min(
        found,
        key=lambda one: (one.span.start, one.option.is_overflow, one.option.roominess, one.option.code),
        default=None,
    )


def _first_start(option: Option, now: datetime, length: timedelta) -> datetime:
    start = now
    for one in merged(option.busy):
        if one.start >= start + length:
            break
        start = max(start, one.end)
    return start
