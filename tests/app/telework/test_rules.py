"""What a half-day was; the numbers are those of RULES."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.telework.rules import Classified, DayClass, Plan, PlanKind, classify
from app.timespan import TimeSpan, without

MORNING = TimeSpan(datetime(2026, 11, 23, 23, 30, tzinfo=UTC), datetime(2026, 11, 24, 3, tzinfo=UTC))
MINUTE = timedelta(minutes=1)


def span(start: int, end: int) -> TimeSpan:
    """In minutes from half past eight."""
    return TimeSpan(MORNING.start + start * MINUTE, MORNING.start + end * MINUTE)


def half_day(
    *,
    working: bool = True,
    plan: Plan | None = None,
    by_hand: list[TimeSpan] | None = None,
    inferred: list[TimeSpan] | None = None,
) -> Classified:
    return classify(MORNING, working=working, plan=plan, by_hand=by_hand or [], inferred=inferred or [])


HERE = [span(0, 210)]
HOME = Plan(PlanKind.HOME, approved=True)
LEAVE = Plan(PlanKind.LEAVE, approved=True)


def test_rule_17_the_order_from_a_closed_day_to_unknown() -> None:
    """Everything speaks for each class; taking away what comes first leaves the next."""
    assert [
        half_day(working=False, plan=LEAVE, by_hand=HERE, inferred=HERE).day_class,
        half_day(plan=LEAVE, by_hand=HERE, inferred=HERE).day_class,
        half_day(plan=Plan(PlanKind.TRIP, approved=True), by_hand=HERE, inferred=HERE).day_class,
        half_day(by_hand=HERE, inferred=HERE).day_class,
        half_day(plan=HOME, inferred=HERE).day_class,
        half_day(inferred=HERE).day_class,
        half_day().day_class,
    ] == [
        DayClass.CLOSED,
        DayClass.LEAVE,
        DayClass.TRIP,
        DayClass.OFFICE,
        DayClass.TELEWORK,
        DayClass.OFFICE_PRESUMED,
        DayClass.UNKNOWN,
    ]


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (LEAVE, Classified(DayClass.LEAVE, "approved_leave")),
        (Plan(PlanKind.LEAVE, approved=False), Classified(DayClass.UNKNOWN, "no_evidence")),
        (Plan(PlanKind.TRIP, approved=True), Classified(DayClass.TRIP, "approved_trip")),
        (Plan(PlanKind.TRIP, approved=False), Classified(DayClass.UNKNOWN, "no_evidence")),
        (HOME, Classified(DayClass.TELEWORK, "home_unreported")),
        (Plan(PlanKind.HOME, approved=True, reported=True), Classified(DayClass.TELEWORK, "home_reported")),
        (Plan(PlanKind.HOME, approved=False), Classified(DayClass.UNKNOWN, "no_evidence")),
        (Plan(PlanKind.SATELLITE, approved=True), Classified(DayClass.TELEWORK, "home_unreported")),
        (Plan(PlanKind.OFFICE, approved=True), Classified(DayClass.UNKNOWN, "no_evidence")),
        (None, Classified(DayClass.UNKNOWN, "no_evidence")),
    ],
)
def test_rule_17_a_plan_counts_once_it_is_approved_and_home_is_never_inferred_from_absence(
    plan: Plan | None, expected: Classified
) -> None:
    assert half_day(plan=plan) == expected


@pytest.mark.parametrize(("minutes", "here"), [(59, False), (60, True), (61, True)])
def test_rule_17_a_check_in_counts_from_an_hour_on(minutes: int, here: bool) -> None:
    present = [span(10, 10 + minutes)]
    unknown = Classified(DayClass.UNKNOWN, "no_evidence")
    by_hand, presumed = half_day(by_hand=present), half_day(inferred=present)
    assert by_hand == (Classified(DayClass.OFFICE, "check_in_by_hand") if here else unknown)
    assert presumed == (Classified(DayClass.OFFICE_PRESUMED, "check_in_inferred") if here else unknown)


def test_rule_17_an_hour_may_be_made_of_parts_but_no_minute_counts_twice() -> None:
    assert half_day(by_hand=[span(0, 30), span(100, 130)]).day_class is DayClass.OFFICE
    assert half_day(by_hand=[span(0, 40), span(10, 50)]).day_class is DayClass.UNKNOWN


def test_rule_17_only_the_hours_of_the_half_day_count() -> None:
    assert half_day(by_hand=[span(-60, 59)]).day_class is DayClass.UNKNOWN
    assert half_day(by_hand=[span(151, 400)]).day_class is DayClass.UNKNOWN


@pytest.mark.parametrize("kind", [PlanKind.HOME, PlanKind.SATELLITE])
def test_rule_17_home_and_a_check_in_by_hand_are_a_conflict_and_the_plan_stands(kind: PlanKind) -> None:
    plan = Plan(kind, approved=True, reported=True)
    assert half_day(plan=plan, by_hand=HERE) == Classified(
        DayClass.TELEWORK, "home_and_check_in", conflict=True
    )


@pytest.mark.parametrize(
    ("present", "conflict"),
    [(span(135, 210), False), (span(61, 210), False), (span(60, 210), True), (span(0, 210), True)],
)
def test_rule_17_hours_at_home_and_then_a_check_in_are_no_conflict(present: TimeSpan, conflict: bool) -> None:
    """Only an hour or more in the plan's own hours speaks against it."""
    plan = Plan(PlanKind.HOME, approved=True, reported=True, span=span(0, 120))
    reason = "home_and_check_in" if conflict else "home_reported"
    assert half_day(plan=plan, by_hand=[present]) == Classified(DayClass.TELEWORK, reason, conflict=conflict)


