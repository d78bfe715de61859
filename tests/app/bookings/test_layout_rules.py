"""What a change of the layout takes away, without a database."""

from dataclasses import replace
from datetime import date

import pytest

from app.bookings.moving.rules import Ground, Stay, could_take, takes_away, unlike
from app.spaces.rules import Door, GuestDay, Kind

DAY = date(2026, 11, 24)
OURS, THEIRS = 1, 2
GROUND = Ground(1, "A-01", Kind.BOOTH, 10, 100, 1000, "Asia/Tokyo", 0, 0, 4, False, False, Door(OURS))
STAY = Stay(frozenset({OURS}), DAY, DAY, 3)


@pytest.mark.parametrize(
    ("becomes", "stay", "goes"),
    [
        (GROUND, STAY, False),
        (replace(GROUND, zone_id=11, floor_id=101), STAY, False),
        (replace(GROUND, zone_id=11, floor_id=101, site_id=1001), STAY, True),
        (replace(GROUND, site_id=1001), replace(STAY, kept=True), True),
        (replace(GROUND, door=Door(None)), STAY, False),
        (replace(GROUND, door=Door(THEIRS)), STAY, True),
        (replace(GROUND, door=Door(THEIRS)), replace(STAY, sections=frozenset({OURS, THEIRS})), False),
        (replace(GROUND, door=Door(THEIRS)), replace(STAY, kept=True), False),
        (replace(GROUND, door=Door(THEIRS)), replace(STAY, sections=frozenset()), False),
        (replace(GROUND, door=Door(THEIRS, (GuestDay(OURS, None, DAY),))), STAY, False),
        (replace(GROUND, door=Door(THEIRS, (), ((11, OURS),))), STAY, False),
        (replace(GROUND, free_seating=True), STAY, True),
        (replace(GROUND, free_seating=True), replace(STAY, kept=True), True),
        (replace(GROUND, capacity=3), STAY, False),
        (replace(GROUND, capacity=2), STAY, True),
        (replace(GROUND, capacity=0), replace(STAY, people=1), False),
        (replace(GROUND, capacity=2), replace(STAY, people=5), False),
    ],
)
def test_only_what_stood_on_the_ground_that_goes_is_taken(becomes: Ground, stay: Stay, goes: bool) -> None:
    assert takes_away(GROUND, becomes, stay) is goes


def test_free_seating_takes_nothing_where_it_was_already() -> None:
    free = replace(GROUND, free_seating=True)
    assert not takes_away(free, replace(free, capacity=5), STAY)


@pytest.mark.parametrize(
    ("other", "would"),
    [
        (GROUND, True),
        (replace(GROUND, door=Door(THEIRS)), False),
        (replace(GROUND, free_seating=True), False),
        (replace(GROUND, drawn=True), False),
    ],
)
def test_a_booking_goes_where_its_people_may_be(other: Ground, would: bool) -> None:
    """A seat that is kept for somebody gives them no ground elsewhere."""
    assert could_take(other, replace(STAY, kept=True)) is would


def test_the_zone_counts_less_than_the_floor_and_both_less_than_the_kind() -> None:
    elsewhere = [
        replace(GROUND, zone_id=11),
        replace(GROUND, zone_id=11, floor_id=101),
        replace(GROUND, kind=Kind.OPEN_MEETING),
    ]
    assert [unlike(GROUND, one) for one in (GROUND, *elsewhere)] == [0, 1, 3, 4]
