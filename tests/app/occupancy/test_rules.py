from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.rules import (
    Fold,
    Occupancy,
    SensorLog,
    Signal,
    Transition,
    Watch,
    due_at,
    observe,
    settle,
    watch,
)

T0 = datetime(2026, 11, 24, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SECOND = timedelta(seconds=1)
PIR = watch(vacant_hold=10 * MINUTE, own_hold=MINUTE * 0, holds_itself=False, heartbeat=10 * MINUTE)
HOLDING = watch(vacant_hold=10 * MINUTE, own_hold=5 * MINUTE, holds_itself=True, heartbeat=10 * MINUTE)
QUICK = watch(vacant_hold=10 * MINUTE, own_hold=MINUTE * 0, holds_itself=False, heartbeat=MINUTE)
TELLS_LATE = watch(vacant_hold=10 * MINUTE, own_hold=2 * MINUTE, holds_itself=False, heartbeat=10 * MINUTE)
PULSES = watch(
    vacant_hold=10 * MINUTE,
    own_hold=MINUTE * 0,
    holds_itself=False,
    heartbeat=60 * MINUTE,
    clears_after=MINUTE,
)
BARE_PULSES = watch(
    vacant_hold=MINUTE, own_hold=MINUTE * 0, holds_itself=True, heartbeat=MINUTE, clears_after=4 * MINUTE
)
WATCHES = st.sampled_from([PIR, HOLDING, QUICK, TELLS_LATE, PULSES, BARE_PULSES])
OCCUPIED, VACANT, OFFLINE, UNKNOWN = (
    Occupancy.OCCUPIED,
    Occupancy.VACANT,
    Occupancy.OFFLINE,
    Occupancy.UNKNOWN,
)


def at(minutes: float) -> datetime:
    return T0 + minutes * MINUTE


def hit(minutes: float) -> Signal:
    return Signal(at(minutes), occupied=True)


def empty(minutes: float) -> Signal:
    return Signal(at(minutes), occupied=False)


def alive(minutes: float) -> Signal:
    return Signal(at(minutes))


def will(minutes: float) -> Signal:
    return Signal(at(minutes), online=False)


def run(
    signals: Iterable[Signal], watching: Watch, until: datetime, fold: Fold | None = None
) -> tuple[Fold, list[Transition]]:
    fold = fold or Fold()
    found: list[Transition] = []
    for signal in signals:
        fold, more = observe(fold, signal, watching)
        found += more
    fold, more = settle(fold, until, watching)
    return fold, found + more


def states(signals: Iterable[Signal], *, until: float, watching: Watch = PIR) -> list[Occupancy]:
    return [one.state for one in run(signals, watching, at(until))[1]]


# How a model is read


@pytest.mark.parametrize(("own_hold", "hold"), [(0, 10), (7, 10), (8, 10), (9, 11), (30, 32)])
def test_the_hold_is_the_policys_or_the_models_own_with_two_minutes_more(own_hold: int, hold: int) -> None:
    watching = watch(
        vacant_hold=10 * MINUTE, own_hold=own_hold * MINUTE, holds_itself=False, heartbeat=MINUTE
    )
    assert watching.hold == hold * MINUTE


def test_a_model_that_holds_by_itself_gets_no_second_hold() -> None:
    assert HOLDING.hold == timedelta(0)


def test_a_sensor_is_offline_after_two_and_a_half_heartbeats() -> None:
    assert PIR.offline_after == 25 * MINUTE


# Turning occupied


@pytest.mark.parametrize(("apart", "confirmed"), [(4.99, True), (5, True), (5.01, False)])
def test_two_hits_within_five_minutes_turn_a_space_occupied(apart: float, confirmed: bool) -> None:
    signals = [hit(0), empty(0.5), hit(apart), empty(apart + 0.5)]
    assert (OCCUPIED in states(signals, until=apart + 1)) is confirmed


@pytest.mark.parametrize(("lasts", "confirmed"), [(1.99, False), (2, True), (2.01, True)])
def test_one_hit_that_lasts_two_minutes_turns_a_space_occupied(lasts: float, confirmed: bool) -> None:
    assert (OCCUPIED in states([hit(0), empty(lasts)], until=lasts + 1)) is confirmed


def test_a_hit_that_lasts_needs_no_second_message() -> None:
    assert states([hit(0)], until=1.99) == []
    assert states([hit(0)], until=2) == [OCCUPIED]


def test_a_space_is_occupied_since_the_first_of_two_hits_and_known_at_the_second() -> None:
    _, found = run([hit(0), empty(1), hit(4)], PIR, at(4))
    assert found == [Transition(OCCUPIED, since_at=at(0), at=at(4), last_hit_at=at(4))]


def test_a_message_that_says_nothing_does_not_break_a_hit() -> None:
    assert states([hit(0), alive(1)], until=2) == [OCCUPIED]


def test_cleaners_who_pass_by_every_six_minutes_occupy_nothing() -> None:
    signals = [signal for n in range(0, 60, 6) for signal in (hit(n), empty(n + 0.2))]
    assert OCCUPIED not in states(signals, until=60)


# Turning vacant


@pytest.mark.parametrize(("until", "vacant"), [(19.99, False), (20, True), (20.01, True)])
def test_a_space_is_vacant_after_the_hold(until: float, vacant: bool) -> None:
    assert (VACANT in states([hit(0), hit(2), empty(10)], until=until)) is vacant


def test_a_vacancy_is_true_since_the_first_vacant_message_and_not_since_a_later_one() -> None:
    _, found = run([hit(0), hit(2), empty(10), empty(15)], PIR, at(20))
    assert found[-1] == Transition(VACANT, since_at=at(10), at=at(20), last_hit_at=at(2))


def test_a_hit_within_the_hold_starts_it_anew() -> None:
    signals = [hit(0), hit(2), empty(10), hit(19.9), empty(20)]
    assert states(signals, until=29.9) == [OCCUPIED]
    assert states(signals, until=30) == [OCCUPIED, VACANT]


def test_a_model_that_holds_by_itself_is_vacant_at_once_and_since_its_own_hold_began() -> None:
    _, found = run([hit(0), hit(2), empty(20)], HOLDING, at(20))
    assert found[-1] == Transition(VACANT, since_at=at(15), at=at(20), last_hit_at=at(2))


def test_a_model_that_tells_late_is_vacant_after_the_hold_and_since_its_last_movement() -> None:
    _, found = run([hit(0), hit(4), empty(20), empty(25)], TELLS_LATE, at(40))
    assert found[-1] == Transition(VACANT, since_at=at(18), at=at(30), last_hit_at=at(4))


def test_a_vacancy_never_begins_before_the_last_hit() -> None:
    _, found = run([hit(0), hit(17), empty(20)], HOLDING, at(20))
    assert found[-1].since_at == at(17)


# Going offline


@pytest.mark.parametrize(("until", "offline"), [(24.99, False), (25, True), (25.01, True)])
def test_silence_of_two_and_a_half_heartbeats_is_offline_since_the_last_sign_of_life(
    until: float, offline: bool
) -> None:
    _, found = run([alive(0)], PIR, at(until))
    assert found == ([Transition(OFFLINE, at(0), at(25), None)] if offline else [])


@pytest.mark.parametrize("level", [hit(0), empty(0)])
def test_a_sensor_that_comes_back_is_unknown_until_it_says_something_clear(level: Signal) -> None:
    fold, found = run([level, alive(40)], PIR, at(60))
    assert found[-1].state is UNKNOWN
    assert fold.level is None


def test_silence_is_never_vacant() -> None:
    assert states([hit(0), hit(1)], until=10_000) == [OCCUPIED, OFFLINE]


def test_a_vacancy_that_was_not_held_out_before_the_silence_is_not_confirmed() -> None:
    assert states([hit(0), hit(2), empty(2.5)], until=100, watching=QUICK) == [OCCUPIED, OFFLINE]


def test_a_last_will_is_offline_at_once() -> None:
    assert states([hit(0), hit(2), will(3)], until=3) == [OCCUPIED, OFFLINE]


def test_a_hit_from_before_the_silence_confirms_nothing_after_it() -> None:
    assert states([hit(0), will(1), hit(3)], until=3) == [OFFLINE, UNKNOWN]


# What always holds


moments = st.one_of(st.integers(0, 7200), st.integers(0, 120).map(lambda n: n * 60)).map(
    lambda s: T0 + s * SECOND
)
signals_at = st.builds(
    Signal,
    at=moments,
    occupied=st.sampled_from([True, True, False, False, None]),
    online=st.sampled_from([None, None, None, None, True, False]),
    boot=st.just("b"),
    seq=st.none() | st.integers(0, 5),
)
streams = st.lists(signals_at, max_size=40)
END = T0 + timedelta(hours=4)
ordered = streams.map(lambda signals: sorted(signals, key=lambda one: (one.at, one.seq or 0)))


@given(streams, WATCHES)
def test_no_two_equal_states_follow_each_other(signals: list[Signal], watching: Watch) -> None:
    _, found = run(signals, watching, END)
    before = [UNKNOWN, *(one.state for one in found)]
    assert all(one is not other for one, other in pairwise(before))


@given(streams, WATCHES)
def test_states_become_true_in_order_and_are_known_no_earlier(signals: list[Signal], watching: Watch) -> None:
    _, found = run(signals, watching, END)
    assert all(one.since_at <= one.at for one in found)
    assert [one.at for one in found] == sorted(one.at for one in found)
    assert [one.since_at for one in found if one.state is not OFFLINE] == sorted(
        one.since_at for one in found if one.state is not OFFLINE
    )


@given(ordered, WATCHES, st.data())
def test_copies_and_late_signals_change_nothing(
    signals: list[Signal], watching: Watch, data: st.DataObject
) -> None:
    with_late: list[Signal] = []
    for n, signal in enumerate(signals):
        with_late.append(signal)
        with_late += data.draw(st.lists(st.sampled_from(signals[: n + 1]), max_size=2))
    assert run(with_late, watching, END) == run(signals, watching, END)


@given(ordered, WATCHES, st.integers(0, 40))
def test_resuming_from_what_was_stored_equals_running_through(
    signals: list[Signal], watching: Watch, cut: int
) -> None:
    first, second = signals[:cut], signals[cut:]
    fold, before = run(first, watching, first[-1].at if first else T0)
    fold, after = run(second, watching, END, fold)
    assert (fold, before + after) == run(signals, watching, END)


@given(ordered, WATCHES, st.lists(moments))
def test_any_number_of_ticks_changes_nothing(
    signals: list[Signal], watching: Watch, ticks: list[datetime]
) -> None:
    fold, found = Fold(), list[Transition]()
    timeline: Sequence[tuple[datetime, Signal | None]] = sorted(
        [(one.at, one) for one in signals] + [(one, None) for one in ticks], key=lambda pair: pair[0]
    )
    for when, signal in timeline:
        fold, more = observe(fold, signal, watching) if signal else settle(fold, when, watching)
        found += more
    fold, more = settle(fold, END, watching)
    assert (fold, found + more) == run(signals, watching, END)


@given(ordered, WATCHES)
def test_nothing_is_due_once_it_is_settled(signals: list[Signal], watching: Watch) -> None:
    fold, _ = run(signals, watching, END)
    due = due_at(fold, watching)
    assert due is None or due > END
    assert settle(fold, END, watching) == (fold, [])


@given(st.lists(st.integers(2, 599), min_size=1, max_size=30))
def test_flicker_below_the_hold_leaves_an_occupied_space_occupied(pauses: list[int]) -> None:
    now, signals = at(3), [hit(0), hit(3)]
    for pause in pauses:
        signals += [Signal(now + SECOND, occupied=False), Signal(now + pause * SECOND, occupied=True)]
        now += pause * SECOND
    fold, found = run(signals, PIR, now)
    assert [one.state for one in found] == [OCCUPIED]
    assert fold.state is OCCUPIED


@given(st.lists(st.integers(1, 119), min_size=1, max_size=30), st.integers(301, 900))
def test_short_hits_more_than_five_minutes_apart_leave_a_vacant_space_vacant(
    lengths: list[int], apart: int
) -> None:
    signals, now = [empty(0)], at(10)
    for length in lengths:
        signals += [Signal(now, occupied=True), Signal(now + length * SECOND, occupied=False)]
        now += apart * SECOND
    assert OCCUPIED not in [one.state for one in run(signals, PIR, now)[1]]


@given(ordered, WATCHES, st.integers(-10_000, 10_000))
def test_a_day_later_everything_happens_a_day_later(
    signals: list[Signal], watching: Watch, seconds: int
) -> None:
    by = seconds * SECOND
    shifted = [one._replace(at=one.at + by) for one in signals]
    moved = [
        Transition(one.state, one.since_at + by, one.at + by, one.last_hit_at and one.last_hit_at + by)
        for one in run(signals, watching, END)[1]
    ]
    assert run(shifted, watching, END + by)[1] == moved


@given(ordered, WATCHES.filter(lambda one: not one.clears_after))
def test_a_vacancy_rests_on_a_vacant_message(signals: list[Signal], watching: Watch) -> None:
    for change in run(signals, watching, END)[1]:
        if change.state is VACANT:
            assert any(one.occupied is False and one.at <= change.at for one in signals)


# Health


def log(
    signs: Sequence[float] = (), wills: Sequence[float] = (), offline_after: timedelta = 25 * MINUTE
) -> SensorLog:
    return SensorLog(
        offline_after=offline_after, signs=[at(one) for one in signs], wills=[at(one) for one in wills]
    )


@pytest.mark.parametrize(
    ("signs", "healthy"),
    [
        ([], False),
        ([-24.99, 0.01, 25, 49], True),
        ([-25, 0.01, 25, 49], False),
        ([-25, 0, 24, 48], True),
        ([-10, 10, 34.99, 59], True),
        ([-10, 10, 35, 59], True),
        ([-10, 10, 35.01, 59], False),
        ([-10, 10, 35], False),
        ([-10, 10, 35.01], False),
        ([0, 25, 35.01], True),
        ([0.01, 25, 50], False),
    ],
)
def test_a_sensor_is_healthy_when_a_sign_of_life_was_always_young(signs: list[float], healthy: bool) -> None:
    assert log(signs).is_healthy(at(0), at(60)) is healthy


@pytest.mark.parametrize(
    ("wills", "signs", "healthy"),
    [
        ([-5], [-10, 10, 30, 50], False),
        ([-5], [-10, -4, 10, 30, 50], True),
        ([-5], [-10, 0, 10, 30, 50], True),
        ([0], [-10, 0, 10, 30, 50], False),
        ([20], [-10, 10, 20.1, 30, 50], False),
        ([60], [-10, 10, 30, 50], False),
        ([60.1], [-10, 10, 30, 50], True),
    ],
)
def test_a_sensor_is_not_healthy_between_its_last_will_and_its_next_sign_of_life(
    wills: list[float], signs: list[float], healthy: bool
) -> None:
    assert log(signs, wills).is_healthy(at(0), at(60)) is healthy


@given(st.lists(st.integers(-30, 70)), st.lists(st.integers(-30, 70), max_size=3))
def test_a_sensor_is_healthy_exactly_where_its_fold_was_never_offline(
    signs: list[int], wills: list[int]
) -> None:
    wills = sorted(set(wills) - set(signs))
    signs = sorted({one for one in signs if one <= 60})
    signals = sorted([alive(one) for one in signs] + [will(one) for one in wills], key=lambda one: one.at)
    changes = [*run(signals, PIR, at(60))[1], Transition(UNKNOWN, at(61), at(61), None)]
    offline = any(
        one.state is OFFLINE and one.at < other.at and at(0) < other.at and one.at <= at(60)
        for one, other in pairwise(changes)
    )
    heard = any(one <= 0 for one in signs)
    assert log(signs, wills).is_healthy(at(0), at(60)) is (heard and not offline)