def test_a_half_day_in_which_somebody_never_works_is_as_a_closed_one_unless_they_did() -> None:
    found = [
        classify(MORNING, working=True, plan=plan, by_hand=by_hand, inferred=inferred, is_off=True)
        for plan, by_hand, inferred in (
            (None, [], []),
            (Plan(PlanKind.LEAVE, approved=False), [span(0, 59)], []),
            (LEAVE, [], []),
            (HOME, [], []),
            (None, HERE, []),
            (None, [], HERE),
        )
    ]
    assert [(one.day_class, one.reason) for one in found] == [
        (DayClass.CLOSED, "never_works"),
        (DayClass.CLOSED, "never_works"),
        (DayClass.LEAVE, "approved_leave"),
        (DayClass.TELEWORK, "home_unreported"),
        (DayClass.OFFICE, "check_in_by_hand"),
        (DayClass.OFFICE_PRESUMED, "check_in_inferred"),
    ]


def test_rule_17_home_and_a_seat_that_a_sensor_saw_in_use_are_no_conflict() -> None:
    """Sensors see seats, not persons: somebody else may have sat there."""
    assert half_day(plan=HOME, inferred=HERE) == Classified(DayClass.TELEWORK, "home_unreported")


def spans(first: int, last: int) -> st.SearchStrategy[TimeSpan]:
    return st.lists(st.integers(first, last), min_size=2, max_size=2, unique=True).map(
        lambda ends: span(min(ends), max(ends))
    )


plans = st.none() | st.builds(
    Plan,
    st.sampled_from(PlanKind),
    approved=st.booleans(),
    reported=st.booleans(),
    span=st.none() | spans(0, 210),
)
presence = st.lists(spans(-120, 400), max_size=5)


@given(st.booleans(), plans, presence, presence)
def test_every_half_day_has_a_class_with_a_reason(
    working: bool, plan: Plan | None, by_hand: list[TimeSpan], inferred: list[TimeSpan]
) -> None:
    found = half_day(working=working, plan=plan, by_hand=by_hand, inferred=inferred)
    assert found.day_class in DayClass
    assert found.reason
    assert not found.conflict or found.day_class is DayClass.TELEWORK


@given(spans(0, 210), presence, presence)
def test_what_lies_outside_a_plans_hours_never_contradicts_it(
    hours: TimeSpan, by_hand: list[TimeSpan], inferred: list[TimeSpan]
) -> None:
    plan = Plan(PlanKind.HOME, approved=True, span=hours)
    outside = [left for one in by_hand for left in without(one, [hours])]
    found = half_day(plan=plan, by_hand=outside, inferred=inferred)
    assert found == Classified(DayClass.TELEWORK, "home_unreported")


@given(plans, presence, presence, st.randoms())
def test_the_order_of_the_evidence_does_not_matter(
    plan: Plan | None, by_hand: list[TimeSpan], inferred: list[TimeSpan], random: Random
) -> None:
    found = half_day(plan=plan, by_hand=by_hand, inferred=inferred)
    random.shuffle(by_hand)
    random.shuffle(inferred)
    assert half_day(plan=plan, by_hand=by_hand, inferred=inferred) == found


@given(plans, presence, presence)
def test_a_closed_day_wins(plan: Plan | None, by_hand: list[TimeSpan], inferred: list[TimeSpan]) -> None:
    found = half_day(working=False, plan=plan, by_hand=by_hand, inferred=inferred)
    assert found == Classified(DayClass.CLOSED, "closed_day")


@given(plans, presence, presence, presence)
def test_more_evidence_never_makes_the_half_day_less_certain(
    plan: Plan | None, by_hand: list[TimeSpan], inferred: list[TimeSpan], more: list[TimeSpan]
) -> None:
    certain = [DayClass.UNKNOWN, DayClass.OFFICE_PRESUMED, DayClass.OFFICE]
    steps = [
        half_day(plan=plan, by_hand=by_hand, inferred=inferred).day_class,
        half_day(plan=plan, by_hand=by_hand, inferred=inferred + more).day_class,
        half_day(plan=plan, by_hand=by_hand + more, inferred=inferred + more).day_class,
    ]
    assert all(
        after is before or certain.index(after) > certain.index(before) for before, after in pairwise(steps)
    )
