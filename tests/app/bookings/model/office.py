"""The plain office: rows in a list, each rule of RULES.md once, nothing clever, nothing shared with the product."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.app.bookings.model.sensors import HOLD, MINUTE, OFFLINE_AFTER, PlainSensor
from tests.house import TOKYO

LIVE = {"held", "booked", "checked_in"}
COUNTED = LIVE | {"completed", "ended_early"}
HORIZON = {"staff": timedelta(days=14), "chief": timedelta(days=14), "facility": timedelta(days=62)}
CHECK_IN_OPENS = 15 * MINUTE


class Refused(Exception):
    """Every ground on which the office refuses; the product may name any of them."""

    def __init__(self, *grounds: str) -> None:
        super().__init__(*grounds)
        self.grounds = set(grounds)


@dataclass(frozen=True)
class Who:
    """Somebody of the office."""

    name: str
    section: str
    role: str

    def may_act_for(self, other: Who) -> bool:
        own_section = self.role == "chief" and self.section == other.section
        return self == other or self.role == "facility" or own_section


@dataclass(frozen=True)
class Where:
    """A space: `section` None is everybody's; `free`: claims only."""

    code: str
    kind: str = "seat"
    section: str | None = None
    free: bool = False
    has_sensor: bool = True

    @property
    def lane(self) -> str:
        return "room" if self.kind == "booth" else "desk"

    @property
    def grace(self) -> timedelta:
        return 10 * MINUTE if self.kind == "booth" else 60 * MINUTE

    @property
    def longest(self) -> timedelta:
        return timedelta(hours=2) if self.kind == "booth" else timedelta(days=1)

    @property
    def early_leave(self) -> timedelta | None:
        return 10 * MINUTE if self.kind == "booth" else None


@dataclass
class Row:
    """A booking."""

    where: Where
    who: Who
    start: datetime
    end: datetime
    made_at: datetime
    status: str = "booked"
    is_claim: bool = False
    checked_in_at: datetime | None = None
    checked_in_by: str | None = None
    ended_at: datetime | None = None
    reclaimed: bool = False
    gave_back: bool = False  # what was only held, refused by giving it back

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def over(self, status: str, ended_at: datetime | None) -> None:
        self.status, self.ended_at = status, ended_at


@dataclass
class Waiting:
    """A place in line for any of some spaces, by code; `minutes` None: all of the span. `held`: what is offered."""

    who: Who
    lane: str
    places: frozenset[str]
    start: datetime
    end: datetime
    made_at: datetime
    minutes: int | None = None
    state: str = "waiting"
    held: Row | None = None
    until: datetime | None = None

    def wanted(self, now: datetime) -> tuple[datetime, datetime]:
        """The time that it would take now, if its span is not over."""
        start = max(now, self.start)
        return start, min(start + self.minutes * MINUTE, self.end) if self.minutes else self.end


@dataclass
class Closed:
    """A barrier before every space (`where` None) or one."""

    start: datetime
    end: datetime | None
    where: Where | None = None

    def touches(self, where: Where, start: datetime, end: datetime) -> bool:
        here = self.where is None or self.where == where
        return here and self.start < end and (self.end is None or self.end > start)


PEOPLE = {
    name: Who(name, section, role)
    for name, section, role in (
        ("aoki", "soumu", "staff"),
        ("baba", "soumu", "staff"),
        ("chiba", "soumu", "chief"),
        ("endo", "zei", "staff"),
        ("fujii", "zei", "facility"),
        ("goda", "zei", "staff"),
        ("hara", "zei", "staff"),
    )
}
PLACES = {
    where.code: where
    for where in (
        Where("seat"),
        Where("window"),
        Where("bare", has_sensor=False),
        Where("focus", "focus_seat"),
        Where("booth", "booth"),
        Where("taxes", section="zei"),
        Where("tax-1", section="zei", has_sensor=False),
        Where("tax-2", section="zei", has_sensor=False),
        Where("free", free=True),
    )
}


