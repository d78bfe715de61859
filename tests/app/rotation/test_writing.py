"""What a rotation writes over and what not; taken back, what stood before stands again; what it would break is told."""

from __future__ import annotations

from datetime import date, time, timedelta

import pytest
from sqlalchemy import select

from app import pipeline
from app.database import reading, rehearsal, transaction
from app.errors import RuleBroken
from app.events import Event
from app.rotation import service, swapping
from app.rotation.models import Rotation, State
from app.rotation.publishing import OnBreach
from app.rotation.seats import Published
from app.telework import requesting
from app.telework.approval import service as approval
from app.telework.caps.rules import OverCap
from app.telework.requesting import wanted_between
from app.telework.rules import PlanKind, PlanState
from tests.app.rotation import months
from tests.app.rotation.months import (
    FIRST,
    LAST,
    cell,
    give_zone,
    plan_month,
    plans,
    publish,
    search,
    setting,
    stored,
    with_own_zone,
    withdraw,
)
from tests.app.telework.desk import approve, ask, make_rule, move, plan_ids, whole
from tests.house import DAY, OFFICE, House, at

SECOND = FIRST + timedelta(days=1)


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, whose people may work at home for four half-days a week."""
    return with_own_zone(house, week=4)


def published(house: House, now: str = "08:00") -> Rotation:
    found = search(house, plan_month(house, now=now))
    publish(house, found.id)
    return found


def of_day(house: House, who: str, on: date) -> set[tuple[str, str]]:
    """Kind and state of somebody's plans of a day."""
    person = house.people[who].id
    return {
        (plan.kind.value, plan.state.value)
        for (user_id, day, _half), plan in plans(house).items()
        if (user_id, day) == (person, on)
    }


def want(house: House, who: str, half_days: int) -> None:
    setting(house, people=[{"user_id": house.people[who].id, "target": half_days}])


def test_what_was_approved_by_hand_before_stays_when_planned_anew_and_when_withdrawn(office: House) -> None:
    approve(office, *plan_ids(ask(office, "aoki", whole(FIRST))))
    published(office)
    want(office, "aoki", 0)
    again = published(office, "08:40")
    assert cell(again, office, "aoki", FIRST, "am") == "home"
    assert of_day(office, "aoki", FIRST) == {("home", "approved")}
    withdraw(office, again.id)
    assert of_day(office, "aoki", FIRST) == {("home", "approved")}
    assert of_day(office, "aoki", SECOND) == {("office", "withdrawn")}


@pytest.mark.parametrize("first", ["office", "home"])
def test_what_was_approved_by_hand_after_publication_stays_when_planned_anew(
    office: House, first: str
) -> None:
    want(office, "aoki", 0)
    if first == "home":  # the rotation says so too; yet it is withdrawn, and then approved by hand
        ask(office, "aoki", whole(SECOND))
        setting(office)
    published(office)
    assert of_day(office, "aoki", SECOND) == {(first, "approved")}
    if first == "home":
        for key, plan in plans(office).items():
            if key[:2] == (office.people["aoki"].id, SECOND):
                with transaction(office.engine) as session:
                    requesting.withdraw(session, plan.id, actor=office.people["aoki"], now=at("08:10"))
    asked = ask(office, "aoki", whole(SECOND), now="08:10")
    approve(office, *plan_ids(asked), now="08:20")
    want(office, "aoki", 0)
    again = published(office, "08:40")
    assert cell(again, office, "aoki", SECOND, "am") == "home"
    assert of_day(office, "aoki", SECOND) == {("home", "approved")}
    withdraw(office, again.id)
    assert of_day(office, "aoki", SECOND) == {("home", "approved")}


def test_what_was_asked_for_is_asked_for_again_after_a_rotation_and_the_next_are_withdrawn(
    office: House,
) -> None:
    ask(office, "aoki", whole(FIRST))
    published(office)
    assert of_day(office, "aoki", FIRST) == {("home", "approved")}
    want(office, "aoki", 0)
    again = published(office, "08:40")
    assert of_day(office, "aoki", FIRST) == {("office", "approved")}
    withdraw(office, again.id)
    assert of_day(office, "aoki", FIRST) == {("home", "requested")}
    (plan, *_) = [
        one for (user_id, _on, _half), one in plans(office).items() if user_id == office.people["aoki"].id
    ]
    assert plan.requested_at == at("07:00")
    assert (plan.decided_at, plan.decided_by) == (None, None)


