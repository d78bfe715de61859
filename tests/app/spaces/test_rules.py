from datetime import timedelta
from re import fullmatch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spaces.rules import (
    DEFAULTS,
    GAP,
    LANES,
    POLICY_KEYS,
    Box,
    Kind,
    Lane,
    Policy,
    free_box,
    parse_duration,
    value_text,
    with_value,
)

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
SEATS = [Kind.SEAT, Kind.FOCUS_SEAT]
BOOTHS = [Kind.BOOTH, Kind.MEETING_BOOTH, Kind.OPEN_MEETING]


def test_rule_11_seats_are_desks_and_booths_are_rooms() -> None:
    assert {kind: LANES[kind] for kind in Kind} == {
        **dict.fromkeys(SEATS, Lane.DESK),
        **dict.fromkeys(BOOTHS, Lane.ROOM),
    }


@pytest.mark.parametrize("kind", SEATS)
def test_the_contracts_defaults_of_seats(kind: Kind) -> None:
    assert DEFAULTS[kind] == Policy(
        check_in_opens=15 * MINUTE,
        no_show_grace=60 * MINUTE,
        warn_before_release=5 * MINUTE,
        vacant_hold=10 * MINUTE,
        early_leave=0 * MINUTE,
        max_duration=DAY,
        horizon=14 * DAY,
        horizon_facility=62 * DAY,
        series_horizon=84 * DAY,
        walk_in=True,
        check_in_by_hand=False,
    )


@pytest.mark.parametrize("kind", BOOTHS)
def test_the_contracts_defaults_of_booths(kind: Kind) -> None:
    assert DEFAULTS[kind] == Policy(
        check_in_opens=15 * MINUTE,
        no_show_grace=10 * MINUTE,
        warn_before_release=5 * MINUTE,
        vacant_hold=10 * MINUTE,
        early_leave=10 * MINUTE,
        max_duration=120 * MINUTE,
        horizon=14 * DAY,
        horizon_facility=62 * DAY,
        series_horizon=84 * DAY,
        walk_in=True,
        check_in_by_hand=False,
    )


@pytest.mark.parametrize(
    ("key", "text", "value"),
    [
        ("no_show_grace", "90s", timedelta(seconds=90)),
        ("no_show_grace", "15m", 15 * MINUTE),
        ("max_duration", "2h", 120 * MINUTE),
        ("horizon", "14d", 14 * DAY),
        ("horizon", "366d", 366 * DAY),
        ("check_in_opens", "0m", 0 * MINUTE),
        ("early_leave", "off", 0 * MINUTE),
        ("walk_in", "off", False),
        ("check_in_by_hand", "on", True),
    ],
)
def test_a_policy_is_read_from_text(key: str, text: str, value: object) -> None:
    changed = with_value(DEFAULTS[Kind.SEAT], key, text)
    assert getattr(changed, key) == value
    others = [name for name in POLICY_KEYS if name != key]
    assert all(getattr(changed, name) == getattr(DEFAULTS[Kind.SEAT], name) for name in others)


@pytest.mark.parametrize(
    ("key", "text", "says"),
    [
        ("graze", "15m", "'graze' is no policy; known: check_in_opens"),
        ("walk_in", "yes", "walk_in is on or off"),
        ("no_show_grace", "15", "not a duration such as"),
        ("no_show_grace", "", "not a duration"),
        ("no_show_grace", "m", "not a duration"),
        ("no_show_grace", "-5m", "not a duration"),
        ("no_show_grace", "1.5h", "not a duration"),
        ("no_show_grace", "十五分", "not a duration"),
        ("no_show_grace", "1 5m m", "not a duration"),
        ("no_show_grace", "15min", "not a duration"),
        ("no_show_grace", "off", "not a duration"),
        ("horizon", "367d", "not a duration"),
        ("horizon", "9" * 400 + "d", "not a duration"),
        ("max_duration", "0h", "longer than nothing"),
    ],
)
def test_what_is_no_policy_is_refused_and_what_would_be_right_is_said(key: str, text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        with_value(DEFAULTS[Kind.SEAT], key, text)


@given(st.integers(0, 366 * 86_400))
def test_a_duration_that_is_written_reads_back(seconds: int) -> None:
    duration = timedelta(seconds=seconds)
    assert parse_duration(value_text(duration)) == duration


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("key", POLICY_KEYS)
def test_every_default_reads_back_as_it_is_shown(kind: Kind, key: str) -> None:
    policy = DEFAULTS[kind]
    assert with_value(policy, key, value_text(getattr(policy, key))) == policy


@given(st.text("0123456789smhd.-+ １", max_size=5))
def test_what_is_accepted_is_a_whole_number_with_a_unit_and_at_most_a_year(text: str) -> None:
    accepted = fullmatch("[0-9]+[smhd]", text) is not None and (
        int(text[:-1]) * {"s": 1, "m": 60, "h": 3600, "d": 86_400}[text[-1]] <= 366 * 86_400
    )
    if accepted:
        assert timedelta(0) <= parse_duration(text) <= timedelta(days=366)
    else:
        with pytest.raises(ValueError, match="not a duration"):
            parse_duration(text)


BOXES = st.builds(Box, *(st.integers(0, 400),) * 2, *(st.integers(1, 200),) * 2)


@given(st.lists(BOXES, max_size=8), st.integers(1, 120), st.integers(1, 120))
def test_what_is_new_stands_free_of_all_that_stands_there(taken: list[Box], width: int, height: int) -> None:
    inside = Box(0, 0, 400, 300)
    found = free_box(width, height, inside, taken)
    assert (found.width, found.height) == (width, height)
    assert not any(found.is_near(one, GAP) for one in taken)


def test_the_new_stands_beside_then_below_what_is_there_and_outside_only_where_it_must() -> None:
    inside, first = Box(0, 0, 100, 100), Box(10, 10, 40, 40)
    assert free_box(40, 40, inside, []) == first
    second = free_box(40, 40, inside, [first])
    assert second == Box(60, 10, 40, 40)
    third = free_box(40, 40, inside, [first, second])
    assert third == Box(10, 60, 40, 40)
    full = [first, second, third, Box(60, 60, 40, 40)]
    assert free_box(40, 40, inside, full) == Box(10, 110, 40, 40)
