"""The rules of a booking; the numbers are those of RULES."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bookings.rules import (
    Booked,
    Keep,
    Refusal,
    Release,
    Status,
    effective_span,
    evidence_window,
    first_evidence,
    no_show,
    refusal,
    release_deadline,
)
from app.occupancy.rules import SensorLog
from app.spaces.rules import DEFAULTS, Kind, Policy
from app.timespan import TimeSpan

NINE = datetime(2026, 11, 24, 0, tzinfo=UTC)  # in Tokyo
MINUTE = timedelta(minutes=1)
SEAT = DEFAULTS[Kind.SEAT]
BOOTH = DEFAULTS[Kind.BOOTH]
BY_HAND = replace(SEAT, check_in_by_hand=True)
HEARTBEAT = 10 * MINUTE
SILENCE = 25 * MINUTE


def at(minutes: float) -> datetime:
    return NINE + minutes * MINUTE


def span(start: float, end: float) -> TimeSpan:
    return TimeSpan(at(start), at(end))


DAY = span(0, 480)
BOOKED = Booked(status=Status.BOOKED, span=DAY, made_at=at(-600))


def log(
    *,
    vacant: list[float] | None = None,
    occupied: list[float] | None = None,
    unclear: list[float] | None = None,
    wills: list[float] | None = None,
    delay: float = 0,
) -> SensorLog:
    """What a sensor with a heartbeat of ten minutes said."""
    said = sorted([*(vacant or []), *(occupied or []), *(unclear or [])])
    return SensorLog(
        offline_after=SILENCE,
        detection_delay=delay * MINUTE,
        signs=[at(one) for one in said],
        occupied=[at(one) for one in sorted(occupied or [])],
        vacant=[at(one) for one in sorted(vacant or [])],
        wills=[at(one) for one in sorted(wills or [])],
    )


def beats(first: int, last: int, every: int = 10) -> list[float]:
    return [float(minute) for minute in range(first, last + 1, every)]


# 11: what may be booked


@pytest.mark.parametrize(
    ("start", "effective"), [(1, 1), (0, 0), (-1, 0), (-5, 0), (-5.01, -5.01), (-60, -60)]
)
def test_rule_11_a_start_up_to_five_minutes_past_means_now(start: float, effective: float) -> None:
    assert effective_span(span(start, 60), NINE) == span(effective, 60)


def test_rule_11_a_span_that_is_over_is_not_moved() -> None:
    assert effective_span(span(-4, -1), NINE) == span(-4, -1)


@pytest.mark.parametrize(
    ("wanted", "policy", "rule"),
    [
        (span(0, 60), SEAT, None),
        (span(-0.01, 60), SEAT, "start_in_past"),
        (span(14 * 1440, 14 * 1440 + 60), SEAT, None),
        (span(14 * 1440 + 0.01, 14 * 1440 + 60), SEAT, "horizon"),
        (span(0, 1440), SEAT, None),
        (span(0, 1440.01), SEAT, "max_duration"),
        (span(0, 120), BOOTH, None),
        (span(0, 120.01), BOOTH, "max_duration"),
    ],
)
def test_rule_14_and_the_policy_bound_a_booking(wanted: TimeSpan, policy: Policy, rule: str | None) -> None:
    refused = refusal(wanted, now=NINE, policy=policy, horizon=policy.horizon)
    assert (refused and refused.rule) == rule


def test_rule_14_facility_staff_book_62_days_ahead() -> None:
    wanted = span(62 * 1440, 62 * 1440 + 60)
    assert refusal(wanted, now=NINE, policy=SEAT, horizon=SEAT.horizon_facility) is None
    later = span(62 * 1440 + 1, 62 * 1440 + 60)
    assert refusal(later, now=NINE, policy=SEAT, horizon=SEAT.horizon_facility) is not None


def test_a_refusal_says_what_would_be_allowed() -> None:
    assert refusal(span(0, 150), now=NINE, policy=BOOTH, horizon=BOOTH.horizon) == Refusal(
        "max_duration", "150 min", "<= 120 min"
    )


# 5: what is evidence


@pytest.mark.parametrize(
    ("seen", "counts"), [(-15.01, False), (-15, True), (0, True), (479.9, True), (480, False)]
)
def test_rule_5_evidence_lies_between_the_opening_of_check_in_and_the_end(seen: float, counts: bool) -> None:
    assert first_evidence(BOOKED, [at(seen)], SEAT) == (at(seen) if counts else None)


@pytest.mark.parametrize(("seen", "counts"), [(-10, False), (-5.01, False), (-5, True), (1, True)])
def test_rule_5_evidence_comes_after_the_previous_bookings_end(seen: float, counts: bool) -> None:
    after = replace(BOOKED, previous_end=at(-5))
    assert first_evidence(after, [at(seen)], SEAT) == (at(seen) if counts else None)


def test_rule_5_a_previous_booking_that_outlasts_this_one_leaves_no_window() -> None:
    assert evidence_window(DAY, at(480), SEAT) is None
    assert first_evidence(replace(BOOKED, previous_end=at(480)), [at(10)], SEAT) is None


def test_rule_5_the_earliest_signal_counts_in_whatever_order_they_come() -> None:
    assert first_evidence(BOOKED, [at(30), at(5), at(-20), at(7)], SEAT) == at(5)


@pytest.mark.parametrize("status", [one for one in Status if one is not Status.BOOKED])
def test_only_a_booking_that_waits_is_checked_in_by_evidence(status: Status) -> None:
    assert first_evidence(replace(BOOKED, status=status), [at(5)], SEAT) is None


# 7: the grace


@pytest.mark.parametrize(
    ("made", "expected", "deadline"),
    [
        (-600, None, 60),  # from the start
        (30, None, 90),  # from the moment it was made
        (-600, 240, 300),  # from the planned arrival: at home in the morning
        (-600, -60, 60),  # a planned arrival before the start moves nothing
        (250, 240, 310),  # the latest of the three
    ],
)
def test_rule_7_the_grace_runs_from_the_latest_of_start_making_and_planned_arrival(
    made: float, expected: float | None, deadline: float
) -> None:
    booked = replace(BOOKED, made_at=at(made), expected_at=None if expected is None else at(expected))
    assert release_deadline(booked, SEAT) == at(deadline)


def test_rule_7_seats_wait_an_hour_and_booths_ten_minutes() -> None:
    assert release_deadline(BOOKED, SEAT) == at(60)
    assert release_deadline(BOOKED, BOOTH) == at(10)


@pytest.mark.parametrize(
    ("now", "verdict"), [(59.99, Keep("grace", check_at=at(60))), (60, Release("no_show"))]
)
def test_rule_7_nothing_is_released_before_the_grace_is_over(now: float, verdict: Keep | Release) -> None:
    assert no_show(BOOKED, [log(vacant=beats(-40, 60))], now=at(now), policy=SEAT) == verdict


def test_rule_7_a_booking_that_ends_within_its_grace_is_never_released() -> None:
    short = replace(BOOKED, span=span(0, 60))
    assert no_show(short, [log(vacant=beats(-40, 60))], now=at(59), policy=SEAT) == Keep("ends_within_grace")


# 8: what a release needs


@pytest.mark.parametrize(
    ("vacant_at", "now", "verdict"),
    [
        (59.9, 60, Keep("awaiting_sensor", check_at=at(60))),  # said before the grace was over
        (60, 60, Release("no_show")),
        (70, 69, Keep("awaiting_sensor", check_at=at(69))),  # not yet said
        (70, 70, Release("no_show")),
    ],
)
def test_rule_8_the_vacant_message_was_observed_at_or_after_the_grace(
    vacant_at: float, now: float, verdict: Keep | Release
) -> None:
    said = log(unclear=beats(-40, 55), vacant=[vacant_at])
    assert no_show(BOOKED, [said], now=at(now), policy=SEAT) == verdict


@pytest.mark.parametrize(("vacant_at", "released"), [(62.9, False), (63, True)])
def test_rule_8_the_models_detection_delay_is_waited_for(vacant_at: float, released: bool) -> None:
    said = log(unclear=beats(-40, 50), vacant=[vacant_at], delay=3)
    assert isinstance(no_show(BOOKED, [said], now=at(64), policy=SEAT), Release) == released


@pytest.mark.parametrize(("vacant_at", "verdict"), [(85, Release("no_show")), (85.1, Keep("sensor_silent"))])
def test_rule_8_a_vacant_message_later_than_two_and_a_half_heartbeats_is_not_waited_for(
    vacant_at: float, verdict: Keep | Release
) -> None:
    said = log(unclear=beats(-40, 80), vacant=[vacant_at])
    assert no_show(BOOKED, [said], now=at(90), policy=SEAT) == verdict


def test_rule_8_a_silent_sensor_keeps_the_booking() -> None:
    assert no_show(BOOKED, [log()], now=at(60), policy=SEAT) == Keep("sensor_silent")


def test_rule_8_a_sensor_that_was_silent_in_the_window_keeps_the_booking() -> None:
    """It came back and says vacant, but nobody knows of the 30 minutes in between."""
    said = log(vacant=[*beats(-40, 10), *beats(40, 60)])
    assert no_show(BOOKED, [said], now=at(60), policy=SEAT) == Keep("sensor_silent")


def test_rule_8_a_last_will_in_the_window_keeps_the_booking() -> None:
    said = log(vacant=beats(-40, 60), wills=[31])
    assert no_show(BOOKED, [said], now=at(60), policy=SEAT) == Keep("sensor_silent")


@pytest.mark.parametrize(("seen", "kept"), [(-15.1, False), (-15, True), (30, True), (60, True)])
def test_rule_8_a_signal_in_the_window_keeps_the_booking(seen: float, kept: bool) -> None:
    verdict = no_show(BOOKED, [log(vacant=beats(-40, 60), occupied=[seen])], now=at(60), policy=SEAT)
    assert verdict == (Keep("seen") if kept else Release("no_show"))


def test_rule_5_somebody_overstaying_does_not_keep_the_next_booking() -> None:
    after = replace(BOOKED, previous_end=at(0))
    said = log(occupied=beats(-40, -1), vacant=beats(5, 65))
    assert no_show(after, [said], now=at(65), policy=SEAT) == Release("no_show")


# 9: without a sensor; 10: after a reclaim


def test_rule_9_without_a_sensor_only_a_policy_of_check_in_by_hand_releases() -> None:
    assert no_show(BOOKED, (), now=at(60), policy=SEAT) == Keep("no_sensor")
    assert no_show(BOOKED, (), now=at(60), policy=BY_HAND) == Release("no_check_in")


def test_rule_10_a_reclaimed_booking_is_not_released_again() -> None:
    again = replace(BOOKED, reclaimed=True)
    assert no_show(again, [log(vacant=beats(-40, 60))], now=at(60), policy=SEAT) == Keep("reclaimed")


def test_a_booking_that_is_over_is_kept() -> None:
    assert no_show(BOOKED, [log(vacant=beats(-40, 480))], now=at(480), policy=SEAT) == Keep("over")


def each(said: SensorLog, do: Callable[[Sequence[datetime]], list[datetime]]) -> SensorLog:
    """The log with each of its lists changed."""
    return replace(
        said, signs=do(said.signs), occupied=do(said.occupied), vacant=do(said.vacant), wills=do(said.wills)
    )


# What always holds (DESIGN's table)

# Most of them a booking that waits and a sensor that says vacant at every beat, or what is near to that: else
# hardly one example in a thousand would be released.
minutes = st.integers(-60, 600).map(float)
few: st.SearchStrategy[list[float]] = st.just([]) | st.lists(minutes, max_size=3)
logs = st.builds(
    log,
    vacant=st.just(beats(-60, 600))
    | st.lists(st.sampled_from(beats(-60, 600)), min_size=20, unique=True)
    | few,
    occupied=few,
    unclear=st.just(beats(-55, 600)) | few,
    wills=st.just([]) | st.lists(minutes, max_size=1),
    delay=st.integers(0, 5),
)
bookings = st.builds(
    Booked,
    status=st.sampled_from([*[Status.BOOKED] * 20, *Status]),
    span=st.tuples(st.integers(-30, 60), st.integers(61, 500)).map(lambda ends: span(*ends)),
    made_at=st.integers(-600, 60).map(at),
    previous_end=st.none() | st.integers(-90, 60).map(at),
    expected_at=st.none() | st.integers(0, 300).map(at),
    reclaimed=st.sampled_from([*[False] * 9, True]),
)
policies = st.sampled_from([SEAT, BOOTH, BY_HAND])


@given(bookings, st.none() | logs, minutes, policies)
def test_nothing_is_released_that_was_checked_in_seen_or_not_watched(
    booked: Booked, said: SensorLog | None, now: float, policy: Policy
) -> None:
    verdict = no_show(booked, [said] if said else [], now=at(now), policy=policy)
    if isinstance(verdict, Keep):
        return
    assert booked.status is Status.BOOKED
    assert not booked.reclaimed
    assert release_deadline(booked, policy) <= at(now) < booked.span.end
    if said is None:
        assert policy.check_in_by_hand
        return
    window = evidence_window(booked.span, booked.previous_end, policy)
    assert window is not None
    assert first_evidence(booked, [one for one in said.occupied if one <= at(now)], policy) is None
    told = [one for one in said.vacant if release_deadline(booked, policy) <= one <= at(now)]
    assert said.is_healthy(window.start, told[0]) or said.is_healthy(window.start, told[-1])


@given(bookings, logs, minutes, policies, minutes)
def test_more_presence_never_turns_keep_into_release(
    booked: Booked, said: SensorLog, now: float, policy: Policy, seen: float
) -> None:
    window = evidence_window(booked.span, booked.previous_end, policy)
    if window is None or not window.start <= at(seen) <= at(now):
        return
    more = replace(said, occupied=sorted([*said.occupied, at(seen)]), signs=sorted([*said.signs, at(seen)]))
    before = no_show(booked, [said], now=at(now), policy=policy)
    after = no_show(booked, [more], now=at(now), policy=policy)
    assert not (isinstance(before, Keep) and isinstance(after, Release))


@given(bookings, st.lists(logs, max_size=3), minutes, policies)
def test_asking_twice_gives_the_same(
    booked: Booked, said: list[SensorLog], now: float, policy: Policy
) -> None:
    verdict = no_show(booked, said, now=at(now), policy=policy)
    assert no_show(booked, said, now=at(now), policy=policy) == verdict


@given(bookings, st.lists(logs, min_size=1, max_size=3), logs, minutes, policies)
def test_another_sensor_never_turns_keep_into_release(
    booked: Booked, said: list[SensorLog], more: SensorLog, now: float, policy: Policy
) -> None:
    before = no_show(booked, said, now=at(now), policy=policy)
    after = no_show(booked, [*said, more], now=at(now), policy=policy)
    assert not (isinstance(before, Keep) and isinstance(after, Release))


@given(bookings, logs, minutes, minutes, policies)
def test_what_is_kept_for_good_stays_kept_while_the_log_grows_no_further(
    booked: Booked, said: SensorLog, now: float, later: float, policy: Policy
) -> None:
    """`check_at` None is never asked again, so nothing may be missed by that."""
    first, second = sorted([now, later])
    heard = each(said, lambda all_of_it: [one for one in all_of_it if one <= at(first)])
    verdict = no_show(booked, [heard], now=at(first), policy=policy)
    if isinstance(verdict, Keep) and verdict.check_at is None:
        assert isinstance(no_show(booked, [heard], now=at(second), policy=policy), Keep)


@given(bookings, logs, minutes, policies, st.integers(-10_000, 10_000))
def test_a_day_earlier_or_later_gives_the_same(
    booked: Booked, said: SensorLog, now: float, policy: Policy, days: int
) -> None:
    by = timedelta(minutes=days)

    def shifted(one: datetime | None) -> datetime | None:
        return one + by if one else None

    moved = replace(
        booked,
        span=TimeSpan(booked.span.start + by, booked.span.end + by),
        made_at=booked.made_at + by,
        previous_end=shifted(booked.previous_end),
        expected_at=shifted(booked.expected_at),
    )
    told = each(said, lambda all_of_it: [one + by for one in all_of_it])
    verdict = no_show(booked, [said], now=at(now), policy=policy)
    again = no_show(moved, [told], now=at(now) + by, policy=policy)
    assert type(again) is type(verdict)
    assert again.reason == verdict.reason


def test_of_several_sensors_each_must_have_seen_nobody() -> None:
    empty, silent = log(vacant=beats(-40, 60)), log()
    sat = log(vacant=beats(-40, 60), occupied=[30])
    waits = log(vacant=beats(-40, 50))
    assert no_show(BOOKED, [empty, empty], now=at(60), policy=SEAT) == Release("no_show")
    assert no_show(BOOKED, [empty, sat], now=at(60), policy=SEAT) == Keep("seen")
    assert no_show(BOOKED, [empty, silent], now=at(60), policy=SEAT) == Keep("sensor_silent")
    assert no_show(BOOKED, [empty, waits], now=at(60), policy=SEAT) == Keep(
        "awaiting_sensor", check_at=at(60)
    )
    assert no_show(BOOKED, [waits, silent], now=at(60), policy=SEAT) == Keep("sensor_silent")
