"""Kinds of space, the lane each fills, the policies that govern it, who may enter a zone, when a site is open; pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, time, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from app.timespan import TimeSpan, day_span, days_of
from app.working_days import WorkingDays


class Kind(StrEnum):
    SEAT = "seat"
    FOCUS_SEAT = "focus_seat"
    BOOTH = "booth"
    MEETING_BOOTH = "meeting_booth"
    OPEN_MEETING = "open_meeting"


class Lane(StrEnum):
    """A person holds at most one space of each lane at a time (RULES 11)."""

    DESK = "desk"
    ROOM = "room"


LANES: Mapping[Kind, Lane] = {
    Kind.SEAT: Lane.DESK,
    Kind.FOCUS_SEAT: Lane.DESK,
    Kind.BOOTH: Lane.ROOM,
    Kind.MEETING_BOOTH: Lane.ROOM,
    Kind.OPEN_MEETING: Lane.ROOM,
}


# A sensor's name on its wire: one line without the signs of an MQTT filter, and with no space at its ends.
SENSOR_NAME = r"(?=\S)[^+#\x00-\x1f]*\S\Z"
MOST_SENSOR_NAME = 64


@dataclass(frozen=True, slots=True)
class Target:
    """What somebody wants: one space, or any of a lane, narrowed by kind, by zone and by site."""

    lane: Lane
    kind: Kind | None = None
    zone_id: int | None = None
    space_id: int | None = None
    site_id: int | None = None

    def takes(self, space_id: int, zone_id: int, site_id: int, kind: Kind) -> bool:
        """Whether a space would do."""
        return (
            LANES[kind] is self.lane
            and self.kind in {None, kind}
            and self.zone_id in {None, zone_id}
            and self.space_id in {None, space_id}
            and self.site_id in {None, site_id}
        )


@dataclass(frozen=True, slots=True)
class Policy:
    """What holds for a kind of space.

    Zero switches `early_leave`, `min_duration`, `buffer` and the quotas off. `buffer`: free time between two bookings
    of a space, also after one that is over, but for a no-show. Nothing is booked further ahead than `horizon`, by
    facility staff than `horizon_facility`; the days of a series also as far as `series_horizon`. Quotas count a
    person's bookings of the kind, claims apart: `concurrent_quota` those not over yet, `weekly_quota` those that begin
    from Monday to Sunday and were not cancelled or released. After `series_no_shows` no-shows running, the owner of a
    series is asked whether it is still needed, and it ends `series_answer` later. `offer_hold`: for how long a space is
    held for the first in the queue. `change_seats`: what is proposed to somebody is another space than of late.
    """

    check_in_opens: timedelta = timedelta(minutes=15)
    no_show_grace: timedelta = timedelta(minutes=60)
    warn_before_release: timedelta = timedelta(minutes=5)
    vacant_hold: timedelta = timedelta(minutes=10)
    early_leave: timedelta = timedelta(0)
    min_duration: timedelta = timedelta(0)
    max_duration: timedelta = timedelta(days=1)
    buffer: timedelta = timedelta(0)
    horizon: timedelta = timedelta(days=14)
    horizon_facility: timedelta = timedelta(days=62)
    series_horizon: timedelta = timedelta(days=84)
    walk_in: bool = True
    check_in_by_hand: bool = False
    concurrent_quota: int = 0
    weekly_quota: int = 0
    series_no_shows: int = 3
    series_answer: timedelta = timedelta(days=7)
    offer_hold: timedelta = timedelta(minutes=10)
    change_seats: bool = False

    @property
    def has_quota(self) -> bool:
        """Whether what a person holds or makes is counted."""
        return bool(self.concurrent_quota or self.weekly_quota)

    def ahead(self, *, facility: bool, in_series: bool = False) -> timedelta:
        """How far ahead may be booked, by the facility staff or others: a day of a series never less far than one
        alone."""
        alone = self.horizon_facility if facility else self.horizon
        return max(alone, self.series_horizon) if in_series else alone


_ROOM = Policy(
    no_show_grace=timedelta(minutes=10), early_leave=timedelta(minutes=10), max_duration=timedelta(hours=2)
)

DEFAULTS: Mapping[Kind, Policy] = {
    kind: Policy() if lane is Lane.DESK else _ROOM for kind, lane in LANES.items()
}

POLICY_KEYS = tuple(field.name for field in fields(Policy))


# What may be switched off by that word, not only by a zero.
CAN_BE_OFF = frozenset(
    {"early_leave", "min_duration", "buffer", "concurrent_quota", "weekly_quota", "series_no_shows"}
)
MOST_BOOKINGS = 1000


def with_value(policy: Policy, key: str, text: str) -> Policy:
    """The policy with one value read from text: `on`/`off`, a number of bookings, or a duration such as `90s`, `15m`,
    `2h`, `14d`.

    Raises ValueError saying what would be right.
    """
    if key not in POLICY_KEYS:
        raise ValueError(f"'{key}' is no policy; known: {', '.join(POLICY_KEYS)}")
    text = _as_typed(text)
    if isinstance(getattr(policy, key), bool):
        if text not in {"on", "off"}:
            raise ValueError(f"{key} is on or off, not '{text}'")
        return _with(policy, key, text == "on")
    if text == "off" and key in CAN_BE_OFF:
        return _with(policy, key, type(getattr(policy, key))(0))
    if isinstance(getattr(policy, key), int):
        if not text.isascii() or not text.isdigit() or int(text) > MOST_BOOKINGS:
            raise ValueError(f"{key} is off or a number of bookings to {MOST_BOOKINGS}, not '{text}'")
        return _with(policy, key, int(text))
    duration = parse_duration(text)
    if key in {"max_duration", "offer_hold"} and not duration:
        raise ValueError(f"{key} must be longer than nothing")
    return _with(policy, key, duration)


def written(key: str) -> str:
    """How a policy's value is written: as a `flag`, a `count` or a `duration`."""
    value = getattr(DEFAULTS[Kind.SEAT], key)
    return "flag" if isinstance(value, bool) else "count" if isinstance(value, int) else "duration"