def test_what_was_revoked_is_revoked_again(office: House) -> None:
    ids = plan_ids(ask(office, "aoki", whole(FIRST)))
    approve(office, *ids)
    with transaction(office.engine) as session:
        approval.revoke_many(session, ids, "needed here", actor=office.people["chiba"], now=at("07:40"))
    rotation = published(office)
    assert of_day(office, "aoki", FIRST) == {("office", "approved")}
    withdraw(office, rotation.id)
    assert of_day(office, "aoki", FIRST) == {("home", "revoked")}
    assert plans(office)[office.people["aoki"].id, FIRST, "am"].reason == "needed here"


def test_what_somebody_stepped_in_for_is_taken_back_with_the_rotation(office: House) -> None:
    swap_id = months.swap(office)
    baba = office.people["baba"]
    with transaction(office.engine) as session:
        done = swapping.answer(session, swap_id, accepts=True, actor=baba, office=OFFICE, now=at("08:04"))
        rotation_id = done.swap.rotation_id
    assert of_day(office, "baba", FIRST) == {("office", "approved")}
    withdraw(office, rotation_id)
    assert of_day(office, "baba", FIRST) == {("office", "withdrawn")}


def test_planned_anew_and_published_after_its_first_day_it_holds_from_then_on(office: House) -> None:
    first = published(office)
    second = search(office, plan_month(office, now="08:40"))
    with transaction(office.engine) as session:
        rotation = service.get_rotation(session, second.id, office.people["chiba"], to_change=True)
        pipeline.publish_rotation(
            session,
            rotation,
            actor=office.people["chiba"],
            office=OFFICE,
            now=at("09:00", day=(SECOND - DAY).days),
        )
    before, after = stored(office, first.id), stored(office, second.id)
    assert (before.state, before.first_on, before.last_on) == (State.PUBLISHED, FIRST, FIRST)
    assert (after.state, after.first_on, after.last_on) == (State.PUBLISHED, SECOND, LAST)


def test_a_rotation_lasts_from_the_first_to_the_last_day_that_later_ones_leave_of_it(office: House) -> None:
    def published_from(day: int, to: int) -> int:
        first, last = (FIRST + timedelta(days=number) for number in (day, to))
        rotation_id = plan_month(office, first=first, last=last)
        publish(office, search(office, rotation_id).id)
        return rotation_id

    def lasts(rotation_id: int) -> tuple[State, int, int]:
        one = stored(office, rotation_id)
        return one.state, (one.first_on - FIRST).days, (one.last_on - FIRST).days

    week, middle = published_from(0, 4), published_from(2, 3)
    assert lasts(week) == (State.PUBLISHED, 0, 4)
    begin = published_from(0, 1)
    assert (lasts(begin), lasts(middle)) == ((State.PUBLISHED, 0, 1), (State.PUBLISHED, 2, 3))
    assert lasts(week) == (State.PUBLISHED, 4, 4)
    published_from(4, 4)
    assert lasts(week)[0] is State.REPLACED


@pytest.mark.parametrize("kind", [PlanKind.LEAVE, PlanKind.HOME])
def test_an_hour_away_is_neither_leave_nor_home_for_the_half_day(house: House, kind: PlanKind) -> None:
    give_zone(house)
    hour = wanted_between(FIRST, time(8, 30), time(9, 30), kind, OFFICE)
    approve(house, *plan_ids(ask(house, "aoki", hour)))
    everybody = [house.people[who].id for who in ("aoki", "baba", "chiba")]
    setting(house, covers=[{"name": "全員", "least": 3, "half": "am", "people": everybody}])
    found = search(house, plan_month(house))
    assert cell(found, house, "aoki", FIRST, "am") == "office"
    publish(house, found.id)
    person = house.people["aoki"].id
    plan = plans(house)[person, FIRST, "am"]
    assert (plan.kind, plan.starts, plan.state) == (kind, time(8, 30), PlanState.APPROVED)
    assert FIRST in {OFFICE.day(one.start_at) for one in months.seats(house) if one.user_id == person}
    withdraw(house, found.id)
    assert plans(house)[person, FIRST, "am"].state is PlanState.APPROVED


def preview(house: House, rotation_id: int) -> Published:
    with rehearsal(house.engine) as session:
        rotation = service.get_rotation(session, rotation_id, house.people["chiba"], to_change=True)
        done = pipeline.publish_rotation(
            session,
            rotation,
            actor=house.people["chiba"],
            office=OFFICE,
            now=at("08:02"),
            on_breach=OnBreach.SHOW,
        )
        session.expunge_all()
    return done


