"""The number beside "Approvals" is what its page lists, for everybody; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.database import reading, transaction
from app.people.models import Membership, Role, User
from app.telework.approval import deputies
from app.telework.approval.counting import count_waiting
from app.telework.approval.rules import Deputy
from app.telework.approval.waiting import AHEAD, BACK, asked
from app.telework.rules import PlanKind
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    approve,
    ask,
    become,
    hire,
    morning,
    move,
    plan_ids,
    put_below,
    section_id,
    whole,
)
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted, explained


def listed(house: House, who: str) -> int:
    """How many half-days wait on the page of approvals."""
    with reading(house.engine) as session:
        rows = asked(session, DAY - BACK, DAY + AHEAD, actor=house.people[who], office=OFFICE)
        return sum(len(row.waiting) for row in rows)


def number(house: House, who: str) -> int:
    with reading(house.engine) as session:
        return count_waiting(session, house.people[who], DAY)


def agree(house: House) -> dict[str, int]:
    """What waits for whom; of whom nothing does is left out."""
    found = {who: number(house, who) for who in house.people}
    assert found == {who: listed(house, who) for who in house.people}
    return {who: count for who, count in found.items() if count}


def name(house: House, chief: str, deputy: str, *, when_away: bool = False) -> None:
    wanted = Deputy(house.people[chief].id, house.people[deputy].id, DAY, None, when_away)
    with transaction(house.engine) as session:
        deputies.name_deputy(session, wanted, actor=house.people[chief], now=at("07:00"))


def test_the_nearest_chief_counts_what_waits_and_personnel_what_has_none_above(house: House) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    assert agree(house) == {}
    ask(house, "aoki", whole(WEDNESDAY))
    ask(house, "chiba", [morning(WEDNESDAY)])
    ask(house, "endo", [morning(NEXT_MONDAY)])
    ask(house, "fujii", [morning(NEXT_MONDAY)])
    ask(house, "baba", [morning(WEDNESDAY, PlanKind.OFFICE)])
    assert agree(house) == {"chiba": 2, "fujii": 2}
    put_below(house, "zei", "soumu")
    assert agree(house) == {"chiba": 4, "fujii": 1}
    put_below(house, "soumu", "bu")
    hire(house, "head", section="bu", role=Role.CHIEF)
    assert agree(house) == {"chiba": 4, "head": 1}
    hire(house, "second", section="zei", role=Role.CHIEF)
    assert agree(house) == {"chiba": 2, "head": 1, "second": 2}
    ask(house, "second", [morning(WEDNESDAY)])
    assert agree(house) == {"chiba": 3, "head": 1, "second": 2}


def test_a_deputy_counts_while_acting_and_never_the_own(house: House) -> None:
    name(house, "chiba", "baba")
    ask(house, "aoki", whole(WEDNESDAY))
    ask(house, "baba", [morning(WEDNESDAY)])
    assert agree(house) == {"chiba": 3, "baba": 2}


@pytest.mark.parametrize("is_away", [True, False])
def test_a_standing_deputy_counts_while_the_chief_is_away(house: House, is_away: bool) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    name(house, "chiba", "baba", when_away=True)
    ask(house, "aoki", whole(WEDNESDAY))
    leave = plan_ids(ask(house, "chiba", [morning(DAY, PlanKind.LEAVE)]))
    if is_away:
        approve(house, *leave, who="fujii")
    assert agree(house) == ({"chiba": 2, "baba": 2} if is_away else {"chiba": 2, "fujii": 1})


def test_the_section_of_the_day_counts_and_of_two_sections_both(house: House) -> None:
    hire(house, "other", section="zei", role=Role.CHIEF)
    ask(house, "aoki", [morning(WEDNESDAY), morning(NEXT_MONDAY)])
    move(house, "aoki", "zei", NEXT_MONDAY)
    assert agree(house) == {"chiba": 1, "other": 1}
    with transaction(house.engine) as session:
        session.add(
            Membership(
                user_id=house.people["aoki"].id,
                section_id=section_id(house, "soumu"),
                from_on=NEXT_MONDAY,
            )
        )
    assert agree(house) == {"chiba": 2, "other": 1}


def test_what_is_decided_or_asked_by_who_has_left_does_not_count(house: House) -> None:
    approve(house, *plan_ids(ask(house, "aoki", [morning(WEDNESDAY)])))
    ask(house, "baba", whole(WEDNESDAY + timedelta(days=1)))
    assert agree(house) == {"chiba": 2}
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).left_at = at("08:00")
    assert number(house, "chiba") == 0


def test_it_is_one_query_that_reads_no_plan_but_by_an_index(house: House) -> None:
    ask(house, "aoki", whole(WEDNESDAY))
    with counted(house.engine) as sent:
        assert number(house, "chiba") == 2
    assert len([one for one in sent if "telework_plans" in one]) == 1
    with explained(house.engine) as plans:
        number(house, "chiba")
    if (
        house.engine.dialect.name == "sqlite"
    ):  # PostgreSQL reads a handful of rows through, whatever the index
        assert "telework_plans" in plans[-1]
        assert "SCAN telework_plans" not in plans[-1]
