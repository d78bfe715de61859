"""What a half-day was: from plan, presence and calendar to a class with its reason (RULES 16, 17); pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum

from app.timespan import TimeSpan, overlap, without

PRESENT_FOR = timedelta(hours=1)


class Half(StrEnum):
    AM = "am"
    PM = "pm"


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a half-day, by the office's clock."""

    starts: time
    ends: time

    @property
    def minutes(self) -> int:
        return (self.ends.hour - self.starts.hour) * 60 + self.ends.minute - self.starts.minute


class PlanKind(StrEnum):
    OFFICE = "office"
    HOME = "home"
    SATELLITE = "satellite"
    TRIP = "trip"
    LEAVE = "leave"


class PlanState(StrEnum):
    """Where a plan stands. REVOKED: the chief took an approval back; WITHDRAWN: the person did not want it any more."""

    REQUESTED = "requested"
    APPROVED = "approved"
    REJECTED = "rejected"
    REVOKED = "revoked"
    WITHDRAWN = "withdrawn"


# What people go by: these plans count against caps, and say where somebody means to be.
STANDING = frozenset({PlanState.REQUESTED, PlanState.APPROVED})


class DayClass(StrEnum):
    """What a half-day was. CLOSED: none to work in, since the office was closed or the person does not work then."""

    CLOSED = "closed"
    LEAVE = "leave"
    TRIP = "trip"
    OFFICE = "office"
    TELEWORK = "telework"
    OFFICE_PRESUMED = "office_presumed"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """How sure a half-day's class is. CERTAIN: somebody's own word, approved or confirmed. LIKELY: a word that is still
    to be confirmed. PRESUMED: from a sensor, or one word against another. NONE: nothing is known."""

    CERTAIN = "certain"
    LIKELY = "likely"
    PRESUMED = "presumed"
    NONE = "none"


# By the reason of a class.
CONFIDENCES: Mapping[str, Confidence] = {
    "closed_day": Confidence.CERTAIN,
    "approved_leave": Confidence.CERTAIN,
    "approved_trip": Confidence.CERTAIN,
    "check_in_by_hand": Confidence.CERTAIN,
    "home_reported": Confidence.CERTAIN,
    "home_unreported": Confidence.LIKELY,
    "home_and_check_in": Confidence.PRESUMED,
    "check_in_inferred": Confidence.PRESUMED,
    "never_works": Confidence.CERTAIN,
    "no_evidence": Confidence.NONE,
}


@dataclass(frozen=True, slots=True)
class Plan:
    """What was planned for a half-day; `span`: for which of its hours, None for all."""

    kind: PlanKind
    approved: bool
    reported: bool = False
    span: TimeSpan | None = None


@dataclass(frozen=True, slots=True)
class Classified:
    """A half-day's class and why. `conflict`: home was approved, yet the person checked in by hand in the hours of the
    plan; the plan stands until the person says."""

    day_class: DayClass
    reason: str
    conflict: bool = False

    @property
    def confidence(self) -> Confidence:
        return CONFIDENCES[self.reason]


@dataclass(frozen=True, slots=True)
class Freed:
    """What absences make needless of a booking: all of it, or what is not `left`."""

    left: TimeSpan | None


def what_is_left(booked: TimeSpan, away: Iterable[TimeSpan], *, now: datetime) -> Freed | None:
    """What somebody who is away for some spans still needs of what they booked; None: all of it, as it is.

    Nothing is left of what would be over by now. What has begun keeps its start, and what lies on both sides of an
    absence is not cut in two.
    """
    left = without(booked, away)
    if left == [booked] or len(left) > 1:
        return None
    if not left or left[0].end <= now:
        return Freed(None)
    begun = booked.start <= now
    return None if begun and left[0].start != booked.start else Freed(left[0])


AWAY = {PlanKind.LEAVE: DayClass.LEAVE, PlanKind.TRIP: DayClass.TRIP}
REMOTE = {PlanKind.HOME, PlanKind.SATELLITE}


def classify(
    window: TimeSpan,
    *,
    working: bool,
    plan: Plan | None,
    by_hand: Iterable[TimeSpan],
    inferred: Iterable[TimeSpan],
    is_off: bool = False,
) -> Classified:
    """The class of a half-day whose hours are `window`.

    In this order: closed day, approved leave or trip, own check-in by hand of an hour or more, approved home,
    inferred check-in, half-day off (`is_off`: the person never works then; who came in or had a plan approved did),
    unknown. Home is never inferred from absence. Home for a part of the half-day that makes it one
    is telework also of who then comes in: only a check-in in the plan's own hours speaks against it. `by_hand` and
    `inferred` are the spans for which the person's bookings were checked in; their order does not matter.
    """
    if not working:
        return Classified(DayClass.CLOSED, "closed_day")
    approved = plan.kind if plan and plan.approved else None
    if approved in AWAY:
        return Classified(AWAY[approved], f"approved_{approved.value}")
    if plan is not None and approved in REMOTE:
        here = overlap(by_hand, plan.span or window) >= PRESENT_FOR
        reason = "home_reported" if plan.reported else "home_unreported"
        return Classified(DayClass.TELEWORK, "home_and_check_in" if here else reason, conflict=here)
    if overlap(by_hand, window) >= PRESENT_FOR:
        return Classified(DayClass.OFFICE, "check_in_by_hand")
    if overlap(inferred, window) >= PRESENT_FOR:
        return Classified(DayClass.OFFICE_PRESUMED, "check_in_inferred")
    if is_off:
        return Classified(DayClass.CLOSED, "never_works")
    return Classified(DayClass.UNKNOWN, "no_evidence")
