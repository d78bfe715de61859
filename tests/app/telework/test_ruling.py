"""Rules with dates of effect: made, superseded, ended, and who breaks them; on both databases."""

from __future__ import annotations

from datetime import date, timedelta
from functools import partial

import pytest

from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.people.models import Role
from app.people.rules import Employment
from app.telework.caps import ruling
from app.telework.caps.rules import Limit, Rule
from app.telework.caps.service import check_may_see, governed, rulebook
from app.telework.models import TeleworkRule
from app.telework.rules import PlanKind
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    ask,
    become,
    make_rule,
    morning,
    section_id,
    told,
    whole,
)
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted

TOMORROW = DAY + timedelta(days=1)


def end(house: House, rule_id: int, *, day: int = 0) -> TeleworkRule | None:
    with transaction(house.engine) as session:
        actor = house.people["fujii"].as_of(DAY + timedelta(days=day))
        row = ruling.end_rule(session, rule_id, actor=actor, now=at("12:00", day=day))
        session.expunge_all()
    return row


def held(house: House, who: str, on: date) -> int | None:
    """The rule that holds for a person on a day."""
    with reading(house.engine) as session:
        person = governed(session, [house.people[who].id])[house.people[who].id]
        rule = rulebook(session).rule_on(person)(on)
    return rule.id if rule else None


def breaks(house: House, wanted: Rule | None = None) -> dict[str, list[tuple[Limit, int, int]]]:
    with reading(house.engine) as session:
        found = (
            ruling.breaks_now(session, DAY, OFFICE)
            if wanted is None
            else ruling.would_break(session, wanted, OFFICE)
        )
    return {one.name: [(each.limit, each.value, each.cap) for each in one.breaches] for one in found}


def test_a_later_rule_takes_the_place_of_an_earlier_one_for_as_long_as_it_holds(house: House) -> None:
    first = make_rule(house, week=4)
    second = make_rule(house, week=2, from_on=WEDNESDAY, until_on=NEXT_MONDAY)
    assert [held(house, "aoki", DAY + timedelta(days=one)) for one in (-1, 0, 1, 6, 7)] == [
        None,
        first.id,
        second.id,
        second.id,
        first.id,
    ]
    with reading(house.engine) as session:
        rows = ruling.list_rules(session)
        assert ruling.in_effect(rows, DAY) == {first.id}
        assert ruling.in_effect(rows, WEDNESDAY) == {second.id}
        assert ruling.succeeded_on(rows, rows[0]) == DAY
        assert ruling.succeeded_on(rows, rows[1]) is None


def test_a_rule_ends_today_or_is_dropped_on_its_first_day_and_the_log_keeps_both(house: House) -> None:
    first = make_rule(house, week=4)
    coming = make_rule(house, week=2, from_on=TOMORROW)
    assert end(house, coming.id) is None
    assert held(house, "aoki", TOMORROW) == first.id
    ended = end(house, first.id, day=1)
    assert ended is not None
    assert ended.until_on == TOMORROW
    assert held(house, "aoki", TOMORROW) == first.id
    assert held(house, "aoki", TOMORROW + timedelta(days=1)) is None
    with pytest.raises(Conflict, match=r"telework\.rule_over"):
        end(house, first.id, day=2)
    with pytest.raises(NotFound, match=r"telework\.no_rule"):
        end(house, coming.id)
    found = told(house, "telework_rule.")
    assert [one.kind.partition(".")[2] for one in found] == ["made", "made", "dropped", "ended"]
    assert (found[0].data["week"], found[0].data["from_on"]) == (4, "2026-11-24")


@pytest.mark.parametrize(
    ("first", "last", "refusal"),
    [
        (DAY - timedelta(days=1), None, RuleBroken),
        (TOMORROW, DAY, RuleBroken),
        (TOMORROW, TOMORROW, None),
        (DAY, None, Conflict),
    ],
)
def test_a_rule_begins_today_or_later_and_one_for_the_same_people_a_day(
    house: House, first: date, last: date | None, refusal: type[DomainError] | None
) -> None:
    make_rule(house)
    make_rule(house, employment=Employment.OTHER)
    make_rule(house, section_id=section_id(house, "zei"))
    if refusal is None:
        make_rule(house, from_on=first, until_on=last)
    else:
        with pytest.raises(refusal):
            make_rule(house, from_on=first, until_on=last)


def test_a_rule_is_for_a_section_that_there_is(house: House) -> None:
    with pytest.raises(NotFound, match=r"section\.unknown"):
        make_rule(house, section_id=10_000)


# Who breaks a cap


def test_who_would_break_a_rule_is_known_before_it_is_made(house: House) -> None:
    ask(house, "aoki", whole(WEDNESDAY, WEDNESDAY + timedelta(days=1)))
    ask(house, "endo", [morning(NEXT_MONDAY)])
    wanted = Rule(0, TOMORROW, week=2)
    assert breaks(house, wanted) == {"aoki": [(Limit.WEEK, 4, 2)]}
    assert breaks(house) == {}
    assert breaks(house, Rule(0, NEXT_MONDAY, week=2)) == {}, "this week is judged by what held in it"
    only_zei = Rule(0, TOMORROW, section_id=section_id(house, "zei"), week=0)
    assert breaks(house, only_zei) == {"endo": [(Limit.WEEK, 1, 0)]}
    assert breaks(house, Rule(0, TOMORROW, employment=Employment.PART_TIME, week=0)) == {}


def test_who_breaks_a_rule_in_effect_is_listed(house: House) -> None:
    ask(house, "aoki", whole(WEDNESDAY))
    ask(house, "baba", whole(WEDNESDAY, kind=PlanKind.LEAVE))
    make_rule(house, week=1, fiscal_year=1)
    assert breaks(house) == {"aoki": [(Limit.WEEK, 2, 1), (Limit.FISCAL_YEAR, 2, 1)]}


def test_however_many_people_there_are_the_queries_are_the_same(house: House) -> None:
    make_rule(house, week=1)

    def statements() -> int:
        with counted(house.engine) as found, reading(house.engine) as session:
            ruling.breaks_now(session, DAY, OFFICE)
        return len(found)

    before = statements()
    for who in ("aoki", "baba", "endo"):
        ask(house, who, [morning(WEDNESDAY)])
    assert statements() == before


# Who sees whose


@pytest.mark.parametrize(
    ("who", "role", "person", "sees"),
    [
        ("aoki", Role.STAFF, "aoki", True),
        ("aoki", Role.STAFF, "baba", False),
        ("chiba", Role.CHIEF, "aoki", True),
        ("chiba", Role.CHIEF, "endo", False),
        ("fujii", Role.FACILITY, "endo", False),
        ("fujii", Role.PERSONNEL, "aoki", True),
        ("fujii", Role.AUDITOR, "aoki", True),
    ],
)
def test_plans_are_shown_to_the_person_the_chief_personnel_and_auditors(
    house: House, who: str, role: Role, person: str, sees: bool
) -> None:
    become(house, who, role=role)
    with reading(house.engine) as session:
        look = partial(check_may_see, session, house.people[person].id, actor=house.people[who], on=DAY)
        if sees:
            look()
        else:
            with pytest.raises(Forbidden):
                look()