@pytest.mark.parametrize("over_cap", list(OverCap))
def test_what_would_break_a_rule_of_telework_is_shown_and_refused_unless_the_chief_may_allow_it(
    house: House, over_cap: OverCap
) -> None:
    make_rule(house, week=2, over_cap=over_cap)
    found = search(house, plan_month(house))
    months.send_home(house, found.id, "aoki", FIRST, SECOND)
    (broken,) = preview(house, found.id).broken
    assert (broken.name, broken.facts["rule"], broken.facts["value"]) == ("aoki", "week", "4")
    with pytest.raises(RuleBroken, match=r"rotation\.breaks_rules"):
        publish(house, found.id)
    with transaction(house.engine) as session:
        rotation = service.get_rotation(session, found.id, house.people["chiba"], to_change=True)
        chiba = house.people["chiba"]
        if over_cap is OverCap.REFUSE:
            with pytest.raises(RuleBroken, match=r"rotation\.breaks_rules"):
                pipeline.publish_rotation(
                    session, rotation, actor=chiba, office=OFFICE, now=at("08:02"), on_breach=OnBreach.ALLOW
                )
        else:
            pipeline.publish_rotation(
                session, rotation, actor=chiba, office=OFFICE, now=at("08:02"), on_breach=OnBreach.ALLOW
            )
            assert rotation.state is State.PUBLISHED


@pytest.fixture
def lent(house: House) -> int:
    """One terminal is lent. The rotation sends aoki home on the first day, where baba is by now too. Its id."""
    make_rule(house, terminals=1)
    want(house, "aoki", 10)
    rotation_id = search(house, plan_month(house)).id
    months.send_home(house, rotation_id, "aoki", FIRST)
    approve(house, *plan_ids(ask(house, "baba", whole(FIRST), now="08:01")), now="08:01")
    return rotation_id


def test_no_more_terminals_are_lent_by_a_rotation_than_there_are(house: House, lent: int) -> None:
    (broken,) = preview(house, lent).broken
    assert (broken.name, broken.breach.first, broken.facts["rule"]) == ("aoki", FIRST, "terminals")
    assert (broken.facts["value"], broken.facts["allowed"]) == ("2", "<= 1")
    with pytest.raises(RuleBroken, match=r"rotation\.breaks_rules"):
        publish(house, lent)


@pytest.mark.parametrize("who", ["aoki", "baba"])
def test_who_has_a_terminal_of_their_own_needs_none_that_is_lent(house: House, lent: int, who: str) -> None:
    setting(house, people=[{"user_id": house.people[who].id, "own_terminal": True}])
    assert preview(house, lent).broken == []


def test_in_a_satellite_office_nobody_needs_a_terminal(house: House, lent: int) -> None:
    ask(house, "aoki", whole(FIRST, kind=PlanKind.SATELLITE), now="08:01")
    assert preview(house, lent).broken == []


def test_what_people_broke_before_stops_nobody(house: House) -> None:
    approve(house, *plan_ids(ask(house, "aoki", whole(FIRST, SECOND))))
    make_rule(house, week=2, from_on=DAY)
    want(house, "baba", 2)
    # In the month of aoki's days, which were approved before the cap was, and in what follows.
    for first in (FIRST, FIRST + timedelta(days=3)):
        found = search(house, plan_month(house, first=first))
        assert found.state is State.FOUND
        assert preview(house, found.id).broken == []


@pytest.mark.parametrize("why", ["never works then", "moved"])
def test_plans_of_who_is_away_by_now_are_taken_back_when_planned_anew(office: House, why: str) -> None:
    ask(office, "aoki", whole(SECOND))
    published(office)
    assert of_day(office, "aoki", SECOND) == {("home", "approved")}
    person = office.people["aoki"].id
    if why == "moved":
        move(office, "aoki", "zei", SECOND)
        others = {LAST: {("office", "withdrawn")}}
    else:
        setting(office, people=[{"user_id": person, "away": ["tue-am", "tue-pm"]}])
        others = {LAST: {("office", "approved")}}
    again = search(office, plan_month(office, now="08:40"))
    shown = preview(office, again.id)
    done = publish(office, again.id)
    assert shown.taken_back == done.taken_back == (8 if why == "moved" else 2)
    assert of_day(office, "aoki", SECOND) == {("home", "requested")}
    assert {on: of_day(office, "aoki", on) for on in others} == others
    with reading(office.engine) as session:
        told = select(Event.data).where(Event.kind == "telework.rotation_withdrawn")
        assert [(one["user_id"], one["count"]) for one in session.scalars(told)] == [
            (person, done.taken_back)
        ]
    withdraw(office, again.id)
    assert of_day(office, "aoki", FIRST) == {("office", "withdrawn")}
