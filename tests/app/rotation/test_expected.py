"""Zones without booking are told how many come; on both databases."""

from __future__ import annotations

from collections import Counter

from sqlalchemy import update

from app.database import transaction
from app.rotation.models import State
from app.spaces.models import Zone
from tests.app.rotation.months import FIRST, planned, publish, seats, stored
from tests.app.telework.desk import ask, make_rule, section_id, whole
from tests.house import House


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
