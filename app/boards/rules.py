"""Which span a page shows when nobody chose one, what of it is offered, how a space looks, where somebody is; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.occupancy.rules import Occupancy
from app.spaces.rules import Kind, Opening, Policies
from app.telework.rules import PlanKind
from app.timespan import TimeSpan, day_span, merged
from app.working_days import WorkingDays

QUARTER = timedelta(minutes=15)
# "A booth for a call now": what is offered of a room when nobody chose a span.
CALL = timedelta(minutes=30)


def suggested_span(
    now: datetime, *, zone: ZoneInfo, opens: time, closes: time, calendar: WorkingDays
) -> TimeSpan:
    """From now, to the quarter hour, until the office closes; the next working day's hours once it has."""
    today = now.astimezone(zone).date()
    if calendar.is_working(today):
        hours = day_span(today, zone, opens, closes)
        start = max(hours.start, now - timedelta(seconds=now.timestamp() % QUARTER.total_seconds()))
        if start + QUARTER <= hours.end and now < hours.end:
            return TimeSpan(start, hours.end)
    return day_span(calendar.next_working(today + timedelta(days=1)), zone, opens, closes)


def hours_of(opens: time, closes: time, opening: Opening) -> tuple[time, time]:
    """The office's hours as far as a site is open; the site's own where it is not open in any of them."""
    sites = opening.opens or opens, opening.closes or closes
    both = max(opens, sites[0]), min(closes, sites[1])
    return next((begins, ends) for begins, ends in (both, sites, (opens, closes)) if begins < ends)


@dataclass(frozen=True, slots=True)
class Limits:
    """What the rules of time leave nobody of a span, by zone and kind; those are absent that leave all of it.

    `barring`: why a space of them cannot be booked for the span, and when, in and around it, none of them can.
    `buffers`: the pauses that bookings need; `widest`: the longest of them.
    """

    barring: Mapping[tuple[int, str], tuple[str, tuple[TimeSpan, ...]]]
    buffers: Mapping[tuple[int, str], timedelta]
    widest: timedelta


def limits_of(
    policy_of: Policies,
    zone_ids: Collection[int],
    span: TimeSpan,
    *,
    now: datetime,
    shut: Collection[TimeSpan],
    as_facility: bool,
) -> Limits:
    """What limits bookings of the spaces of some zones for a span, `shut` being when their site is not open."""
    barring: dict[tuple[int, str], tuple[str, tuple[TimeSpan, ...]]] = {}
    buffers: dict[tuple[int, str], timedelta] = {}
    closed = tuple(shut) if any(one.overlaps(span) for one in shut) else ()
    for kind in Kind:
        for zone_id in zone_ids:
            policy = policy_of.of(kind, zone_id)
            if span.start > now + (policy.ahead(facility=as_facility)):
                barring[zone_id, kind.value] = "horizon", (span,)
            elif closed:
                barring[zone_id, kind.value] = "opening_hours", closed
            if policy.buffer:
                buffers[zone_id, kind.value] = policy.buffer
    return Limits(barring, buffers, max(buffers.values(), default=timedelta(0)))


def left_of(span: TimeSpan, now: datetime) -> TimeSpan:
    """What can still be booked of a span, from this minute on; all of it where it is over, for the refusal to tell."""
    minute = now.replace(second=0, microsecond=0)
    return TimeSpan(max(span.start, minute), span.end) if minute < span.end else span


def first_gap(span: TimeSpan, booked: Iterable[TimeSpan]) -> TimeSpan | None:
    """The first part of a span that no booking covers: a quarter of an hour at least, or all of a shorter span."""
    shortest = min(QUARTER, span.length)
    begins = span.start
    for one in merged(booked):
        if min(one.start, span.end) - begins >= shortest:
            return TimeSpan(begins, min(one.start, span.end))
        begins = max(begins, one.end)
    return TimeSpan(begins, span.end) if span.end - begins >= shortest else None


def at_most(span: TimeSpan, longest: timedelta) -> TimeSpan:
    """The beginning of a span, no longer than a booking may be."""
    return TimeSpan(span.start, min(span.end, span.start + longest))


# Reasons for which a space is not the reader's to take, though nobody has booked it.
SHUT = frozenset({"closed", "not_available", "other_section", "zone_not_full", "lots"})
# Rules of time: they may leave a part of the span to book, and bind nobody who sits down.
OF_TIME = frozenset({"opening_hours", "horizon", "buffer"})


class Look(StrEnum):
    """How a space is shown for a span: one look each, told by colour, by sign and in words."""

    FREE = "free"
    IN_USE = "in_use"
    PARTLY = "partly"
    BOOKED = "booked"
    YOURS = "yours"
    SILENT = "silent"
    OTHER = "other"
    BROKEN = "broken"


def look(
    *, reason: str | None, booked: bool, has_gap: bool, mine: bool, occupancy: Occupancy, is_now: bool
) -> Look:
    """What matters most about a space; what its sensor sees counts only while the span has begun.

    `has_gap`: the reader may book a part of the span that others' bookings leave.
    """
    if reason == "out_of_order":
        return Look.BROKEN
    if mine:
        return Look.YOURS
    if is_now and occupancy is Occupancy.OCCUPIED:
        return Look.IN_USE
    if booked:
        return Look.PARTLY if has_gap else Look.BOOKED
    if reason in SHUT or (reason in OF_TIME and not has_gap):
        return Look.OTHER
    if reason in OF_TIME:
        return Look.PARTLY
    if is_now and occupancy in {Occupancy.OFFLINE, Occupancy.UNKNOWN}:
        return Look.SILENT
    return Look.FREE


class Where(StrEnum):
    """Where somebody is, by what they said themselves."""

    IN = "in"
    HOME = "home"
    AWAY = "away"
    UNKNOWN = "unknown"


class By(StrEnum):
    """By which of their words."""

    PLAN = "plan"
    CHECK_IN = "check_in"


OF_PLAN: Mapping[PlanKind, Where] = {
    PlanKind.HOME: Where.HOME,
    **dict.fromkeys((PlanKind.SATELLITE, PlanKind.TRIP, PlanKind.LEAVE), Where.AWAY),
}


def where_now(plan: PlanKind | None, *, by_hand: bool) -> tuple[Where, By | None]:
    """By the approved plan of this moment, or by a check-in by hand. The plan stands also against a check-in: of that
    the person is asked first (RULES 17). Who means to come, and has not yet said that they did, is not known to be in.
    """
    if plan is not None and plan in OF_PLAN:
        return OF_PLAN[plan], By.PLAN
    return (Where.IN, By.CHECK_IN) if by_hand else (Where.UNKNOWN, None)
