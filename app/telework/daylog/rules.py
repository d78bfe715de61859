"""What stands beside a half-day's class: its evidence, the words of people, and who is shown what of it; pure.

A correction stands beside what the system found, never over it; the last one is what counts. Who speaks: the person
of the own days; the chief of the section of that day, who confirms or corrects; personnel, who have the last word.
Whoever speaks of the own days speaks as the person, whatever their role.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from app.occupancy.rules import Occupancy, is_suspect
from app.telework.rules import CONFIDENCES, Confidence, DayClass, PlanKind
from app.timespan import TimeSpan, merged, without

WHY_AT_MOST = 200


class Voice(StrEnum):
    """Who says what a half-day was; the later ones outrank those before."""

    OWN = "own"
    CHIEF = "chief"
    PERSONNEL = "personnel"


class Form(StrEnum):
    """The forms of telework as the ministry counts them: 在宅勤務, サテライトオフィス, モバイルワーク."""

    HOME = "home"
    SATELLITE = "satellite"
    MOBILE = "mobile"


# What people may say that a half-day was. Presumed is a sensor's word; unknown: never mind.
SAYABLE = (DayClass.OFFICE, DayClass.TELEWORK, DayClass.TRIP, DayClass.LEAVE, DayClass.UNKNOWN)
# What confirming a class makes of it.
CONFIRMED_AS = {DayClass.OFFICE_PRESUMED: DayClass.OFFICE}
RANK = {voice: rank for rank, voice in enumerate(Voice)}
PLANNED_AS = {PlanKind.HOME: Form.HOME, PlanKind.SATELLITE: Form.SATELLITE}


def sayable(voice: Voice | None) -> tuple[DayClass, ...]:
    """What somebody may say. That there was no work then, as after somebody left, is for personnel to say."""
    return (*SAYABLE, DayClass.CLOSED) if voice is Voice.PERSONNEL else SAYABLE


def refusal(voice: Voice, last: Voice | None, *, frozen: bool) -> str | None:
    """Why somebody may not say what a half-day was, after whoever spoke last; None: they may.

    A closed month takes corrections by personnel only; nobody overrules who outranks them.
    """
    if frozen and voice is not Voice.PERSONNEL:
        return "month_closed"
    if last is not None and RANK[last] > RANK[voice]:
        return "settled"
    return None


def needs_why(voice: Voice, before: DayClass, to: DayClass) -> bool:
    """Who makes another's day something else says why; who confirms what it is need not."""
    return voice is not Voice.OWN and to is not CONFIRMED_AS.get(before, before)


def confidence(reason: str, last: tuple[DayClass, Voice] | None) -> Confidence:
    """How sure a half-day is: by the reason of its class, or by who spoke last. One's own word awaits confirmation."""
    if last is None:
        return CONFIDENCES[reason]
    said, voice = last
    if said is DayClass.UNKNOWN:
        return Confidence.NONE
    return Confidence.LIKELY if voice is Voice.OWN else Confidence.CERTAIN


def form_of(day_class: DayClass, planned: Form | None) -> Form | None:
    """The form of telework that a half-day was. Telework that nobody planned as at a satellite office was at home; a
    business trip is mobile work."""
    if day_class is DayClass.TELEWORK:
        return planned or Form.HOME
    return Form.MOBILE if day_class is DayClass.TRIP else None


def telework_minutes(found: DayClass, counts: DayClass, stored: int | None) -> int | None:
    """The minutes of telework in a half-day which the system found to be one thing and which counts, as corrected, as
    another; None: all of it.

    `stored`: as approved, also of less than makes a half-day; None: of before they were stored. Who says that a
    half-day was telework, or was not, says so of all of it.
    """
    if counts is DayClass.TELEWORK:
        return stored if found is counts else None
    if found is DayClass.TELEWORK or counts in {DayClass.LEAVE, DayClass.TRIP, DayClass.CLOSED}:
        return 0
    return stored or 0


def is_shown(on: date, *, is_own: bool, is_answered: bool, today: date, wait: timedelta) -> bool:
    """Whether a conflict of the day `on` is shown to somebody. The person comes first: others see it once the person
    has answered, or when more than `wait` has passed since that day."""
    return is_own or is_answered or today - on > wait


def before_the_conflict(*, is_reported: bool) -> str:
    """The reason that others read while a conflict is the person's alone: the plan stands."""
    return "home_reported" if is_reported else "home_unreported"


@dataclass(frozen=True, slots=True)
class Said:
    """What the sensors of a space had said by an instant: its state, what it was before (None: nothing was known), and
    since when each."""

    state: Occupancy
    since_at: datetime
    before: Occupancy | None
    before_since: datetime | None
    by: datetime


def until_left(
    checked_in: TimeSpan, said: Said | None, away: Sequence[TimeSpan], zone: ZoneInfo, *, is_own_word: bool
) -> TimeSpan:
    """For how long a check-in says that its person was there: one span, nobody's minutes away inside it (RULES 15).

    Until the last signal, where the sensor saw the person go and nobody come again. All the time, where it sees
    somebody still. Where no sensor can say (none, offline, suspect, or it never saw them), until the person was `away`
    as approved, from then on: who checked in while they were to be away, or comes back, was there all the time.
    `is_own_word`: they chose those hours and checked in by hand; an empty seat alone, as in an afternoon of meetings,
    does not gainsay it.
    """
    if said is not None:
        if said.state is Occupancy.OCCUPIED and not is_suspect(said.since_at, said.by, zone):
            return checked_in
        is_gainsaid = not is_own_word or any(checked_in.intersection(one) for one in away)
        if is_gainsaid and _saw_them_go(said, checked_in.start, zone):
            return TimeSpan(checked_in.start, said.since_at)
    left = without(checked_in, away)
    return left[0] if len(left) == 1 and left[0].start == checked_in.start else checked_in


def _saw_them_go(said: Said, came_at: datetime, zone: ZoneInfo) -> bool:
    """Whether somebody who was seen is gone: what was silent before, or stuck, saw nobody go."""
    return (
        said.state is Occupancy.VACANT
        and said.since_at > came_at
        and said.before is Occupancy.OCCUPIED
        and said.before_since is not None
        and not is_suspect(said.before_since, said.since_at, zone)
    )


@dataclass(frozen=True, slots=True)
class CheckIns:
    """The times of a half-day for which the person's bookings were checked in, in order, none of them twice."""

    by_hand: tuple[TimeSpan, ...]
    inferred: tuple[TimeSpan, ...]


def check_ins(window: TimeSpan, by_hand: Iterable[TimeSpan], inferred: Iterable[TimeSpan]) -> CheckIns:
    """What of the check-ins lies in the hours of a half-day."""
    return CheckIns(_within(window, by_hand), _within(window, inferred))


def minutes(spans: Iterable[TimeSpan]) -> int:
    """How many whole minutes disjoint spans cover."""
    return sum((span.length for span in spans), timedelta(0)) // timedelta(minutes=1)


def _within(window: TimeSpan, spans: Iterable[TimeSpan]) -> tuple[TimeSpan, ...]:
    return tuple(merged(part for span in spans if (part := span.intersection(window))))
