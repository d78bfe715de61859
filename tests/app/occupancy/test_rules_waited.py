"""What waited for the gateway and nothing dates: all of it is of one instant, and the last word alone counts."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.occupancy.rules import Fold, Occupancy, Signal, Transition, observe, settle, watch

MINUTE = timedelta(minutes=1)
CAME = datetime(2026, 11, 24, 3, 50, tzinfo=UTC)
PIR = watch(vacant_hold=10 * MINUTE, own_hold=MINUTE * 0, holds_itself=False, heartbeat=30 * MINUTE)
OCCUPIED, VACANT, OFFLINE, UNKNOWN = (
    Occupancy.OCCUPIED,
    Occupancy.VACANT,
    Occupancy.OFFLINE,
    Occupancy.UNKNOWN,
)


def waited(occupied: bool | None, seq: int | None = None) -> Signal:
    return Signal(CAME, occupied, boot=None if seq is None else "b", seq=seq, waited=True)


def gone() -> Signal:
    return Signal(CAME, online=False, waited=True)


def live(minutes: float, occupied: bool) -> Signal:
    return Signal(CAME + minutes * MINUTE, occupied)


def turned(signals: Sequence[Signal], until: float) -> list[Transition]:
    fold, found = Fold(), list[Transition]()
    for signal in signals:
        fold, more = observe(fold, signal, PIR)
        found += more
    return found + settle(fold, CAME + until * MINUTE, PIR)[1]


def states(signals: Sequence[Signal], until: float) -> list[Occupancy]:
    return [one.state for one in turned(signals, until)]


@pytest.mark.parametrize("numbered", [False, True])
def test_hits_that_waited_together_are_no_second_hit(*, numbered: bool) -> None:
    words = [waited(one, seq if numbered else None) for seq, one in enumerate((True, False, True, False))]
    assert states(words, 9) == []
    assert states(words, 10) == [VACANT]


def test_a_hit_that_waited_and_was_taken_back_is_no_first_hit_of_a_live_one() -> None:
    words = [waited(True), waited(False), live(1, occupied=True), live(1.5, occupied=False)]
    assert states(words, 9) == []


def test_the_last_word_that_waited_holds_until_something_else_is_said() -> None:
    words = [waited(False), waited(True)]
    assert states(words, 1.99) == []
    assert turned(words, 2) == [Transition(OCCUPIED, CAME, CAME + 2 * MINUTE, CAME)]
    assert states([*words, live(1, occupied=False)], 9) == []


def test_who_really_sits_is_confirmed_by_the_next_live_words() -> None:
    words = [
        waited(True),
        waited(False),
        live(1, occupied=True),
        live(2, occupied=False),
        live(3, occupied=True),
    ]
    assert turned(words, 3) == [Transition(OCCUPIED, CAME + MINUTE, CAME + 3 * MINUTE, CAME + 3 * MINUTE)]


def test_a_will_that_waited_holds_only_where_nothing_follows_it() -> None:
    assert states([waited(True), gone()], 1) == [OFFLINE]
    assert states([gone(), waited(None)], 1) == [OFFLINE, UNKNOWN]
    assert states([gone(), waited(True)], 2) == [OFFLINE, UNKNOWN, OCCUPIED]