# What people write for a unit or a word, longest first.
_WORDS = {"時間": "h", "分": "m", "秒": "s", "日": "d", "オン": "on", "オフ": "off", "なし": "off"}


def _as_typed(text: str) -> str:
    """A value as it is read: `９０分` is `90m`, `オフ` is `off`."""
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    word = next((one for one in _WORDS if plain.endswith(one)), "")
    return plain.removesuffix(word) + _WORDS[word] if word else plain


def _with(policy: Policy, key: str, value: Any) -> Policy:
    return replace(policy, **{key: value})


UNITS = {
    "s": timedelta(seconds=1),
    "m": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
LONGEST = timedelta(days=366)


def parse_duration(text: str) -> timedelta:
    """A whole number with its unit: `90s`, `15m`, `2h`, `14d`; a year at most."""
    number, unit = text[:-1], text[-1:]
    if (
        not number.isascii()
        or not number.isdigit()
        or unit not in UNITS
        or int(number) > LONGEST / UNITS[unit]
    ):
        raise ValueError(f"'{text}' is not a duration such as 90s, 15m, 2h or 14d")
    return int(number) * UNITS[unit]


def value_text(value: timedelta | bool | int) -> str:
    """The inverse of what `with_value` reads."""
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return str(value)
    for unit in ("d", "h", "m"):
        if value and value % UNITS[unit] == timedelta(0):
            return f"{value // UNITS[unit]}{unit}"
    return f"{int(value.total_seconds())}s"


def value_shown(policy: Policy, key: str) -> str:
    """A policy's value as people read and write it: `off` where nothing is asked for."""
    value = getattr(policy, key)
    return "off" if key in CAN_BE_OFF and not value else value_text(value)


@dataclass(frozen=True, slots=True)
class Policies:
    """The policy of every kind, and of a kind in the zones that have values of their own."""

    kinds: Mapping[Kind, Policy]
    zones: Mapping[tuple[int, Kind], Policy] = field(default_factory=lambda: MappingProxyType({}))
    keys: Mapping[tuple[int, Kind], frozenset[str]] = field(default_factory=lambda: MappingProxyType({}))

    def own_keys(self, kind: Kind, zone_id: int) -> frozenset[str]:
        """For which keys a zone has a value of its own, be it the same as the kind's elsewhere."""
        return self.keys.get((zone_id, kind), frozenset())

    def of(self, kind: Kind, zone_id: int | None = None) -> Policy:
        """What holds for a kind of space in a zone."""
        return self.zones.get((zone_id or 0, kind)) or self.kinds[kind]

    def all(self) -> Iterable[Policy]:
        """Every policy that holds somewhere."""
        return (*self.kinds.values(), *self.zones.values())


class Entry(StrEnum):
    """On what ground somebody may take a space of a zone."""

    OWN = "own"
    GUEST = "guest"
    OVERFLOW = "overflow"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class GuestDay:
    """Guests on a weekday (0: Monday) or a date; of one section, or of every one where it is None."""

    section_id: int | None
    weekday: int | None
    on: date | None

    def admits(self, sections: frozenset[int], on: date) -> bool:
        today = on == self.on if self.on else on.weekday() == self.weekday
        return today and (self.section_id is None or self.section_id in sections)


@dataclass(frozen=True, slots=True)
class Door:
    """Who may enter a zone: its section (None: everybody), guests by day, and those whose own zone is full.

    `overflow_of`: the zones that must be full before this one takes people in, each with the section of the people: the
    section's own zone, and those that come before this one in its order.
    """

    section_id: int | None
    guests: tuple[GuestDay, ...] = ()
    overflow_of: tuple[tuple[int, int | None], ...] = ()

    def entry(self, sections: frozenset[int], on: date) -> Entry:
        """The ground on which members of `sections` may enter on a day. OVERFLOW holds only while their own zones,
        `homes`, are full."""
        if self.section_id is None or self.section_id in sections:
            return Entry.OWN
        if any(guest.admits(sections, on) for guest in self.guests):
            return Entry.GUEST
        return Entry.OVERFLOW if self.homes(sections) else Entry.NONE

    def entry_for(self, sections: frozenset[int], first: date, last: date) -> Entry:
        """The ground on which they may enter on all the days from `first` to `last`: the weakest of the days'."""
        days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
        grounds = {self.entry(sections, on) for on in days}
        return next(one for one in (Entry.NONE, Entry.OVERFLOW, Entry.GUEST, Entry.OWN) if one in grounds)

    def guest_days(self, sections: frozenset[int], first: date, last: date) -> list[date]:
        """The days from `first` to `last` on which they may enter as guests."""
        days = (first + timedelta(days=number) for number in range((last - first).days + 1))
        return [on for on in days if self.entry(sections, on) is Entry.GUEST]

    def homes(self, sections: frozenset[int]) -> tuple[int, ...]:
        """The zones that must be full before people of these sections may sit here."""
        return tuple(zone_id for zone_id, section_id in self.overflow_of if section_id in sections)


@dataclass(frozen=True, slots=True)
class Opening:
    """When the spaces of a site may be booked."""

    opens: time | None = None
    closes: time | None = None
    working_days_only: bool = False

    def shuts_out(self, span: TimeSpan, zone: ZoneInfo, calendar: WorkingDays) -> TimeSpan | None:
        """None where a span lies in the opening hours, else the nearest day's hours that would be allowed."""
        on, last = days_of(span, zone)
        if not any(one.overlaps(span) for one in self.shut(on, last, zone, calendar)):
            return None
        return self._hours(calendar.next_working(on) if self.working_days_only else on, zone)

    def shut(self, first: date, last: date, zone: ZoneInfo, calendar: WorkingDays) -> list[TimeSpan]:
        """When nothing may be booked, on the local days from `first` to `last`, in order."""
        found: list[TimeSpan] = []
        if self == ALWAYS:
            return found
        for day in (first + timedelta(days=n) for n in range((last - first).days + 1)):
            whole, hours = day_span(day, zone), self._hours(day, zone)
            if self.working_days_only and not calendar.is_working(day):
                found.append(whole)
                continue
            if whole.start < hours.start:
                found.append(TimeSpan(whole.start, hours.start))
            if hours.end < whole.end:
                found.append(TimeSpan(hours.end, whole.end))
        return found

    def _hours(self, on: date, zone: ZoneInfo) -> TimeSpan:
        return day_span(on, zone, self.opens or time(0), self.closes)


ALWAYS = Opening()


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a floor's plan, in the floor's own units."""

    x: int
    y: int
    width: int
    height: int

    def is_near(self, other: Box, gap: int) -> bool:
        """Whether less than a gap lies between the two."""
        return (
            self.x < other.x + other.width + gap
            and other.x < self.x + self.width + gap
            and self.y < other.y + other.height + gap
            and other.y < self.y + self.height + gap
        )


GAP = 10


def free_box(width: int, height: int, inside: Box, taken: Sequence[Box]) -> Box:
    """Where something new stands free within a rectangle: the highest place, of those the one most to the left; where
    there is none, below all that stands there."""
    right, bottom = inside.x + inside.width, inside.y + inside.height
    tops = {inside.y + GAP, *(one.y + one.height + GAP for one in taken)}
    lefts = {inside.x + GAP, *(one.x + one.width + GAP for one in taken)}
    for y in sorted(tops):
        for x in sorted(lefts):
            box = Box(x, y, width, height)
            fits = inside.x < x and x + width <= right and inside.y < y and y + height <= bottom
            if fits and not any(box.is_near(one, GAP) for one in taken):
                return box
    return Box(inside.x + GAP, max(tops), width, height)
