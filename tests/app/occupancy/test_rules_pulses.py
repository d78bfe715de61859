"""A sensor that says occupied only, at each movement: its quiet stands for the vacant that it never says."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.rules import Fold, Occupancy, SensorLog, Signal, Transition, Watch, observe, settle, watch

MINUTE = timedelta(minutes=1)
OCCUPIED, VACANT, OFFLINE = Occupancy.OCCUPIED, Occupancy.VACANT, Occupancy.OFFLINE


def read_as(clears: float, *, holds: bool = False) -> Watch:
    return watch(
        vacant_hold=10 * MINUTE,
        own_hold=0 * MINUTE,
        holds_itself=holds,
        heartbeat=60 * MINUTE,
        clears_after=clears * MINUTE,
    )


PIR = read_as(0.5)


def at(minutes: float) -> datetime:
    return datetime(2026, 11, 24, 0, tzinfo=UTC) + minutes * MINUTE


def hit(minutes: float) -> Signal:
    return Signal(at(minutes), occupied=True)


def turned(signals: Iterable[Signal], until: float, watching: Watch = PIR) -> list[Transition]:
    fold, found = Fold(), list[Transition]()
    for signal in signals:
        fold, more = observe(fold, signal, watching)
        found += more
    return found + settle(fold, at(until), watching)[1]


def states(signals: Iterable[Signal], until: float, watching: Watch = PIR) -> list[Occupancy]:
    return [one.state for one in turned(signals, until, watching)]


@pytest.mark.parametrize("clears", [0.1, 0.5, 3, 30])
def test_one_movement_and_silence_is_nobody_then_vacant_then_offline(clears: float) -> None:
    assert states([hit(0)], 151, read_as(clears)) == [VACANT, OFFLINE]


@pytest.mark.parametrize(("again", "confirmed"), [(0.49, False), (0.5, True), (5, True), (5.01, False)])
def test_a_movement_after_the_first_cleared_is_a_second_hit(again: float, *, confirmed: bool) -> None:
    assert (OCCUPIED in states([hit(0), hit(again)], again)) is confirmed


@pytest.mark.parametrize(("last", "confirmed"), [(1.75, False), (2, True)])
def test_what_goes_on_for_two_minutes_lasts(last: float, *, confirmed: bool) -> None:
    told = [hit(n / 4) for n in range(int(last * 4) + 1)]
    found = turned(told, last)
    assert found == ([Transition(OCCUPIED, at(0), at(2), at(2))] if confirmed else [])


@pytest.mark.parametrize(("until", "vacant"), [(11.49, False), (11.5, True)])
def test_vacant_since_the_last_movement_known_after_it_cleared_and_the_hold(
    until: float, *, vacant: bool
) -> None:
    found = turned([hit(0), hit(1)], until)[1:]
    assert found == ([Transition(VACANT, at(1), at(11.5), at(1))] if vacant else [])


def test_a_model_that_holds_by_itself_is_vacant_when_it_clears() -> None:
    watching = read_as(3, holds=True)
    found = turned([hit(0), hit(2.5)], 5.5, watching)
    assert found[1:] == [Transition(VACANT, at(2.5), at(5.5), at(2.5))]
    assert states([hit(0), hit(4)], 5, watching) == [
        VACANT
    ]  # it was vacant between: the second is a first again


def test_a_heartbeat_that_says_nothing_of_the_space_puts_nothing_off() -> None:
    alive = [Signal(at(5)), Signal(at(10))]
    assert turned([hit(0), hit(1), *alive], 30) == turned([hit(0), hit(1)], 30)


def test_a_vacant_that_is_said_all_the_same_counts_as_ever() -> None:
    found = turned([hit(0), hit(1), Signal(at(1.1), occupied=False)], 30)
    assert [(one.state, one.since_at) for one in found] == [(OCCUPIED, at(0)), (VACANT, at(1))]


streams = st.lists(
    st.builds(
        Signal,
        at=st.integers(0, 3600).map(lambda s: at(s / 60)),
        occupied=st.sampled_from([True, True, None]),
        online=st.none(),
        boot=st.just("b"),
        seq=st.none() | st.integers(0, 5),
    ),
    unique_by=lambda one: one.at,
    max_size=30,
)


@given(streams, st.sampled_from([read_as(0.5), read_as(5), read_as(2, holds=True)]))
def test_a_sensor_that_lives_and_sees_nobody_ends_vacant(signals: list[Signal], watching: Watch) -> None:
    """And nobody is there between two movements that are further apart than both what clears and the hold."""
    alive = [Signal(at(n)) for n in range(61, 200, 10)]
    found = turned([*sorted(signals, key=lambda one: one.at), *alive], 200, watching)
    if any(one.occupied for one in signals):
        assert found[-1].state is VACANT
    hits = {one.at for one in signals if one.occupied}
    assert all(one.since_at in hits for one in found if one.state in {OCCUPIED, VACANT})


@pytest.mark.parametrize(
    ("occupied", "told"),
    [([], [2, 6, 12]), ([5], [2, 12]), ([2], [6, 12]), ([12], [2, 6]), ([1, 6], [2, 12])],
)
def test_a_sign_of_life_says_vacant_where_what_clears_has_passed(
    occupied: list[int], told: list[int]
) -> None:
    log = SensorLog(
        60 * MINUTE,
        signs=[at(0), at(2), at(6), at(12), *(at(one) for one in occupied)],
        occupied=[at(one) for one in occupied],
    )
    quiet = log.with_quiet(MINUTE if 1 in occupied else 2 * MINUTE, since=at(-1))
    expected = [at(one) for one in told]
    assert [one for one in quiet.vacant if one > at(1)] == expected
