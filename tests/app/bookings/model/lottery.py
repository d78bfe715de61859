"""The draw by lot of the plain office: every way to seat the people is tried, the best by the stated order taken."""

from __future__ import annotations

import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from tests.app.bookings.model.office import PLACES, PlainOffice, Refused, Row, Where, Who
from tests.house import TOKYO

DRAWN = "zei"
DESKS = tuple(sorted(code for code, where in PLACES.items() if where.section == DRAWN))
HOUR = time(16)
SAT = {"booked", "checked_in", "completed", "ended_early"}


@dataclass
class Wish:
    """`number`: by which the record knows them, as the product threw it. `result`: seated, left_out or refused."""

    who: Who
    prefers: tuple[str, ...]
    number: int = 0
    missed: int = 0
    result: str = "waiting"


@dataclass
class Draw:
    """A draw of a day, done at an hour of the working day before. `seed`: the product's, committed to beforehand."""

    on: date
    at: datetime
    state: str = "open"
    seed: str = ""
    wishes: dict[str, Wish] = field(default_factory=dict)


@dataclass
class Lottery:
    """Whether the tax section's desks are drawn, and all draws that were opened."""

    is_on: bool = False
    no_repeat: int = 0
    drawn_on: date = date.min
    draws: list[Draw] = field(default_factory=list)

    def bars(self, where: Where, start: datetime, end: datetime, now: datetime) -> bool:
        """Whether a day of a span is still to be drawn: a working day that has not begun."""
        on, last = start.astimezone(TOKYO).date(), (end - timedelta.resolution).astimezone(TOKYO).date()
        days = [on + timedelta(days=n) for n in range((last - on).days + 1)]
        waits = any(day.weekday() < 5 and now < _at(day, time(0)) and day > self.drawn_on for day in days)
        return self.is_on and where.code in DESKS and waits

    def put(self, now: datetime, no_repeat: int) -> None:
        self.is_on, self.no_repeat = True, no_repeat
        self.open_next(now)

    def lift(self) -> None:
        self.is_on = False
        for one in self.draws:
            one.state = "cancelled" if one.state == "open" else one.state

    def open_next(self, now: datetime) -> None:
        if any(one.state == "open" for one in self.draws):
            return
        on = now.astimezone(TOKYO).date() + timedelta(days=1)
        while on.weekday() >= 5 or _draw_at(on) <= now or on <= self.drawn_on:
            on += timedelta(days=1)
        again = [one for one in self.draws if one.on == on]
        if again:
            again[0].state = "open"
        else:
            self.draws.append(Draw(on, _draw_at(on)))

    def latest(self, now: datetime) -> Draw:
        """The newest draw, while wishes are taken."""
        draw = self.draws[-1]
        if draw.state != "open" or now >= draw.at:
            raise Refused("lots.closed")
        return draw

    def wish(self, who: Who, prefers: tuple[str, ...], now: datetime) -> None:
        draw = self.latest(now)
        if who.section != DRAWN:
            raise Refused("lots.not_yours")
        draw.wishes.setdefault(who.name, Wish(who, ())).prefers = prefers

    def withdraw(self, who: Who, now: datetime) -> None:
        if self.latest(now).wishes.pop(who.name, None) is None:
            raise Refused("lots.no_wish")

    def draw_due(self, office: PlainOffice) -> None:
        for one in [one for one in self.draws if one.state == "open" and one.at <= office.now]:
            if office.now >= _at(one.on, time(8, 30)):
                one.state = "missed"
            elif "closed" in office.against_barriers(PLACES[DESKS[0]], *_hours(one.on)):
                one.state = "drawn"
                for wish in one.wishes.values():
                    wish.result = "refused"
            else:
                self._draw(office, one)
                one.state = "drawn"
            self.drawn_on = max(self.drawn_on, one.on)
            if self.is_on:
                self.open_next(office.now)

    def _draw(self, office: PlainOffice, draw: Draw) -> None:
        start, end = _hours(draw.on)
        held = [one for one in office.rows if one.is_live and one.start < end and one.end > start]
        desks = [
            PLACES[code]
            for code in DESKS
            if not any(one.where.code == code for one in held)
            and not office.against_barriers(PLACES[code], start, end)
        ]
        asks = []
        for wish in draw.wishes.values():
            if any(one.who == wish.who and one.where.lane == "desk" and one.status != "held" for one in held):
                wish.result = "refused"
                continue
            wish.missed = self._missed(wish.who, draw)
            asks.append(wish)
        barred: dict[str, set[str]] = {wish.who.name: set() for wish in asks}
        codes = {where.code for where in desks}
        while True:
            playing = [one for one in asks if not (barred[one.who.name] and codes <= barred[one.who.name])]
            given = self._best(office, draw, playing, desks, barred)
            clash = False
            for wish, where in given:
                grounds = office.hinders(Row(where, wish.who, start, end, office.now))
                if grounds:
                    clash = True
                    barred[wish.who.name] |= {where.code} if "buffer" in grounds else codes
            if not clash:
                break
        for wish in asks:
            wish.result = "left_out" if wish in playing else "refused"
        for wish, where in given:
            office.rows.append(Row(where, wish.who, start, end, office.now))
            wish.result = "seated"

    def _missed(self, who: Who, draw: Draw) -> int:
        """How many draws in a row left them out; not to wish, or to be passed over, does not break the row."""
        before = [
            one.wishes[who.name]
            for one in sorted(self.draws, key=lambda one: one.on)
            if one.on < draw.on and one.state == "drawn" and who.name in one.wishes
        ]
        before = [one for one in before if one.result != "refused"]
        return before[-1].missed + 1 if before and before[-1].result == "left_out" else 0

    def _best(
        self,
        office: PlainOffice,
        draw: Draw,
        wishes: Sequence[Wish],
        desks: Sequence[Where],
        barred: dict[str, set[str]],
    ) -> list[tuple[Wish, Where]]:
        """As many as can be; who was left out most often, then the lot; few repeats; wishes in order; the lot."""
        order = sorted(wishes, key=lambda one: (-one.missed, _lot(draw.seed, "order", one.number)))
        since = draw.on
        for _ in range(self.no_repeat):
            since -= timedelta(days=1)
            while since.weekday() >= 5:
                since -= timedelta(days=1)

        def sat(wish: Wish, where: Where) -> bool:
            return any(
                one.who == wish.who
                and one.where == where
                and one.status in SAT
                and _at(since, time(0)) <= one.start < _at(draw.on, time(0))
                for one in office.rows
            )

        def badness(way: Sequence[Where | None]) -> tuple[object, ...]:
            seats = [(wish, where) for wish, where in zip(order, way, strict=True) if where]
            return (
                -len(seats),
                tuple(where is None for where in way),
                sum(sat(wish, where) for wish, where in seats),
                tuple(_grade(wish, where) for wish, where in seats if wish.prefers),
                sum(_lot(draw.seed, "seat", wish.number, where.code) for wish, where in seats),
            )

        ways = _ways(order, list(desks), barred)
        best = min(ways, key=badness)
        return [(wish, where) for wish, where in zip(order, best, strict=True) if where]


def _ways(
    order: Sequence[Wish], desks: list[Where], barred: dict[str, set[str]]
) -> Iterator[tuple[Where | None, ...]]:
    """Every way to give each a desk of their own, or none."""
    if not order:
        yield ()
        return
    for where in [None, *(one for one in desks if one.code not in barred[order[0].who.name])]:
        left = [one for one in desks if one != where]
        for rest in _ways(order[1:], left, barred):
            yield (where, *rest)


def _grade(wish: Wish, where: Where) -> int:
    return wish.prefers.index(where.code) if where.code in wish.prefers else len(wish.prefers)


def _lot(seed: str, *what: object) -> int:
    text = ":".join(map(str, what))
    return int.from_bytes(hmac.digest(seed.encode(), text.encode(), "sha256")[:4])


def _draw_at(on: date) -> datetime:
    """The hour of the last working day before."""
    before = on - timedelta(days=1)
    while before.weekday() >= 5:
        before -= timedelta(days=1)
    return _at(before, HOUR)


def _hours(on: date) -> tuple[datetime, datetime]:
    return _at(on, time(8, 30)), _at(on, time(17, 15))


def _at(on: date, hour: time) -> datetime:
    return datetime.combine(on, hour, TOKYO)
