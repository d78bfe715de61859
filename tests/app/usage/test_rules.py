"""Sessions of real use; the numbers are those of RULES."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.rules import Occupancy
from app.timespan import TimeSpan
from app.usage.rules import SESSION_GAP, Edge, session_end, sessions

NINE = datetime(2026, 11, 24, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
UNTIL = NINE + 600 * MINUTE


def at(minutes: float) -> datetime:
    return NINE + minutes * MINUTE


def occupied(since: float) -> Edge:
    return Edge(Occupancy.OCCUPIED, at(since))


def vacant(since: float, last: float | None = None) -> Edge:
    return Edge(Occupancy.VACANT, at(since), at(since if last is None else last))


def offline(since: float, last: float) -> Edge:
    return Edge(Occupancy.OFFLINE, at(since), at(last))


def spans(*edges: Edge, gap: float = 10, until: float = 600) -> list[tuple[float, float]]:
    found = sessions(edges, gap=gap * MINUTE, until=at(until))
    return [((one.start - NINE) / MINUTE, (one.end - NINE) / MINUTE) for one in found]


def test_rule_15_a_session_ends_at_its_last_signal_and_not_when_the_hold_expired() -> None:
    """The vacancy was known ten minutes later; it is true since 60."""
    assert spans(occupied(0), vacant(60)) == [(0, 60)]


def test_rule_15_offline_closes_a_session_at_its_last_signal() -> None:
    assert spans(occupied(0), offline(75, last=50)) == [(0, 50)]


def test_rule_15_an_end_never_lies_before_the_start() -> None:
    assert session_end(offline(10, last=-30), at(0)) == at(0)
    assert spans(occupied(0), offline(10, last=-30)) == []


@pytest.mark.parametrize(
    ("again", "found"), [(69, [(0, 90)]), (70, [(0, 90)]), (70.01, [(0, 60), (70.01, 90)])]
)
def test_somebody_back_within_ten_minutes_is_still_the_same_session(
    again: float, found: list[tuple[float, float]]
) -> None:
    assert SESSION_GAP == 10 * MINUTE
    assert spans(occupied(0), vacant(60), occupied(again), vacant(90)) == found


def test_a_session_that_is_still_open_ends_where_one_asks() -> None:
    assert spans(occupied(0), until=30) == [(0, 30)]
    assert spans(occupied(0), until=0) == []


def test_a_space_that_was_never_occupied_has_no_session() -> None:
    assert spans(vacant(0), offline(30, last=-60), vacant(60)) == []


@st.composite
def days(draw: st.DrawFn) -> list[Edge]:
    """Changes of a space in the order of time, as the fold of occupancy tells them."""
    instants = draw(st.lists(st.integers(0, 590), min_size=1, max_size=20, unique=True).map(sorted))
    edges = []
    hit = 0.0
    for instant in instants:
        state = draw(st.sampled_from(Occupancy))
        if state is Occupancy.OCCUPIED:
            hit = instant
        edges.append(Edge(state, at(instant), at(draw(st.floats(hit, instant)))))
    return edges


gaps = st.integers(0, 120).map(lambda minutes: minutes * MINUTE)


@given(days(), gaps)
def test_sessions_are_in_order_and_apart_by_more_than_the_gap(edges: list[Edge], gap: timedelta) -> None:
    found = sessions(edges, gap=gap, until=UNTIL)
    assert found == sorted(found)
    assert all(later.start - earlier.end > gap for earlier, later in pairwise(found))


@given(days(), gaps, st.integers(-5_000, 5_000).map(lambda minutes: minutes * MINUTE))
def test_shifting_time_shifts_the_sessions(edges: list[Edge], gap: timedelta, by: timedelta) -> None:
    moved = [
        Edge(one.state, one.since_at + by, one.last_hit_at + by if one.last_hit_at else None) for one in edges
    ]
    assert sessions(moved, gap=gap, until=UNTIL + by) == [
        TimeSpan(one.start + by, one.end + by) for one in sessions(edges, gap=gap, until=UNTIL)
    ]


@given(days(), gaps, gaps)
def test_a_larger_gap_never_gives_more_sessions(edges: list[Edge], one: timedelta, other: timedelta) -> None:
    small, large = sorted([one, other])
    assert len(sessions(edges, gap=large, until=UNTIL)) <= len(sessions(edges, gap=small, until=UNTIL))


@given(days(), gaps)
def test_every_session_begins_where_the_space_became_occupied(edges: list[Edge], gap: timedelta) -> None:
    begun = {one.since_at for one in edges if one.state is Occupancy.OCCUPIED}
    assert {one.start for one in sessions(edges, gap=gap, until=UNTIL)} <= begun


@given(days(), gaps, st.integers(0, 600))
def test_asking_earlier_tells_no_session_that_asking_later_takes_back(
    edges: list[Edge], gap: timedelta, until: int
) -> None:
    known = [one for one in edges if one.since_at <= at(until)]
    later = sessions(edges, gap=gap, until=UNTIL)
    early = sessions(known, gap=gap, until=at(until))
    assert {one.start for one in early[:-1]} <= {one.start for one in later}
