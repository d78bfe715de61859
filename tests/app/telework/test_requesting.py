"""Asking within the rules, taking back, undoing, telling what was done; on both databases."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from sqlalchemy import func, select

from app import pipeline
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, Forbidden, RuleBroken
from app.people.employing import employ, employed
from app.people.models import User
from app.people.rules import Employment
from app.telework import requesting
from app.telework.caps.rules import Limit, OverCap, Unit
from app.telework.caps.service import standings_of
from app.telework.models import TeleworkPlan
from app.telework.rules import Half, PlanKind, PlanState
from app.telework.service import planned_arrivals
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    approve,
    ask,
    become,
    between,
    do,
    make_rule,
    morning,
    plan_ids,
    put_below,
    section_id,
    stored,
    told,
    whole,
)
from tests.house import DAY, OFFICE, House, at

THURSDAY, FRIDAY = WEDNESDAY + timedelta(days=1), WEDNESDAY + timedelta(days=2)


def refused(
    house: House, who: str, wanted: list[requesting.Wanted], *, now: str = "07:00"
) -> dict[str, object]:
    """The facts of a refusal by a rule; nothing is stored."""
    before = plans(house)
    with pytest.raises(RuleBroken) as caught:
        ask(house, who, wanted, now=now)
    assert caught.value.code == "telework.cap"
    assert plans(house) == before
    return caught.value.facts


def plans(house: House) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(func.count()).select_from(TeleworkPlan)).one()


def test_without_a_rule_everything_may_be_asked_for(house: House) -> None:
    asked = ask(house, "aoki", [*whole(WEDNESDAY, THURSDAY, FRIDAY), *between(NEXT_MONDAY, "10:00", "15:00")])
    assert asked.breaches == []
    assert [(one.on_date, one.half, one.starts, one.ends) for one in asked.plans[-2:]] == [
        (NEXT_MONDAY, Half.AM, time(10), time(12)),
        (NEXT_MONDAY, Half.PM, time(13), time(15)),
    ]


def test_a_cap_refuses_all_of_a_request_and_names_rule_value_and_cap(house: House) -> None:
    make_rule(house, week=4)
    ask(house, "aoki", whole(WEDNESDAY))
    facts = refused(house, "aoki", [*whole(THURSDAY), morning(FRIDAY)])
    assert (facts["rule"], facts["value"], facts["allowed"]) == ("week", "5", "<= 4")
    assert (facts["first"], facts["last"]) == ("2026-11-23", "2026-11-29")
    assert ask(house, "aoki", whole(THURSDAY)).breaches == []


def test_what_was_refused_or_withdrawn_does_not_count(house: House) -> None:
    make_rule(house, week=2)
    first = ask(house, "aoki", whole(WEDNESDAY))
    for plan_id in plan_ids(first):
        with transaction(house.engine) as session:
            requesting.withdraw(session, plan_id, actor=house.people["aoki"], now=at("08:00"))
    assert ask(house, "aoki", whole(THURSDAY)).breaches == []


def test_where_the_rule_says_so_the_chief_is_asked_instead(house: House) -> None:
    make_rule(house, week=1, over_cap=OverCap.ASK, deadline_days=1, deadline_at=time(17))
    asked = ask(house, "aoki", whole(DAY))
    assert [(one.limit, one.is_refused) for one in asked.breaches] == [
        (Limit.WEEK, False),
        (Limit.DEADLINE, False),
    ]
    assert plans(house) == 2


def test_somebody_over_a_new_cap_may_still_ask_for_other_weeks_and_for_the_office(house: House) -> None:
    ask(house, "aoki", whole(WEDNESDAY, THURSDAY))
    make_rule(house, week=2)
    ask(house, "aoki", [morning(NEXT_MONDAY), morning(FRIDAY, PlanKind.TRIP)])
    ask(house, "aoki", [morning(WEDNESDAY, PlanKind.OFFICE)])


def test_past_the_deadline_telework_is_refused_and_leave_is_not(house: House) -> None:
    make_rule(house, deadline_days=1, deadline_at=time(17))
    ask(house, "aoki", whole(WEDNESDAY), now="17:00")
    facts = refused(house, "baba", whole(WEDNESDAY), now="17:00:01")
    assert facts["rule"] == "deadline"
    assert facts["due_at"] == "2026-11-24T17:00:00+09:00"
    ask(house, "baba", whole(WEDNESDAY, kind=PlanKind.LEAVE), now="17:00:01")
    ask(house, "aoki", whole(WEDNESDAY), now="18:00")  # as it is already


def test_who_is_not_eligible_is_refused(house: House) -> None:
    make_rule(house)
    make_rule(house, employment=Employment.FISCAL_YEAR, eligible=False, over_cap=OverCap.ASK)
    ask(house, "aoki", whole(WEDNESDAY))
    become(house, "aoki", employment=Employment.FISCAL_YEAR)
    assert refused(house, "aoki", whole(THURSDAY))["rule"] == "eligible"


def test_a_rule_by_whole_days_takes_no_half(house: House) -> None:
    make_rule(house, unit=Unit.DAY, over_cap=OverCap.ASK)
    assert refused(house, "aoki", [morning(WEDNESDAY)])["measure"] == "day"
    ask(house, "aoki", whole(WEDNESDAY))


def test_hours_are_counted_as_minutes_of_office_hours(house: House) -> None:
    make_rule(house, unit=Unit.HOUR, week=8 * 60)
    ask(house, "aoki", between(WEDNESDAY, "10:00", "15:00"))
    assert refused(house, "aoki", between(THURSDAY, "13:00", "14:30"))["rule"] == "unit"
    assert refused(house, "aoki", between(THURSDAY, "08:30", "13:30"))["rule"] == "unit"
    assert refused(house, "aoki", whole(THURSDAY))["value"] == str(240 + 210 + 255)
    ask(house, "aoki", between(THURSDAY, "13:00", "17:00"))
    with pytest.raises(RuleBroken, match=r"telework\.no_hours"):
        between(THURSDAY, "12:00", "13:00")


def test_the_rule_of_the_nearest_section_above_holds(house: House) -> None:
    put_below(house, "soumu", "bu")
    make_rule(house, week=0)
    make_rule(house, week=2, section_id=section_id(house, "bu"))
    ask(house, "aoki", whole(WEDNESDAY))
    assert refused(house, "endo", [morning(WEDNESDAY)])["allowed"] == "<= 0"
    make_rule(house, week=1, section_id=section_id(house, "soumu"))
    assert refused(house, "baba", whole(WEDNESDAY))["allowed"] == "<= 1"


def test_terminals_are_lent_to_those_at_home_of_whom_the_rule_speaks(house: House) -> None:
    make_rule(house, terminals=1, section_id=section_id(house, "soumu"))
    ask(house, "endo", whole(WEDNESDAY))
    ask(house, "aoki", [morning(WEDNESDAY)])
    ask(house, "aoki", [morning(WEDNESDAY)])  # once more: one's own terminal counts once
    assert refused(house, "baba", [morning(WEDNESDAY)])["rule"] == "terminals"
    ask(house, "baba", [requesting.Wanted(WEDNESDAY, Half.PM, PlanKind.HOME)])
    ask(house, "chiba", [morning(WEDNESDAY, PlanKind.SATELLITE)])


def test_who_has_left_uses_no_terminal(house: House) -> None:
    make_rule(house, terminals=1)
    ask(house, "aoki", [morning(WEDNESDAY)])
    with transaction(house.engine) as session:
        session.get_one(User, house.people["aoki"].id).left_at = at("08:00")
    ask(house, "baba", [morning(WEDNESDAY)])


def test_terminals_of_an_employment_are_used_by_whom_it_holds_of_that_day(house: House) -> None:
    make_rule(house, terminals=1, employment=Employment.FISCAL_YEAR)
    become(house, "baba", employment=Employment.FISCAL_YEAR)
    with transaction(house.engine) as session:
        user = session.get_one(User, house.people["aoki"].id)
        employ(session, user, employed(session, user).changed(Employment.FISCAL_YEAR, THURSDAY))
    ask(house, "aoki", [morning(WEDNESDAY), morning(THURSDAY)])
    ask(house, "baba", [morning(WEDNESDAY)])
    assert refused(house, "baba", [morning(THURSDAY)])["rule"] == "terminals"


def test_a_section_above_lends_to_those_below(house: House) -> None:
    put_below(house, "soumu", "bu")
    make_rule(house, terminals=2, section_id=section_id(house, "bu"))
    for who in ("aoki", "baba"):
        ask(house, who, [morning(WEDNESDAY)])
    assert refused(house, "chiba", [morning(WEDNESDAY)])["value"] == "3"


@pytest.mark.parametrize(
    ("on", "kind", "code"),
    [
        (DAY - timedelta(days=1), PlanKind.LEAVE, "telework.day_closed"),
        (DAY + timedelta(days=367), PlanKind.TRIP, "telework.too_far"),
        (DAY + timedelta(days=4), PlanKind.HOME, "telework.closed_day"),
        (date(2026, 12, 31), PlanKind.SATELLITE, "telework.closed_day"),
    ],
)
def test_days_that_cannot_be_planned(house: House, on: date, kind: PlanKind, code: str) -> None:
    with pytest.raises((Conflict, RuleBroken)) as caught:
        ask(house, "aoki", [morning(WEDNESDAY), morning(on, kind)])
    assert caught.value.code == code
    assert plans(house) == 0


def test_what_is_left_counts_what_waits_and_what_is_approved(house: House) -> None:
    make_rule(house, week=4, fiscal_year=20)
    first = ask(house, "aoki", whole(WEDNESDAY))
    approve(house, plan_ids(first)[0])
    ask(house, "aoki", whole(NEXT_MONDAY))
    with reading(house.engine) as session:
        calendar = public_holidays(DAY.year)
        rule, found = standings_of(session, house.people["aoki"].id, DAY, OFFICE, calendar)
    assert rule is not None
    assert [(one.limit, one.used, one.left) for one in found] == [
        (Limit.WEEK, 2, 2),
        (Limit.FISCAL_YEAR, 4, 16),
    ]


# Taking back and undoing


def test_a_withdrawal_is_undone_within_a_quarter_of_an_hour_as_approved_as_it_was(house: House) -> None:
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))
    approve(house, plan_id)
    aoki = house.people["aoki"]
    with transaction(house.engine) as session:
        requesting.withdraw(session, plan_id, actor=aoki, now=at("08:00"))
    assert (stored(house, plan_id).state, stored(house, plan_id).approved_at) == (PlanState.WITHDRAWN, None)
    with pytest.raises(Conflict, match=r"telework\.state"), transaction(house.engine) as session:
        requesting.restore(session, plan_id, actor=aoki, now=at("08:15:01"), office=OFFICE)
    with transaction(house.engine) as session:
        requesting.restore(session, plan_id, actor=aoki, now=at("08:15"), office=OFFICE)
    plan = stored(house, plan_id)
    assert (plan.state, plan.approved_at, plan.approved_by) == (
        PlanState.APPROVED,
        at("07:30"),
        house.people["chiba"].id,
    )
    assert [one.kind for one in told(house)][-2:] == ["telework.withdrawn", "telework.restored"]


def test_an_undo_goes_by_the_rules_too(house: House) -> None:
    make_rule(house, week=1, deadline_days=1, deadline_at=time(7, 30))
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))
    aoki = house.people["aoki"]
    for clock in ("07:31", "07:40"):
        with transaction(house.engine) as session:
            requesting.withdraw(session, plan_id, actor=aoki, now=at(clock))
        with transaction(house.engine) as session:  # asked for in time, be it undone after the deadline
            requesting.restore(session, plan_id, actor=aoki, now=at("07:45"), office=OFFICE)
    with transaction(house.engine) as session:
        requesting.withdraw(session, plan_id, actor=aoki, now=at("07:50"))
    ask(house, "aoki", [morning(FRIDAY)], now="07:20")
    with pytest.raises(RuleBroken, match=r"telework\.cap"), transaction(house.engine) as session:
        requesting.restore(session, plan_id, actor=aoki, now=at("07:51"), office=OFFICE)


def test_only_ones_own_and_only_what_stands_is_withdrawn_and_no_closed_day(house: House) -> None:
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(DAY)]))
    for who, refusal in (("baba", Forbidden), ("aoki", None), ("aoki", Conflict)):
        if refusal is None:
            with transaction(house.engine) as session:
                requesting.withdraw(session, plan_id, actor=house.people[who], now=at("08:00"))
        else:
            with pytest.raises(refusal), transaction(house.engine) as session:
                requesting.withdraw(session, plan_id, actor=house.people[who], now=at("08:00"))
    ask(house, "aoki", [morning(DAY)], now="08:30")
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))
    with pytest.raises(Conflict, match=r"telework\.day_closed"), transaction(house.engine) as session:
        requesting.withdraw(session, plan_id, actor=house.people["aoki"], now=at("08:00", day=1))


def test_what_was_done_is_told_from_the_day_on_once_it_is_approved(house: House) -> None:
    aoki = house.people["aoki"]
    today, ahead = plan_ids(ask(house, "aoki", [morning(DAY), morning(WEDNESDAY)]))

    def tell(plan_id: int, now: str) -> None:
        with transaction(house.engine) as session:
            requesting.report(session, plan_id, "議事録を3件作成", actor=aoki, now=at(now), office=OFFICE)

    with pytest.raises(Conflict):
        tell(today, "07:10")
    approve(house, today, ahead)
    tell(today, "12:00")
    with pytest.raises(Conflict):
        tell(ahead, "12:00")
    assert (stored(house, today).report, stored(house, today).reported_at) == ("議事録を3件作成", at("12:00"))
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))
    ask(house, "aoki", [morning(WEDNESDAY, PlanKind.TRIP)])
    assert stored(house, ahead).state is PlanState.REQUESTED, "another plan needs another approval"


# What parts mean elsewhere


@pytest.mark.parametrize("is_approved", [True, False])
def test_an_hour_of_leave_takes_no_half_day_at_home_away(house: House, is_approved: bool) -> None:
    (home,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))
    if is_approved:
        approve(house, home)
    hour = requesting.wanted_between(WEDNESDAY, time(8, 30), time(9, 30), PlanKind.LEAVE, OFFICE)
    with pytest.raises(RuleBroken) as caught:
        ask(house, "aoki", hour, now="08:00")
    assert (caught.value.code, caught.value.facts) == (
        "telework.one_plan",
        {"on": WEDNESDAY.isoformat(), "half": "am"},
    )
    assert stored(house, home).kind is PlanKind.HOME
    assert plan_ids(ask(house, "aoki", between(WEDNESDAY, "09:30", "12:00"))) == [home], (
        "other hours, as told"
    )
    with pytest.raises(RuleBroken):
        ask(house, "aoki", hour, now="08:05")
    do(house, requesting.withdraw, home, who="aoki", now="08:10")
    assert plan_ids(ask(house, "aoki", hour, now="08:15")) == [home], "withdrawn first, as told"


def test_hours_beside_the_office_and_whole_half_days_are_asked_for_as_ever(house: House) -> None:
    office = ask(
        house,
        "aoki",
        [morning(WEDNESDAY, PlanKind.OFFICE), requesting.Wanted(WEDNESDAY, Half.PM, PlanKind.HOME)],
    )
    hour = ask(
        house, "aoki", requesting.wanted_between(WEDNESDAY, time(8, 30), time(9, 30), PlanKind.LEAVE, OFFICE)
    )
    leave = ask(house, "aoki", whole(WEDNESDAY, kind=PlanKind.LEAVE))
    assert plan_ids(office)[:1] == plan_ids(hour)
    assert plan_ids(leave) == plan_ids(office)


def test_less_than_half_of_a_half_day_is_no_absence_of_it(house: House) -> None:
    short = ask(house, "aoki", between(WEDNESDAY, "08:30", "10:00"))
    with reading(house.engine) as session:
        people = [(house.people["aoki"].id, at("09:00", day=1))]
        assert planned_arrivals(session, people, OFFICE) == {people[0]: at("10:00", day=1)}
    later = ask(house, "aoki", between(WEDNESDAY, "10:30", "12:00"))
    with reading(house.engine) as session:
        assert planned_arrivals(session, people, OFFICE) == {}
    whole_ones = ask(house, "aoki", [morning(WEDNESDAY)])
    assert plan_ids(short) == plan_ids(later) == plan_ids(whole_ones)


@pytest.mark.parametrize(("until", "reason"), [("10:14", "no_evidence"), ("10:15", "home_unreported")])
def test_half_of_a_half_day_at_home_is_one_at_home(house: House, until: str, reason: str) -> None:
    approve(house, *plan_ids(ask(house, "aoki", between(DAY, "08:30", until))))
    with transaction(house.engine) as session:
        written = pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))
        mine = [one.reason for one in written if one.user_id == house.people["aoki"].id]
    assert mine == [reason, "no_evidence"]


def test_a_plan_that_does_not_stand_is_nowhere_expected(house: House) -> None:
    (plan_id,) = plan_ids(ask(house, "aoki", [morning(WEDNESDAY)]))
    people = [(house.people["aoki"].id, at("09:00", day=1))]
    with reading(house.engine) as session:
        assert planned_arrivals(session, people, OFFICE) != {}
    with transaction(house.engine) as session:
        requesting.withdraw(session, plan_id, actor=house.people["aoki"], now=at("08:00"))
    with reading(house.engine) as session:
        assert planned_arrivals(session, people, OFFICE) == {}


def test_in_the_week_in_which_a_rule_changes_each_day_goes_by_its_own(house: House) -> None:
    """The page says how many are left on the first day of the new rule: so many can be had, and none on the last day of
    the old one."""
    monday, last, begins, next_day = (date(2027, 3, 29) + timedelta(days=one) for one in (0, 2, 3, 4))
    make_rule(house, week=2)
    make_rule(house, from_on=begins, week=6)
    ask(house, "aoki", whole(monday))

    def left(on: date) -> int:
        with reading(house.engine) as session:
            aoki = house.people["aoki"].id
            _rule, (week,) = standings_of(session, aoki, on, OFFICE, public_holidays(2027))
        return week.left

    assert (left(last), left(begins)) == (0, 4)
    assert refused(house, "aoki", [morning(last)])["rule"] == "week"
    assert refused(house, "aoki", [morning(last), morning(begins)])["allowed"] == "<= 2"
    assert len(ask(house, "aoki", whole(begins, next_day)).plans) == 4
    assert left(begins) == 0
