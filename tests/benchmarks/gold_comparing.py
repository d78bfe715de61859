"""The hidden truth of a seat beside what the house recorded of it; pure.

Three words of the office's own rules are needed to say what was to be recorded. Somebody who gets up for ten minutes or
less still uses the seat (RULES 2 and 15): the truth is compared with such absences closed, and the bare hours are told
beside it. A use of twelve minutes or less may go unseen: two until it is confirmed, ten of the hold. What has been
occupied all night, or for twelve hours, checks nobody in (RULES 4).

Every longer use is judged as far as its sensor told it: of that, its sessions may leave out twelve minutes. Where the
sensor was silent for longer than it may be, where its words never came, came out of turn or called themselves history,
and where it said vacant for more than ten minutes or never occupied for two, it told nothing; `hours_told` says of how
much the record is judged so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, time, timedelta, tzinfo
from itertools import pairwise, zip_longest

from app.timespan import TimeSpan, merged, overlap, without

GAP, SURELY_SEEN = timedelta(minutes=10), timedelta(minutes=12)
ONE_HIT_LASTS = timedelta(minutes=2)
CHECK_IN_OPENS = timedelta(minutes=15)
STUCK_AFTER, NIGHT_FROM, NIGHT_UNTIL = timedelta(hours=12), time(4), time(6)


@dataclass(frozen=True, slots=True)
class Said:
    """What arrived of a sensor's words, whatever became of it. `history`: it said itself that it tells of the past."""

    received_at: datetime
    at: datetime
    occupied: bool | None
    history: bool = False


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking as it stands at the end; `comes`: whether its person really came that day."""

    span: TimeSpan
    comes: bool
    released_at: datetime | None
    is_checked_in: bool


@dataclass(frozen=True, slots=True)
class Seat:
    """All that is known of a seat. `sat` by the person who sat there, and by anybody; `zone`: by which clocks it is
    night there; `skew`: by how much its sensor's clock may be wrong; `silent_after`: how long it may say nothing (RULES
    2); `unstored`: what arrived and is not stored."""

    sat: Sequence[TimeSpan]
    sat_by: Sequence[tuple[Booked, Sequence[TimeSpan]]]
    recorded: Sequence[TimeSpan]
    said: Sequence[Said]
    zone: tzinfo
    skew: timedelta = timedelta(0)
    silent_after: timedelta = timedelta(minutes=25)
    unstored: Sequence[Said] = ()

    @property
    def used(self) -> list[TimeSpan]:
        """When it was in use, short absences closed."""
        return merged(self.sat, GAP)


@dataclass(slots=True)
class Figures:
    """Counts over all seats; hours as such.

    - released: `no_shows_released` of those who never came, `released_before_coming` of those who came only afterwards,
      `released_while_sat` and `released_after_use` wrongly, `released_blind`: the same, and every message that had
      arrived for the booking said vacant
    - check-ins by the sensor: `came` while the booking stood and used it for more than 12 min; `check_ins_missed` of
      them, `check_ins_lost` where the sensor had said enough; `check_ins_false` of those who never came
    - `uses` longer than 12 min; `uses_missed` without a session, `uses_lost` where the sensor had said enough;
      `uses_cut` that have sessions, and more than 12 min of what the sensor told of them are in none;
      `sessions_false` while nobody sat there
    - hours: `hours_sat` bare, `hours_used` with short absences closed, `hours_told` by the sensor of those that the
      `uses` have, `hours_recorded`, `hours_false` of those sessions; `hours_apart`: recorded and not used, or used and
      not recorded
    - `unstored`: words that arrived and are not stored
    """

    bookings: int = 0
    no_shows: int = 0
    no_shows_released: int = 0
    released_before_coming: int = 0
    released_while_sat: int = 0
    released_after_use: int = 0
    released_blind: int = 0
    came: int = 0
    check_ins_missed: int = 0
    check_ins_lost: int = 0
    check_ins_false: int = 0
    uses: int = 0
    uses_missed: int = 0
    uses_lost: int = 0
    uses_cut: int = 0
    sessions: int = 0
    sessions_false: int = 0
    hours_sat: float = 0
    hours_used: float = 0
    hours_told: float = 0
    hours_recorded: float = 0
    hours_false: float = 0
    hours_apart: float = 0
    unstored: int = 0
    wrong: list[str] = field(default_factory=list)

    def __add__(self, other: Figures) -> Figures:
        return Figures(
            **{one.name: getattr(self, one.name) + getattr(other, one.name) for one in fields(self)}
        )


def compare(name: str, seat: Seat) -> Figures:
    """One seat's figures; `wrong` names each thing that may not be."""
    found = Figures(bookings=len(seat.sat_by), sessions=len(seat.recorded), unstored=len(seat.unstored))
    if seat.unstored:
        found.wrong.append(
            f"{name}: {found.unstored} words not stored, first of {seat.unstored[0].received_at}"
        )
    _uses(name, seat, found)
    for booked, sat in seat.sat_by:
        _booking(name, seat, booked, sat, found)
    found.hours_sat = _hours(seat.sat)
    found.hours_used, found.hours_recorded = _hours(seat.used), _hours(seat.recorded)
    both = sum((overlap(seat.recorded, one) for one in seat.used), timedelta())
    found.hours_apart = found.hours_used + found.hours_recorded - 2 * (both / timedelta(hours=1))
    return found


