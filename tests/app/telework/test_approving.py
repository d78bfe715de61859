"""Deciding on plans: who may, what becomes of them, a week at once, deputies, the digest; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app import pipeline
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound
from app.notifications.rules import Fact, Topic, recipients
from app.people.models import Role
from app.telework.approval import service as approval
from app.telework.approval.waiting import approve_week, asked, week
from app.telework.caps.rules import Limit, OverCap
from app.telework.closing import service as closing
from app.telework.closing.rules import Month
from app.telework.rules import Half, PlanKind, PlanState
from tests.app.telework.days import close_days
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    approve,
    ask,
    do,
    hire,
    make_rule,
    morning,
    move,
    one_plan,
    plan_ids,
    put_below,
    stored,
    told,
    whole,
)
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted

THURSDAY, FRIDAY = WEDNESDAY + timedelta(days=1), WEDNESDAY + timedelta(days=2)


# Who


@pytest.mark.parametrize(
    ("person", "who", "refusal"),
    [
        ("aoki", "chiba", None),
        ("aoki", "aoki", Forbidden),
        ("aoki", "personnel", Forbidden),
        ("endo", "chiba", Forbidden),
        ("endo", "personnel", None),
        ("chiba", "chiba", Forbidden),
        ("chiba", "personnel", None),
        ("personnel", "personnel", Forbidden),
    ],
)
def test_the_chief_decides_and_personnel_where_nobody_is_above(
    house: House, person: str, who: str, refusal: type[DomainError] | None
) -> None:
    hire(house, "personnel", section="zei", role=Role.PERSONNEL)
    plan_id = one_plan(house, person)
    for verb in (approval.approve_plan, approval.revoke, approval.reject):
        args = (plan_id,) if verb is approval.approve_plan else (plan_id, "窓口が足りません")
        if verb is approval.reject:
            ask(house, person, [morning(WEDNESDAY)])  # once more, after it was revoked
        if refusal is None:
            do(house, verb, *args, who=who)
        else:
            with pytest.raises(refusal, match=r"telework\.not_allowed"):
                do(house, verb, *args, who=who)


def test_the_chief_above_decides_on_a_chief_and_on_a_section_without_one(house: House) -> None:
    put_below(house, "soumu", "bu")
    put_below(house, "zei", "bu")
    hire(house, "bucho", section="bu", role=Role.CHIEF)
    for person in ("chiba", "endo"):
        approve(house, one_plan(house, person), who="bucho")
    with pytest.raises(Forbidden):
        approve(house, one_plan(house, "aoki"), who="bucho")


def test_the_chief_of_the_section_on_the_plans_day_decides(house: House) -> None:
    hire(house, "zeicho", section="zei", role=Role.CHIEF)
    move(house, "aoki", "zei", THURSDAY)
    before, after = plan_ids(ask(house, "aoki", [morning(WEDNESDAY), morning(FRIDAY)]))
    approve(house, before)
    approve(house, after, who="zeicho")
    with pytest.raises(Forbidden):
        do(house, approval.revoke, before, "x", who="zeicho")


def test_of_many_none_is_approved_where_one_is_not_ones_own(house: House) -> None:
    mine, other = one_plan(house, "aoki"), one_plan(house, "endo")
    with pytest.raises(Forbidden):
        approve(house, mine, other)
    with pytest.raises(NotFound):
        approve(house, mine, 10_000)
    assert stored(house, mine).state is PlanState.REQUESTED


# What becomes of a plan


def test_the_life_of_a_plan(house: House) -> None:
    plan_id, chief = one_plan(house), house.people["chiba"].id
    do(house, approval.approve_plan, plan_id)
    plan = stored(house, plan_id)
    assert (plan.state, plan.approved_at, plan.approved_by) == (PlanState.APPROVED, at("07:30"), chief)
    with pytest.raises(Conflict, match=r"telework\.state"):
        do(house, approval.approve_plan, plan_id)
    with pytest.raises(Conflict, match=r"telework\.state"):
        do(house, approval.reject, plan_id, "x")
    do(house, approval.revoke, plan_id, "議会対応", now="09:00")
    plan = stored(house, plan_id)
    assert (plan.state, plan.approved_at, plan.approved_by) == (PlanState.REVOKED, None, None)
    assert (plan.reason, plan.decided_at, plan.decided_by) == ("議会対応", at("09:00"), chief)
    assert one_plan(house) == plan_id
    plan = stored(house, plan_id)
    assert (plan.state, plan.reason, plan.decided_at) == (PlanState.REQUESTED, "", None)
    do(house, approval.reject, plan_id, "窓口が足りません")
    assert (stored(house, plan_id).state, stored(house, plan_id).reason) == (
        PlanState.REJECTED,
        "窓口が足りません",
    )


def test_a_closed_day_can_still_be_approved_but_its_approval_stands(house: House) -> None:
    plan_id = one_plan(house, wanted=morning(DAY))
    with transaction(house.engine) as session:
        pipeline.close_day(session, DAY, at("04:00", day=1), OFFICE, public_holidays(DAY.year))
    do(house, approval.approve_plan, plan_id)
    with pytest.raises(Conflict, match=r"telework\.day_closed"):
        do(house, approval.revoke, plan_id, "x")


def test_what_waits_in_a_closed_month_is_refused_only_since_approving_would_change_nothing(
    house: House,
) -> None:
    monday, tuesday = DAY + timedelta(days=6), DAY + timedelta(days=7)  # 30 November, 1 December
    november, december = plan_ids(ask(house, "aoki", [morning(monday), morning(tuesday)]))
    close_days(house, DAY, monday)
    with transaction(house.engine) as session:
        actor = house.people["fujii"]
        closing.close_month(session, Month.of(monday), actor=actor, now=at("09:00", day=7), office=OFFICE)
    chiba = house.people["chiba"].as_of(tuesday)

    def refused(act: Callable[..., object], *args: object) -> None:
        with pytest.raises(Conflict, match=r"telework\.month_closed"), transaction(house.engine) as session:
            act(session, *args, actor=chiba, now=at("10:00", day=7))

    refused(approval.approve_plan, november)
    refused(approval.approve_many, [december, november])
    with transaction(house.engine) as session:
        done = approve_week(session, monday, actor=chiba, now=at("10:00", day=7), office=OFFICE)
        assert [one.id for one in done.approved] == [december]
        assert [one.id for one in done.left] == [november]
        approval.reject(session, november, "締め後", actor=chiba, now=at("10:00", day=7))


def test_each_person_is_told_once_of_what_was_decided_together(house: House) -> None:
    ids = [*plan_ids(ask(house, "aoki", whole(WEDNESDAY, THURSDAY))), one_plan(house, "baba")]
    approve(house, *ids)
    found = [one for one in told(house) if one.kind == "telework.approved"]
    assert [(one.data["user_id"], len(one.data["cells"])) for one in found] == [
        (house.people["aoki"].id, 4),
        (house.people["baba"].id, 1),
    ]
    assert found[1].data["cells"] == [["2026-11-25", "am", "home"]]
    for one in told(house):
        expected = {one.data["user_id"]: Topic.TELEWORK} if "user_id" in one.data else {}
        assert recipients(Fact(one.kind, one.actor_id, one.data)) == expected


def test_who_is_refused_is_told_which_approval_the_request_had_replaced(house: House) -> None:
    approve(house, *plan_ids(ask(house, "aoki", [morning(WEDNESDAY)])))
    leave = plan_ids(ask(house, "aoki", whole(WEDNESDAY, kind=PlanKind.LEAVE), now="08:00"))
    other = one_plan(house, "baba")
    with transaction(house.engine) as session:
        approval.reject_many(
            session, [*leave, other], "窓口当番", actor=house.people["chiba"], now=at("08:30")
        )
    found = {one.data["user_id"]: one.data for one in told(house, "telework.rejected")}
    mine, theirs = (found[house.people[who].id] for who in ("aoki", "baba"))
    assert (mine["lost"], mine["count"]) == ([[WEDNESDAY.isoformat(), "am", "home"]], 1)
    assert not theirs.keys() & {"lost", "count"}


def test_what_was_asked_for_anew_after_the_chief_looked_is_left(house: House) -> None:
    first, second = plan_ids(ask(house, "aoki", [morning(WEDNESDAY), morning(THURSDAY)]))
    ask(house, "aoki", [morning(WEDNESDAY, PlanKind.TRIP)], now="07:20")
    with transaction(house.engine) as session:
        done = approval.approve_many(
            session, [first, second], actor=house.people["chiba"], now=at("07:30"), seen_at=at("07:10")
        )
        assert ([one.id for one in done.approved], [one.id for one in done.left]) == ([second], [first])


def test_what_another_has_decided_on_meanwhile_is_not_said_to_be_left(house: House) -> None:
    approved, rejected, waiting = (
        one_plan(house, who, morning(on))
        for who, on in (("aoki", WEDNESDAY), ("aoki", THURSDAY), ("baba", WEDNESDAY))
    )
    approve(house, approved)
    with transaction(house.engine) as session:
        approval.reject(session, rejected, "窓口当番", actor=house.people["chiba"], now=at("07:30"))
    ask(house, "baba", [morning(WEDNESDAY, PlanKind.TRIP)], now="07:40")
    with transaction(house.engine) as session:
        done = approval.approve_many(
            session,
            [approved, rejected, waiting],
            actor=house.people["chiba"],
            now=at("07:50"),
            seen_at=at("07:20"),
        )
        assert (done.approved, [one.id for one in done.left]) == ([], [waiting])


# A week


def test_a_week_shows_each_request_with_what_it_breaks(house: House) -> None:
    make_rule(house, week=2, terminals=1, over_cap=OverCap.ASK)
    ask(house, "aoki", whole(WEDNESDAY))
    ask(house, "baba", [morning(WEDNESDAY)], now="07:01")
    ask(house, "baba", whole(THURSDAY), now="07:02")
    ask(house, "endo", whole(NEXT_MONDAY))
    with reading(house.engine) as session:
        found = week(session, None, actor=house.people["chiba"], today=DAY, office=OFFICE)
    assert found.days == [DAY, WEDNESDAY, THURSDAY, FRIDAY], "Monday is a holiday"
    assert [(row.person.name, len(row.waiting), len(row.clean)) for row in found.rows] == [
        ("aoki", 2, 2),
        ("baba", 3, 0),
    ]
    broken = {one.limit: (one.value, one.cap) for one in found.rows[1].breaches}
    assert broken == {Limit.WEEK: (3, 2), Limit.TERMINALS: (2, 1)}
    assert found.at_home[WEDNESDAY, Half.AM] == 2
    assert found.waiting == {found.monday: 5}


def test_a_week_is_approved_but_for_what_breaks_a_rule(house: House) -> None:
    make_rule(house, week=2, over_cap=OverCap.ASK)
    clean = plan_ids(ask(house, "aoki", whole(WEDNESDAY)))
    over = plan_ids(ask(house, "baba", [*whole(WEDNESDAY), morning(THURSDAY)]))
    later = plan_ids(ask(house, "aoki", whole(NEXT_MONDAY)))
    with transaction(house.engine) as session:
        done = approve_week(session, FRIDAY, actor=house.people["chiba"], now=at("07:30"), office=OFFICE)
        assert [one.id for one in done.approved] == clean
        assert [one.id for one in done.left] == over
    assert {stored(house, one).state for one in [*over, *later]} == {PlanState.REQUESTED}
    assert approve(house, *over) == over, "the chief may allow it all the same"


def test_of_a_week_what_was_asked_for_after_the_chief_looked_is_left(house: House) -> None:
    seen = plan_ids(ask(house, "aoki", whole(WEDNESDAY)))
    new = plan_ids(ask(house, "baba", whole(WEDNESDAY), now="07:20"))
    ask(house, "aoki", [morning(WEDNESDAY, PlanKind.LEAVE)], now="07:21")
    with transaction(house.engine) as session:
        done = approve_week(
            session,
            WEDNESDAY,
            actor=house.people["chiba"],
            now=at("07:30"),
            office=OFFICE,
            seen_at=at("07:10"),
        )
        assert [one.id for one in done.approved] == seen[1:]
        assert [one.id for one in done.left] == [seen[0], *new]


def test_the_first_week_in_which_something_waits_is_shown(house: House) -> None:
    def monday(day: int = 0) -> object:
        with reading(house.engine) as session:
            on = DAY + timedelta(days=day)
            actor = house.people["chiba"].as_of(on)
            return week(session, None, actor=actor, today=on, office=OFFICE).monday

    assert monday() == DAY - timedelta(days=1)
    ask(house, "aoki", [morning(NEXT_MONDAY + timedelta(days=7))])
    assert monday() == NEXT_MONDAY + timedelta(days=7)
    ask(house, "aoki", [morning(NEXT_MONDAY)])
    assert monday() == NEXT_MONDAY
    assert monday(21) == NEXT_MONDAY + timedelta(days=7), "the latest of those that are over"


def test_a_late_request_is_seen_as_late(house: House) -> None:
    make_rule(house, deadline_days=1, over_cap=OverCap.ASK)
    ask(house, "aoki", [morning(DAY)])
    with reading(house.engine) as session:
        (row,) = asked(session, DAY, DAY, actor=house.people["chiba"], office=OFFICE)
    assert [one.limit for one in row.breaches] == [Limit.DEADLINE]


def test_a_week_takes_as_many_queries_for_one_as_for_all(house: House) -> None:
    make_rule(house, week=1, terminals=1, over_cap=OverCap.ASK)

    def statements() -> int:
        with counted(house.engine) as found, reading(house.engine) as session:
            week(session, None, actor=house.people["chiba"], today=DAY, office=OFFICE)
        return len(found)

    ask(house, "aoki", [morning(WEDNESDAY)])
    before = statements()
    hire(house, "dai", "jun")
    for who in ("baba", "dai", "jun"):
        ask(house, who, whole(WEDNESDAY, THURSDAY))
    assert statements() == before
