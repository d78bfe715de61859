"""What counts against a booking, of the bookings that were read: pauses, quotas, overlaps; pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from app.bookings.rules import LIVE, Refusal, Status
from app.spaces.rules import LANES, Kind, Policy
from app.timespan import TimeSpan, day_span

COUNTED = (Status.HELD, Status.BOOKED, Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)


@dataclass(frozen=True, slots=True)
class Row:
    """A booking as the rules that count see it. `own_keys`: the quotas of which its zone has values of its own."""

    id: int
    space_id: int
    zone_id: int
    kind: Kind
    user_id: int | None
    span: TimeSpan
    status: Status
    is_claim: bool = False
    own_keys: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """A span of a space for a person (None: a guest), under the policy that holds there; `own_keys` as of a Row."""

    space_id: int
    zone_id: int
    kind: Kind
    user_id: int | None
    span: TimeSpan
    policy: Policy
    own_keys: frozenset[str]
    timezone: ZoneInfo

    @property
    def week(self) -> TimeSpan:
        """From Monday to Sunday, by the calendar of the site."""
        return week_of(self.span.start, self.timezone)


def week_of(at: datetime, timezone: ZoneInfo) -> TimeSpan:
    """The week of an instant, from Monday to Sunday."""
    on = at.astimezone(timezone).date()
    monday = on - timedelta(days=on.weekday())
    return TimeSpan(day_span(monday, timezone).start, day_span(monday + timedelta(days=6), timezone).end)


def weeks_of(window: TimeSpan, zones: Collection[ZoneInfo]) -> TimeSpan | None:
    """The whole weeks of a window by the calendars of several zones of time; None of no zone."""
    weeks = [TimeSpan(week_of(window.start, zone).start, week_of(window.end, zone).end) for zone in zones]
    return TimeSpan(min(one.start for one in weeks), max(one.end for one in weeks)) if weeks else None


def pause(
    rows: Iterable[Row],
    wanted: Wanted,
    *,
    after_use: Iterable[TimeSpan] = (),
    now: datetime,
    besides: Collection[int] = (),
) -> Refusal | None:
    """Whether another booking of the space leaves no pause. What overlaps is for `clash` to name. `after_use`: the
    pauses after what is live no more; what has begun needs none before it."""
    buffer = wanted.policy.buffer
    span = wanted.span
    around = TimeSpan(span.start - buffer, span.end + buffer)
    is_near = any(
        one.space_id == wanted.space_id
        and one.status in LIVE
        and one.span.overlaps(around)
        and not one.span.overlaps(span)
        for one in rows
        if one.id not in besides
    )
    is_soon = span.start >= now and any(one.contains(span.start) for one in after_use)
    if not buffer or not (is_near or is_soon):
        return None
    return Refusal("buffer", span.start.isoformat(), f">= {buffer // timedelta(minutes=1)} min")


def concurrent(
    rows: Iterable[Row], wanted: Wanted, *, now: datetime, besides: Collection[int] = ()
) -> Refusal | None:
    """Whether the person holds as many bookings already as may be held at a time."""
    quota = wanted.policy.concurrent_quota
    if not quota:
        return None
    held = sum(
        one.status in LIVE and one.span.end > now and one.id not in besides
        for one in _alike(rows, wanted, "concurrent_quota")
    )
    return Refusal("concurrent_quota", str(held), f"<= {quota}") if held >= quota else None


def weekly(rows: Iterable[Row], wanted: Wanted, *, besides: Collection[int] = ()) -> Refusal | None:
    """Whether the person has made as many bookings already as may be made for the week."""
    quota = wanted.policy.weekly_quota
    if not quota:
        return None
    week = wanted.week
    made = sum(
        one.status in COUNTED and week.contains(one.span.start) and one.id not in besides
        for one in _alike(rows, wanted, "weekly_quota")
    )
    return Refusal("weekly_quota", str(made), f"<= {quota}") if made >= quota else None


def leaves_room(rows: Iterable[Row], wanted: Wanted, booking_id: int, *, now: datetime) -> bool:
    """Whether the quotas leave room for a booking that goes to another space: where it counts already, it takes none
    from anybody, though there be more by now than may be."""
    listed, besides = list(rows), {booking_id}
    refused = (concurrent(listed, wanted, now=now, besides=besides), weekly(listed, wanted, besides=besides))
    return all(
        one is None or any(row.id == booking_id for row in _alike(listed, wanted, one.rule))
        for one in refused
    )


def _alike(rows: Iterable[Row], wanted: Wanted, key: str) -> Iterable[Row]:
    """The person's bookings of the kind, claims apart: in the zone alone where the zone has a quota of its own, else in
    all the zones that have none."""
    has_own = key in wanted.own_keys
    return (
        one
        for one in rows
        if one.user_id is not None
        and one.user_id == wanted.user_id
        and one.kind is wanted.kind
        and not one.is_claim
        and (one.zone_id == wanted.zone_id if has_own else key not in one.own_keys)
    )


def clash(rows: Iterable[Row], wanted: Wanted, *, besides: Collection[int] = ()) -> str | None:
    """What of it another booking holds already: the `space`, or the `person` in its lane, offers apart (RULES 11, 13).

    What the database guards, told before it is asked.
    """
    found = {
        "space" if one.space_id == wanted.space_id else "person"
        for one in rows
        if one.id not in besides
        and one.status in LIVE
        and one.span.overlaps(wanted.span)
        and (one.space_id == wanted.space_id or _holds_lane(one, wanted))
    }
    return next((name for name in ("space", "person") if name in found), None)


def _holds_lane(one: Row, wanted: Wanted) -> bool:
    return (
        one.user_id is not None
        and one.user_id == wanted.user_id
        and one.status is not Status.HELD
        and LANES[one.kind] is LANES[wanted.kind]
    )
