"""What the office knows of a section's days, as the problem of a rotation: rules, seats and terminals day by day."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.database import reading, transaction
from app.errors import RuleBroken
from app.people.models import Role, Section
from app.people.rules import Employment
from app.rotation import gathering, service
from app.rotation.form import ProblemForm, problem_of
from app.rotation.models import Rotation
from app.rotation.needs import needs_of
from app.rotation.rules import Goal, State
from app.spaces import barriers
from app.spaces.models import Zone
from app.telework.caps.rules import OverCap, Unit
from app.telework.requesting import wanted_between
from app.telework.rules import PlanKind
from tests.app.rotation.months import (
    FIRST,
    LAST,
    LIMITS,
    give_zone,
    plan_month,
    publish,
    search,
    seats,
    setting,
)
from tests.app.telework.desk import (
    approve,
    ask,
    become,
    hire,
    make_rule,
    morning,
    move,
    plan_ids,
    put_below,
    section_id,
    whole,
)
from tests.house import DAY, OFFICE, House, at

SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, of three seats."""
    return give_zone(house)


def form(house: House, first: date = FIRST, last: date = LAST, section: str = "soumu") -> dict[str, Any]:
    with reading(house.engine) as session:
        of = gathering.month(session, section_id(house, section), first, last, OFFICE)
        return gathering.problem_form(of)


def member(house: House, who: str, said: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in said["members"] if one["id"] == str(house.people[who].id))


def find(house: House, first: date, last: date, *, who: str = "chiba", section: str = "soumu") -> Rotation:
    with transaction(house.engine) as session:
        made = service.ask(
            session,
            actor=house.people[who],
            section_id=section_id(house, section),
            first=first,
            last=last,
            limits=LIMITS,
            office=OFFICE,
            now=at("08:00"),
        ).id
    return search(house, made)


def days_at_home(house: House, who: str, rotation: Rotation) -> list[str]:
    """A day stands there for each half."""
    said = (rotation.plan or {})[str(house.people[who].id)]
    return [on for on, halves in said.items() for state in halves.values() if state == "home"]


def want(house: House, **half_days: int) -> None:
    people = [{"user_id": house.people[who].id, "target": count} for who, count in half_days.items()]
    setting(house, people=people)


def test_each_month_and_fiscal_year_has_its_own_cap(office: House) -> None:
    make_rule(office, month=4, fiscal_year=6)
    approve(office, *plan_ids(ask(office, "aoki", whole(date(2027, 1, 25), date(2027, 1, 26)))))
    said = member(office, "aoki", form(office, date(2026, 12, 28), date(2027, 1, 15)))
    assert {(one["kind"], one["first"]): one["most"] - one["settled"] for one in said["quotas"]} == {
        ("month", "2026-12-01"): 4,
        ("month", "2027-01-01"): 0,
        ("year", "2026-04-01"): 2,
    }
    want(office, aoki=4)
    found = find(office, date(2026, 12, 28), date(2027, 1, 15))
    assert days_at_home(office, "aoki", found) == ["2026-12-28"] * 2
    years = member(office, "aoki", form(office, date(2027, 3, 15), date(2027, 4, 16)))["quotas"]
    assert [one["most"] - one["settled"] for one in years if one["kind"] == "year"] == [2, 6]


def test_the_rule_of_each_day_holds_on_it(office: House) -> None:
    make_rule(office, week=6)
    make_rule(office, from_on=SECOND + timedelta(days=1), eligible=False)
    want(office, aoki=10)
    found = find(office, FIRST, LAST)
    assert set(days_at_home(office, "aoki", found)) == {FIRST.isoformat(), SECOND.isoformat()}


def test_a_rule_of_which_nothing_is_left_closes_its_own_days_alone(office: House) -> None:
    make_rule(office, month=2)
    make_rule(office, from_on=SECOND + timedelta(days=1), month=6)
    approve(office, *plan_ids(ask(office, "aoki", whole(date(2026, 12, 25)))))
    quotas = member(office, "aoki", form(office, SECOND, LAST))["quotas"]
    assert [(one["first"], one["last"], one["most"] - one["settled"]) for one in quotas] == [
        ("2026-12-01", "2026-12-31", 4),
        (SECOND.isoformat(), SECOND.isoformat(), 0),
    ]
    want(office, aoki=6)
    found = find(office, SECOND, LAST)
    at_home = days_at_home(office, "aoki", found)
    assert len(at_home) == 4
    assert min(at_home) > SECOND.isoformat()
    publish(office, found.id)