def _uses(name: str, seat: Seat, found: Figures) -> None:
    seen = told(seat.said, seat.silent_after)
    for use in seat.used:
        if use.length <= SURELY_SEEN:
            continue
        found.uses += 1
        parts = [part for one in seen if (part := one.intersection(use))]
        cut = sum((part.length - overlap(seat.recorded, part) for part in parts), timedelta())
        found.hours_told += _hours(parts)
        if not any(one.overlaps(use) for one in seat.recorded):
            found.uses_missed += 1
            if could_report(seat.said, use, seat.skew):
                found.uses_lost += 1
                found.wrong.append(f"{name}: no session of the use {use.start} to {use.end}")
        elif cut > SURELY_SEEN:
            found.uses_cut += 1
            found.wrong.append(f"{name}: {cut} told of the use {use.start} to {use.end} are in no session")
    false = [one for one in seat.recorded if not any(one.overlaps(use) for use in seat.sat)]
    found.sessions_false, found.hours_false = len(false), _hours(false)


def _booking(name: str, seat: Seat, booked: Booked, sat: Sequence[TimeSpan], found: Figures) -> None:
    found.no_shows += not booked.comes
    found.check_ins_false += booked.is_checked_in and not booked.comes
    window = TimeSpan(booked.span.start - CHECK_IN_OPENS, booked.released_at or booked.span.end)
    uses = [
        part for use in merged(sat, GAP) if (part := use.intersection(window)) and part.length > SURELY_SEEN
    ]
    if booked.released_at is not None:
        _released(name, seat, booked, window, uses, found)
    if uses:
        found.came += 1
        if not booked.is_checked_in and booked.released_at is None:
            found.check_ins_missed += 1
            believed = unstuck(seat.said, seat.zone)
            if any(could_report(believed, use, seat.skew) for use in uses):
                found.check_ins_lost += 1
                found.wrong.append(f"{name}: no check-in of {booked.span.start}, used from {uses[0].start}")


def _released(
    name: str, seat: Seat, booked: Booked, window: TimeSpan, uses: Sequence[TimeSpan], found: Figures
) -> None:
    at = window.end
    heard = [
        one.occupied
        for one in seat.said
        if one.received_at <= at and window.start <= one.at <= at and not one.history
    ]
    is_blind = bool(heard) and all(one is False for one in heard)
    is_sat = any(one.contains(at) for one in seat.sat)
    if is_sat and is_blind:
        found.released_blind += 1
    elif is_sat:
        found.released_while_sat += 1
        found.wrong.append(f"{name}: released at {at} while somebody sat there")
    elif uses and is_blind:
        found.released_blind += 1
    elif uses:
        found.released_after_use += 1
        found.wrong.append(f"{name}: released at {at}, used from {uses[0].start}")
    elif booked.comes:
        found.released_before_coming += 1
    else:
        found.no_shows_released += 1


def could_report(said: Iterable[Said], use: TimeSpan, skew: timedelta = timedelta(0)) -> bool:
    """Whether enough arrived to tell that somebody was there (RULES 1 to 3): while the seat was in use and in its turn,
    an occupied word, and none of the other kind within two minutes after it."""
    live = [one for one in in_turn(said) if one.occupied is not None]
    for hit, later in zip_longest(live, live[1:]):
        if not hit.occupied or not use.start + skew <= hit.at < use.end - skew:
            continue
        if later is None or later.occupied or later.at - hit.at >= ONE_HIT_LASTS:
            return True
    return False


def told(said: Iterable[Said], silent_after: timedelta) -> list[TimeSpan]:
    """When the sensor said that somebody was there (RULES 1 to 3): from an occupied word to the next in its turn, for
    two minutes at least, absences of no more than the hold closed. Longer silence than `silent_after` tells nothing."""
    occupied: list[TimeSpan] = []
    silent: list[TimeSpan] = []
    for word, later in pairwise(in_turn(said)):
        span = TimeSpan(word.at, later.at)
        if span.length > silent_after:
            silent.append(span)
        elif word.occupied:
            occupied.append(span)
    seen = [one for one in merged(occupied) if one.length >= ONE_HIT_LASTS]
    return [part for one in merged(seen, GAP) for part in without(one, silent)]


def in_turn(said: Iterable[Said]) -> Iterator[Said]:
    """What could move a state when it arrived (RULES 3): no history, and newer than all before it."""
    newest: datetime | None = None
    for one in said:
        if not one.history and (newest is None or one.at > newest):
            newest = one.at
            yield one


def unstuck(said: Iterable[Said], zone: tzinfo) -> list[Said]:
    """The same without what is no evidence (RULES 4): occupied words, short absences closed, for over 12 hours on end,
    or after six of a morning before whose four o'clock they began."""
    kept: list[Said] = []
    began: datetime | None = None
    left: datetime | None = None
    for one in said:
        if one.occupied is False and not one.history:
            left = left or one.at
        elif one.occupied and not one.history:
            began = one.at if began is None or (left is not None and one.at - left >= GAP) else began
            left = None
            if _is_stuck(began.astimezone(zone), one.at.astimezone(zone)):
                continue
        kept.append(one)
    return kept


def _is_stuck(began: datetime, at: datetime) -> bool:
    all_night = at.time() > NIGHT_UNTIL and began < datetime.combine(at.date(), NIGHT_FROM, at.tzinfo)
    return all_night or at - began > STUCK_AFTER


def _hours(spans: Iterable[TimeSpan]) -> float:
    return sum((one.length for one in merged(spans)), timedelta()) / timedelta(hours=1)
