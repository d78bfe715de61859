"""A day in the sample office, written down beforehand: who does what, who sits where, which sensor dies; pure.

Seeded by the date: the same day always happens the same way. The script is the hidden truth; the system hears of it
only through HTTP (what people do) and MQTT (what sensors see).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

Span = tuple[datetime, datetime]
START, END = time(8, 0), time(19, 0)
# Of a booth's hours: one in five is for nothing, one in five is left after 25 minutes, one in five checks in by hand.
NEVER_COMES, LEAVES_EARLY, CHECKS_IN = 0.2, 0.4, 0.8


class Verb(StrEnum):
    """What a person does, at a moment, over HTTP."""

    PLAN = "plan"
    APPROVE = "approve"
    BOOK = "book"
    CHECK_IN = "check_in"
    CLAIM = "claim"


@dataclass(frozen=True, slots=True, order=True)
class Action:
    """`who` (index into the people) does `verb` at `at`; `space` and `span` for bookings, `plan` for plans."""

    at: datetime
    who: int
    verb: Verb
    space: str = ""
    span: Span | None = None
    plan: str = ""


@dataclass(slots=True)
class Day:
    """A scripted day. `presence` and `dead` are by space code."""

    on: date
    start: datetime
    end: datetime
    actions: list[Action] = field(default_factory=list)
    presence: dict[str, list[Span]] = field(default_factory=dict)
    dead: dict[str, list[Span]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Section:
    """The people of a section (the first is its chief) and the seats of its zone."""

    people: Sequence[int]
    seats: Sequence[str]


def script(
    on: date, zone: ZoneInfo, sections: Sequence[Section], *, focus: Sequence[str], rooms: Sequence[str]
) -> Day:
    """Write the day `on`.

    In each section some are at home or on leave by approved plan; most book a seat and come, seen by the sensor or
    checking in by hand; one books and never comes, and a colleague takes the seat once it is given back; one sits
    down and claims, one just sits down; and one seat's sensor is dead.
    """
    writer = Writer(on, zone)
    for section in sections:
        writer.section(section)
    writer.focus_seats(focus)
    writer.rooms(rooms, [who for section in sections for who in section.people])
    writer.day.actions.sort()
    return writer.day


class Writer:
    """Writes one day's script; every choice comes from the date's own random numbers."""

    def __init__(self, on: date, zone: ZoneInfo) -> None:
        self.on, self.zone = on, zone
        self.rng = random.Random(on.toordinal())  # noqa: S311 - a script, not a secret
        self.day = Day(on, self.at(START.hour), self.at(END.hour))
        self.office = (self.at(8, 30), self.at(17, 15))

    def at(self, hour: int, minute: int = 0, jitter: int = 0) -> datetime:
        """A local time of the day, up to `jitter` minutes later."""
        later = timedelta(minutes=self.rng.randint(0, jitter))
        return datetime.combine(self.on, time(hour, minute), self.zone) + later

    def act(
        self, at: datetime, who: int, verb: Verb, space: str = "", *, span: Span | None = None, plan: str = ""
    ) -> None:
        self.day.actions.append(Action(at, who, verb, space, span, plan))

    def section(self, section: Section) -> None:
        """One section's day."""
        chief, *staff = section.people
        seats = list(section.seats)
        self.rng.shuffle(staff)
        self.rng.shuffle(seats)
        for plan in ("home", "home", "leave"):
            self.away(staff.pop(), chief, plan, "am", "pm")
        self.home_in_the_morning(staff.pop(), chief, seats.pop())
        self.never_came(staff.pop(), staff.pop(), seats.pop())
        self.dead_sensor(staff.pop(), seats.pop())
        self.walk_ins(staff.pop(), seats.pop(), seats.pop())
        for n, seat in enumerate(seats):
            self.ordinary(chief if n == 0 else staff.pop(), seat, by_hand=n % 3 == 0)

    def away(self, who: int, chief: int, plan: str, *halves: str) -> None:
        """Planned away from the office, and approved."""
        for half in halves:
            self.act(self.day.start, who, Verb.PLAN, plan=f"{half}:{plan}")
            self.act(self.day.start + timedelta(minutes=1), chief, Verb.APPROVE, plan=f"{half}:{who}")

    def home_in_the_morning(self, who: int, chief: int, seat: str) -> None:
        """At home until noon, in the office from 13:00: the grace runs from then."""
        self.away(who, chief, "home", "am")
        self.comes_at_noon(who, seat)

    def comes_at_noon(self, who: int, seat: str) -> None:
        """A seat for the whole day, used from the afternoon on."""
        self.act(self.day.start, who, Verb.BOOK, seat, span=self.office)
        self.day.presence[seat] = [(self.at(13, 2, 8), self.at(17, 10, 30))]

    def never_came(self, absent: int, late: int, seat: str) -> None:
        """Nobody comes for this seat; a colleague who comes late books it once it has been given back."""
        self.act(self.day.start, absent, Verb.BOOK, seat, span=self.office)
        self.act(self.at(10, 30), late, Verb.BOOK, seat, span=(self.at(10, 30), self.office[1]))
        self.day.presence[seat] = [(self.at(10, 34), self.at(12, 1)), (self.at(12, 58), self.at(17, 10))]

    def dead_sensor(self, who: int, seat: str) -> None:
        """This seat's sensor falls silent: nobody may take it for empty."""
        self.act(self.day.start, who, Verb.BOOK, seat, span=self.office)
        self.day.dead[seat] = [(self.at(8, 5), self.day.end + timedelta(days=1))]

    def walk_ins(self, who: int, claimed: str, sat: str) -> None:
        """One sits down and claims the seat; on another somebody just sits, and tells nobody."""
        arrives = self.at(9, 5, 10)
        self.day.presence[claimed] = [(arrives, self.at(11, 55)), (self.at(12, 50), self.at(16, 30, 30))]
        self.act(arrives + timedelta(minutes=1), who, Verb.CLAIM, claimed)
        self.day.presence[sat] = [(self.at(13, 10, 20), self.at(15, 40, 20))]

    def ordinary(self, who: int, seat: str, *, by_hand: bool) -> None:
        """Booked, came, lunch, a meeting elsewhere, home."""
        self.act(self.day.start, who, Verb.BOOK, seat, span=self.office)
        arrival, meeting = self.at(8, 20, 30), self.at(14, 0, 60)
        self.day.presence[seat] = [
            (arrival, self.at(11, 58, 10)),
            (self.at(12, 45, 12), meeting),
            (meeting + timedelta(minutes=40), self.at(17, 15, 75)),
        ]
        if by_hand:
            self.act(arrival + timedelta(minutes=2), who, Verb.CHECK_IN, seat)

    def focus_seats(self, seats: Sequence[str]) -> None:
        """Some focus seats are used for an hour or so by people who did not book."""
        for n, seat in enumerate(seats[::2]):
            begins = self.at(10 + n, 15)
            self.day.presence[seat] = [(begins, begins + timedelta(minutes=70 + 15 * n))]

    def rooms(self, rooms: Sequence[str], people: list[int]) -> None:
        """Booths are booked for an hour: most come, some leave early, some never come."""
        callers = list(people)
        self.rng.shuffle(callers)
        for n, room in enumerate(rooms):
            for hour in (9, 11, 13, 15):
                self.call(callers.pop(), room, self.at(hour, 30 if n % 2 else 0))

    def call(self, who: int, room: str, begins: datetime) -> None:
        """An hour of a room."""
        self.act(self.day.start, who, Verb.BOOK, room, span=(begins, begins + timedelta(hours=1)))
        fate = self.rng.random()
        if fate < NEVER_COMES:
            return
        stays = timedelta(minutes=25 if fate < LEAVES_EARLY else 58)
        arrives = begins + timedelta(minutes=1)
        self.day.presence.setdefault(room, []).append((arrives, begins + stays))
        if fate > CHECKS_IN:
            self.act(arrives + timedelta(minutes=1), who, Verb.CHECK_IN, room)