def test_where_telework_is_by_whole_days_no_half_is_planned(office: House) -> None:
    make_rule(office, unit=Unit.DAY, week=3)
    want(office, aoki=3)
    found = find(office, SECOND, LAST)
    at_home = days_at_home(office, "aoki", found)
    assert len(at_home) == 2
    assert len(set(at_home)) == 1
    publish(office, found.id)


def test_of_the_half_days_a_month_that_are_wanted_those_outside_the_days_count(office: House) -> None:
    want(office, aoki=4)
    approve(office, *plan_ids(ask(office, "aoki", [*whole(SECOND), morning(date(2026, 12, 2))])))
    said = form(office, date(2026, 12, 7), date(2026, 12, 31))
    assert member(office, "aoki", said)["target"] == 1
    assert member(office, "baba", said)["target"] is None


def test_of_two_months_each_has_its_own_number(office: House) -> None:
    want(office, aoki=4)
    asked = problem_of(ProblemForm().load(form(office)))
    of_aoki = next(one for one in asked.members if one.name == "aoki")
    assert of_aoki.targets == [
        Goal(date(2026, 11, 1), date(2026, 11, 30), 2),
        Goal(date(2026, 12, 1), date(2026, 12, 31), 4),
    ]
    found = find(office, FIRST, LAST)
    assert days_at_home(office, "aoki", found).count(FIRST.isoformat()) == 2
    assert len(days_at_home(office, "aoki", found)) == 6


def test_whoever_moves_counts_for_the_cover_of_the_section_of_the_day(office: House) -> None:
    put_below(office, "soumu", "kyoku")
    put_below(office, "zei", "kyoku")
    move(office, "aoki", "zei", SECOND)
    hire(office, "head", section="kyoku", role=Role.CHIEF)
    above = section_id(office, "kyoku")
    covers = [{"name": "総務", "least": 1, "section": section_id(office, "soumu")}]
    data = {"people": [], "covers": covers, "duties": [], "meetings": []}
    with transaction(office.engine) as session:
        service.put_setting(session, above, data, actor=office.people["head"], now=at("08:00"))
    (cover,) = problem_of(ProblemForm().load(form(office, section="kyoku"))).covers
    aoki = str(office.people["aoki"].id)
    assert [aoki in cover.people_of(on) for on in (FIRST, SECOND, LAST)] == [True, False, False]


def test_a_cover_of_a_unit_with_a_skill_or_of_some_people_counts_whoever_is_both(office: House) -> None:
    aoki, baba, endo = (office.people[who].id for who in ("aoki", "baba", "endo"))
    counter = {"name": "窓口", "least": 1, "section": section_id(office, "soumu")}
    setting(
        office,
        people=[{"user_id": one, "skills": ["証明"]} for one in (aoki, endo)],
        covers=[{**counter, "skill": "証明"}, {**counter, "name": "代理", "people": [baba, endo]}],
    )
    skilled, deputies = problem_of(ProblemForm().load(form(office))).covers
    assert [set(one.people_of(FIRST)) for one in (skilled, deputies)] == [{str(aoki)}, {str(baba)}]


def test_two_units_of_one_name_are_two_and_whoever_moves_belongs_to_each_for_the_days_there(
    office: House,
) -> None:
    for code in ("soumu", "zei"):
        put_below(office, code, "kyoku")
    with transaction(office.engine) as session:
        session.execute(update(Section).where(Section.code.in_(["soumu", "zei"])).values(name="庶務係"))
    move(office, "aoki", "zei", SECOND)
    said = form(office, section="kyoku")
    aoki, baba, endo = (member(office, who, said) for who in ("aoki", "baba", "endo"))
    assert (baba["unit"], endo["unit"]) == ("庶務係 (soumu)", "庶務係 (zei)")
    assert aoki["unit"] == baba["unit"]
    assert set(aoki["unit_on"].values()) == {endo["unit"]}
    units = problem_of(ProblemForm().load(said)).units
    assert [aoki["id"] in units[baba["unit"]][on] for on in (FIRST, SECOND, LAST)] == [True, False, False]
    assert [aoki["id"] in units[endo["unit"]][on] for on in (FIRST, SECOND, LAST)] == [False, True, True]
    assert member(office, "aoki", form(office, section="zei"))["unit"] == "庶務係"


def test_days_that_are_over_are_not_planned(office: House) -> None:
    assert find(office, DAY - timedelta(days=5), LAST).first_on == DAY
    with pytest.raises(RuleBroken, match=r"rotation\.over"):
        find(office, DAY - timedelta(days=5), DAY - timedelta(days=1))


