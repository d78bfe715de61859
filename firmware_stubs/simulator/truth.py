"""The hidden truth of a seat's day: who booked it, who really sat there and when, who only passed by; pure.

Seeded by seed, seat and date: the same day always happens the same way, whatever other seats and days are asked for.
Each seat is one's own to book; some are given to a second person for the afternoon.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from random import Random
from zoneinfo import ZoneInfo

from firmware_stubs.simulator.spans import Span, merged, without

MINUTE = timedelta(minutes=1)
OPENS, NOON, CLOSES = time(8, 30), time(13), time(17, 15)
SATURDAY = 5


class Fate(StrEnum):
    """What becomes of a seat on a working day."""

    ORDINARY = "ordinary"
    EARLY_LEAVE = "early_leave"
    LATE = "late"  # after the seat may have been given back
    SHARED = "shared"  # one person until noon, another from then
    NO_SHOW = "no_show"
    WALK_IN = "walk_in"  # nobody booked, somebody sits
    EMPTY = "empty"


# How often each happens, in a hundred days.
FATES = {
    Fate.ORDINARY: 47,
    Fate.EARLY_LEAVE: 8,
    Fate.LATE: 5,
    Fate.SHARED: 10,
    Fate.NO_SHOW: 8,
    Fate.WALK_IN: 8,
    Fate.EMPTY: 14,
}
SECOND_NEVER_COMES = 0.25


@dataclass(frozen=True, slots=True)
class Booked:
    """What a person booked in the morning; `person` 0 or 1 of the seat. `comes`: whether they come at all."""

    person: int
    span: Span
    comes: bool


@dataclass(frozen=True, slots=True)
class Stay:
    """Somebody really sat there, without getting up in between."""

    person: int
    span: Span


@dataclass(frozen=True, slots=True)
class Truth:
    """A seat's day. `passed`: somebody stood there for a moment, a cleaner or a colleague; shorter than two minutes."""

    fate: Fate
    booked: tuple[Booked, ...] = ()
    stays: tuple[Stay, ...] = ()
    passed: tuple[Span, ...] = ()

    @property
    def sat(self) -> list[Span]:
        """When somebody sat there, whoever it was."""
        return merged(stay.span for stay in self.stays)

    @property
    def seen(self) -> list[Span]:
        """When a sensor that misses nothing sees somebody."""
        return merged([*self.sat, *self.passed])


def of_day(seed: int, seat: str, on: date, zone: ZoneInfo) -> Truth:
    """The truth of one seat on one day of the site's zone; at weekends nobody comes."""
    return _Writer(Random(f"{seed}/truth/{seat}/{on}"), on, zone).truth()


class _Writer:
    def __init__(self, rng: Random, on: date, zone: ZoneInfo) -> None:
        self.rng, self.on, self.zone = rng, on, zone

    def at(self, clock: time, low: float = 0, high: float = 0) -> datetime:
        """A local time, moved by so many minutes, to the second."""
        moved = timedelta(seconds=round(60 * self.rng.uniform(low, high)))
        return datetime.combine(self.on, clock, self.zone).astimezone(UTC) + moved

    def truth(self) -> Truth:
        if self.on.weekday() >= SATURDAY:
            return Truth(Fate.EMPTY)
        fate = self.rng.choices(list(FATES), list(FATES.values()))[0]
        booked, stays = self._people(fate)
        sat = merged(stay.span for stay in stays)
        return Truth(fate, tuple(booked), tuple(stays), tuple(without(self._passers(), sat)))

    def _people(self, fate: Fate) -> tuple[list[Booked], list[Stay]]:
        day = (self.at(OPENS), self.at(CLOSES))
        comes, goes = self._comes(OPENS), self.at(CLOSES, -5, 70)
        match fate:
            case Fate.EMPTY:
                return [], []
            case Fate.NO_SHOW:
                return [Booked(0, day, comes=False)], []
            case Fate.WALK_IN:
                return [], self._stays(0, *self._from(self.at(OPENS, 0, 360), self.rng.uniform(20, 240)))
            case Fate.LATE:
                return [Booked(0, day, comes=True)], self._stays(0, self.at(OPENS, 50, 200), goes)
            case Fate.EARLY_LEAVE:
                return [Booked(0, day, comes=True)], self._stays(0, comes, self.at(NOON, 20, 200))
            case Fate.SHARED:
                return self._shared()
            case _:
                return [Booked(0, day, comes=True)], self._stays(0, comes, goes)

    def _comes(self, begins: time) -> datetime:
        return self.at(begins, -15, 20)

    def _shared(self) -> tuple[list[Booked], list[Stay]]:
        """The first person's half of the day, and the second's; either may never come."""
        begins, noon, ends = self.at(OPENS), self.at(NOON), self.at(CLOSES)
        comes = [self.rng.random() >= SECOND_NEVER_COMES for _ in range(2)]
        booked = [Booked(0, (begins, noon), comes[0]), Booked(1, (noon, ends), comes[1])]
        first = self._stays(0, self._comes(OPENS), self.at(NOON, -70, -5))
        second = self._stays(1, self.at(NOON, 0, 20), self.at(CLOSES, -5, 70))
        return booked, [*(first if comes[0] else []), *(second if comes[1] else [])]

    def _stays(self, person: int, comes: datetime, goes: datetime) -> list[Stay]:
        """From coming to going, without lunch, meetings elsewhere and the many small errands."""
        lunch = (self.at(time(12), -10, 15), self.at(time(12), 35, 70))
        away = [lunch] if self.rng.random() < 0.9 else []
        meetings, errands = self.rng.choice((0, 1, 1, 2)), self.rng.randint(1, 5)
        away += [self._from(self.at(time(9), 0, 450), self.rng.uniform(25, 95)) for _ in range(meetings)]
        away += [self._from(self.at(OPENS, 10, 520), self.rng.uniform(1, 14)) for _ in range(errands)]
        spans = without([(comes, goes)], away)
        return [Stay(person, span) for span in spans if span[1] - span[0] >= MINUTE]

    def _passers(self) -> list[Span]:
        """Cleaners in the evening, sometimes in the morning too; colleagues who lean on the desk."""
        found = [self._from(self.at(time(18, 45), 0, 100), self.rng.uniform(0.2, 1.5))]
        if self.rng.random() < 0.3:
            found.append(self._from(self.at(time(6, 30), 0, 60), self.rng.uniform(0.2, 1)))
        if self.rng.random() < 0.4:
            found.append(self._from(self.at(time(9), 0, 480), self.rng.uniform(0.1, 0.7)))
        return found

    @staticmethod
    def _from(start: datetime, minutes: float) -> Span:
        return start, start + timedelta(seconds=round(60 * minutes))
