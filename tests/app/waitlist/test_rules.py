"""The queue's rules: what is still wanted, how long an offer holds, how long a wait may be."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.calendar import public_holidays
from app.spaces.rules import LANES, Kind, Lane, Target
from app.timespan import TimeSpan, day_span
from app.waitlist.rules import Wish, expected_at, hold_until, opens_at
from app.working_days import WorkingDays
from tests.house import TOKYO

NOON = datetime(2026, 11, 24, 3, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
HOLD = 10 * MINUTE
EIGHT, FIVE = time(8, 30), time(17, 15)
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
    assert hold_until(span, now=NOON, hold=HOLD, opens=NOON) == NOON + held * MINUTE


@given(spans.filter(lambda span: span.end > NOON), lengths)
def test_an_offer_holds_for_a_while_and_never_beyond_its_span(span: TimeSpan, hold: timedelta) -> None:
    until = hold_until(span, now=NOON, hold=hold, opens=NOON)
    assert NOON < until <= min(NOON + hold, span.end)
    assert until >= min(NOON + hold / 2, span.end)


@given(spans.filter(lambda span: span.end > NOON), lengths, lengths)
def test_an_offer_by_night_holds_as_one_that_is_made_when_the_office_opens(
    span: TimeSpan, hold: timedelta, closed: timedelta
) -> None:
    opens = NOON + closed
    until = hold_until(span, now=NOON, hold=hold, opens=opens)
    asked_at = opens if opens < span.start else NOON
    assert until == hold_until(span, now=asked_at, hold=hold, opens=asked_at)
    assert NOON < until <= span.end


@given(st.integers(0, 60 * 24 * 60).map(lambda n: NOON + n * MINUTE), st.sets(st.integers(0, 60)))
def test_the_office_is_open_when_it_is_said_to_open_and_never_sooner(now: datetime, closed: set[int]) -> None:
    days = [NOON.date() + timedelta(days=n) for n in range(75)]
    calendar = WorkingDays(overrides={on: n not in closed and on.weekday() < 5 for n, on in enumerate(days)})
    open_on = [day_span(on, TOKYO, EIGHT, FIVE) for on in days if calendar.is_working(on)]
    opens = opens_at(now, starts=EIGHT, ends=FIVE, zone=TOKYO, calendar=calendar)
    assert opens == next(max(now, one.start) for one in open_on if now < one.end)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-24T08:29", "2026-11-24T08:30"),
        ("2026-11-24T12:30", "2026-11-24T12:30"),
        ("2026-11-24T17:14", "2026-11-24T17:14"),
        ("2026-11-24T17:15", "2026-11-25T08:30"),
        ("2026-11-20T22:00", "2026-11-24T08:30"),
        ("2026-12-28T22:00", "2027-01-04T08:30"),
    ],
)
def test_nobody_is_asked_to_answer_by_night_at_weekends_and_on_holidays(now: str, opens: str) -> None:
    asked, then = (datetime.fromisoformat(one).replace(tzinfo=TOKYO) for one in (now, opens))
    calendar = public_holidays(asked.year)
    assert opens_at(asked, starts=EIGHT, ends=FIVE, zone=TOKYO, calendar=calendar) == then


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
