"""Who decides for a chief, and who is told what waits; on both databases."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import DomainError, Forbidden, NotFound, RuleBroken
from app.people.models import Role, User
from app.telework.approval import deputies
from app.telework.approval import service as approval
from app.telework.approval.digest import note_waiting
from app.telework.approval.rules import Deputy
from app.telework.approval.waiting import asked
from app.telework.rules import PlanKind
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    approve,
    ask,
    become,
    do,
    hire,
    morning,
    one_plan,
    told,
    whole,
)
from tests.house import DAY, OFFICE, House, at

THURSDAY, FRIDAY = WEDNESDAY + timedelta(days=1), WEDNESDAY + timedelta(days=2)


# Deputies


def name(house: House, wanted: Deputy, *, who: str = "chiba", now: str = "07:00") -> int:
    with transaction(house.engine) as session:
        return deputies.name_deputy(session, wanted, actor=house.people[who], now=at(now)).id


def deputy(house: House, *, first: int = 0, last: int | None = 0, when_away: bool = False) -> Deputy:
    until = None if last is None else DAY + timedelta(days=last)
    chief, other = house.people["chiba"].id, house.people["baba"].id
    return Deputy(chief, other, DAY + timedelta(days=first), until, when_away)


def test_a_deputy_decides_on_the_named_days_only_and_not_on_the_own_plan(house: House) -> None:
    plan_id, own = one_plan(house), one_plan(house, "baba")
    with pytest.raises(Forbidden):
        approve(house, plan_id, who="baba")
    name(house, deputy(house, first=0, last=1))
    with pytest.raises(Forbidden):
        approve(house, own, who="baba")
    with pytest.raises(Forbidden):
        approve(house, plan_id, who="baba", day=2)
    assert approve(house, plan_id, who="baba", day=1) == [plan_id]
    with reading(house.engine) as session:
        assert approval.is_deputy(session, house.people["baba"].id, DAY)
        assert not approval.is_deputy(session, house.people["baba"].id, DAY + timedelta(days=2))
        assert not approval.is_deputy(session, house.people["aoki"].id, DAY)


@pytest.mark.parametrize(
    ("kind", "approved", "acts"),
    [
        (PlanKind.LEAVE, True, True),
        (PlanKind.TRIP, True, True),
        (PlanKind.LEAVE, False, False),
        (PlanKind.HOME, True, False),
    ],
)
def test_a_standing_deputy_decides_while_the_chief_is_away(
    house: House, kind: PlanKind, approved: bool, acts: bool
) -> None:
    hire(house, "personnel", section="zei", role=Role.PERSONNEL)
    name(house, deputy(house, last=None, when_away=True))
    plan_id = one_plan(house)
    with pytest.raises(Forbidden):
        approve(house, plan_id, who="baba")
    away = one_plan(house, "chiba", morning(DAY, kind))
    if approved:
        approve(house, away, who="personnel")
    if acts:
        approve(house, plan_id, who="baba")
    else:
        with pytest.raises(Forbidden):
            approve(house, plan_id, who="baba")


def test_a_deputy_is_ended_at_once_and_dropped_before_the_first_day(house: House) -> None:
    acting, coming = name(house, deputy(house)), name(house, deputy(house, first=3, last=4))
    with pytest.raises(Forbidden):
        do(house, deputies.end_deputy, acting, who="aoki")
    for one in (acting, coming):
        do(house, deputies.end_deputy, one)
    with pytest.raises(Forbidden):
        approve(house, one_plan(house), who="baba")
    with reading(house.engine) as session:
        assert deputies.list_deputies(session, DAY) == []
    with pytest.raises(NotFound):
        do(house, deputies.end_deputy, coming)
    assert [one.kind for one in told(house, "telework.deputy")] == [
        *["telework.deputy_named"] * 2,
        *["telework.deputy_ended"] * 2,
    ]


@pytest.mark.parametrize(
    ("change", "who", "refusal"),
    [
        ({"deputy_id": "chiba"}, "chiba", RuleBroken),
        ({"chief_id": "aoki"}, "aoki", RuleBroken),
        ({}, "aoki", Forbidden),
        ({"deputy_id": ""}, "chiba", NotFound),
    ],
)
def test_a_deputy_is_somebody_else_named_by_the_chief(
    house: House, change: dict[str, str], who: str, refusal: type[DomainError]
) -> None:
    wanted = deputy(house)
    values = {name: house.people[other].id if other else 10_000 for name, other in change.items()}
    changed = Deputy(
        values.get("chief_id", wanted.chief_id),
        values.get("deputy_id", wanted.deputy_id),
        wanted.from_on,
        wanted.until_on,
        wanted.when_away,
    )
    with pytest.raises(refusal):
        name(house, changed, who=who)


def test_a_deputys_time_ends_after_it_begins(house: House) -> None:
    for first, last in ((0, -1), (2, 1), (-3, -2)):
        with pytest.raises(RuleBroken):
            name(house, deputy(house, first=first, last=last))


def test_personnel_names_a_deputy_for_a_chief_who_cannot(house: House) -> None:
    become(house, "endo", role=Role.PERSONNEL)
    name(house, deputy(house), who="endo")
    approve(house, one_plan(house), who="baba")


# The digest


def note(house: House, now: str, *, day: int = 0) -> list[tuple[str, int]]:
    """Whom the digest tells, and how much waits for them."""
    before = len(told(house, "telework.waiting"))
    with transaction(house.engine) as session:
        note_waiting(session, at(now, day=day), OFFICE, public_holidays(DAY.year))
    of = {person.id: name for name, person in house.people.items()}
    return [(of[one.data["user_id"]], one.data["count"]) for one in told(house, "telework.waiting")[before:]]


def test_who_decides_is_told_once_a_day_and_only_of_something_new(house: House) -> None:
    become(house, "fujii", role=Role.PERSONNEL)
    assert note(house, "09:00") == []
    ask(house, "aoki", whole(WEDNESDAY))
    ask(house, "endo", [morning(WEDNESDAY)])
    assert note(house, "08:29") == [], "before the office opens"
    assert note(house, "08:30") == [("chiba", 2), ("fujii", 1)]
    ask(house, "baba", [morning(THURSDAY)], now="10:00")
    assert note(house, "10:10") == [], "once a day"
    assert note(house, "08:30", day=1) == [("chiba", 3)], "endo's is nothing new"
    assert note(house, "08:30", day=2) == []
    ask(house, "baba", [morning(NEXT_MONDAY)], now="09:00", day=3)
    assert note(house, "12:00", day=4) == [], "a Saturday"
    assert note(house, "12:00", day=6) == [("chiba", 4)]


def test_of_who_has_left_nobody_is_told_and_nothing_waits(house: House) -> None:
    ask(house, "aoki", whole(WEDNESDAY))
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).left_at = at("08:00")
    assert note(house, "09:00") == []
    with reading(house.engine) as session:
        assert asked(session, DAY, FRIDAY, actor=house.people["chiba"], office=OFFICE) == []


def test_the_deputy_is_told_too(house: House) -> None:
    name(house, deputy(house))
    ask(house, "aoki", whole(WEDNESDAY))
    assert note(house, "09:00") == [("baba", 2), ("chiba", 2)]
