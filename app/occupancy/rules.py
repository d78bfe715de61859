"""From signals to confirmed states: the debounce, and the health of a sensor (RULES 1 to 4); pure.

The fold is insensitive to ticks: what is due before a signal is settled, at the instant it was due, before the
signal is applied. So running through, resuming from the stored state, and any number of extra ticks agree.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from enum import StrEnum
from typing import NamedTuple
from zoneinfo import ZoneInfo

SECOND_HIT_WITHIN = timedelta(minutes=5)
HIT_LASTS = timedelta(minutes=2)
MODEL_HOLD_MARGIN = timedelta(minutes=2)
HEARTBEATS_UNTIL_OFFLINE = 2.5
SUSPECT_AFTER = timedelta(hours=12)
# All night: from before the one until after the other, by the clocks of the site. Whoever comes after the first is
# somebody's early morning; a day closes there too (RULES 16).
NIGHT_FROM, NIGHT_UNTIL = time(4), time(6)


class Occupancy(StrEnum):
    OCCUPIED = "occupied"
    VACANT = "vacant"
    OFFLINE = "offline"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Watch:
    """How a sensor is read: the hold laid on its silence, what it held back itself, when it counts as offline.

    `clears_after`: of one that says occupied only, at each movement; quiet for so long it counts as if it had said
    vacant then. Nought: it says vacant itself.
    """

    hold: timedelta
    own_hold: timedelta
    offline_after: timedelta
    clears_after: timedelta = timedelta(0)


def watch(
    *,
    vacant_hold: timedelta,
    own_hold: timedelta,
    holds_itself: bool,
    heartbeat: timedelta,
    clears_after: timedelta = timedelta(0),
) -> Watch:
    """The Watch of a model: max(policy's hold, own hold + 2 min), but no second hold on models that hold. One that
    never says vacant holds what it clears after."""
    offline_after = heartbeat * HEARTBEATS_UNTIL_OFFLINE
    own_hold = max(own_hold, clears_after)
    hold = timedelta(0) if holds_itself else max(vacant_hold, own_hold + MODEL_HOLD_MARGIN)
    return Watch(hold, own_hold, offline_after, clears_after)


class Signal(NamedTuple):
    """A sign of life at `at`; `occupied` None says nothing of the space; `online` False is the last will.

    `boot` and `seq`: its own name, so that it is no copy of the one before; None where it has none. `waited`: said at
    `at` or at any time before, as all that waited with it.
    """

    at: datetime
    occupied: bool | None = None
    online: bool | None = None
    boot: str | None = None
    seq: int | None = None
    waited: bool = False


class Told(NamedTuple):
    """What was said of the space at one instant, as far as another word of that instant may follow it."""

    occupied: bool | None = None
    boot: str | None = None
    seq: int | None = None

    def is_followed_by(self, occupied: bool | None, boot: str | None, seq: int | None) -> bool:
        """Whether a word of the same instant is news: a clear one after one that said nothing; after a clear one that
        of a higher number. Without a number it may be a copy (RULES 3)."""
        if occupied is None or self.occupied is None:
            return occupied is not None
        return None not in (boot, seq, self.seq) and boot == self.boot and (seq or 0) > (self.seq or 0)

    def after(self, occupied: bool | None, boot: str | None, seq: int | None) -> Told:
        return Told(occupied, boot, seq) if self.is_followed_by(occupied, boot, seq) else self


class Fold(NamedTuple):
    """All that is kept of a sensor's past; a tuple, since each reading makes two new ones.

    `signal_at` the newest sign of life, `hit_at` the first hit not yet confirmed, `last_hit_at` the newest occupied
    signal, `quiet_at` since when it has said vacant without a break. `told` at `signal_at`; alone it is not kept with
    the state, since it stands in the readings.
    """

    state: Occupancy = Occupancy.UNKNOWN
    since_at: datetime | None = None
    level: bool | None = None
    signal_at: datetime | None = None
    hit_at: datetime | None = None
    last_hit_at: datetime | None = None
    quiet_at: datetime | None = None
    told: Told = Told()


@dataclass(frozen=True, slots=True)
class Transition:
    """A confirmed state: true of the space since `since_at`, known at `at`, which is later by the debounce.

    `last_hit_at` is the newest occupied signal before it.
    """

    state: Occupancy
    since_at: datetime
    at: datetime
    last_hit_at: datetime | None


def due_at(fold: Fold, watching: Watch) -> datetime | None:
    """When the passing of time alone will change the state next, if no signal comes before."""
    due = _due(fold, watching)
    return due[0] if due else None


def settle(fold: Fold, now: datetime, watching: Watch) -> tuple[Fold, list[Transition]]:
    """Let time pass until `now`: confirm, vacate or go offline, each at the instant it was due."""
    found: list[Transition] = []
    while (due := _due(fold, watching)) and due[0] <= now:
        at, state, since_at = due
        found.append(Transition(state, since_at, at, fold.last_hit_at))
        fold = fold._replace(state=state, since_at=since_at, hit_at=None)
        if state is Occupancy.OFFLINE:
            fold = fold._replace(level=None, quiet_at=None)
    return fold, found


def observe(fold: Fold, signal: Signal, watching: Watch) -> tuple[Fold, list[Transition]]:
    """Apply one signal. One that is older than the newest known is late, and changes nothing; nor does one of the same
    instant, but for what tells more (`Told`): a device may count in whole seconds. Of what waited the last alone
    counts, since nobody knows how far apart it was said."""
    told = Told(signal.occupied, signal.boot, signal.seq)
    if fold.signal_at is not None and signal.at <= fold.signal_at:
        is_told_more = signal.at == fold.signal_at and fold.told.is_followed_by(*told)
        is_last = signal.at == fold.signal_at and signal.waited
        if not is_last and (not is_told_more or fold.state is Occupancy.OFFLINE):
            return fold, []
    fold, found = settle(fold, signal.at, watching)
    fold = _cleared(fold, signal.at, watching)._replace(signal_at=signal.at, told=told)
    if signal.online is False:
        silent = fold._replace(level=None, hit_at=None, quiet_at=None)
        return _turned(silent, Occupancy.OFFLINE, signal.at, signal.at, found)
    if fold.state is Occupancy.OFFLINE:
        fold, found = _turned(fold, Occupancy.UNKNOWN, signal.at, signal.at, found)
    if signal.occupied is None:
        return fold, found
    if signal.occupied:
        return _hit(fold, signal, watching, found)
    if signal.waited:
        fold = fold._replace(hit_at=None)
    if fold.level is not False:
        quiet_at = signal.at - watching.own_hold if fold.level else signal.at
        fold = fold._replace(level=False, quiet_at=max(quiet_at, fold.last_hit_at or quiet_at))
    fold, more = settle(fold, signal.at, watching)
    return fold, found + more


def _hit(
    fold: Fold, signal: Signal, watching: Watch, found: list[Transition]
) -> tuple[Fold, list[Transition]]:
    """Somebody is seen. Two hits confirm each other (RULES 2); what repeats the first is a second one only where it
    cannot be the first again: it has a number of its own, else it may be a copy, or what a bridge remembers (RULES 3:
    harmless by the fold itself), and comes when the model no longer holds a single movement. Of a model that only tells
    of movements one lasts as long as it goes on telling. What waited is no second hit: nobody knows how long after the
    first it was said, nor whether before.
    """
    at, first, repeats = signal.at, fold.hit_at, fold.level
    fold = fold._replace(level=True, last_hit_at=at, quiet_at=None)
    if fold.state is Occupancy.OCCUPIED:
        return fold, found
    if first is None or signal.waited:
        return fold._replace(hit_at=at), found
    goes_on = bool(watching.clears_after) and at - first >= HIT_LASTS
    is_no_copy = signal.seq is not None and at > first and at - first >= watching.own_hold
    if repeats and not goes_on and not is_no_copy:
        return fold, found
    if at - first <= SECOND_HIT_WITHIN:
        return _turned(fold._replace(hit_at=None), Occupancy.OCCUPIED, first, at, found)
    return fold._replace(hit_at=at), found


def _turned(
    fold: Fold, state: Occupancy, since_at: datetime, at: datetime, found: list[Transition]
) -> tuple[Fold, list[Transition]]:
    if fold.state is state:
        return fold, found
    turned = Transition(state, since_at, at, fold.last_hit_at)
    return fold._replace(state=state, since_at=since_at), [*found, turned]


def _cleared(fold: Fold, at: datetime, watching: Watch) -> Fold:
    """What is left of an occupied signal that was not repeated for so long that it counts as taken back."""
    hit_at = fold.last_hit_at
    if not watching.clears_after or not fold.level or hit_at is None or at < hit_at + watching.clears_after:
        return fold
    return fold._replace(level=False, quiet_at=hit_at)


def _due(fold: Fold, watching: Watch) -> tuple[datetime, Occupancy, datetime] | None:
    """(when, to which state, true since when) of the earliest change that time alone brings."""
    due: tuple[datetime, Occupancy, datetime] | None = None
    told_at = fold.signal_at
    if watching.clears_after and fold.level and fold.last_hit_at:
        # Nothing lasts by itself; it is quiet since the last movement, and will be known when it clears.
        told_at = fold.last_hit_at + watching.clears_after
        fold = _cleared(fold, told_at, watching)
    if fold.state is not Occupancy.OCCUPIED and fold.level and fold.hit_at is not None:
        due = fold.hit_at + HIT_LASTS, Occupancy.OCCUPIED, fold.hit_at
    if fold.state is not Occupancy.VACANT and fold.level is False and fold.quiet_at is not None:
        # A model that keeps saying occupied for a while tells late: the state is true since before it was told, and a
        # hold is laid on what was told.
        hold = watching.hold and watching.own_hold + watching.hold
        vacant_at = max(fold.quiet_at + hold, told_at or fold.quiet_at)
        if due is None or vacant_at < due[0]:
            due = vacant_at, Occupancy.VACANT, fold.quiet_at
    if fold.state is not Occupancy.OFFLINE and fold.signal_at is not None:
        offline_at = fold.signal_at + watching.offline_after
        if due is None or offline_at < due[0]:
            due = offline_at, Occupancy.OFFLINE, fold.signal_at
    return due


def combined(states: Iterable[Occupancy]) -> Occupancy:
    """What is known of a space that several sensors watch: occupied where one says so; vacant where all do; else no
    more is known than the least that is known of one. Unknown where nobody watches."""
    found = set(states)
    for one in (Occupancy.OCCUPIED, Occupancy.OFFLINE, Occupancy.UNKNOWN, Occupancy.VACANT):
        if one in found:
            return one
    return Occupancy.UNKNOWN


def turned_space(turn: Transition, before: Occupancy, beside: Sequence[Fold]) -> Transition | None:
    """What the turn of one sensor from `before` makes of its space, which the sensors `beside` watch too; None:
    nothing new. Vacant since the last of them says so, and last seen by whichever saw somebody last."""
    if not beside:
        return turn
    others = [fold.state for fold in beside]
    was, is_now = combined([before, *others]), combined([turn.state, *others])
    if was is is_now:
        return None
    since_at = turn.since_at
    if is_now is Occupancy.VACANT:
        since_at = max([since_at, *(fold.since_at for fold in beside if fold.since_at)])
    hits = [at for at in (turn.last_hit_at, *(fold.last_hit_at for fold in beside)) if at is not None]
    return Transition(is_now, since_at, turn.at, max(hits, default=None))


def suspect_after(occupied_since: datetime, zone: ZoneInfo | None) -> datetime:
    """The last instant at which what is occupied without a break may still be somebody: for 12 hours, and not all
    night, which is from before 4:00 until after 6:00 of the site (RULES 4). `zone` None: of no site."""
    last = occupied_since + SUSPECT_AFTER
    if zone is None:
        return last
    local = occupied_since.astimezone(zone)
    night = local.date() + timedelta(days=int(local.time() >= NIGHT_FROM))
    return min(last, datetime.combine(night, NIGHT_UNTIL, zone).astimezone(UTC))


def suspect_before(at: datetime, zone: ZoneInfo | None) -> datetime:
    """The same asked the other way: what is occupied at `at` is suspect where it began before this."""
    first = at - SUSPECT_AFTER
    if zone is None:
        return first
    local = at.astimezone(zone)
    night = local.date() - timedelta(days=int(at <= datetime.combine(local.date(), NIGHT_UNTIL, zone)))
    return max(first, datetime.combine(night, NIGHT_FROM, zone).astimezone(UTC))


def is_suspect(occupied_since: datetime, at: datetime, zone: ZoneInfo | None) -> bool:
    """Occupied for over 12 hours or all night (`suspect_after`): shown and told, not used as evidence (RULES 4)."""
    return at > suspect_after(occupied_since, zone)


def looks_stuck(state: Occupancy | None, since: datetime | None, at: datetime, zone: ZoneInfo | None) -> bool:
    """Whether what is confirmed now is suspect."""
    return state is Occupancy.OCCUPIED and since is not None and is_suspect(since, at, zone)


def is_evidence(fold: Fold, at: datetime, zone: ZoneInfo | None) -> bool:
    """Whether an occupied signal at `at` tells of somebody: the state is confirmed, and not suspect."""
    is_confirmed = fold.state is Occupancy.OCCUPIED and fold.since_at is not None
    return is_confirmed and not looks_stuck(fold.state, fold.since_at, at, zone)


def trusted(
    occupied: Iterable[datetime], states: Sequence[tuple[datetime, Occupancy]], zone: ZoneInfo | None
) -> tuple[datetime, ...]:
    """The occupied signals that are no part of a suspect span (RULES 4).

    `states`: the confirmed states, as (since, state), in order.
    """
    kept = []
    for at in occupied:
        since, state = next((one for one in reversed(states) if one[0] <= at), (at, Occupancy.UNKNOWN))
        if not looks_stuck(state, since, at, zone):
            kept.append(at)
    return tuple(kept)


@dataclass(frozen=True, slots=True)
class SensorLog:
    """What a sensor said, in order: signs of life, occupied and vacant signals, last wills; and its limits."""

    offline_after: timedelta
    detection_delay: timedelta = timedelta(0)
    signs: Sequence[datetime] = ()
    occupied: Sequence[datetime] = ()
    vacant: Sequence[datetime] = ()
    wills: Sequence[datetime] = ()

    def with_quiet(self, clears_after: timedelta, since: datetime) -> SensorLog:
        """The same of a sensor that says occupied only: each sign of life counts as a vacant signal that comes so long
        after the last occupied one. `since`: where the log begins; what was said before is not known."""
        vacant = set(self.vacant)
        hits = sorted([since, *self.occupied])
        for at in self.signs:
            if at - hits[max(bisect_right(hits, at) - 1, 0)] >= clears_after:
                vacant.add(at)
        return replace(self, vacant=sorted(vacant))

    def is_healthy(self, start: datetime, end: datetime) -> bool:
        """Whether at every instant of `[start, end]` a sign of life, and no last will since, was younger than
        `offline_after`.

        The log must reach back to `start - offline_after`, so that the beginning can be covered.
        """
        covered_until: datetime | None = None
        for at, is_will in sorted([(at, False) for at in self.signs] + [(at, True) for at in self.wills]):
            if at > end:
                break
            if at > start and (covered_until is None or at > covered_until):
                return False
            covered_until = at if is_will else at + self.offline_after
        return covered_until is not None and covered_until > end
