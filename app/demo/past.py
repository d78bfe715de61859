"""The weeks before the demo's day, written down beforehand: who was away, who sat where, what became of bookings; pure.

The same days always happened the same way. Nobody takes more telework than the sample office's rules allow.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.demo.day import Day, Section, Span, Verb, Writer

BOTH, MORNING = ("am", "pm"), ("am",)
REMOTE = frozenset({"home", "satellite"})
# Half-days at home or at a satellite office before the demo begins, of 20 a fiscal year: few, so that the months to
# come can still be planned with the seats there are; one of each section likes to work at home.
MOST, MOST_OF_FAN = 5, 16
FAN = 4
REPORTED = 0.8
MONDAY, FRIDAY = 0, 4
OPENS, GRACE, GRACE_OF_ROOMS = timedelta(minutes=15), timedelta(minutes=60), timedelta(minutes=10)
LEFT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Away:
    """Somebody (index into the people) was away from the office by an approved plan; `reported`: told what was done."""

    who: int
    plan: str
    halves: tuple[str, ...]
    reported: bool = True


class Absences:
    """Who is away when, day after day: in each section most days one works at home, one in the morning, one is on leave
    or on a trip; on Mondays and Fridays more would like to.

    `given`: days at home of some that are theirs alone to say; `week`: by section, the most half-days in one.
    """

    def __init__(
        self, sections: Sequence[Section], given: Mapping[int, Collection[date]], week: Sequence[int]
    ) -> None:
        self._sections, self._given, self._most_a_week = sections, given, week
        self._rng = random.Random(len(sections))  # noqa: S311 - a script, not a secret
        self._taken: Counter[int] = Counter()
        self._of_week: Counter[tuple[int, int]] = Counter()
        self._last: dict[int, date] = {}

    def of_day(self, on: date, before: date | None) -> list[list[Away]]:
        """By section; `before`: the working day before."""
        return [self._of(number, section, on, before) for number, section in enumerate(self._sections)]

    def _of(self, number: int, section: Section, on: date, before: date | None) -> list[Away]:
        rng = self._rng
        found = [Away(who, "home", BOTH) for who in section.people if on in self._given.get(who, ())]
        wanted = [("home", halves) for halves in (BOTH, MORNING) if rng.random() < 0.35]
        if on.weekday() in {MONDAY, FRIDAY} and rng.random() < 0.3:
            wanted.append(("home", BOTH))
        if rng.random() < 0.8:
            (plan,) = rng.choices(["leave", "trip", "satellite"], [6, 3, 2])
            wanted.append((plan, BOTH))
        for plan, halves in wanted:
            could = [
                who
                for who in section.people[1:]
                if who not in self._given
                and all(one.who != who for one in found)
                and (plan not in REMOTE or self._may(who, number, on, before, halves))
            ]
            if could:
                (who,) = rng.choices(could, [8 if who == section.people[FAN] else 1 for who in could])
                found.append(Away(who, plan, halves, rng.random() < REPORTED))
                if plan in REMOTE:
                    self._note(who, on, len(halves))
        return found

    def _may(self, who: int, number: int, on: date, before: date | None, halves: Sequence[str]) -> bool:
        in_week = self._of_week[who, on.isocalendar().week] + len(halves)
        in_a_row = before is not None and self._last.get(who) == before
        most = MOST_OF_FAN if who == self._sections[number].people[FAN] else MOST
        fits = in_week <= self._most_a_week[number] and self._taken[who] + len(halves) <= most
        return fits and not in_a_row

    def _note(self, who: int, on: date, halves: int) -> None:
        self._taken[who] += halves
        self._of_week[who, on.isocalendar().week] += halves
        self._last[who] = on


def past_script(
    on: date,
    zone: ZoneInfo,
    sections: Sequence[Section],
    away: Sequence[Sequence[Away]],
    *,
    focus: Sequence[str],
    rooms: Sequence[str],
) -> Day:
    """Write a day that is over. Plans are not among its actions: they stand in `away`. Who finds no seat of the own
    zone takes a focus seat."""
    writer = _Past(on, zone)
    spare = list(focus)
    here: list[int] = []
    for section, absent in zip(sections, away, strict=True):
        here += writer.past_section(section, absent, [spare.pop() for _ in range(2) if spare])
    writer.calls(rooms, here)
    writer.day.actions.sort()
    return writer.day


class _Past(Writer):
    def past_section(self, section: Section, away: Sequence[Away], spare: Sequence[str]) -> list[int]:
        """One section's day; returns who came in the morning."""
        gone = {one.who for one in away}
        chief, *staff = [who for who in section.people if who not in gone]
        seats = list(section.seats)
        self.rng.shuffle(staff)
        self.rng.shuffle(seats)
        here = [chief, *staff]
        for one in away:
            if one.halves == MORNING:
                self.comes_at_noon(one.who, seats.pop())
        fate = self.rng.random()
        if fate < 0.3:
            self.never_came(staff.pop(), staff.pop(), seats.pop())
        elif fate < 0.6:
            self.walk_ins(staff.pop(), seats.pop(), seats.pop())
        if self.rng.random() < 0.1:
            self.dead_sensor(staff.pop(), seats.pop())
        for n, (who, seat) in enumerate(zip([chief, *staff], [*seats, *spare], strict=False)):
            self.ordinary(who, seat, by_hand=n % 3 == 0)
        return here

    def calls(self, rooms: Sequence[str], people: Sequence[int]) -> None:
        """About half of the hours of the rooms are booked."""
        callers = list(people)
        self.rng.shuffle(callers)
        for n, room in enumerate(rooms):
            for hour in (9, 11, 13, 15):
                if callers and self.rng.random() < 0.5:
                    self.call(callers.pop(), room, self.at(hour, 30 if n % 2 else 0))