@dataclass
class PlainOffice:
    """All that the office knows."""

    now: datetime
    rows: list[Row] = field(default_factory=list)
    line: list[Waiting] = field(default_factory=list)
    barriers: list[Closed] = field(default_factory=list)
    limits: dict[tuple[str, str], int] = field(default_factory=dict)
    sensors: dict[str, PlainSensor] = field(
        default_factory=lambda: {code: PlainSensor() for code, where in PLACES.items() if where.has_sensor}
    )

    # Whether a space is still to be drawn by lot for a part of a span, asked now.
    to_be_drawn: Callable[[Where, datetime, datetime, datetime], bool] = lambda *_: False

    # What may be had

    def may_change(self, actor: Who, row: Row) -> None:
        if not actor.may_act_for(row.who):
            raise Refused("booking.not_allowed")

    def grounds(
        self,
        row: Row,
        actor: Who,
        *,
        begun: bool = False,
        besides: Row | None = None,
    ) -> set[str]:
        """Everything that speaks against a booking, present or changed. `begun`: its start was allowed before."""
        return {
            *self._against_person(row, actor),
            *self._against_span(row, actor, begun=begun),
            *self.against_barriers(row.where, row.start, row.end),
            *self.against_counts(row, besides),
            *self.overlaps(row, besides),
            *({"lots"} if self.to_be_drawn(row.where, row.start, row.end, self.now) else ()),
        }

    def hinders(self, row: Row) -> set[str]:
        """What speaks against holding a space for somebody whom the rules of zones and lengths allow it."""
        return {
            *self.against_barriers(row.where, row.start, row.end),
            *self.against_counts(row, None, self.giving_way(row)),
            *self.overlaps(row),
        }

    def giving_way(self, row: Row) -> list[tuple[Row, str]]:
        """What of a person's own ends for what is offered to them, each with what becomes of it (RULES 13)."""
        return [
            (
                one,
                "cancelled"
                if one.start >= max(row.start, self.now)
                else "ended_early"
                if row.start <= self.now
                else "shortened",
            )
            for one in self.rows
            if one.is_live
            and one.status != "held"
            and self.holds(one, row)
            and one.start < row.end
            and row.start < one.end
        ]

    def _against_person(self, row: Row, actor: Who) -> set[str]:
        found = set()
        if not actor.may_act_for(row.who):
            found.add("booking.not_allowed")
        if row.where.free and not row.is_claim:
            found.add("zone.free_seating")
        if row.where.section not in {None, row.who.section} and actor.role != "facility":
            found.add("booking.not_allowed")
        return found

    def _against_span(self, row: Row, actor: Who, *, begun: bool) -> set[str]:
        found = set()
        if row.start < self.now and not begun:
            found.add("start_in_past")
        if row.start > self.now + HORIZON[actor.role]:
            found.add("horizon")
        if row.end - row.start > row.where.longest:
            found.add("max_duration")
        return found

    def against_barriers(self, where: Where, start: datetime, end: datetime) -> set[str]:
        return {
            "closed" if one.where is None else "out_of_order"
            for one in self.barriers
            if one.touches(where, start, end)
        }

    def against_counts(
        self, row: Row, besides: Row | None, giving_way: Sequence[tuple[Row, str]] = ()
    ) -> set[str]:
        """What is cancelled for it counts no more, what ends for it in the week alone."""
        kind = row.where.kind
        found = set()
        cancelled = [one for one, how in giving_way if how == "cancelled"]
        ended = [one for one, how in giving_way if how == "ended_early"]
        same = [
            one
            for one in self.rows
            if one is not besides
            and not any(one is gone for gone in cancelled)
            and one.who == row.who
            and one.where.kind == kind
            and not one.is_claim
        ]
        if row.is_claim:
            same = []
        concurrent = self.limits.get((kind, "concurrent_quota"), 0)
        held = [one for one in same if not any(one is gone for gone in ended)]
        if concurrent and sum(one.is_live and one.end > self.now for one in held) >= concurrent:
            found.add("concurrent_quota")
        weekly = self.limits.get((kind, "weekly_quota"), 0)
        if weekly and sum(one.status in COUNTED and _week(one) == _week(row) for one in same) >= weekly:
            found.add("weekly_quota")
        buffer = self.limits.get((kind, "buffer"), 0) * MINUTE
        here = [one for one in self.rows if one is not besides and one.where == row.where]
        near = [one for one in here if one.is_live]
        if any(one.start < row.end + buffer and one.end > row.start - buffer for one in near) and buffer:
            found.add("buffer")
        # After what was used, too, but not after a no-show; what has begun needs no pause before it any more.
        used = [one.ended_at for one in here if one.status in {"completed", "ended_early"} and one.ended_at]
        if row.start >= self.now and any(ended > row.start - buffer for ended in used):
            found.add("buffer")
        return found

    def overlaps(self, row: Row, besides: Row | None = None) -> set[str]:
        """Two of a space, or of a person in a lane; what is held is the space's alone (RULES 13)."""
        clash = any(
            one is not besides
            and one.is_live
            and (one.where == row.where or (self.holds(one, row) and "held" not in {one.status, row.status}))
            and one.start < row.end
            and row.start < one.end
            for one in self.rows
        )
        return {"booking.overlap"} if clash else set()

    @staticmethod
    def holds(one: Row, row: Row) -> bool:
        """Whether both are the same person's, of one lane."""
        return one.who == row.who and one.where.lane == row.where.lane

    def from_now(self, start: datetime, end: datetime) -> datetime:
        """A start up to 5 minutes past means now (RULES 11)."""
        return self.now if self.now - 5 * MINUTE <= start < self.now < end else start

    # Evidence and its lack

    def previous_end(self, row: Row) -> datetime | None:
        ends = [
            one.ended_at or one.end
            for one in self.rows
            if one.where == row.where
            and one.start < row.start
            and one.status not in {"cancelled", "released"}
        ]
        return max(ends, default=None)

    def window_opens(self, row: Row) -> datetime:
        return max(row.start - CHECK_IN_OPENS, self.previous_end(row) or row.start - CHECK_IN_OPENS)

    def note_evidence(self, found: dict[str, list[datetime]]) -> None:
        """Occupied signals check in what is booked (RULES 5, 6)."""
        seen = []
        for row in self.rows:
            opens = self.window_opens(row)
            inside = [at for at in found.get(row.where.code, []) if opens <= at < row.end]
            if row.status == "booked" and inside:
                seen.append((row, min(inside)))
        for row, at in seen:
            row.status, row.checked_in_at, row.checked_in_by = "checked_in", at, "sensor"

    def is_no_show(self, row: Row) -> bool:
        """RULES 7 to 9."""
        deadline = max(row.start, row.made_at) + row.where.grace
        if row.status != "booked" or row.reclaimed or not deadline <= self.now < row.end:
            return False
        if not row.where.has_sensor:
            return False
        sensor, opens = self.sensors[row.where.code], self.window_opens(row)
        if opens >= row.end or sensor.signals(True, opens, self.now):
            return False
        told = sensor.signals(False, deadline, min(self.now, deadline + OFFLINE_AFTER))
        return bool(told) and sensor.is_healthy(opens, told[0])

    def left_at(self, row: Row) -> datetime | None:
        """Since when the sensor has confirmed a space vacant that somebody had checked in to."""
        sensor = self.sensors.get(row.where.code)
        if sensor is None or sensor.state != "vacant" or sensor.since is None or row.checked_in_at is None:
            return None
        return sensor.since if sensor.since > max(row.checked_in_at, row.start) else None

    def deserted_at(self, row: Row) -> datetime | None:
        """Since when a claimed space is empty: left since, or nobody ever sat there and the sensor said so past the
        hold (RULES 12)."""
        sensor = self.sensors.get(row.where.code)
        if sensor is None or sensor.state != "vacant" or sensor.since is None:
            return None
        is_empty = sensor.since > row.start or sensor.said[-1][0] >= row.start + HOLD
        return max(sensor.since, row.start) if is_empty else None


def _week(row: Row) -> tuple[int, int]:
    return row.start.astimezone(TOKYO).date().isocalendar()[:2]
