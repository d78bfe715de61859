"""Occupied for over twelve hours or all night is suspect (RULES 4)."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.occupancy.rules import (
    Fold,
    Occupancy,
    is_evidence,
    is_suspect,
    looks_stuck,
    suspect_after,
    suspect_before,
    trusted,
)
from tests.house import at

TOKYO = ZoneInfo("Asia/Tokyo")
ZONES = st.sampled_from([TOKYO, ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Apia"), UTC, None])
HOUR = timedelta(hours=1)
instants = st.integers(0, 366 * 86_400).map(lambda s: at("00:00") + s * timedelta(seconds=1))


@pytest.mark.parametrize(("hours", "suspect"), [(11.99, False), (12, False), (12.01, True)])
def test_occupied_for_over_twelve_hours_is_suspect(hours: float, suspect: bool) -> None:
    for zone in (TOKYO, None):
        assert is_suspect(at("06:00"), at("06:00") + hours * HOUR, zone) is suspect


@pytest.mark.parametrize(
    ("since", "day", "now", "suspect"),
    [
        ("21:00", -1, "06:00", False),
        ("21:00", -1, "06:01", True),
        ("21:00", -1, "08:30", True),
        ("03:59", 0, "06:01", True),
        ("03:59", 0, "05:59", False),
        ("04:00", 0, "08:30", False),  # somebody's early morning
        ("04:00", 0, "16:00", False),
        ("04:00", 0, "16:01", True),
        ("17:00", -1, "05:01", True),  # by the twelve hours
    ],
)
def test_from_before_four_until_after_six_is_all_night(since: str, day: int, now: str, suspect: bool) -> None:
    began = at(since, day=day)
    assert is_suspect(began, at(now), TOKYO) is suspect
    assert looks_stuck(Occupancy.OCCUPIED, began, at(now), TOKYO) is suspect
    assert is_evidence(Fold(Occupancy.OCCUPIED, began), at(now), TOKYO) is not suspect
    assert trusted([at(now)], [(began, Occupancy.OCCUPIED)], TOKYO) == (() if suspect else (at(now),))


def test_nothing_but_occupied_is_suspect() -> None:
    for state in (None, Occupancy.VACANT, Occupancy.OFFLINE, Occupancy.UNKNOWN):
        assert not looks_stuck(state, at("21:00", day=-1), at("08:30"), TOKYO)
        assert trusted([at("08:30")], [(at("21:00", day=-1), state or Occupancy.UNKNOWN)], TOKYO)
    assert not looks_stuck(Occupancy.OCCUPIED, None, at("08:30"), TOKYO)


@given(instants, instants, ZONES)
def test_it_is_asked_both_ways_alike(since: datetime, now: datetime, zone: ZoneInfo | None) -> None:
    if since <= now:
        assert is_suspect(since, now, zone) is (since < suspect_before(now, zone))


@given(instants, st.timedeltas(timedelta(0), timedelta(days=2)), ZONES)
def test_what_lasts_longer_is_never_suspect_later(
    since: datetime, shift: timedelta, zone: ZoneInfo | None
) -> None:
    assert since + timedelta(hours=1.9) < suspect_after(since, zone) <= since + 12 * HOUR
    assert suspect_after(since, zone) <= suspect_after(since + shift, zone)


@given(st.integers(1, 10 * 3600))
def test_a_whole_night_is_suspect_before_anybody_comes(seconds: int) -> None:
    """Whatever began before four is no evidence for the day's first booking."""
    assert is_suspect(at("04:00") - seconds * timedelta(seconds=1), at("08:15"), TOKYO)