class Fate(StrEnum):
    """What became of a booking, as its status has it."""

    COMPLETED = "completed"
    RELEASED = "released"
    ENDED_EARLY = "ended_early"


@dataclass(frozen=True, slots=True)
class Outcome:
    """A booking of a past day and what became of it, as the office's rules would have had it.

    `seen_at`: when the sensor first saw somebody inside of it; `by_hand_at`: when its person checked in. A claim is
    born checked in.
    """

    who: int
    space: str
    span: Span
    made_at: datetime
    fate: Fate
    reason: str
    ended_at: datetime
    seen_at: datetime | None = None
    by_hand_at: datetime | None = None
    is_claim: bool = False


def outcomes(day: Day, rooms: Collection[str], arrivals: Mapping[int, datetime]) -> Iterator[Outcome]:
    """What became of a day's bookings, in the order in which they were made. `arrivals`: who was expected later."""
    by_hand = {(one.who, one.space): one.at for one in day.actions if one.verb is Verb.CHECK_IN}
    midnight = (day.start + timedelta(days=1)).replace(hour=0)
    for one in day.actions:
        if one.verb is Verb.CLAIM:
            span = (one.at, midnight)
            yield Outcome(
                one.who, one.space, span, one.at, Fate.COMPLETED, "ended", midnight, None, one.at, True
            )
        elif one.verb is Verb.BOOK and one.span is not None:
            is_room = one.space in rooms
            hand = by_hand.get((one.who, one.space))
            yield _booked(
                day,
                one.who,
                one.space,
                one.span,
                one.at,
                is_room=is_room,
                hand=hand,
                expected=arrivals.get(one.who),
            )


def _booked(
    day: Day,
    who: int,
    space: str,
    span: Span,
    made_at: datetime,
    *,
    is_room: bool,
    hand: datetime | None,
    expected: datetime | None,
) -> Outcome:
    start, end = span
    presence = day.presence.get(space, [])
    if day.dead.get(space):
        return Outcome(who, space, span, made_at, Fate.COMPLETED, "unverified", end)
    lasts = max(one for one in (start, made_at, expected) if one is not None)
    lasts += GRACE_OF_ROOMS if is_room else GRACE
    first = min(
        (max(begin, start - OPENS) for begin, leave in presence if leave > start - OPENS), default=None
    )
    if hand is None and (first is None or first >= lasts):
        return Outcome(who, space, span, made_at, Fate.RELEASED, "no_show", lasts + timedelta(minutes=1))
    last = max((leave for begin, leave in presence if begin < end), default=end)
    if is_room and last + LEFT < end:
        return Outcome(who, space, span, made_at, Fate.ENDED_EARLY, "left_early", last, first, hand)
    return Outcome(who, space, span, made_at, Fate.COMPLETED, "ended", end, first, hand)
