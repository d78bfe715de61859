"""Who sits where: a draw by lot that anybody can repeat from its inputs and its seed; pure.

What decides, in this order:

1. As many are seated as can be seated, whatever it costs the rest below.
2. Where there are too few seats: whoever was left out most often in a row comes first, then the lot.
3. As few as possible sit where they sat in the last days.
4. Wishes for seats, the best for whoever comes first in the order, then for the next, and so on.
5. Colleagues who wish it of each other sit near each other, where the plan says near.
6. What is still open the lot decides.

The lot is HMAC-SHA256 of the seed, never a generator of random numbers, whose sequence differs between versions.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from app.lots.rules.assignment import cheapest, seatable

LOT_BITS = 32


class Why(StrEnum):
    """Why somebody got what they got."""

    WISH = "wish"
    TOGETHER = "together"
    LOT = "lot"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Seat:
    """A seat of the zone, and where it stands on the plan."""

    code: str
    x: int
    y: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What one person asks for, under the number they have in this draw alone.

    `prefers`: seats, the best first. `avoids`: where they sat in the last days. `barred`: what they may not have.
    `group`: the same for colleagues who wish to sit together. `missed`: how many draws in a row left them out.
    """

    number: int
    prefers: tuple[str, ...] = ()
    avoids: frozenset[str] = frozenset()
    barred: frozenset[str] = frozenset()
    group: int | None = None
    missed: int = 0


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the draw gave one person. `order`: the place in the order of the lot, from 1. `choice`: which of their own
    wishes it is, from 1. `repeated`: they sat there in the last days, and it could not be avoided."""

    number: int
    order: int
    seat: str | None
    why: Why
    choice: int | None = None
    repeated: bool = False


def lot(seed: str, *what: object) -> int:
    """The number that the seed gives to something: the first 32 bits of HMAC-SHA256(seed, "a:b:c")."""
    text = ":".join(str(one) for one in what)
    return int.from_bytes(hmac.digest(seed.encode(), text.encode(), "sha256")[: LOT_BITS // 8])


def in_order(wishes: Iterable[Wish], seed: str) -> list[Wish]:
    """Whoever was left out most often in a row first; among equals as the lot has it."""
    return sorted(wishes, key=lambda one: (-one.missed, lot(seed, "order", one.number), one.number))


def mutual_groups(named: Mapping[int, Iterable[int]]) -> dict[int, int]:
    """By person the group they sit with, named after its least member: whoever names each other is of one group, and
    so are the friends of friends. Nobody is put beside somebody who did not ask for it."""
    group = {one: one for one in named}
    pairs = sorted(
        (one, other)
        for one, others in named.items()
        for other in others
        if one < other and one in named.get(other, ())
    )
    for one, other in pairs:
        least, gone = sorted((group[one], group[other]))
        group = {member: least if of == gone else of for member, of in group.items()}
    sizes: dict[int, int] = defaultdict(int)
    for of in group.values():
        sizes[of] += 1
    return {member: of for member, of in group.items() if sizes[of] > 1}


def draw(seats: Sequence[Seat], wishes: Sequence[Wish], seed: str) -> tuple[Drawn, ...]:
    """The seats of everybody who wished for one, in the order of the lot.

    The same inputs, in whatever order, and the same seed give the same. Raises ValueError where a number or a seat
    occurs twice.
    """
    listed = sorted(seats, key=lambda one: one.code)
    if len({one.code for one in listed}) < len(listed):
        raise ValueError("a seat occurs twice")
    if len({one.number for one in wishes}) < len(wishes):
        raise ValueError("a number occurs twice")
    ordered = in_order(wishes, seed)
    edges = {
        one.number: [n for n, seat in enumerate(listed) if seat.code not in one.barred] for one in ordered
    }
    chosen = set(seatable(edges))
    seated = [one for one in ordered if one.number in chosen]
    table = _Table(listed, seated, seed)
    given = table.seat({})
    anchors, clusters = table.anchors(given)
    given = table.seat(anchors) if anchors else given
    return tuple(
        _drawn(one, order, given.get(one.number), clusters.get(one.group or 0, frozenset()))
        for order, one in enumerate(ordered, 1)
    )


def _drawn(wish: Wish, order: int, seat: Seat | None, cluster: frozenset[str]) -> Drawn:
    if seat is None:
        return Drawn(wish.number, order, None, Why.FULL)
    repeated = seat.code in wish.avoids
    if seat.code in wish.prefers:
        choice = wish.prefers.index(seat.code) + 1
        return Drawn(wish.number, order, seat.code, Why.WISH, choice, repeated)
    why = Why.TOGETHER if seat.code in cluster else Why.LOT
    return Drawn(wish.number, order, seat.code, why, None, repeated)


@dataclass(frozen=True, slots=True)
class _Table:
    """Those who will be seated, in order, and the seats, in the order of their codes."""

    seats: Sequence[Seat]
    people: Sequence[Wish]
    seed: str

    def seat(self, anchors: Mapping[int, Seat]) -> dict[int, Seat]:
        """The cheapest way to seat everybody; `anchors`: near which seat a group would sit."""
        found = cheapest(self._costs(anchors))
        return {one.number: self.seats[n] for one, n in zip(self.people, found, strict=True)}

    def _costs(self, anchors: Mapping[int, Seat]) -> list[list[int]]:
        """What each person would cost on each seat: one whole number, in which no sum of what matters less ever
        reaches one unit of what matters more."""
        people, tie = len(self.people), 1 << LOT_BITS
        # A unit each: of the distance, of a wish, of a repetition, of what may not be.
        near = tie * people
        farthest = max((_distance(one, other) for one in self.seats for other in self.seats), default=0)
        wish = near * (farthest * people + 1)
        wishing = [one.number for one in self.people if one.prefers]
        grades = 1 + max((len(one.prefers) for one in self.people), default=0)
        repeat = wish * grades ** len(wishing)
        never = repeat * (people + 1)
        weight = {number: wish * grades ** (len(wishing) - 1 - n) for n, number in enumerate(wishing)}
        rows = []
        for one in self.people:
            anchor = anchors.get(one.group) if one.group is not None else None
            rows.append(
                [
                    never * (seat.code in one.barred)
                    + repeat * (seat.code in one.avoids)
                    + weight.get(one.number, 0) * _grade(one, seat)
                    + (near * _distance(anchor, seat) if anchor else 0)
                    + lot(self.seed, "seat", one.number, seat.code)
                    for seat in self.seats
                ]
            )
        return rows

    def anchors(self, given: Mapping[int, Seat]) -> tuple[dict[int, Seat], dict[int, frozenset[str]]]:
        """By group the seat near which it would sit, and the seats as near to it as its members need.

        The group that is first in the order chooses first: near the seat that one of its members wished for and got,
        else where so many seats lie nearest together. Seats that others wished for and got are not counted upon.
        """
        members: dict[int, list[Wish]] = defaultdict(list)
        for one in self.people:
            if one.group is not None:
                members[one.group].append(one)
        wished = {
            one.number: given[one.number] for one in self.people if given[one.number].code in one.prefers
        }
        open_seats = {seat.code for seat in self.seats}
        anchors, clusters = {}, {}
        for group, group_members in members.items():
            if len(group_members) < 2:
                continue
            own = {one.number for one in group_members}
            open_seats_here = open_seats - {seat.code for number, seat in wished.items() if number not in own}
            starts = [wished[one.number] for one in group_members if one.number in wished][:1]
            best = self._best_cluster(group, starts, open_seats_here, len(group_members))
            if best is None:
                continue
            anchor, nearest = best
            anchors[group] = anchor
            open_seats -= {seat.code for seat in nearest}
            # Others may be as near: whoever sits there sits with the group too.
            radius = _distance(anchor, nearest[-1])
            clusters[group] = frozenset(seat.code for seat in self.seats if _distance(anchor, seat) <= radius)
        return anchors, clusters

    def _best_cluster(
        self, group: int, starts: Sequence[Seat], open_seats: set[str], size: int
    ) -> tuple[Seat, list[Seat]] | None:
        candidates = []
        for start in starts or [seat for seat in self.seats if seat.code in open_seats]:
            nearest = sorted(
                (seat for seat in self.seats if seat.code in open_seats),
                key=lambda seat: (_distance(start, seat), seat.code),
            )[:size]
            spread = sum(_distance(start, seat) for seat in nearest)
            by_lot = lot(self.seed, "anchor", group, start.code)
            candidates.append((-len(nearest), spread, by_lot, start.code, start, nearest))
        if not candidates:
            return None
        *_, start, nearest = min(candidates, key=lambda one: one[:4])
        return start, nearest


def _grade(wish: Wish, seat: Seat) -> int:
    """0 for the best wish, one more for each after it; whatever was not wished for comes last."""
    return wish.prefers.index(seat.code) if seat.code in wish.prefers else len(wish.prefers)


def _distance(one: Seat, other: Seat) -> int:
    """Along the aisles, in the plan's own units."""
    return abs(one.x - other.x) + abs(one.y - other.y)
