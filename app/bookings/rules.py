"""The rules of a booking (RULES 5 to 14): what may be booked, what is evidence, what is released; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from enum import StrEnum

from app.occupancy.rules import SensorLog
from app.spaces.rules import Policy
from app.timespan import TimeSpan, later

NOW_MEANS = timedelta(minutes=5)


class Status(StrEnum):
    HELD = "held"
    BOOKED = "booked"
    CHECKED_IN = "checked_in"
    COMPLETED = "completed"
    RELEASED = "released"
    ENDED_EARLY = "ended_early"
    CANCELLED = "cancelled"


LIVE = (Status.HELD, Status.BOOKED, Status.CHECKED_IN)


class Origin(StrEnum):
    """How a booking came to be."""

    BOOKED = "booked"
    CLAIM = "claim"
    LOT = "lot"
    ROTATION = "rotation"


class By(StrEnum):
    """Who said that somebody came: only one's own hand is the person's word (RULES 6). OTHER: whoever acts for them."""

    HAND = "hand"
    SENSOR = "sensor"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Refusal:
    """The rule that forbids a request, its value, and what would be allowed."""

    rule: str
    value: str
    allowed: str


def effective_span(span: TimeSpan, now: datetime) -> TimeSpan:
    """A start up to five minutes past means now (RULES 11)."""
    if now - NOW_MEANS <= span.start < now < span.end:
        return TimeSpan(now, span.end)
    return span


def refusal(
    span: TimeSpan, *, now: datetime, policy: Policy, horizon: timedelta, zone: tzinfo = UTC
) -> Refusal | None:
    """Why the office does not allow this span, or None. Whole days count by the calendar of `zone`."""
    if span.start < now:
        return Refusal("start_in_past", span.start.isoformat(), f">= {now.isoformat()}")
    if span.start > now + horizon:
        return Refusal("horizon", span.start.isoformat(), f"<= {(now + horizon).isoformat()}")
    if span.length < policy.min_duration:
        return Refusal("min_duration", _minutes(span.length), f">= {_minutes(policy.min_duration)}")
    if span.end > later(span.start, policy.max_duration, zone):
        return Refusal("max_duration", _minutes(span.length), f"<= {_minutes(policy.max_duration)}")
    return None


def _minutes(length: timedelta) -> str:
    return f"{length // timedelta(minutes=1)} min"


@dataclass(frozen=True, slots=True)
class Booked:
    """A booking as the rules see it. `previous_end`: when the booking before it on the same space ended; `expected_at`:
    the person's planned arrival; `coming_at`: when they said that they are still coming."""

    status: Status
    span: TimeSpan
    made_at: datetime
    previous_end: datetime | None = None
    expected_at: datetime | None = None
    coming_at: datetime | None = None
    reclaimed: bool = False


def evidence_window(span: TimeSpan, previous_end: datetime | None, policy: Policy) -> TimeSpan | None:
    """Where an occupied signal is evidence for this booking: from when check-in opens, and never before the
    previous booking's end (RULES 5), to its end. None where the previous one outlasts it."""
    opens = span.start - policy.check_in_opens
    start = max(opens, previous_end) if previous_end else opens
    return TimeSpan(start, span.end) if start < span.end else None


# Clocks that are put back make a day of the calendar that much longer at most.
PUT_BACK = timedelta(hours=2)


def before_that_matters(starts: Sequence[datetime], policies: Iterable[Policy]) -> tuple[datetime, datetime]:
    """Of what held a space before bookings that start at `starts`: when it must have ended, and begun, at the earliest
    to be of any matter. It has a say from when check-in opens, and is no longer than a booking may be."""
    found = list(policies)
    ended = min(starts) - max(one.check_in_opens for one in found)
    return ended, begun_by(ended, found)


def begun_by(ended: datetime, policies: Iterable[Policy]) -> datetime:
    """When what ended then had begun at the earliest: it is no longer than a booking may be."""
    return ended - max(one.max_duration for one in policies) - PUT_BACK


def first_evidence(booking: Booked, seen: Iterable[datetime], policy: Policy) -> datetime | None:
    """The earliest occupied signal that checks this booking in, or None."""
    window = evidence_window(booking.span, booking.previous_end, policy)
    if booking.status is not Status.BOOKED or window is None:
        return None
    return min((at for at in seen if window.contains(at)), default=None)


@dataclass(frozen=True, slots=True)
class Keep:
    """Not to be released. `check_at`: when to ask again; None: never again."""

    reason: str
    check_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Release:
    """Nobody came. `reason` says on what ground."""

    reason: str


def release_deadline(booking: Booked, policy: Policy) -> datetime:
    """When the grace is over: it runs from the latest of start, making, planned arrival (RULES 7), and once more from
    when the person said that they are still coming."""
    said = booking.coming_at or booking.made_at
    latest = max(booking.span.start, booking.made_at, booking.expected_at or booking.made_at, said)
    return latest + policy.no_show_grace