def test_one_approval_beyond_a_cap_leaves_everybody_else_a_rotation(office: House) -> None:
    make_rule(office, week=2, over_cap=OverCap.ASK)
    beyond = ask(office, "baba", whole(SECOND, SECOND + timedelta(days=1)))
    approve(office, *plan_ids(beyond))
    want(office, aoki=10, baba=10)
    found = find(office, SECOND, LAST)
    assert len(days_at_home(office, "aoki", found)) == 2
    assert set(days_at_home(office, "baba", found)) == {"2026-12-01", "2026-12-02"}
    assert publish(office, found.id).broken == []


def test_terminals_are_lent_by_each_rule_to_its_people_less_those_that_others_have(office: House) -> None:
    make_rule(office, terminals=2)
    make_rule(office, employment=Employment.OTHER, terminals=0)
    become(office, "aoki", employment=Employment.OTHER)
    ask(office, "endo", [morning(FIRST)])  # of another section
    want(office, aoki=10, baba=10, chiba=10)
    lent = {frozenset(pool["people"]): (pool["most"], pool["most_on"]) for pool in form(office)["pools"]}
    ids = {who: str(office.people[who].id) for who in ("aoki", "baba", "chiba")}
    assert lent == {
        frozenset({ids["aoki"]}): (0, []),
        frozenset(ids.values()): (2, [{"day": FIRST.isoformat(), "half": "am", "most": 1}]),
    }
    found = find(office, FIRST, LAST)
    assert days_at_home(office, "aoki", found) == []
    assert len(days_at_home(office, "baba", found) + days_at_home(office, "chiba", found)) == 19


def test_a_terminal_that_goes_to_whoever_has_a_rule_of_their_own_is_lent_as_where_it_is_published(
    office: House,
) -> None:
    put_below(office, "soumu", "kyoku")
    put_below(office, "zei", "kyoku")
    make_rule(office, section_id=section_id(office, "kyoku"), terminals=1)
    make_rule(office, section_id=section_id(office, "zei"), week=10)
    ask(office, "endo", whole(FIRST))
    want(office, aoki=10)
    found = find(office, FIRST, LAST)
    assert FIRST.isoformat() not in days_at_home(office, "aoki", found)
    assert len(days_at_home(office, "aoki", found)) == 8
    assert publish(office, found.id).broken == []


def test_a_terminal_is_shared_with_whoever_of_the_section_has_a_rule_of_their_own(office: House) -> None:
    make_rule(office, terminals=1)
    make_rule(office, employment=Employment.OTHER)
    become(office, "baba", employment=Employment.OTHER)
    want(office, aoki=10, baba=10)
    found = find(office, FIRST, LAST)
    assert len(days_at_home(office, "aoki", found) + days_at_home(office, "baba", found)) == 10
    assert publish(office, found.id).broken == []


def test_a_rule_that_is_nobodys_on_a_day_lends_nothing_then(office: House) -> None:
    make_rule(office, terminals=1)
    make_rule(office, section_id=section_id(office, "soumu"), from_on=SECOND)
    (pool,) = problem_of(ProblemForm().load(form(office))).pools
    assert [len(pool.people_of(on)) for on in (FIRST, SECOND, LAST)] == [3, 0, 0]


def test_a_seat_out_of_order_is_missing_in_those_half_days_alone(office: House) -> None:
    with transaction(office.engine) as session:
        barriers.add_outage(
            session,
            office.spaces["seat"],
            start=at("00:00", day=(SECOND - DAY).days),
            end=at("12:00", day=(SECOND - DAY).days),
            reason="",
            actor_id=None,
            now=at("00:00"),
        )
    asked = problem_of(ProblemForm().load(form(office)))
    assert asked.seats == 3
    assert asked.seats_on == {(SECOND, "am"): 2}


def test_seats_of_a_shared_zone_are_those_that_nobody_else_has(house: House) -> None:
    share(house, "A")
    assert form(house, section="zei")["seats"] == 3
    published = find(house, FIRST, FIRST)
    publish(house, published.id)
    booked = len(seats(house))
    assert booked
    assert form(house, FIRST, FIRST, section="zei")["seats"] == 3 - booked
    assert form(house, FIRST, FIRST)["seats"] == 3  # to those who hold them they are open


