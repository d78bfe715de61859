"""Deciding on plans: who may, what becomes of them, a week at once, deputies, the digest; on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from app import pipeline
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.notifications.rules import Fact, Topic, recipients
from app.people.models import Role
from app.telework import requesting
from app.telework.approval import deputies
from app.telework.approval import service as approval
from app.telework.approval.digest import note_waiting
from app.telework.approval.rules import Deputy
from app.telework.approval.waiting import approve_week, asked, week
from app.telework.caps.rules import Limit, OverCap
from app.telework.rules import Half, PlanKind, PlanState
from tests.app.telework.desk import (
    NEXT_MONDAY,
    WEDNESDAY,
    approve,
    ask,
    become,
    hire,
    make_rule,
    morning,
    move,
    plan_ids,
    put_below,
    stored,
    told,
    whole,
)
from tests.house import DAY, OFFICE, House, at

THURSDAY, FRIDAY = WEDNESDAY + timedelta(days=1), WEDNESDAY + timedelta(days=2)


def one_plan(house: House, who: str = "aoki", wanted: requesting.Wanted | None = None) -> int:
    return plan_ids(ask(house, who, [wanted or morning(WEDNESDAY)]))[0]


def do(
    house: House, act: Callable[..., object], *args: object, who: str = "chiba", now: str = "07:30"
) -> None:
    with transaction(house.engine) as session:
        act(session, *args, actor=house.people[who], now=at(now))


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


def test_what_was_asked_for_anew_after_the_chief_looked_is_left(house: House) -> None:
    first, second = plan_ids(ask(house, "aoki", [morning(WEDNESDAY), morning(THURSDAY)]))
    ask(house, "aoki", [morning(WEDNESDAY, PlanKind.TRIP)], now="07:20")
    with transaction(house.engine) as session:
        done = approval.approve_many(
            session, [first, second], actor=house.people["chiba"], now=at("07:30"), seen_at=at("07:10")
        )
        assert ([one.id for one in done.approved], [one.id for one in done.left]) == ([second], [first])


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


def test_the_deputy_is_told_too(house: House) -> None:
    name(house, deputy(house))
    ask(house, "aoki", whole(WEDNESDAY))
    assert note(house, "09:00") == [("baba", 2), ("chiba", 2)]