def no_show(booking: Booked, logs: Sequence[SensorLog], *, now: datetime, policy: Policy) -> Keep | Release:
    """Whether nobody came for a booking. `logs`: what the space's sensors said, none where it has none.

    Released only by a vacant message that a healthy sensor sent within 2.5 heartbeats after the grace and its own
    delay; silence keeps, and so does a sensor that lives but says nothing clear (RULES 8, 9). Of several sensors each
    must say so; what one has seen, or must still say, keeps.
    """
    if booking.status is not Status.BOOKED or booking.reclaimed:
        return Keep("reclaimed" if booking.reclaimed else booking.status.value)
    if now >= booking.span.end:
        return Keep("over")
    deadline = release_deadline(booking, policy)
    if deadline >= booking.span.end:
        return Keep("ends_within_grace")
    if now < deadline:
        return Keep("grace", check_at=deadline)
    if not logs:
        return Release("no_check_in") if policy.check_in_by_hand else Keep("no_sensor")
    window = evidence_window(booking.span, booking.previous_end, policy)
    if window is None or any(window.start <= at <= now for log in logs for at in log.occupied):
        return Keep("seen")
    verdicts = [_told(log, window, deadline, now) for log in logs]
    final = [one for one in verdicts if isinstance(one, Keep) and one.check_at is None]
    return next(iter([*final, *(one for one in verdicts if isinstance(one, Keep)), *verdicts]))


def _told(log: SensorLog, window: TimeSpan, deadline: datetime, now: datetime) -> Keep | Release:
    """What one sensor that saw nobody says of a no-show."""
    asked_at = deadline + log.detection_delay
    told_by = asked_at + log.offline_after
    told = next((at for at in log.vacant if asked_at <= at <= min(now, told_by)), None)
    if not log.is_healthy(window.start, told or now) or (told is None and now > told_by):
        return Keep("sensor_silent")
    return Release("no_show") if told else Keep("awaiting_sensor", check_at=now)


def is_untold(
    booking: Booked,
    heard: tuple[datetime | None, datetime | None],
    *,
    offline_after: timedelta,
    detection_delay: timedelta,
    policy: Policy,
) -> bool:
    """Whether a sensor that said nothing clear within a booking lived and had the time to: its first and its last sign
    of life within it are `heard`. A booking that ends before its sensor had to speak says nothing of it."""
    first, last = heard
    if first is None or last is None:
        return False
    is_alive = first - booking.span.start <= offline_after and booking.span.end - last <= offline_after
    return (
        is_alive and release_deadline(booking, policy) + detection_delay + offline_after <= booking.span.end
    )


def is_warning_due(booking: Booked, *, now: datetime, policy: Policy) -> bool:
    """Whether to warn now that a booking is about to be released; once the grace is over no more (RULES 7)."""
    if booking.status is not Status.BOOKED or booking.reclaimed or not policy.warn_before_release:
        return False
    deadline = release_deadline(booking, policy)
    return deadline < booking.span.end and deadline - policy.warn_before_release <= now < deadline


@dataclass(frozen=True, slots=True)
class Change:
    """What a change of a booking comes to. `is_new`: it claims time or a place that was not its own, and the rules of a
    new booking hold; `judged_at`: when they think that it was asked; `restarts`: its grace begins anew."""

    span: TimeSpan
    is_new: bool
    judged_at: datetime
    restarts: bool


def change_of(
    booking: Booked, wanted: TimeSpan, *, elsewhere: bool, now: datetime
) -> Change | Refusal | None:
    """What becomes of a booking for which another span, or another place, is asked; None where it is past changing.

    Giving up a part of one's own is always allowed (RULES 10). What has begun keeps its start: a start that could be
    pushed on would put the release off for ever; elsewhere it begins now. Who sits there cannot be moved away.
    """
    begun = booking.span.start <= now
    if booking.span.end <= now:
        return None
    if begun and not elsewhere and wanted.start != booking.span.start:
        return Refusal("begun", booking.span.start.isoformat(), "its end alone")
    if booking.status is Status.CHECKED_IN and (elsewhere or wanted.start != booking.span.start):
        return None
    if begun and elsewhere and wanted.start <= now < wanted.end:
        return Change(TimeSpan(now, wanted.end), is_new=True, judged_at=now, restarts=True)
    if wanted.start != booking.span.start:
        wanted = effective_span(wanted, now)
    within = booking.span.start <= wanted.start and wanted.end <= booking.span.end and now < wanted.end
    return Change(
        wanted,
        is_new=elsewhere or not within,
        # What has begun is not past for having begun.
        judged_at=wanted.start if begun and not elsewhere and now < wanted.end else now,
        restarts=elsewhere or wanted.start != booking.span.start,
    )


class Ending(StrEnum):
    """How a booking comes to hold nothing from an instant on."""

    CANCELLED = "cancelled"
    ENDED_EARLY = "ended_early"
    SHORTENED = "shortened"


def ending(status: Status, span: TimeSpan, at: datetime, now: datetime) -> Ending:
    """What becomes of a booking that is to hold nothing from `at` on: what is on by then ends now, what begins before
    it ends there, the rest is cancelled, and so is what was only held."""
    if status is Status.HELD or span.start >= max(at, now):
        return Ending.CANCELLED
    return Ending.ENDED_EARLY if at <= now else Ending.SHORTENED


def is_deserted(
    claimed_at: datetime, vacant_since: datetime | None, signal_at: datetime | None, *, hold: timedelta
) -> bool:
    """Whether nobody sits at a claimed space any more: vacant since after the claim; or since before it, and the sensor
    said so once more when the hold was over (RULES 12)."""
    if vacant_since is None:
        return False
    return vacant_since > claimed_at or (signal_at is not None and signal_at >= claimed_at + hold)