def test_where_nothing_is_booked_whoever_comes_by_anothers_rotation_has_a_seat(house: House) -> None:
    share(house, "F")
    most = form(house, section="zei")["seats"]
    found = find(house, FIRST, FIRST)
    coming = sum(halves["am"] == "office" for days in (found.plan or {}).values() for halves in days.values())
    publish(house, found.id)
    assert seats(house) == []
    assert coming
    assert form(house, FIRST, FIRST, section="zei")["seats"] == max(0, most - coming)


def share(house: House, code: str) -> None:
    """Two sections sit in a zone of the one above them."""
    put_below(house, "soumu", "kyoku")
    put_below(house, "zei", "kyoku")
    above = section_id(house, "kyoku")
    with transaction(house.engine) as session:
        session.execute(update(Zone).values(section_id=None))
        session.execute(update(Zone).where(Zone.code == code).values(section_id=above))


def test_half_days_at_home_leave_the_other_for_the_office_and_are_in_no_row(office: House) -> None:
    make_rule(office, in_a_row=3)
    days = [FIRST + timedelta(days=after) for after in range(4)]
    asked = ask(office, "aoki", [morning(on) for on in days])
    assert asked.breaches == []
    approve(office, *plan_ids(asked))
    found = find(office, FIRST, LAST)
    assert len(days_at_home(office, "aoki", found)) == 4
    publish(office, found.id)


def test_home_beside_leave_is_a_day_in_a_row_before_the_days_and_among_them(office: House) -> None:
    make_rule(office, in_a_row=1)
    leave = [*wanted_half(SECOND, PlanKind.LEAVE), *wanted_half(FIRST, PlanKind.LEAVE)]
    approve(office, *plan_ids(ask(office, "aoki", leave)))
    approve(office, *plan_ids(ask(office, "aoki", [morning(FIRST)])))
    said = member(office, "aoki", form(office, SECOND, LAST))
    assert said["around"][FIRST.isoformat()] == 2
    want(office, aoki=1)
    found = find(office, SECOND, SECOND)
    assert days_at_home(office, "aoki", found) == []


AFTERNOONS = [f"{day}-pm" for day in ("mon", "tue", "wed", "thu", "fri")]


def test_who_never_works_in_the_afternoon_may_be_at_home_every_morning_as_where_they_ask_for_it(
    office: House,
) -> None:
    make_rule(office, in_a_row=1)
    setting(office, people=[{"user_id": office.people["aoki"].id, "target": 10, "away": AFTERNOONS}])
    found = find(office, FIRST, LAST)
    assert len(days_at_home(office, "aoki", found)) == 5
    assert publish(office, found.id).broken == []


def test_leave_in_a_half_day_in_which_somebody_never_works_is_in_a_row_as_where_they_ask(
    office: House,
) -> None:
    make_rule(office, in_a_row=1)
    setting(office, people=[{"user_id": office.people["aoki"].id, "target": 10, "away": AFTERNOONS}])
    leave = [wanted_half(on, PlanKind.LEAVE)[0] for on in (FIRST, SECOND)]
    approve(office, *plan_ids(ask(office, "aoki", leave)))
    found = find(office, FIRST, LAST)
    assert len(days_at_home(office, "aoki", found)) == 4
    assert publish(office, found.id).broken == []


def wanted_half(on: date, kind: PlanKind) -> list[Any]:
    return [one for one in whole(on, kind=kind) if one.half.value == "pm"]


def test_without_a_number_that_is_wanted_nobody_is_sent_home_but_for_a_wish(office: House) -> None:
    hire(office, "kato", "kimura")
    with transaction(office.engine) as session:
        session.execute(update(Zone).values(section_id=None))
    setting(office)
    ask(office, "aoki", [morning(FIRST)])
    found = search(office, plan_month(office))
    assert days_at_home(office, "aoki", found) == [FIRST.isoformat()]
    assert sum(len(days_at_home(office, who, found)) for who in ("baba", "chiba", "kato", "kimura")) == 0
    assert found.figures is not None
    assert found.figures["uncalled"] == {"value": 0, "bound": 0}


def test_an_hour_of_leave_leaves_the_half_day_in_the_office_in_what_is_planned(office: House) -> None:
    hour = wanted_between(FIRST, time(8, 30), time(9, 30), PlanKind.LEAVE, OFFICE)
    ask(office, "aoki", hour)
    with reading(office.engine) as session:
        needs = needs_of(session, section_id(office, "soumu"), FIRST, LAST, OFFICE)
    assert needs.planned.counts[FIRST, "am"] == len(needs.problem.members)
    assert State.AWAY not in {one.state for one in needs.problem.fixed.values()}
