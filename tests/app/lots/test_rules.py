"""The draw: legal, as full as can be, fair, the same for whoever repeats it. Checked by trying everything."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.lots.rules import Drawn, Seat, Why, Wish, draw, in_order, mutual_groups
from app.lots.rules.assignment import cheapest
from app.lots.rules.record import (
    Checked,
    canonical,
    check,
    commitment,
    inputs_of,
    published,
    result_of,
)

CODES = ("A", "B", "C", "D")
GOLDEN = [
    (1, 22, "S01", "wish", 1),
    (2, 11, "S02", "wish", 2),
    (3, 33, "S00", "together", None),
    (4, 66, "S04", "wish", 1),
    (5, 44, "S03", "together", None),
    (6, 55, None, "full", None),
]
some_codes = st.frozensets(st.sampled_from(CODES))


@st.composite
def offices(draw_: st.DrawFn, most: int = 5) -> tuple[list[Seat], list[Wish]]:
    codes = draw_(st.lists(st.sampled_from(CODES), unique=True))
    seats = [Seat(code, draw_(st.integers(0, 3)), draw_(st.integers(0, 3))) for code in codes]
    numbers = draw_(st.lists(st.integers(1, 99), unique=True, max_size=most))
    wishes = [
        Wish(
            number,
            tuple(draw_(st.lists(st.sampled_from(CODES), unique=True, max_size=3))),
            draw_(some_codes),
            draw_(some_codes),
            draw_(st.sampled_from([None, 1, 2])),
            draw_(st.integers(0, 2)),
        )
        for number in numbers
    ]
    return seats, wishes


seeds = st.text("0123456789abcdef", min_size=1, max_size=8)


def seatings(people: Sequence[Wish], codes: frozenset[str]) -> Iterator[dict[int, str]]:
    """Every legal way of seating some of these people."""
    if not people:
        yield {}
        return
    first, *rest = people
    yield from seatings(rest, codes)
    for code in sorted(codes - first.barred):
        for others in seatings(rest, codes - {code}):
            yield {first.number: code, **others}


def worth(ordered: Sequence[Wish], seating: dict[int, str]) -> Any:
    """What the draw promises to make the least of, in the order of what matters, groups and lot apart."""
    sits = [one for one in ordered if one.number in seating]
    return (
        -len(seating),
        [one.number not in seating for one in ordered],
        sum(seating[one.number] in one.avoids for one in sits),
        [
            one.prefers.index(seating[one.number]) if seating[one.number] in one.prefers else len(one.prefers)
            for one in sits
        ],
    )


def as_seating(drawn: Sequence[Drawn]) -> dict[int, str]:
    return {one.number: one.seat for one in drawn if one.seat is not None}


@given(offices(), seeds)
def test_nobody_who_tries_everything_finds_a_better_seating(
    office: tuple[list[Seat], list[Wish]], seed: str
) -> None:
    seats, wishes = office
    drawn = draw(seats, wishes, seed)
    ordered = in_order(wishes, seed)
    assert [one.number for one in drawn] == [one.number for one in ordered]
    best = min(worth(ordered, one) for one in seatings(ordered, frozenset(seat.code for seat in seats)))
    assert worth(ordered, as_seating(drawn)) == best


@given(offices(), seeds)
def test_every_seat_given_is_one_that_may_be_had_and_is_given_once_and_the_reason_is_true(
    office: tuple[list[Seat], list[Wish]], seed: str
) -> None:
    seats, wishes = office
    by_number = {one.number: one for one in wishes}
    given_seats = []
    for one in draw(seats, wishes, seed):
        wish = by_number[one.number]
        if one.seat is None:
            assert (one.why, one.choice, one.repeated) == (Why.FULL, None, False)
            continue
        given_seats.append(one.seat)
        assert one.seat in {seat.code for seat in seats} - wish.barred
        assert one.repeated == (one.seat in wish.avoids)
        assert (one.why is Why.WISH) == (one.seat in wish.prefers)
        assert one.choice == (wish.prefers.index(one.seat) + 1 if one.seat in wish.prefers else None)
        assert one.why is not Why.TOGETHER or wish.group is not None
    assert len(set(given_seats)) == len(given_seats)


@given(offices(), seeds, st.randoms())
def test_the_same_inputs_in_any_order_give_the_same(
    office: tuple[list[Seat], list[Wish]], seed: str, shuffler: Any
) -> None:
    seats, wishes = office
    first = draw(seats, wishes, seed)
    shuffler.shuffle(seats)
    shuffler.shuffle(wishes)
    assert draw(seats, wishes, seed) == first


@given(offices(), seeds)
def test_whoever_was_left_out_more_often_never_stays_behind_for_somebody_who_wanted_the_same(
    office: tuple[list[Seat], list[Wish]], seed: str
) -> None:
    seats, wishes = office
    wishes = [replace(one, barred=frozenset()) for one in wishes]
    drawn = {one.number: one for one in draw(seats, wishes, seed)}
    behind = [one.missed for one in wishes if drawn[one.number].seat is None]
    seated = [one.missed for one in wishes if drawn[one.number].seat is not None]
    assert len(seated) == min(len(seats), len(wishes))
    assert not behind or not seated or max(behind) <= min(seated)


@settings(max_examples=50)
@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.integers(0, 9), min_size=n, max_size=n), max_size=n)
    )
)
def test_the_cheapest_assignment_is_as_cheap_as_any(costs: list[list[int]]) -> None:
    def best(row: int, used: frozenset[int]) -> int:
        if row == len(costs):
            return 0
        return min(costs[row][n] + best(row + 1, used | {n}) for n in range(len(costs[row])) if n not in used)

    found = cheapest(costs)
    assert len(set(found)) == len(costs)
    assert sum(costs[row][n] for row, n in enumerate(found)) == best(0, frozenset())


def row_of_seats(number: int) -> list[Seat]:
    return [Seat(f"S{n:02d}", n * 10, 0) for n in range(number)]


@pytest.mark.parametrize("seed", ["a", "b", "c", "d", "e"])
def test_a_group_sits_side_by_side_where_there_is_room(seed: str) -> None:
    wishes = [Wish(n, group=1 if n <= 3 else None) for n in range(1, 9)]
    drawn = {one.number: one for one in draw(row_of_seats(12), wishes, seed)}
    places = sorted(int((drawn[n].seat or "")[1:]) for n in (1, 2, 3))
    assert places == list(range(places[0], places[0] + 3))
    assert {drawn[n].why for n in (1, 2, 3)} == {Why.TOGETHER}


@given(seeds)
def test_two_who_sit_next_to_each_other_are_told_that_they_sit_together(seed: str) -> None:
    drawn = {
        one.number: one for one in draw(row_of_seats(5), [Wish(1, group=1), Wish(2, group=1), Wish(3)], seed)
    }
    assert abs(int((drawn[1].seat or "")[1:]) - int((drawn[2].seat or "")[1:])) == 1
    assert {drawn[n].why for n in (1, 2)} == {Why.TOGETHER}


def test_a_group_gathers_around_the_seat_that_one_of_them_wished_for() -> None:
    wishes = [Wish(1, prefers=("S09",), group=1), Wish(2, group=1), Wish(3), Wish(4)]
    drawn = {one.number: one for one in draw(row_of_seats(12), wishes, "seed")}
    assert (drawn[1].seat, drawn[1].why) == ("S09", Why.WISH)
    assert drawn[2].seat in {"S08", "S10"}


def test_a_seat_of_the_last_days_is_given_again_only_where_there_is_no_other_and_that_is_said() -> None:
    seats = row_of_seats(2)
    unavoidable = draw(seats[:1], [Wish(1, avoids=frozenset({"S00"}))], "seed")
    assert [(one.seat, one.repeated) for one in unavoidable] == [("S00", True)]
    avoidable = draw(seats, [Wish(1, ("S00",), avoids=frozenset({"S00"}))], "seed")
    assert [(one.seat, one.repeated, one.why) for one in avoidable] == [("S01", False, Why.LOT)]


def test_every_place_in_the_order_comes_to_everybody_about_as_often() -> None:
    wishes = [Wish(n) for n in range(1, 5)]
    first = [in_order(wishes, f"seed {n}")[0].number for n in range(2_000)]
    # Four standard deviations of a count of 2,000 with a chance of a quarter are 77.
    assert all(abs(first.count(n) - 500) < 77 for n in range(1, 5))


def test_only_who_name_each_other_are_of_a_group_and_friends_of_friends_are() -> None:
    assert mutual_groups({1: [2], 2: [1, 3], 3: [2], 4: [1], 5: [], 6: [7]}) == {1: 1, 2: 1, 3: 1}


@given(st.dictionaries(st.integers(1, 6), st.frozensets(st.integers(1, 6))))
def test_groups_do_not_depend_on_who_is_asked_first(named: dict[int, frozenset[int]]) -> None:
    found = mutual_groups(named)
    assert mutual_groups(dict(reversed(named.items()))) == found
    for one, others in named.items():
        for other in others - {one}:
            if one in named.get(other, frozenset()):
                assert found[one] == found[other] == min(n for n in found if found[n] == found[one])


def test_a_number_or_a_seat_that_occurs_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="number"):
        draw(row_of_seats(1), [Wish(1), Wish(1)], "seed")
    with pytest.raises(ValueError, match="seat"):
        draw([Seat("A", 0, 0), Seat("A", 1, 0)], [Wish(1)], "seed")


def test_the_draw_gives_what_it_always_gave() -> None:
    """Other versions and other machines must find this: a record published today is checked in years."""
    wishes = [
        Wish(11, ("S01", "S02")),
        Wish(22, ("S01",), missed=1),
        Wish(33, (), frozenset({"S03"}), group=33),
        Wish(44, (), frozenset(), frozenset({"S00"}), group=33),
        Wish(55),
        Wish(66, ("S04",)),
    ]
    drawn = draw(row_of_seats(5), wishes, "00ff" * 16)
    assert [(one.order, one.number, one.seat, one.why.value, one.choice) for one in drawn] == GOLDEN


ON = date(2026, 11, 25)


def a_record(office: tuple[list[Seat], list[Wish]], seed: str) -> dict[str, Any]:
    seats, wishes = office
    record = published(
        zone="B",
        on=ON,
        seed=seed,
        nonce="0a",
        committed=commitment("B", ON, seed, "0a"),
        inputs=inputs_of(seats, wishes),
        result=result_of(draw(seats, wishes, seed)),
    )
    loaded: dict[str, Any] = json.loads(json.dumps(record))
    return loaded


@given(offices(), seeds)
def test_a_record_holds_after_its_way_through_json(office: tuple[list[Seat], list[Wish]], seed: str) -> None:
    assert check(a_record(office, seed)) == Checked(seed_holds=True, result_holds=True)


@pytest.mark.parametrize("field", ["seed", "nonce", "zone", "on"])
def test_another_seed_zone_or_day_than_committed_to_is_found(field: str) -> None:
    record = a_record((row_of_seats(2), [Wish(1)]), "ab")
    record[field] = "2026-11-26" if field == "on" else "cd"
    assert not check(record).seed_holds


@given(offices(most=4), seeds, st.data())
def test_a_result_that_was_changed_by_hand_is_found(
    office: tuple[list[Seat], list[Wish]], seed: str, data: st.DataObject
) -> None:
    record = a_record(office, seed)
    true = canonical(record["result"])
    if record["result"]:
        data.draw(st.sampled_from(record["result"]))["seat"] = "Z"
    else:
        record["result"] = [{"seat": "Z"}]
    assert canonical(record["result"]) != true
    assert check(record) == Checked(seed_holds=True, result_holds=False)


@pytest.mark.parametrize(
    "change",
    [
        {"format": "else"},
        {"on": "tomorrow"},
        {"on": 5},
        {"seed": 5},
        {"inputs": []},
        {"inputs": {"seats": [{"code": "A"}], "wishes": []}},
        {"inputs": {"seats": [], "wishes": [{"number": "x"}]}},
        {"inputs": {"seats": 5, "wishes": []}},
    ],
    ids=str,
)
def test_what_is_no_record_is_refused_in_a_sentence(change: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check(a_record((row_of_seats(1), [Wish(1)]), "ab") | change)
    with pytest.raises(ValueError, match="format"):
        check([])
