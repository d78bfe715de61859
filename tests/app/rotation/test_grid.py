"""A rotation as it is by now: who is elsewhere since, what does not hold then, what is locked and differs; on both
databases."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import update

from app import pipeline
from app.database import reading, transaction
from app.people.models import Role, Section
from app.rotation import service
from app.rotation.cover import cover_on
from app.rotation.grid import Grid, grid
from app.rotation.models import Rotation, RotationLock, State
from app.rotation.rules import Cell
from app.rotation.rules import State as Where
from app.rotation.seats import Published
from app.spaces.models import Zone
from app.telework.approval import service as approval
from app.telework.rules import Half, PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import (
    FIRST,
    LAST,
    plan_month,
    publish,
    search,
    setting,
    with_own_zone,
)
from tests.app.telework.desk import approve, ask, hire, morning, plan_ids, section_id, whole
from tests.fixtures.web import Api
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted

SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def office(house: House) -> House:
    """Three people with a zone of three seats; at the counter are aoki and baba, and both are wanted."""
    with_own_zone(house, week=10)
    counter(house, 2)
    return house


def counter(house: House, least: int) -> None:
    minded = [house.people[who].id for who in ("aoki", "baba")]
    setting(house, covers=[{"name": "窓口", "least": least, "people": minded}])


def found(house: House, now: str = "08:00") -> int:
    rotation = search(house, plan_month(house, now=now))
    assert rotation.state is State.FOUND
    return rotation.id


def shown(house: House, rotation_id: int) -> Grid:
    with reading(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        return grid(session, rotation, actor=house.people["chiba"], office=OFFICE)


def cell(house: House, who: str, on: date, half: str = "am") -> Cell:
    return Cell(str(house.people[who].id), on, half)


def go_on_leave(house: House, who: str, on: date) -> None:
    leave = ask(house, who, whole(on, kind=PlanKind.LEAVE), now="08:10")
    approve(house, *plan_ids(leave), now="08:10")


def few(found: Grid) -> set[date]:
    """The days on which there are too few at the counter."""
    row = found.covers[1]
    return {on for on in found.days if row.is_few(on, "am")}


@pytest.mark.parametrize("is_published", [False, True])
def test_whoever_is_on_leave_since_is_not_counted_as_in_the_office(office: House, is_published: bool) -> None:
    rotation_id = found(office)
    if is_published:
        publish(office, rotation_id)
    assert few(shown(office, rotation_id)) == set()
    go_on_leave(office, "baba", FIRST)
    now = shown(office, rotation_id)
    assert now.plan[cell(office, "baba", FIRST)] is Where.AWAY
    assert now.why[cell(office, "baba", FIRST)] == "leave"
    assert few(now) == {FIRST}
    assert now.covers[1].counts[FIRST, "am"] == 1


def test_a_day_at_home_that_was_taken_back_is_in_the_office(office: House) -> None:
    counter(office, 1)
    setting(office, people=[{"user_id": office.people["baba"].id, "target": 2}])
    rotation_id = found(office)
    publish(office, rotation_id)
    at_home = next(one for one, where in shown(office, rotation_id).plan.items() if where is Where.HOME)
    plan = months.plans(office)[int(at_home.person), at_home.day, at_home.half]
    with transaction(office.engine) as session:
        chiba = office.people["chiba"]
        approval.revoke_many(session, [plan.id], "needed here", actor=chiba, now=at("08:20"))
    now = shown(office, rotation_id)
    assert now.plan[at_home] is Where.OFFICE
    assert now.why[at_home] == "revoked"
    assert now.differs == set()


def test_whoever_somebody_stepped_in_for_is_absent(office: House) -> None:
    swap_id = months.swap(office)
    with transaction(office.engine) as session:
        baba = office.people["baba"]
        done = pipeline.answer_swap(
            session, swap_id, accepts=True, actor=baba, office=OFFICE, now=at("08:05")
        )
        rotation_id = done.swap.rotation_id
    now = shown(office, rotation_id)
    assert now.plan[cell(office, "aoki", FIRST)] is Where.AWAY
    assert now.why[cell(office, "aoki", FIRST)] == "absent"
    assert now.covers[1].counts[FIRST, "am"] == 1


def test_before_it_is_published_it_gives_way_to_what_was_approved_by_hand_and_not_to_an_earlier_rotation(
    office: House,
) -> None:
    counter(office, 0)
    asked = ask(office, "baba", whole(FIRST))
    publish(office, found(office))
    setting(office, people=[{"user_id": office.people["baba"].id, "target": 0}])
    again = found(office, "08:05")
    assert shown(office, again).plan[cell(office, "baba", FIRST)] is Where.OFFICE
    assert cell(office, "baba", FIRST) in shown(office, again).differs
    assert plan_ids(asked)
    approve(office, *plan_ids(ask(office, "aoki", whole(SECOND), now="08:10")), now="08:20")
    now = shown(office, again)
    assert now.plan[cell(office, "aoki", SECOND)] is Where.HOME
    assert now.why[cell(office, "aoki", SECOND)] == "approved"


def test_what_does_not_hold_by_now_is_told_when_it_is_published(office: House) -> None:
    rotation_id = found(office)
    go_on_leave(office, "baba", FIRST)
    done: Published = publish(office, rotation_id)
    assert [(one.rule["about"], one.rule["limit"], one.on, one.half, one.found) for one in done.unmet] == [
        ("窓口", 2, FIRST, "am", 1),
        ("窓口", 2, FIRST, "pm", 1),
    ]


def test_the_preview_over_http_says_what_does_not_hold_and_for_whom_there_is_no_seat(
    api: Api, office: House
) -> None:
    rotation_id = found(office)
    go_on_leave(office, "baba", FIRST)
    for code in ("seat", "window", "bare"):
        office.break_(code)
    path = f"/rotations/{rotation_id}/publish?dry_run=true"
    answer = api.call("chiba", "POST", path, If_Match="*", Accept_Language="en")
    assert answer.status_code == 200, answer.text
    first, _second = answer.get_json()["unmet"]
    assert first == {
        "kind": "cover",
        "about": "窓口",
        "limit": 2,
        "found": 1,
        "on": FIRST.isoformat(),
        "half": "am",
        "sentence": "窓口: at least 2 in the office.",
    }
    assert answer.get_json()["unseated"][0] == {
        "user_id": office.people["aoki"].id,
        "name": "aoki",
        "on": FIRST.isoformat(),
        "part": False,
    }


def test_who_stays_at_home_on_a_day_for_which_they_are_called_in_is_told_of_when_it_is_published(
    api: Api, office: House
) -> None:
    approve(office, *plan_ids(ask(office, "baba", whole(FIRST))))
    with transaction(office.engine) as session:
        session.add(
            RotationLock(
                section_id=section_id(office, "soumu"),
                user_id=office.people["chiba"].id,
                on_date=FIRST,
                half=Half.PM,
                kind=PlanKind.HOME,
            )
        )
    both = [{"on": on.isoformat(), "half": None, "people": None, "why": "全体"} for on in (FIRST, SECOND)]
    setting(office, meetings=both)
    rotation_id = found(office)
    approve(office, *plan_ids(ask(office, "aoki", [morning(SECOND)], now="08:01")), now="08:01")
    path = f"/rotations/{rotation_id}/publish?dry_run=true"
    answer = api.call("chiba", "POST", path, If_Match="*", Accept_Language="en")
    assert [(one["kind"], one["about"], one["on"], one["half"]) for one in answer.get_json()["unmet"]] == [
        ("called_in", "aoki", SECOND.isoformat(), "am"),
        ("called_in", "baba", FIRST.isoformat(), "am"),
        ("called_in", "baba", FIRST.isoformat(), "pm"),
        ("called_in", "chiba", FIRST.isoformat(), "pm"),
    ]
    said = api.call("chiba", "POST", path, If_Match="*", Accept_Language="ja").get_json()["unmet"][0]
    assert said["sentence"].startswith("aokiさんは、出勤を求める日に在宅です。")


def test_a_rotation_of_which_all_holds_is_told_so(office: House) -> None:
    assert publish(office, found(office)).unmet == []


def test_a_lock_is_seen_at_once_and_gone_once_it_is_opened(office: House) -> None:
    rotation_id = found(office)
    aoki = office.people["aoki"].id

    def lock(kind: str | None) -> None:
        with transaction(office.engine) as session:
            service.lock_cells(
                session,
                section_id(office, "soumu"),
                {(aoki, FIRST, "am"): kind},
                actor=office.people["chiba"],
                now=at("08:05"),
            )

    assert shown(office, rotation_id).locks == {}
    lock("home")
    assert shown(office, rotation_id).locks == {cell(office, "aoki", FIRST): Where.HOME}
    counter(office, 1)
    again = found(office, "08:10")
    assert shown(office, again).plan[cell(office, "aoki", FIRST)] is Where.HOME
    lock(None)
    assert shown(office, again).locks == {}
    assert cell(office, "aoki", FIRST) not in shown(office, again).why


def test_what_differs_from_what_is_published_differs_until_it_is_published(office: House) -> None:
    counter(office, 1)
    publish(office, found(office))
    ask(office, "baba", whole(FIRST), now="08:04")
    again = found(office, "08:05")
    assert shown(office, again).differs == {cell(office, "baba", FIRST, half) for half in ("am", "pm")}
    publish(office, again)
    assert shown(office, again).differs == set()


def test_it_differs_from_what_is_published_today_not_when_it_was_asked_for(office: House) -> None:
    counter(office, 1)
    early = found(office)
    ask(office, "baba", whole(FIRST), now="08:04")
    publish(office, found(office, "08:05"))
    assert shown(office, early).differs == {cell(office, "baba", FIRST, half) for half in ("am", "pm")}


def test_of_a_published_rotation_those_days_are_shown_that_no_later_one_has_taken(office: House) -> None:
    first = found(office)
    publish(office, first)
    assert shown(office, first).days == [FIRST + timedelta(days=day) for day in range(5)]
    later = search(office, plan_month(office, first=LAST)).id
    publish(office, later)
    assert shown(office, first).days == [FIRST + timedelta(days=day) for day in range(4)]
    assert shown(office, later).days == [LAST]


def test_the_published_rotation_is_listed_however_many_were_searched_since(office: House) -> None:
    published = found(office)
    publish(office, published)
    for _number in range(service.NEWEST + 1):
        months.end_searches(office)
        plan_month(office)
    with reading(office.engine) as session:
        listed = [one.id for one in service.latest(session, section_id(office, "soumu"), FIRST, LAST)]
    assert len(listed) == service.NEWEST + 1
    assert listed[-1] == published
    assert listed == sorted(listed, reverse=True)


def test_more_people_take_no_more_queries(office: House) -> None:
    counter(office, 1)

    def queries(rotation_id: int) -> int:
        with counted(office.engine) as statements:
            shown(office, rotation_id)
        return len(statements)

    few_people = found(office)
    before = queries(few_people)
    hire(office, *(f"person{number}" for number in range(6)))
    with transaction(office.engine) as session:  # six more than seats, and nobody need be at home
        session.execute(update(Zone).where(Zone.section_id.is_not(None)).values(section_id=None))
    assert queries(found(office, "08:30")) == before


def test_the_cover_of_a_day_is_that_of_the_published_rotation_with_everybody_where_they_are(
    office: House,
) -> None:
    publish(office, found(office))
    go_on_leave(office, "aoki", SECOND)
    with reading(office.engine) as session:
        sections = service.planned_sections(session, office.people["chiba"])
        (first,), (second,) = (cover_on(session, sections, on, OFFICE) for on in (FIRST, SECOND))
        assert cover_on(session, sections, DAY, OFFICE) == []
    assert [(row.name, row.counts[FIRST, "am"]) for row in first.rows] == [("", 3), ("窓口", 2)]
    assert [(row.name, row.counts[SECOND, "am"]) for row in second.rows] == [("", 2), ("窓口", 1)]
    assert second.rows[1].is_few(SECOND, "am")


def test_the_cover_of_more_sections_takes_no_more_queries(office: House) -> None:
    hire(office, "date", section="zei", role=Role.CHIEF)
    publish(office, found(office))
    with transaction(office.engine) as session:
        of_taxes = service.ask(
            session,
            actor=office.people["date"],
            section_id=section_id(office, "zei"),
            first=FIRST,
            last=LAST,
            limits=months.LIMITS,
            office=OFFICE,
            now=at("08:00"),
        ).id
    search(office, of_taxes)
    publish(office, of_taxes, "date")

    def queries(*codes: str) -> int:
        with reading(office.engine) as session:
            sections = [session.get_one(Section, section_id(office, code)) for code in codes]
            with counted(office.engine) as statements:
                assert len(cover_on(session, sections, FIRST, OFFICE)) == len(codes)
        return len(statements)

    assert queries("soumu", "zei") == queries("soumu")
