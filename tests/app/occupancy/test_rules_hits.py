"""What is a second hit, where a sensor says again what it has said (RULES 2 and 3)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from app.occupancy.rules import Fold, Occupancy, Signal, Transition, observe, settle, watch

MINUTE = timedelta(minutes=1)
PIR = watch(vacant_hold=10 * MINUTE, own_hold=MINUTE * 0, holds_itself=False, heartbeat=10 * MINUTE)
TELLS_LATE = watch(vacant_hold=10 * MINUTE, own_hold=2 * MINUTE, holds_itself=False, heartbeat=10 * MINUTE)
OCCUPIED = Occupancy.OCCUPIED


def at(minutes: float) -> datetime:
    return datetime(2026, 11, 24, 0, tzinfo=UTC) + minutes * MINUTE


def hit(minutes: float, *, numbered: bool = False) -> Signal:
    return Signal(at(minutes), occupied=True, boot="b", seq=int(minutes * 60) if numbered else None)


def empty(minutes: float) -> Signal:
    return Signal(at(minutes), occupied=False)


def turned(signals: Sequence[Signal], until: float) -> list[Transition]:
    fold, found = Fold(), list[Transition]()
    for signal in signals:
        fold, more = observe(fold, signal, PIR)
        found += more
    return found + settle(fold, at(until), PIR)[1]


def states(signals: Sequence[Signal], until: float) -> list[Occupancy]:
    return [one.state for one in turned(signals, until)]


@pytest.mark.parametrize("numbered", [False, True])
def test_a_heartbeat_that_repeats_the_first_hit_is_a_second_one_only_where_it_can_be_no_copy(
    *, numbered: bool
) -> None:
    """RULES 2 counts hits, RULES 3 has what is repeated without a number be harmless by the fold itself."""
    repeated = [hit(0, numbered=numbered), hit(0.5, numbered=numbered)]
    assert states(repeated, 1.99) == ([OCCUPIED] if numbered else [])
    assert states(repeated, 2) == [OCCUPIED]  # since it has lasted by then
    assert states([*repeated, empty(1)], 9) == ([OCCUPIED] if numbered else [])


@pytest.mark.parametrize(("again", "confirmed"), [(1, False), (1.99, False), (2, True), (3, True)])
def test_what_a_model_holds_after_one_movement_is_no_second_one(again: float, confirmed: bool) -> None:
    fold, first = observe(Fold(), hit(0, numbered=True), TELLS_LATE)
    _, second = observe(fold, hit(again, numbered=True), TELLS_LATE)
    assert [one.state for one in first + second] == ([OCCUPIED] if confirmed else [])


def test_repeating_a_hit_makes_it_no_younger() -> None:
    found = turned([hit(0), hit(1), hit(1.5)], 2)
    assert found == [Transition(OCCUPIED, since_at=at(0), at=at(2), last_hit_at=at(1.5))]


# In the same second


def said(occupied: bool | None, seq: int | None = None, boot: str = "b") -> Signal:
    return Signal(at(0), occupied, boot=None if seq is None else boot, seq=seq)


@pytest.mark.parametrize(
    ("words", "level"),
    [
        ([said(None), said(True)], True),
        ([said(None, 1), said(False, 2)], False),
        ([said(None, 2), said(True, 1)], True),  # the older one is all that is known
        ([said(False, 1), said(True, 2)], True),
        ([said(True, 2), said(False, 1)], True),
        ([said(True, 1), said(True, 3), said(False, 2)], True),
        ([said(False, 1), said(True, 2, "another")], False),
        ([said(True), said(False)], True),  # a copy, for all that is known
        ([said(True), said(None), said(False)], True),
        ([said(True, 1), said(None, 2), said(False, 3)], False),
    ],
)
def test_what_tells_more_of_the_same_instant_counts(words: list[Signal], level: bool) -> None:
    fold = Fold()
    for _ in range(2):  # the same again changes nothing
        for word in words:
            fold, _ = observe(fold, word, PIR)
        assert fold.level is level


def test_two_words_of_one_instant_are_no_second_hit() -> None:
    assert states([said(True, 1), said(True, 2)], 1.99) == []


def test_after_a_last_will_nothing_of_its_instant_counts() -> None:
    assert states([Signal(at(0), online=False), said(True, 1)], 5) == [Occupancy.OFFLINE]
