"""The queue's rules: what is still wanted, how long an offer holds, how long a wait may be."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spaces.rules import LANES, Kind, Lane, Target
from app.timespan import TimeSpan
from app.waitlist.rules import Wish, expected_at, hold_until

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOLD = 10 * MINUTE
minutes = st.integers(-600, 600).map(lambda n: NOON + n * MINUTE)
lengths = st.integers(1, 600).map(lambda n: n * MINUTE)
spans = st.builds(lambda start, length: TimeSpan(start, start + length), minutes, lengths)


def starting_in(wait: int, length: int = 60) -> TimeSpan:
    start = NOON + wait * MINUTE
    return TimeSpan(start, start + length * MINUTE)


@pytest.mark.parametrize(
    ("span", "held"),
    [
        (starting_in(60), 10),
        (starting_in(11), 10),
        (starting_in(10), 10),
        (starting_in(9), 9),
        (starting_in(5), 5),
        (starting_in(4), 5),
        (starting_in(0), 5),
        (starting_in(-20), 5),
        (starting_in(-57), 3),
        (starting_in(1, 2), 3),
    ],
)
def test_an_offer_holds_ten_minutes_or_less_when_the_span_begins_sooner(span: TimeSpan, held: int) -> None:
    assert hold_until(span, now=NOON, hold=HOLD) == NOON + held * MINUTE


@given(spans.filter(lambda span: span.end > NOON), lengths)
def test_an_offer_holds_for_a_while_and_never_beyond_its_span(span: TimeSpan, hold: timedelta) -> None:
    until = hold_until(span, now=NOON, hold=hold)
    assert NOON < until <= min(NOON + hold, span.end)
    assert until >= min(NOON + hold / 2, span.end)


@given(spans, st.none() | lengths, minutes)
def test_what_is_wanted_lies_in_the_span_and_is_never_past(
    span: TimeSpan, length: timedelta | None, now: datetime
) -> None:
    wanted = Wish(Target(Lane.DESK), span, length).wanted(now)
    assert (wanted is None) == (now >= span.end)
    if wanted is not None:
        assert wanted.start == max(now, span.start)
        assert wanted.end <= span.end
        assert length is None or wanted.length <= length
        assert length is not None or wanted.end == span.end


@given(st.lists(minutes, min_size=1), lengths, st.integers(1, 30))
def test_the_further_back_the_longer_the_wait_and_one_more_room_never_makes_it_longer(
    frees: list[datetime], turn: timedelta, place: int
) -> None:
    at = expected_at(place, frees=frees, turn=turn, now=NOON)
    behind = expected_at(place + 1, frees=frees, turn=turn, now=NOON)
    more = expected_at(place, frees=[*frees, frees[0]], turn=turn, now=NOON)
    assert at is not None
    assert behind is not None
    assert more is not None
    assert NOON <= at <= behind <= at + turn
    assert more <= at
    assert at == expected_at(place, frees=list(reversed(frees)), turn=turn, now=NOON)


def test_where_there_is_no_room_nothing_is_promised() -> None:
    assert expected_at(1, frees=[], turn=HOLD, now=NOON) is None


def test_the_third_of_two_rooms_waits_for_a_turn() -> None:
    frees = [NOON + 5 * MINUTE, NOON + 20 * MINUTE]
    waits = [expected_at(n, frees=frees, turn=30 * MINUTE, now=NOON) for n in (1, 2, 3, 4)]
    assert [at - NOON for at in waits if at] == [5 * MINUTE, 20 * MINUTE, 35 * MINUTE, 50 * MINUTE]


@given(st.sampled_from(Kind), st.sampled_from(Kind), st.integers(1, 3), st.integers(1, 3))
def test_a_target_takes_what_it_names_and_no_other(
    wanted: Kind, kind: Kind, wanted_zone: int, zone: int
) -> None:
    lane = LANES[wanted]
    assert Target(lane, wanted).takes(7, zone, 1, kind) == (kind is wanted)
    assert Target(lane, zone_id=wanted_zone).takes(7, zone, 1, kind) == (
        zone == wanted_zone and LANES[kind] is lane
    )
    assert not Target(lane, space_id=8).takes(7, zone, 1, kind)
    assert not Target(lane, site_id=2).takes(7, zone, 1, kind)
