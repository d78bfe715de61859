"""The comparison itself, on a morning made by hand: it finds what is wrong, and nothing where nothing is."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.timespan import TimeSpan
from tests.benchmarks.gold_comparing import Booked, Figures, Said, Seat, compare, could_report, told

MORNING = datetime(2026, 11, 16, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def at(minute: float) -> datetime:
    return MORNING + minute * MINUTE


def span(start: float, end: float) -> TimeSpan:
    return TimeSpan(at(start), at(end))


def said(*words: tuple[float, bool | None]) -> list[Said]:
    return [Said(at(minute), at(minute), occupied) for minute, occupied in words]


SAT = (span(60, 120), span(125, 180))
BOOKED = Booked(span(60, 500), comes=True, released_at=None, is_checked_in=True)
SEAT = Seat(
    SAT, [(BOOKED, SAT)], [span(60, 180)], said((50, False), (60, True), (70, True), (180, False)), UTC
)


def figures(seat: Seat) -> Figures:
    return compare("desk", seat)


def with_booking(**changes: object) -> Seat:
    return replace(SEAT, sat_by=[(replace(BOOKED, **changes), SAT)])  # type: ignore[arg-type]


def test_a_true_record_has_nothing_wrong() -> None:
    found = figures(SEAT)
    assert found.wrong == []
    assert (found.uses, found.uses_missed, found.sessions_false, found.came) == (1, 0, 0, 1)
    assert (round(found.hours_sat, 2), found.hours_used, found.hours_recorded) == (1.92, 2, 2)
    assert found.hours_apart == 0


def test_a_use_without_a_session_is_lost_where_the_sensor_had_said_it() -> None:
    found = figures(replace(SEAT, recorded=[]))
    assert (found.uses_missed, found.uses_lost, found.hours_apart) == (1, 1, 2)
    silent = figures(replace(SEAT, recorded=[], said=said((50, False), (180, False))))
    assert (silent.uses_missed, silent.uses_lost, silent.wrong) == (1, 0, [])


def use_of_four_hours(*recorded: TimeSpan) -> Seat:
    words = said((0, False), *((minute, True) for minute in range(60, 300, 10)), (300, False))
    return Seat([span(60, 300)], [], recorded, words, UTC)


@pytest.mark.parametrize(
    ("recorded", "cut"),
    [
        ([span(60, 300)], False),
        ([span(72, 300)], False),
        ([span(60, 61)], True),
        ([span(73, 300)], True),
        ([span(60, 100), span(106, 200), span(207, 300)], True),
    ],
)
def test_of_a_use_that_the_sensor_told_no_more_than_twelve_minutes_may_be_missing(
    recorded: list[TimeSpan], *, cut: bool
) -> None:
    found = figures(use_of_four_hours(*recorded))
    assert (found.uses_lost, found.uses_cut, found.hours_told) == (0, cut, 4)
    assert len(found.wrong) == cut


def test_of_a_use_only_what_the_sensor_told_is_judged() -> None:
    seat = use_of_four_hours(span(60, 120))
    died = figures(replace(seat, said=seat.said[:8]))
    assert (died.uses_cut, died.hours_told, died.hours_used) == (0, 1, 4)


@pytest.mark.parametrize(
    ("words", "seen"),
    [
        (said((60, True), (70, True), (80, False)), [(60, 80)]),
        (said((60, True), (61.9, False)), []),
        (said((60, True), (62, False)), [(60, 62)]),
        (said((60, True), (70, False), (80, True), (90, False)), [(60, 90)]),
        (said((60, True), (70, False), (80.1, True), (90, False)), [(60, 70), (80.1, 90)]),
        (said((60, True), (85, True)), [(60, 85)]),
        (said((60, True), (70, True), (95.1, True), (105, False)), [(60, 70), (95.1, 105)]),
        (said((60, True), (70, None), (81, True), (90, False)), [(60, 70), (81, 90)]),
        (said((60, True), (80, False), (70, True)), [(60, 80)]),
        (
            [*said((60, True)), Said(at(70), at(70), occupied=False, history=True), *said((80, True))],
            [(60, 80)],
        ),
    ],
)
def test_a_sensor_told_what_it_said_in_its_turn(words: list[Said], seen: list[tuple[float, float]]) -> None:
    assert told(words, 25 * MINUTE) == [span(*one) for one in seen]


def test_a_session_while_nobody_sat_is_false() -> None:
    found = figures(replace(SEAT, recorded=[span(0, 30), span(60, 180)]))
    assert (found.sessions_false, found.hours_false, found.hours_apart) == (1, 0.5, 0.5)


@pytest.mark.parametrize(
    ("released_at", "words", "name"),
    [
        (70, SEAT.said, "released_while_sat"),
        (122, SEAT.said, "released_after_use"),
        (70, said((50, False), (69, False)), "released_blind"),
        (122, said((50, False), (119, False)), "released_blind"),
        (59, SEAT.said, "released_before_coming"),
    ],
)
def test_a_release_is_judged_by_who_sat_there(released_at: float, words: list[Said], name: str) -> None:
    seat = replace(with_booking(released_at=at(released_at), is_checked_in=False), said=words)
    found = figures(seat)
    judged = {one: getattr(found, one) for one in Figures.__slots__ if "released" in one}
    assert judged == dict.fromkeys(judged, 0) | {name: 1}
    assert bool(found.wrong) == (name in {"released_while_sat", "released_after_use"})


@pytest.mark.parametrize("words", [[], said((65, None)), said((65, False), (69, None))])
def test_neither_silence_nor_nothing_clear_is_blindness(words: list[Said]) -> None:
    found = figures(replace(with_booking(released_at=at(70), is_checked_in=False), said=words))
    assert (found.released_while_sat, found.released_blind) == (1, 0)


def test_who_never_came_is_released_or_falsely_checked_in() -> None:
    nobody = replace(BOOKED, comes=False, released_at=at(120), is_checked_in=False)
    found = figures(Seat([], [(nobody, [])], [], [], UTC))
    assert (found.no_shows, found.no_shows_released, found.came) == (1, 1, 0)
    false = figures(Seat([], [(replace(nobody, released_at=None, is_checked_in=True), [])], [], [], UTC))
    assert (false.no_shows_released, false.check_ins_false) == (0, 1)


def test_who_came_and_was_not_checked_in_is_missed() -> None:
    found = figures(with_booking(is_checked_in=False))
    assert (found.check_ins_missed, found.check_ins_lost, len(found.wrong)) == (1, 1, 1)


def test_what_arrived_and_is_not_stored_is_told() -> None:
    found = figures(replace(SEAT, unstored=SEAT.said[1:3]))
    assert found.unstored == 2
    assert "desk: 2 words not stored" in found.wrong[0]


def test_figures_add_up() -> None:
    both = figures(SEAT) + figures(replace(SEAT, recorded=[]))
    assert (both.uses, both.uses_lost, both.hours_used, len(both.wrong)) == (2, 1, 4, 1)


@pytest.mark.parametrize(
    ("words", "enough"),
    [
        (said((60, True)), True),
        (said((60, True), (61.9, False)), False),
        (said((60, True), (62, False)), True),
        (said((60, True), (61, True)), True),
        (said((60, True), (61, None), (61.5, False)), False),
        (said((59, True), (180, True)), False),
        ([*said((60, False)), Said(at(70), at(70), occupied=True, history=True)], False),
        ([*said((100, False)), Said(at(101), at(70), occupied=True)], False),
    ],
)
def test_a_sensor_has_said_enough_by_a_hit_that_lasts(words: list[Said], enough: bool) -> None:
    assert could_report(words, span(60, 180)) is enough


@given(st.lists(st.tuples(st.integers(0, 240), st.booleans()), max_size=12))
def test_one_more_occupied_word_at_the_end_never_makes_it_less(words: list[tuple[int, bool]]) -> None:
    told = said(*sorted(words))
    if could_report(told, span(60, 180)):
        assert could_report([*told, *said((241, True))], span(60, 180))


def test_a_sensor_that_is_stuck_since_the_night_checks_nobody_in_and_one_that_was_vacant_since_does() -> None:
    tokyo = ZoneInfo("Asia/Tokyo")  # MORNING is 9:00 there
    stuck = said(*((minute, True) for minute in range(-330, 130, 10)))
    missed = replace(with_booking(is_checked_in=False), zone=tokyo)
    found = figures(replace(missed, said=stuck))
    assert (found.check_ins_missed, found.check_ins_lost) == (1, 0)
    freed = [*stuck[:20], *said((-135, False)), *stuck[22:]]
    assert figures(replace(missed, said=freed)).check_ins_lost == 1
    got_up = [*stuck[:20], *said((-135, False)), *stuck[20:]]
    assert figures(replace(missed, said=got_up)).check_ins_lost == 0
    since_five = [one for one in stuck if one.at > at(-240)]
    assert figures(replace(missed, said=since_five)).check_ins_lost == 1
