"""Zones without booking are told how many of those without a desk come; on both databases."""

from __future__ import annotations

from collections import Counter
from datetime import date

from sqlalchemy import update

from app.database import reading, rehearsal, transaction
from app.rotation.grid import grid
from app.rotation.models import Rotation, State
from app.rotation.rules import HALVES
from app.rotation.seats import Published, Seats
from app.spaces.models import Zone
from app.telework.rules import PlanKind
from tests.app.rotation.months import FIRST, planned, publish, seats, stored
from tests.app.telework.desk import ask, hire, make_rule, morning, section_id, whole
from tests.house import OFFICE, House, at


def furnish(house: House, *, free_seating: bool) -> House:
    """Three people in a section with a zone of three seats."""
    make_rule(house, week=2)
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        values = {"section_id": own, "free_seating": free_seating}
        session.execute(update(Zone).where(Zone.code == "A").values(values))
    return house


def test_where_seats_are_free_to_all_it_is_told_how_many_come_in_each_half_day(house: House) -> None:
    furnish(house, free_seating=True)
    ask(house, "aoki", whole(FIRST))
    rotation_id = planned(house)
    found = stored(house, rotation_id)
    assert found.state is State.FOUND
    told = publish(house, rotation_id).expected
    come = Counter(
        (on, half)
        for days in (found.plan or {}).values()
        for on, halves in days.items()
        for half, where in halves.items()
        if where == "office"
    )
    assert {(one.on.isoformat(), one.half): one.people for one in told} == come
    assert come[FIRST.isoformat(), "am"] < len(found.plan or {})
    assert {one.seats for one in told} == {3}
    when = [(one.on, one.half) for one in told]
    assert when == sorted(when)
    assert len(when) > 1
    assert seats(house) == []


def test_where_seats_are_booked_nothing_is_expected(house: House) -> None:
    rotation_id = planned(furnish(house, free_seating=False))
    assert publish(house, rotation_id).expected == []


def both(house: House) -> int:
    """Five people with three desks that are booked and one seat that is free to all; published."""
    make_rule(house, week=10)
    hire(house, "kato", "kimura")
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.code.in_(("A", "F"))).values(section_id=own))
    return planned(house)


def test_those_without_a_desk_are_expected_and_those_without_a_seat_named(house: House) -> None:
    rotation_id = both(house)
    # The zones have four seats: a fifth comes only by what the plan is made to say.
    come_in(house, rotation_id, FIRST)
    done = publish(house, rotation_id)
    of_day = [one for one in done.expected if one.on == FIRST]
    assert [(one.half, one.people, one.seats) for one in of_day] == [("am", 2, 1), ("pm", 2, 1)]
    assert [one.on for one in done.unseated] == [FIRST]
    assert {one.people for one in done.expected if one.on != FIRST} <= {1}
    seated = {one.user_id for one in seats(house) if OFFICE.day(one.start_at) == FIRST}
    assert len(seated) == 3
    assert done.unseated[0].user_id not in seated


def test_a_seat_that_somebody_else_of_the_section_takes_is_not_free_to_who_steps_in(house: House) -> None:
    rotation_id = both(house)
    come_in(house, rotation_id, FIRST, "aoki", "baba", "chiba", "kato")
    publish(house, rotation_id)
    found = step_in(house, rotation_id, "kimura")
    assert [(one.people, one.seats) for one in found.expected] == [(1, 0), (1, 0)]
    assert [one.name for one in found.unseated] == ["kimura"]


def test_how_many_are_expected_is_shown_once_it_is_published_with_everybody_where_they_are(
    house: House,
) -> None:
    rotation_id = both(house)
    come_in(house, rotation_id, FIRST)
    chiba = house.people["chiba"]

    def shown() -> dict[str, tuple[int, int]]:
        with reading(house.engine) as session:
            rotation = session.get_one(Rotation, rotation_id)
            found = grid(session, rotation, actor=chiba, office=OFFICE).expected
        return {half: (one.people, one.seats) for (on, half), one in found.items() if on == FIRST}

    assert shown() == {}
    publish(house, rotation_id)
    assert shown() == {"am": (2, 1), "pm": (2, 1)}
    seated = {one.user_id for one in seats(house) if OFFICE.day(one.start_at) == FIRST}
    left = next(who for who, person in house.people.items() if who in COME and person.id not in seated)
    ask(house, left, [morning(FIRST, PlanKind.LEAVE)], now="08:10")
    assert shown() == {"am": (1, 1), "pm": (2, 1)}


COME = ("aoki", "baba", "chiba", "kato", "kimura")


def come_in(house: House, rotation_id: int, on: date, *people: str) -> None:
    """The plan of a rotation says office for these people on a day, or for all, and home for the others."""
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        rotation.plan = {
            str(house.people[who].id): {
                **(rotation.plan or {})[str(house.people[who].id)],
                on.isoformat(): dict.fromkeys(HALVES, "office" if who in (people or COME) else "home"),
            }
            for who in COME
        }


def step_in(house: House, rotation_id: int, who: str) -> Published:
    """Somebody comes in on the first day, with a seat, in a rehearsal."""
    person = house.people[who]
    found = Published()
    with rehearsal(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        seating = Seats(session, rotation, [person.id], office=OFFICE, now=at("08:03"), actor=person)
        seating.take_turn([])
        seating.book(dict.fromkeys(((person.id, FIRST, half) for half in HALVES), PlanKind.OFFICE), [], found)
    return found
