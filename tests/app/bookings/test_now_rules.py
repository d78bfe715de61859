"""Which space is proposed first, and when the next is free."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from app.bookings.now.rules import Ground, Habits, NextFree, Option, next_free, ranked, span_now
from app.spaces.rules import Kind, Lane
from app.timespan import TimeSpan

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HALF = 30 * MINUTE
MIDNIGHT = NOON + timedelta(hours=12)


def option(space_id: int, **more: object) -> Option:
    given: dict[str, object] = {
        "code": f"S-{space_id:02}",
        "zone_id": 1,
        "floor_id": 1,
        "site_id": 1,
        "x": 0,
        "y": 0,
    }
    return Option(space_id=space_id, **({"kind": Kind.SEAT} | given | more))  # type: ignore[arg-type]


spans = st.builds(
    lambda start, length: TimeSpan(NOON + start * MINUTE, NOON + (start + length) * MINUTE),
    st.integers(-60, 700),
    st.integers(1, 240),
)
options = st.lists(
    st.builds(
        option,
        st.integers(1, 30),
        zone_id=st.integers(1, 3),
        floor_id=st.integers(1, 2),
        x=st.integers(0, 50),
        is_own=st.booleans(),
        is_overflow=st.booleans(),
        is_kept=st.booleans(),
        wants_change=st.booleans(),
        busy=st.lists(spans, max_size=4).map(tuple),
    ),
    max_size=8,
    unique_by=lambda one: one.space_id,
)
habits = st.builds(
    Habits,
    group=st.lists(
        st.tuples(st.integers(1, 2), st.integers(1, 3), st.integers(0, 50), st.just(0)), max_size=3
    ),
    times=st.dictionaries(st.integers(1, 30), st.integers(1, 9), max_size=5),
    lately=st.sets(st.integers(1, 30), max_size=5),
)


def order(found: list[Option], known: Habits) -> list[int]:
    return [one.option.space_id for one in ranked(found, known)]


def test_of_rooms_a_booth_comes_first_then_the_smallest_that_is_for_more() -> None:
    rooms = [
        option(1, kind=Kind.OPEN_MEETING, capacity=4, is_own=True),
        option(2, kind=Kind.MEETING_BOOTH, capacity=6),
        option(3, kind=Kind.MEETING_BOOTH, capacity=2),
        option(4, kind=Kind.BOOTH),
        option(5, kind=Kind.BOOTH, is_overflow=True),
    ]
    assert order(rooms, Habits(times={1: 9})) == [4, 3, 2, 1, 5]


def test_another_site_comes_last_but_for_ones_fixed_seat() -> None:
    seats = [
        option(1, site_id=2, is_own=True),
        option(2, is_overflow=True),
        option(3),
        option(4, site_id=2, is_kept=True),
    ]
    found = ranked(seats, Habits(site_id=1))
    assert [(one.option.space_id, one.ground) for one in found] == [
        (4, Ground.FIXED_SEAT),
        (3, Ground.FREE),
        (2, Ground.OVERFLOW),
        (1, Ground.OTHER_SITE),
    ]


def test_the_stated_order() -> None:
    found = [
        option(1, is_overflow=True, zone_id=9),
        option(2, zone_id=8),
        option(3, is_own=True),
        option(4, zone_id=7),
        option(5, zone_id=2, x=40),
        option(6, zone_id=2, x=10),
        option(7, is_kept=True, zone_id=6),
    ]
    known = Habits(group=[(1, 2, 0, 0)], times={4: 3, 1: 9})
    proposed = ranked(found, known)
    assert [one.option.space_id for one in proposed] == [7, 6, 5, 4, 3, 2, 1]
    assert [one.ground for one in proposed] == [
        Ground.FIXED_SEAT,
        Ground.NEAR_GROUP,
        Ground.NEAR_GROUP,
        Ground.USUAL,
        Ground.OWN_ZONE,
        Ground.FREE,
        Ground.OVERFLOW,
    ]
    assert Ground.NEAR_GROUP.reason == "near_group"


def test_where_the_zone_wants_change_the_seat_of_late_comes_last_of_its_own_zone() -> None:
    found = [option(n, is_own=True, wants_change=True) for n in (1, 2, 3)]
    found.append(option(4, is_overflow=True, wants_change=True))
    assert order(found, Habits(times={1: 9, 2: 4}, lately={1, 2})) == [3, 1, 2, 4]


@given(options, habits)
def test_every_option_is_proposed_once_in_an_order_that_does_not_depend_on_theirs(
    found: list[Option], known: Habits
) -> None:
    assert sorted(order(found, known)) == sorted(one.space_id for one in found)
    assert order(found, known) == order(list(reversed(found)), known)


@given(options, habits)
def test_a_fixed_seat_is_first_overflow_last_and_what_is_stale_never_before_what_is_fresh(
    found: list[Option], known: Habits
) -> None:
    proposed = ranked(found, known)
    kept = [one.option.is_kept for one in proposed]
    overflow = [one.ground is Ground.OVERFLOW for one in proposed]
    assert kept == sorted(kept, reverse=True)
    assert overflow == sorted(overflow)
    middle = [one.option for one in proposed if not one.option.is_kept and not one.option.is_overflow]
    stale = [one.wants_change and one.space_id in known.lately for one in middle]
    assert stale == sorted(stale)


@given(options, habits, st.data())
def test_taking_one_option_away_leaves_the_order_of_the_rest(
    found: list[Option], known: Habits, data: st.DataObject
) -> None:
    if found:
        gone = data.draw(st.sampled_from(found))
        rest = [one for one in found if one is not gone]
        assert order(rest, known) == [n for n in order(found, known) if n != gone.space_id]


@given(options, st.integers(1, 240).map(lambda n: n * MINUTE))
def test_what_is_free_next_is_free_and_nothing_is_before(found: list[Option], length: timedelta) -> None:
    following = next_free(found, now=NOON, length=length, until=MIDNIGHT)
    starts = [NOON, *(busy.end for one in found for busy in one.busy if busy.end > NOON)]
    possible = [
        start
        for start in starts
        for one in found
        if one.is_free(TimeSpan(start, start + length)) and start + length <= MIDNIGHT
    ]
    if following is None:
        assert possible == []
    else:
        assert following.option.is_free(following.span)
        assert following.span == TimeSpan(min(possible), min(possible) + length)


def test_now_means_a_call_in_a_room_and_until_closing_at_a_desk() -> None:
    closing = NOON + timedelta(hours=5)
    assert span_now(NOON, Lane.ROOM, length=None, closes_at=closing).length == HALF
    assert span_now(NOON, Lane.DESK, length=None, closes_at=closing).end == closing
    assert span_now(NOON, Lane.DESK, length=None, closes_at=NOON).length == timedelta(hours=1)
    assert span_now(NOON, Lane.DESK, length=HALF, closes_at=closing).length == HALF


def test_the_next_free_one_is_none_that_takes_claims_only_or_where_somebody_sits_unexplained() -> None:
    def following(*found: Option) -> NextFree | None:
        return next_free(found, now=NOON, length=HALF, until=MIDNIGHT)

    assert following(option(1, is_claimed=True), option(2, is_occupied=True)) is None
    booked = option(3, is_occupied=True, busy=(TimeSpan(NOON, NOON + HALF),))
    found = following(option(2, is_occupied=True), booked)
    assert found is not None
    assert (found.option.space_id, found.span.start) == (3, NOON + HALF)
