"""The hidden truth of a seat's day: like an office's, the same each time, and within its own rules."""

from collections import Counter
from datetime import date, timedelta
from itertools import pairwise
from random import Random
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from firmware_stubs.simulator.sensing import PIR_HOLD, by_movement
from firmware_stubs.simulator.spans import Span, merged, without
from firmware_stubs.simulator.stream import Fleet
from firmware_stubs.simulator.truth import FATES, Fate, Truth, of_day

TOKYO = ZoneInfo("Asia/Tokyo")
MONDAY = date(2026, 11, 16)
MINUTE = timedelta(minutes=1)
DAYS = st.builds(
    of_day,
    st.integers(0, 10),
    st.sampled_from(["desk-0001", "desk-0002"]),
    st.dates(MONDAY, MONDAY + timedelta(days=400)),
    st.just(TOKYO),
)


def length(spans: list[Span]) -> timedelta:
    return sum((end - start for start, end in spans), timedelta())


@given(st.integers(), st.dates(MONDAY, MONDAY + timedelta(days=400)))
def test_the_same_day_always_happens_the_same_way_whatever_else_is_asked(seed: int, on: date) -> None:
    alone = of_day(seed, "desk-0001", on, TOKYO)
    of_day(seed, "desk-0002", on, TOKYO)
    assert of_day(seed, "desk-0001", on, TOKYO) == alone


@given(DAYS)
def test_nobody_sits_twice_at_once_nor_outside_the_day(day: Truth) -> None:
    spans = sorted(stay.span for stay in day.stays)
    assert all(one[1] <= other[0] for one, other in pairwise(spans))
    assert all(start < end for start, end in spans)
    if spans:
        first, last = spans[0][0].astimezone(TOKYO), spans[-1][1].astimezone(TOKYO)
        assert first.hour >= 6
        assert first.date() == last.date()
        assert last.hour < 19


@given(DAYS)
def test_who_passes_by_never_stands_there_for_two_minutes_nor_where_somebody_sits(day: Truth) -> None:
    assert all(end - start < 2 * MINUTE for start, end in day.passed)
    assert without(day.passed, day.sat) == merged(day.passed)


@given(DAYS)
def test_who_never_comes_does_not_sit_there(day: Truth) -> None:
    sitting = {stay.person for stay in day.stays}
    for booked in day.booked:
        assert booked.comes or booked.person not in sitting
    if day.fate in {Fate.NO_SHOW, Fate.EMPTY}:
        assert not day.stays


def test_at_weekends_nobody_comes() -> None:
    assert of_day(0, "desk-0001", MONDAY + timedelta(days=5), TOKYO) == Truth(Fate.EMPTY)


def test_every_fate_happens_about_as_often_as_it_should() -> None:
    found = Counter(of_day(7, f"desk-{n}", MONDAY, TOKYO).fate for n in range(2_000))
    assert all(abs(found[fate] / 20 - share) < 3 for fate, share in FATES.items()), found


def test_an_ordinary_day_has_most_of_its_hours_at_the_desk_and_a_lunch() -> None:
    days = [of_day(7, f"desk-{n}", MONDAY, TOKYO) for n in range(500)]
    ordinary = [one for one in days if one.fate is Fate.ORDINARY]
    hours = [length(one.sat) / timedelta(hours=1) for one in ordinary]
    assert 5 < sum(hours) / len(hours) < 9
    assert all(len(one.stays) >= 2 for one in ordinary)


@given(st.integers(), DAYS)
def test_a_movement_sensor_sees_nobody_where_nobody_was(seed: int, day: Truth) -> None:
    seen = by_movement(Random(seed), day.seen)
    late = [(start, end + PIR_HOLD) for start, end in day.seen]
    assert without(seen, late) == []
    for start, end in day.seen:
        assert any(one <= start < other for one, other in seen)
        assert any(one <= end < other for one, other in seen)


def test_a_movement_sensor_loses_who_sits_still() -> None:
    day = of_day(7, "desk-0004", MONDAY, TOKYO)
    assert day.sat
    assert without(day.sat, by_movement(Random(1), day.sat))


def test_a_fleet_knows_the_truth_of_its_seats() -> None:
    fleet = Fleet(["desk-0001"], MONDAY, days=2, seed=3)
    assert fleet.dates == [MONDAY, MONDAY + timedelta(days=1)]
    assert fleet.truth("desk-0001", MONDAY) == of_day(3, "desk-0001", MONDAY, TOKYO)
