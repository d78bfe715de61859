"""Counting calls: each key for itself, until its window ends, within a bound."""

from datetime import UTC, datetime, timedelta

import pytest
from freezegun import freeze_time

from app import call_counts
from app.call_counts import CallCounts

BEGAN = datetime(2026, 11, 24, 9, tzinfo=UTC)


def test_each_key_counts_for_itself_until_its_window_ends() -> None:
    counts = CallCounts()
    with freeze_time(BEGAN) as clock:
        assert [counts.incr("a", 60), counts.incr("a", 60), counts.incr("b", 60)] == [1, 2, 1]
        assert counts.get("a") == 2
        assert counts.get_expiry("a") == (BEGAN + timedelta(seconds=60)).timestamp()
        clock.tick(60)
        assert counts.get("a") == 0
        assert counts.incr("a", 60) == 1


def test_a_window_that_a_clock_opened_that_was_ahead_has_ended() -> None:
    counts = CallCounts()
    with freeze_time(BEGAN + timedelta(hours=1)):
        counts.incr("a", 60)
    with freeze_time(BEGAN):
        assert (counts.get("a"), counts.get_expiry("a")) == (0, BEGAN.timestamp())
        assert counts.incr("a", 60) == 1
        assert counts.get_expiry("a") == (BEGAN + timedelta(seconds=60)).timestamp()


def test_what_is_cleared_counts_anew() -> None:
    counts = CallCounts()
    counts.incr("a", 60)
    counts.incr("b", 60)
    counts.clear("a")
    assert (counts.get("a"), counts.get("b")) == (0, 1)
    assert counts.reset() == 1
    assert counts.get("b") == 0


def test_callers_without_number_do_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_counts, "KEPT_AT_MOST", 3)
    counts = CallCounts()
    with freeze_time(BEGAN) as clock:
        counts.incr("ends early", 1)
        clock.tick(2)
        for key in ("a", "b", "c", "d"):
            counts.incr(key, 60)
        assert [counts.get(key) for key in ("a", "b", "c", "d")] == [0, 1, 1, 1]


def test_a_crowd_that_is_made_up_does_not_wipe_out_who_is_near_the_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_counts, "KEPT_AT_MOST", 20)
    counts = CallCounts()
    with freeze_time(BEGAN):
        for _ in range(5):
            counts.incr("the door", 60)
        for number in range(100):
            counts.incr(f"made up {number}", 60)
        assert counts.get("the door") == 5
        assert counts.reset() <= 20


def test_a_tenth_is_forgotten_at_once_so_that_few_calls_pay_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_counts, "KEPT_AT_MOST", 20)
    counts = CallCounts()
    with freeze_time(BEGAN):
        for number in range(21):
            counts.incr(str(number), 60)
        assert counts.reset() == 19
