"""Keeping sessions of real use, and the ledger that sets them beside the bookings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, insert, or_, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.fields import MOST_ID
from app.occupancy.models import SensorState
from app.occupancy.rules import Occupancy, is_suspect, suspect_after
from app.occupancy.service import Change
from app.spaces.models import Floor, SensorBinding, Site, Space, Zone
from app.timespan import TimeSpan
from app.usage.models import UsageCorrection, UsageSession
from app.usage.rules import SESSION_GAP, Edge, session_end

_INSTANT = timedelta(microseconds=1)
_BEGINNING = datetime.min.replace(tzinfo=UTC)
_END = datetime.max.replace(tzinfo=UTC)
_sites = (
    select(Space.id.label("space_id"), Site.timezone)
    .join(Zone, Zone.id == Space.zone_id)
    .join(Floor, Floor.id == Zone.floor_id)
    .join(Site, Site.id == Floor.site_id)
    .subquery()
)


def note_change(session: Session, changes: Sequence[Change]) -> None:
    """Open, reopen and close sessions as confirmed changes tell; one query, whatever the batch."""
    if not changes:
        return
    last = _last_sessions(session, {change.space_id for change in changes})
    begun: list[UsageSession] = []
    for change in changes:
        known = last.get(change.space_id)
        if change.state is Occupancy.OCCUPIED:
            if known is not None and known.end_at is None:
                continue
            if (
                known is not None
                and known.end_at is not None
                and change.since_at - known.end_at <= SESSION_GAP
            ):
                known.end_at, known.flag = None, ""
                continue
            last[change.space_id] = UsageSession(
                space_id=change.space_id, start_at=change.since_at, end_at=None, flag=""
            )
            begun.append(last[change.space_id])
        elif known is not None and known.end_at is None and change.state is not Occupancy.UNKNOWN:
            edge = Edge(change.state, change.since_at, change.last_hit_at)
            known.end_at = session_end(edge, known.start_at)
            known.flag = "offline" if change.state is Occupancy.OFFLINE else known.flag
    session.flush()
    if begun:
        columns = ("space_id", "start_at", "end_at", "flag")
        session.execute(
            insert(UsageSession), [{name: getattr(one, name) for name in columns} for one in begun]
        )


def close_idle(session: Session, now: datetime) -> None:
    """Close sessions whose sensor watches the space no longer; flag those that are suspect (RULES 4)."""
    watched = select(SensorBinding.id).where(
        SensorBinding.space_id == UsageSession.space_id, SensorBinding.until_at.is_(None)
    )
    # Also of those that watch it no longer: they saw the last of it.
    last_hit = (
        select(func.max(SensorState.last_hit_at))
        .join(SensorBinding, SensorBinding.sensor_id == SensorState.sensor_id)
        .where(
            SensorBinding.space_id == UsageSession.space_id,
            SensorState.last_hit_at <= func.coalesce(SensorBinding.until_at, now),
        )
    )
    rows = session.execute(
        select(UsageSession, watched.exists(), last_hit.scalar_subquery(), _sites.c.timezone)
        .join(_sites, _sites.c.space_id == UsageSession.space_id)
        .where(UsageSession.end_at.is_(None))
        .order_by(UsageSession.space_id)  # as the index of open sessions has them: none is read through
    )
    for one, is_watched, last_hit_at, timezone in rows:
        if not is_watched:
            one.end_at, one.flag = max(last_hit_at or one.start_at, one.start_at), "unbound"
        elif not one.flag and is_suspect(one.start_at, now, ZoneInfo(timezone)):
            one.flag = "suspect"
    session.flush()


def next_due(session: Session) -> datetime | None:
    """When `close_idle` next has something to do that time alone brings."""
    oldest = session.execute(
        select(_sites.c.timezone, func.min(UsageSession.start_at))
        .join(_sites, _sites.c.space_id == UsageSession.space_id)
        .where(UsageSession.end_at.is_(None), UsageSession.flag == "")
        .group_by(_sites.c.timezone)
    )
    # Suspect is what lasts longer, not what lasts as long.
    due = (suspect_after(opened_at, ZoneInfo(timezone)) + _INSTANT for timezone, opened_at in oldest)
    return min(due, default=None)


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """A space's booked span beside what really happened: `actual` is one span, first to last signal.

    Without a booking, `booking` is None and `actual` a walk-in's session, whose id is `session_id`; without use,
    `actual` is None.
    """

    space: Space
    booking: Booking | None
    actual: TimeSpan | None
    flag: str = ""
    correction: UsageCorrection | None = None
    session_id: int = 0

    @property
    def real(self) -> TimeSpan | None:
        """What figures use: what the facility staff found, where they did, else what the sensor said."""
        return self.correction.span if self.correction else self.actual


def ledger(
    session: Session,
    span: TimeSpan,
    *,
    now: datetime,
    space_id: int | None = None,
    zone_id: int | None = None,
    section_id: int | None = None,
    user_id: int | None = None,
) -> list[LedgerRow]:
    """Booked against actual for the spaces and the span asked for, by space and time; four queries.

    Whose turn a moment was: a booking's use begins no earlier than the booking before ended, and ends with the next.

    With `user_id`, only that person's bookings, and no use that belongs to nobody's booking of theirs.
    """
    spaces = _spaces(session, space_id=space_id, zone_id=zone_id, section_id=section_id)
    bookings = select(Booking).where(
        Booking.space_id.in_(spaces),
        Booking.start_at < span.end,
        Booking.end_at > span.start,
        Booking.status != Status.HELD,
    )
    if user_id is not None:
        theirs = bookings.where(Booking.user_id == user_id).with_only_columns(Booking.space_id)
        bookings = bookings.where(Booking.space_id.in_(theirs))
    used = (
        select(UsageSession)
        .where(
            UsageSession.space_id.in_(spaces),
            UsageSession.start_at < span.end,
            or_(UsageSession.end_at.is_(None), UsageSession.end_at > span.start),
        )
        .order_by(UsageSession.space_id, UsageSession.start_at)
    )
    uses: dict[int, list[UsageSession]] = defaultdict(list)
    for one in session.scalars(used):
        uses[one.space_id].append(one)
    rows: list[LedgerRow] = []
    taken: set[int] = set()
    found = list(session.scalars(bookings.order_by(Booking.start_at, Booking.id)))
    turns = _turns(found)
    of_these = UsageCorrection.booking_id.in_(bookings.with_only_columns(Booking.id))
    corrections = {one.booking_id: one for one in session.scalars(select(UsageCorrection).where(of_these))}
    for booking in found:
        over = TimeSpan(booking.start_at, max(booking.over_at, booking.start_at + _INSTANT))
        mine = [one for one in uses[booking.space_id] if _span(one, now).overlaps(over)]
        if booking.status is Status.CANCELLED:
            mine = []
        taken.update(one.id for one in mine)
        if user_id is not None and booking.user_id != user_id:
            continue
        actual = (
            TimeSpan(min(_span(one, now).start for one in mine), max(_span(one, now).end for one in mine))
            if mine
            else None
        )
        rows.append(
            LedgerRow(
                spaces[booking.space_id],
                booking,
                actual.intersection(turns[booking.id]) if actual else None,
                next((one.flag for one in mine if one.flag), ""),
                corrections.get(booking.id),
            )
        )
    if user_id is None:
        rows.extend(
            LedgerRow(spaces[one.space_id], None, _span(one, now), one.flag, session_id=one.id)
            for own in uses.values()
            for one in own
            if one.id not in taken
        )
    return sorted(rows, key=order)


def _turns(bookings: Sequence[Booking]) -> dict[int, TimeSpan]:
    """From the end of the booking before to the start of the next on the same space, by booking: two people who
    follow each other at once are one session of use, of which each shows the own part."""
    turns: dict[int, TimeSpan] = {}
    last: dict[int, Booking] = {}
    for booking in bookings:
        if booking.status is Status.CANCELLED:
            turns[booking.id] = booking.span
            continue
        before = last.get(booking.space_id)
        if before is not None:
            turns[before.id] = TimeSpan(
                turns[before.id].start, max(booking.start_at, before.start_at + _INSTANT)
            )
        begins = min(before.over_at, booking.start_at) if before else _BEGINNING
        turns[booking.id] = TimeSpan(begins, _END)
        last[booking.space_id] = booking
    return turns


def order(row: LedgerRow) -> tuple[str, datetime, int]:
    """By space and time, what was booked first; each row at a place of its own."""
    begins = [row.booking.start_at] if row.booking else []
    begins += [row.actual.start] if row.actual else []
    return row.space.code, begins[0], row.booking.id if row.booking else MOST_ID


def place(row: LedgerRow) -> tuple[int, int]:
    """Where a row stands in a program's pages, wherever it is moved: bookings first, then what nobody booked."""
    return row.booking.id if row.booking else MOST_ID, row.session_id


def _span(one: UsageSession, now: datetime) -> TimeSpan:
    return TimeSpan(one.start_at, max(one.end_at or now, one.start_at + _INSTANT))


def _spaces(
    session: Session, *, space_id: int | None, zone_id: int | None, section_id: int | None
) -> dict[int, Space]:
    query = select(Space).order_by(Space.code)
    if space_id is not None:
        query = query.where(Space.id == space_id)
    if zone_id is not None:
        query = query.where(Space.zone_id == zone_id)
    if section_id is not None:
        query = query.join(Zone, Zone.id == Space.zone_id).where(Zone.section_id == section_id)
    return {space.id: space for space in session.scalars(query)}


def _last_sessions(session: Session, space_ids: set[int]) -> dict[int, UsageSession]:
    newest = (
        select(UsageSession.id)
        .where(UsageSession.space_id == Space.id)
        .order_by(UsageSession.start_at.desc(), UsageSession.id.desc())
        .limit(1)
        .correlate(Space)
        .scalar_subquery()
    )
    rows = session.scalars(
        select(UsageSession).join(Space, UsageSession.id == newest).where(Space.id.in_(space_ids))
    )
    return {one.space_id: one for one in rows}
