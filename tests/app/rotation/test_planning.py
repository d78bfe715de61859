"""A section's month from what the office knows, searched, published as plans and seats, changed, taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import Conflict, DomainError, Forbidden, RuleBroken
from app.events import Event
from app.people import sections
from app.rotation import gathering, service, turns, working
from app.rotation.models import Rotation, State
from app.rotation.needs import needs_of, what_if
from app.rotation.rules import HALVES
from app.rotation.usable import home_zones
from app.spaces.models import Zone
from app.telework.caps.service import rulebook
from app.telework.requesting import Wanted
from app.telework.rules import Half, PlanKind, PlanState
from tests.app.rotation.months import (
    FIRST,
    LAST,
    LIMITS,
    cell,
    plan_month,
    plans,
    publish,
    search,
    seats,
    setting,
    stored,
    with_own_zone,
    withdraw,
)
from tests.app.telework.desk import approve, ask, hire, morning, plan_ids, section_id, whole
from tests.house import DAY, OFFICE, House, at
from tests.statements import counted


@pytest.fixture
def office(house: House) -> House:
    """A section with a zone of its own, whose people may work at home for two half-days a week."""
    return with_own_zone(house, week=2)


def test_what_people_ask_for_is_met_within_the_rules(office: House) -> None:
    ask(office, "aoki", whole(FIRST + timedelta(days=1)))
    setting(office, covers=[{"name": "窓口", "least": 1}])
    found = search(office, plan_month(office))
    assert found.state is State.FOUND
    assert found.figures is not None
    assert found.figures["wishes"] == {"value": 0, "bound": 0}
    for half in ("am", "pm"):
        assert cell(found, office, "aoki", FIRST + timedelta(days=1), half) == "home"


def test_leave_and_what_is_approved_stay_as_they_are(office: House) -> None:
    leave = ask(office, "aoki", whole(FIRST, kind=PlanKind.LEAVE))
    home = ask(office, "baba", [morning(FIRST)])
    approve(office, *plan_ids(leave), *plan_ids(home))
    found = search(office, plan_month(office))
    assert cell(found, office, "aoki", FIRST, "am") == "away"
    assert cell(found, office, "baba", FIRST, "am") == "home"


def test_days_at_home_before_those_planned_count_for_the_week_they_share(office: House) -> None:
    approve(office, *plan_ids(ask(office, "aoki", [morning(FIRST), morning(FIRST + timedelta(days=1))])))
    setting(office, people=[{"user_id": office.people[who].id, "target": 2} for who in ("aoki", "baba")])
    found = search(office, plan_month(office, first=FIRST + timedelta(days=2)))
    home = {
        who: sum(
            cell(found, office, who, FIRST + timedelta(days=after), half) == "home"
            for after in (2, 3, 4)
            for half in ("am", "pm")
        )
        for who in ("aoki", "baba")
    }
    assert home == {"aoki": 0, "baba": 2}


def test_locked_cells_stay(office: House) -> None:
    who = office.people["aoki"].id
    with transaction(office.engine) as session:
        cells = {(who, FIRST, "pm"): "home"}
        section = section_id(office, "soumu")
        service.lock_cells(session, section, cells, actor=office.people["chiba"], now=at("08:00"))
    assert cell(search(office, plan_month(office)), office, "aoki", FIRST, "pm") == "home"


def test_where_it_cannot_be_the_rules_that_contradict_each_other_are_named(office: House) -> None:
    approve(office, *plan_ids(ask(office, "aoki", whole(FIRST))))
    everybody = len(office.people)
    setting(office, covers=[{"name": "全員", "least": everybody + 20}])
    found = search(office, plan_month(office))
    assert found.state is State.IMPOSSIBLE
    assert found.conflict is not None
    assert [(one["kind"], one["about"], one["frees"]) for one in found.conflict["rules"]] == [
        ("cover", "全員", True)
    ]


def test_a_published_rotation_is_plans_and_seats_and_a_withdrawn_one_leaves_none(office: House) -> None:
    ask(office, "aoki", whole(FIRST + timedelta(days=1)))
    rotation_id = plan_month(office)
    found = search(office, rotation_id)
    done = publish(office, rotation_id)
    booked = seats(office)
    assert booked
    assert len(booked) == len(done.bookings)
    assert stored(office, rotation_id).state is State.PUBLISHED
    written = plans(office)
    aoki = office.people["aoki"].id
    assert written[aoki, FIRST + timedelta(days=1), "am"].state is PlanState.APPROVED
    for booking in booked:
        on = OFFICE.day(booking.start_at)
        assert "office" in (found.plan or {})[str(booking.user_id)][on.isoformat()].values()
    gone = withdraw(office, rotation_id)
    assert len(gone.bookings) == len(booked)
    assert seats(office) == []
    left = {key for key, plan in plans(office).items() if plan.state is not PlanState.WITHDRAWN}
    assert left == {(aoki, FIRST + timedelta(days=1), half) for half in HALVES}  # what stood before


def test_each_person_is_told_once(office: House) -> None:
    rotation_id = plan_month(office)
    search(office, rotation_id)
    done = publish(office, rotation_id)
    with reading(office.engine) as session:
        told = list(session.scalars(select(Event.subject).where(Event.kind == "telework.rotation_published")))
    assert sorted(told) == sorted(f"user:{user_id}" for user_id in done.people)


def test_planned_anew_it_changes_what_it_must_and_keeps_the_seats(office: House) -> None:
    first = plan_month(office)
    search(office, first)
    publish(office, first)
    before = {one.id for one in seats(office)}
    leave = ask(office, "aoki", whole(FIRST, kind=PlanKind.LEAVE), now="08:30")
    assert leave.plans
    second = plan_month(office, now="08:40")
    again = search(office, second)
    assert again.figures is not None
    assert again.figures["changes"]["value"] == 0
    done = publish(office, second)
    assert stored(office, first).state is State.REPLACED
    after = {one.id for one in seats(office)}
    assert after <= before
    assert {one.user_id for one in done.freed} <= {office.people["aoki"].id}


def test_whoever_has_a_seat_already_keeps_it_and_gets_no_second(office: House) -> None:
    ask(office, "aoki", [Wanted(FIRST, half, PlanKind.OFFICE) for half in Half])
    own = office.book("aoki", "seat", "08:30", "17:15", day=(FIRST - DAY).days)
    rotation_id = plan_month(office)
    assert cell(search(office, rotation_id), office, "aoki", FIRST, "am") == "office"
    publish(office, rotation_id)
    with reading(office.engine) as session:
        assert session.get_one(Booking, own.id).status is Status.BOOKED
    theirs = [one for one in seats(office) if one.user_id == own.user_id]
    assert FIRST not in {OFFICE.day(one.start_at) for one in theirs}


def test_planned_anew_in_part_the_other_days_stay_published_with_their_seats(office: House) -> None:
    first = plan_month(office)
    search(office, first)
    publish(office, first)
    before = {one.id for one in seats(office) if OFFICE.day(one.start_at) < LAST}
    assert before
    second = plan_month(office, now="08:40", first=LAST)
    search(office, second)
    publish(office, second)
    assert before <= {one.id for one in seats(office)}
    kept = stored(office, first)
    assert (kept.state, kept.first_on, kept.last_on) == (State.PUBLISHED, FIRST, LAST - timedelta(days=1))
    withdraw(office, first)
    assert {OFFICE.day(one.start_at) for one in seats(office)} == {LAST}


def test_what_came_up_since_the_search_stays_as_it_is(office: House) -> None:
    rotation_id = plan_month(office)
    found = search(office, rotation_id)
    leave = ask(office, "baba", whole(FIRST, kind=PlanKind.LEAVE), now="08:01")
    opposite = PlanKind.OFFICE if cell(found, office, "aoki", FIRST, "am") == "home" else PlanKind.HOME
    by_hand = ask(office, "aoki", [morning(FIRST, opposite)], now="08:01")
    approve(office, *plan_ids(by_hand), now="08:01")
    publish(office, rotation_id)
    written = plans(office)
    assert written[office.people["aoki"].id, FIRST, "am"].kind is opposite
    for plan in leave.plans:
        assert written[plan.user_id, plan.on_date, plan.half.value].kind is PlanKind.LEAVE
    assert not [
        one
        for one in seats(office)
        if one.user_id == office.people["baba"].id and OFFICE.day(one.start_at) == FIRST
    ]


def test_only_a_chief_of_the_section_plans_it(office: House) -> None:
    with pytest.raises(Forbidden, match=r"rotation\.not_allowed"):
        plan_month(office, "aoki")
    rotation_id = plan_month(office)
    with pytest.raises(Conflict, match=r"rotation\.running"):
        plan_month(office)
    with pytest.raises(Forbidden), reading(office.engine) as session:
        service.get_rotation(session, rotation_id, office.people["aoki"])


def test_a_search_is_taken_once_and_again_where_it_died(office: House) -> None:
    rotation_id = plan_month(office)
    with transaction(office.engine) as session:
        assert turns.next_to_search(session, at("08:01")) == rotation_id
        assert turns.begin(session, rotation_id, at("08:01")) is not None
    with transaction(office.engine) as session:
        assert turns.next_to_search(session, at("08:01")) is None
        assert turns.begin(session, rotation_id, at("08:01")) is None
    with transaction(office.engine) as session:
        assert turns.next_to_search(session, at("08:03")) == rotation_id
        assert turns.begin(session, rotation_id, at("08:03")) is not None
        session.execute(update(Rotation).values(attempts=3, beat_at=at("08:00")))
    with transaction(office.engine) as session:
        assert turns.begin(session, rotation_id, at("08:05")) is None
    assert stored(office, rotation_id).state is State.FAILED


def test_a_cancelled_search_is_over(office: House) -> None:
    rotation_id = plan_month(office)
    with transaction(office.engine) as session:
        rotation = service.get_rotation(session, rotation_id, office.people["chiba"], to_change=True)
        service.cancel(session, rotation, actor=office.people["chiba"], now=at("08:01"))
    assert search(office, rotation_id).state is State.CANCELLED
    with pytest.raises(Conflict, match=r"rotation\.state"):
        publish(office, rotation_id)


def test_a_search_hears_that_it_was_cancelled_and_keeps_the_best_so_far(office: House) -> None:
    rotation_id = plan_month(office)
    with transaction(office.engine) as session:
        assert turns.begin(session, rotation_id, at("08:01")) is not None
        assert turns.beat(session, rotation_id, at("08:01"))
        rotation = service.get_rotation(session, rotation_id, office.people["chiba"], to_change=True)
        service.cancel(session, rotation, actor=office.people["chiba"], now=at("08:01"))
        assert not turns.beat(session, rotation_id, at("08:02"))


def test_a_search_that_takes_longer_than_any_may_ends_with_the_best_so_far_and_says_so(office: House) -> None:
    rotation_id = plan_month(office)
    working.search(office.engine, rotation_id, lambda: at("08:01"), ends_after=0)
    ended = stored(office, rotation_id)
    assert ended.state is State.FOUND
    assert ended.plan is not None
    assert (ended.progress or {})["ended_after"] == 0
    searched = [figure for figure in (ended.figures or {}).values() if figure["bound"] is not None]
    assert len(searched) == 1  # no level was begun after the first


def test_what_is_over_or_of_no_section_is_not_published(office: House) -> None:
    form = {
        "days": ["2026-12-01"],
        "members": [{"id": "x"}],
    }
    with transaction(office.engine) as session:
        made = service.ask_for(session, form, actor=office.people["chiba"], limits=LIMITS, now=at("08:00"))
        brought = made.id
    assert search(office, brought).state is State.FOUND
    with pytest.raises(RuleBroken, match=r"rotation\.of_no_section"):
        publish(office, brought)


def test_the_fewest_seats_and_home_days_are_told(office: House) -> None:
    setting(office, covers=[{"name": "窓口", "least": 2}])
    with reading(office.engine) as session:
        needs = needs_of(session, section_id(office, "soumu"), FIRST, LAST, OFFICE)
    found = what_if(needs, None)
    assert found.people > 2
    assert found.least_seats is not None
    assert 2 <= found.least_seats <= found.people


def test_a_section_with_more_people_is_planned_in_a_fixed_number_of_queries(office: House) -> None:
    def count() -> int:
        with counted(office.engine) as seen, reading(office.engine) as session:
            gathering.problem_form(gathering.month(session, section_id(office, "soumu"), FIRST, LAST, OFFICE))
        return len(seen)

    few = count()
    hire(office, *(f"person{number}" for number in range(20)))
    assert count() == few


def test_a_wrong_span_is_refused(office: House) -> None:
    with pytest.raises(DomainError), transaction(office.engine) as session:
        service.ask(
            session,
            actor=office.people["chiba"],
            section_id=section_id(office, "soumu"),
            first=LAST,
            last=FIRST,
            limits=LIMITS,
            office=OFFICE,
            now=at("08:00"),
        )


def test_a_section_without_a_zone_sits_in_that_of_the_section_above(office: House) -> None:
    own = section_id(office, "soumu")
    with transaction(office.engine) as session:
        values = {"code": "kyoku", "name": "総務局"}
        above = sections.add(session, values, actor_id=None, now=at("07:00"), on=DAY)
        row = sections.get_section(session, own)
        sections.change(session, row, {"parent_id": above.id}, actor_id=None, now=at("07:00"), on=DAY)
        session.execute(update(Zone).where(Zone.section_id == own).values(section_id=above.id))
        book = rulebook(session)
        homes = {one: [zone.code for zone in home_zones(session, book, one)] for one in (own, above.id)}
        assert homes == {own: ["A"], above.id: ["A"]}
        assert home_zones(session, book, section_id(office, "zei"))[0].code == "B"
    found = search(office, plan_month(office))
    assert found.problem["seats"] == 3
    done = publish(office, found.id)
    assert done.bookings
    assert {one.space_id for one in seats(office)} <= {
        office.spaces[code] for code in ("seat", "window", "bare")
    }
