"""Many at once: no cap and no terminal is overdrawn, nobody approves what has just changed; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.database import reading
from app.telework import requesting
from app.telework.approval import service as approval
from app.telework.models import TeleworkPlan
from app.telework.requesting import Wanted
from app.telework.rules import STANDING, Half, PlanKind, PlanState
from tests.app.telework.desk import WEDNESDAY, approve, ask, hire, make_rule, morning, plan_ids, stored
from tests.app.test_concurrency import Act, at_once
from tests.house import OFFICE, House, at

CROWD = ("aoki", "baba", "chiba", "endo", "fujii")


def asking(house: House, who: str, *wanted: Wanted) -> Act:
    return lambda session: requesting.request(
        session, wanted, actor=house.people[who], now=at("07:20"), office=OFFICE
    )


def standing(house: House) -> int:
    with reading(house.engine) as session:
        query = select(func.count()).select_from(TeleworkPlan).where(TeleworkPlan.state.in_(STANDING))
        return session.scalars(query).one()


def test_nobody_gets_over_a_cap_by_asking_twice_at_once(house: House) -> None:
    make_rule(house, week=2)
    days = [WEDNESDAY + timedelta(days=one) for one in range(3)]
    acts = [asking(house, "aoki", Wanted(on, half, PlanKind.HOME)) for on in days for half in Half]
    results = at_once(house, acts)
    assert sorted(results) == ["telework.cap week"] * 4 + ["won"] * 2
    assert standing(house) == 2


def test_the_last_terminal_is_lent_once(house: House) -> None:
    hire(house, "goto", "hara")
    make_rule(house, terminals=3)
    results = at_once(house, [asking(house, who, morning(WEDNESDAY)) for who in (*CROWD, "goto", "hara")])
    assert sorted(results) == ["telework.cap terminals"] * 4 + ["won"] * 3
    assert standing(house) == 3


@pytest.mark.parametrize("round_", range(5))
def test_what_is_approved_is_what_the_chief_saw(house: House, round_: int) -> None:
    """A change and an approval at once: the changed plan waits, whichever was first."""
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))

    def approving(session: Session) -> object:
        return approval.approve_many(
            session, [plan_id], actor=house.people["chiba"], now=at("07:20"), seen_at=at("07:10")
        )

    results = at_once(house, [approving, asking(house, "aoki", morning(WEDNESDAY, PlanKind.TRIP))])
    assert results == ["won", "won"]
    plan = stored(house, plan_id)
    assert (plan.kind, plan.state) == (PlanKind.TRIP, PlanState.REQUESTED)


def test_of_an_approval_and_a_withdrawal_both_are_known(house: House) -> None:
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))

    def withdrawing(session: Session) -> object:
        return requesting.withdraw(session, plan_id, actor=house.people["aoki"], now=at("07:20"))

    def approving(session: Session) -> object:
        return approval.approve_plan(session, plan_id, actor=house.people["chiba"], now=at("07:20"))

    results = at_once(house, [withdrawing, approving])
    assert results in (["won", "won"], ["won", "telework.state"])
    assert stored(house, plan_id).state is PlanState.WITHDRAWN


def test_two_who_decide_on_many_do_not_wait_for_each_other_for_ever(house: House) -> None:
    """Both of a section's chiefs approve the same requests, in opposite orders."""
    hire(house, "dai", "jun")
    ids = [
        one
        for who in ("aoki", "baba", "dai", "jun")
        for one in plan_ids(ask(house, who, [morning(WEDNESDAY)]))
    ]

    def approving(order: list[int]) -> Act:
        return lambda session: approval.approve_many(
            session, order, actor=house.people["chiba"], now=at("07:30")
        )

    assert at_once(house, [approving(ids), approving(ids[::-1])]) == ["won", "won"]
    assert {stored(house, one).state for one in ids} == {PlanState.APPROVED}
    assert approve(house, *ids) == []
