"""What becomes of an offer to step in once its rotation is another, or is no more."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.database import reading, transaction
from app.events import Event
from app.rotation import swapping
from app.rotation.models import Rotation, RotationSwap, SwapState
from app.rotation.standing import look
from app.rotation.ways import Absence, swaps_of
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.app.rotation.swaps import SECOND, ask_two, seat_section, state
from tests.house import OFFICE, House


@pytest.fixture
def office(house: House) -> House:
    return seat_section(house)


def again(house: House, rotation_id: int, first: date = FIRST) -> int:
    """From a day on the same is planned, found and published anew."""
    later = months.plan_month(house, now="08:04", first=first)
    months.search(house, later)
    was = months.stored(house, rotation_id)
    begins = first.isoformat()
    with transaction(house.engine) as session:
        session.get_one(Rotation, later).plan = {
            who: {on: of for on, of in days.items() if on >= begins} for who, days in (was.plan or {}).items()
        }
    months.publish(house, later)
    return later


def of_swap(house: House, swap_id: int) -> tuple[int, list[RotationSwap]]:
    """The rotation of a swap, and what baba is shown that they are asked."""
    with reading(house.engine) as session:
        shown = swapping.own(session, house.people["baba"], FIRST)
        return session.get_one(RotationSwap, swap_id).rotation_id, shown


def test_an_offer_ends_with_its_rotation_and_may_be_made_anew(office: House) -> None:
    swap_id = months.swap(office)
    rotation_id, shown = of_swap(office, swap_id)
    assert [one.id for one in shown] == [swap_id]
    later = again(office, rotation_id)
    assert state(office, swap_id) is SwapState.WITHDRAWN
    anew = months.offer(
        office, later, Absence(office.people["aoki"].id, FIRST), office.people["baba"].id, "08:06"
    )
    assert [one.id for one in of_swap(office, anew)[1]] == [anew]
    months.withdraw(office, later)
    assert state(office, anew) is SwapState.WITHDRAWN
    with reading(office.engine) as session:
        told = session.scalars(select(Event).where(Event.kind == "telework.swap_ended")).all()
    assert [one.data["user_id"] for one in told] == [office.people["baba"].id] * 2


def test_what_was_asked_of_a_rotation_that_is_no_more_blocks_nothing(office: House) -> None:
    swap_id = months.swap(office)
    later = again(office, of_swap(office, swap_id)[0])
    with transaction(office.engine) as session:  # as from before it ended with its rotation
        session.get_one(RotationSwap, swap_id).state = SwapState.OFFERED
    assert of_swap(office, swap_id)[1] == []
    months.offer(office, later, Absence(office.people["aoki"].id, FIRST), office.people["baba"].id, "08:06")
    assert state(office, swap_id) is SwapState.WITHDRAWN


def test_days_that_another_rotation_has_by_now_are_no_days_instead(house: House) -> None:
    rotation_id, first, second = ask_two(house)
    again(house, rotation_id, SECOND)
    assert {state(house, one) for one in (first, second)} == {SwapState.WITHDRAWN}
    with reading(house.engine) as session:
        seen = look(session, session.get_one(Rotation, rotation_id), OFFICE)
        found = swaps_of(seen, Absence(house.people["aoki"].id, FIRST))
    assert found["swaps"]
    assert [one["home_instead"] for one in found["swaps"]] == [[] for _one in found["swaps"]]
