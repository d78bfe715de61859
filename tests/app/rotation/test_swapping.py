"""Somebody is suddenly absent: who could step in is asked, and whoever accepts first comes."""

from __future__ import annotations

from datetime import date
from threading import Barrier

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.database import reading
from app.errors import Conflict, Forbidden, RuleBroken
from app.events import Event
from app.rotation import service, swapping
from app.rotation.form import plan_of
from app.rotation.models import Rotation, RotationCell, RotationSwap, SwapState
from app.rotation.rules import Cell, Violation, check
from app.rotation.standing import look
from app.rotation.ways import Absence, swaps_of
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind
from app.telework.requesting import Wanted
from app.telework.rules import Half, PlanKind
from app.timespan import TimeSpan
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.app.rotation.swaps import SECOND, answer, ask_two, counter, rewrite, seat_section, state
from tests.app.telework.desk import approve, ask, make_rule, plan_ids, section_id, whole
from tests.app.test_concurrency import Act, at_once
from tests.house import DAY, OFFICE, House, at


@pytest.fixture
def office(house: House) -> House:
    return seat_section(house)


def test_who_accepts_comes_in_with_plan_and_seat(office: House) -> None:
    swap_id = months.swap(office)
    baba = office.people["baba"].id
    with reading(office.engine) as session:
        asked = swapping.own(session, office.people["baba"], FIRST)
        home = [(baba, date.fromisoformat(one["on"]), one["half"]) for one in asked[0].cells["home"]]
    answer(office, swap_id)
    assert state(office, swap_id) is SwapState.ACCEPTED
    written = months.plans(office)
    for half in ("am", "pm"):
        assert written[baba, FIRST, half].kind is PlanKind.OFFICE
    for key in home:
        assert written[key].kind is PlanKind.HOME
    seated = [one for one in months.seats(office) if one.user_id == baba]
    assert [one for one in seated if OFFICE.day(one.start_at) == FIRST]
    for _user, on, half in home:
        window = OFFICE.window(on, Half(half))
        assert not [one for one in seated if one.span.overlaps(window)]
    with reading(office.engine) as session:
        cells = session.scalars(select(RotationCell).where(RotationCell.user_id == baba)).all()
        assert {one.kind for one in cells if one.on_date == FIRST} == {PlanKind.OFFICE}
        told = session.scalars(select(Event.kind).where(Event.kind.startswith("telework.swap"))).all()
    assert told == ["telework.swap_offered", "telework.swap_accepted"]


def test_who_declines_changes_nothing(office: House) -> None:
    swap_id = months.swap(office)
    before = {key: one.kind for key, one in months.plans(office).items()}
    answer(office, swap_id, accepts=False)
    assert state(office, swap_id) is SwapState.DECLINED
    assert {key: one.kind for key, one in months.plans(office).items()} == before


def test_it_is_answered_once_and_by_who_is_asked(office: House) -> None:
    swap_id = months.swap(office)
    with pytest.raises(Forbidden):
        answer(office, swap_id, "aoki")
    answer(office, swap_id)
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(office, swap_id)


def test_nobody_is_asked_twice_nor_where_it_is_no_way_out(office: House) -> None:
    months.swap(office)
    with reading(office.engine) as session:
        rotation_id = session.scalars(select(RotationSwap.rotation_id)).one()

    def ask(person: str, absent: str) -> None:
        absence = Absence(office.people[absent].id, FIRST)
        months.offer(office, rotation_id, absence, office.people[person].id, "08:04")

    with pytest.raises(Conflict, match=r"rotation\.swap_asked"):
        ask("baba", "aoki")
    with pytest.raises(RuleBroken, match=r"rotation\.no_swap"):
        ask("chiba", "aoki")


def test_a_plan_that_changed_meanwhile_is_not_overwritten(office: House) -> None:
    swap_id = months.swap(office)
    with reading(office.engine) as session:
        rotation_id = session.get_one(RotationSwap, swap_id).rotation_id
    months.withdraw(office, rotation_id)
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(office, swap_id)


def could(office: House, rotation_id: int, absent: str) -> set[str]:
    """Who could step in on the first day."""
    with reading(office.engine) as session:
        seen = look(session, session.get_one(Rotation, rotation_id), OFFICE)
        found = swaps_of(seen, Absence(office.people[absent].id, FIRST))
        return {one["name"] for one in found["swaps"]}


def test_whoever_is_on_leave_by_now_is_not_counted_among_those_who_are_in(office: House) -> None:
    rotation_id = counter(office, ("kato",), ("aoki", "baba"))
    assert could(office, rotation_id, "baba") == set()
    ask(office, "aoki", whole(FIRST, kind=PlanKind.LEAVE), now="08:10")
    assert could(office, rotation_id, "baba") == {"kato"}
    # Whoever is absent may have said so as leave already.
    ask(office, "baba", whole(FIRST, kind=PlanKind.LEAVE), now="08:20")
    assert could(office, rotation_id, "baba") == {"kato"}


def test_whoever_is_on_leave_or_decided_otherwise_by_now_is_not_asked(office: House) -> None:
    rotation_id = counter(office, ("baba", "kato"), ("aoki",))
    assert could(office, rotation_id, "aoki") == {"baba", "kato"}
    ask(office, "baba", whole(FIRST, kind=PlanKind.LEAVE), now="08:10")
    assert could(office, rotation_id, "aoki") == {"kato"}
    comes = ask(office, "kato", [Wanted(FIRST, half, PlanKind.OFFICE) for half in Half], now="08:20")
    assert could(office, rotation_id, "aoki") == set()
    approve(office, *plan_ids(comes), now="08:30")
    assert could(office, rotation_id, "aoki") == set()


# What stands when they accept


@pytest.fixture
def two(house: House) -> tuple[int, int, int]:
    return ask_two(house)


def broken(house: House, rotation_id: int) -> list[Violation]:
    rotation = months.stored(house, rotation_id)
    return check(service.problem(rotation), plan_of(rotation.plan or {}))


def test_of_two_who_would_be_at_home_on_one_day_the_second_is_refused(
    house: House, two: tuple[int, int, int]
) -> None:
    rotation_id, first, second = two
    assert broken(house, rotation_id) == []
    answer(house, first, "baba")
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(house, second, "kimura")
    assert broken(house, rotation_id) == []
    assert state(house, second) is SwapState.OFFERED


@pytest.mark.parametrize(("least", "results"), [(3, ["rotation.swap_over", "won"]), (2, ["won", "won"])])
def test_two_who_accept_at_once_do_so_one_after_the_other(
    postgresql_house: House, least: int, results: list[str]
) -> None:
    """Both have read what stands before the first of them writes."""
    house, gate = postgresql_house, Barrier(2)
    rotation_id, first, second = ask_two(house, least)

    def answering(swap_id: int, who: str) -> Act:
        def act(session: Session) -> object:
            read = session.get_one(Rotation, rotation_id)
            gate.wait(10)
            return read, swapping.answer(
                session, swap_id, accepts=True, actor=house.people[who], office=OFFICE, now=at("08:05")
            )

        return act

    acts = [answering(first, "baba"), answering(second, "kimura")]
    assert sorted(at_once(house, acts)) == results
    assert broken(house, rotation_id) == []
    found = months.stored(house, rotation_id)
    come = [months.cell(found, house, who, FIRST, "am") for who in ("baba", "kimura")]
    assert come.count("office") == results.count("won")


def test_leave_since_they_were_asked_may_make_it_no_way_out(house: House, two: tuple[int, int, int]) -> None:
    _rotation_id, first, _second = two
    approve(house, *plan_ids(ask(house, "kato", whole(SECOND, kind=PlanKind.LEAVE), now="08:04")))
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(house, first, "baba")


def test_who_comes_in_where_more_are_away_by_now_still_helps(house: House, two: tuple[int, int, int]) -> None:
    _rotation_id, first, _second = two
    approve(house, *plan_ids(ask(house, "kondo", whole(FIRST, kind=PlanKind.LEAVE), now="08:04")))
    answer(house, first, "baba")
    assert state(house, first) is SwapState.ACCEPTED


def test_who_would_be_at_home_instead_without_a_terminal_left_is_refused(
    house: House, two: tuple[int, int, int]
) -> None:
    _rotation_id, first, _second = two
    make_rule(house, section_id=section_id(house, "soumu"), terminals=1)  # which kondo has
    with pytest.raises(Conflict, match=r"rotation\.swap_over"):
        answer(house, first, "baba")


# Seats and hours


def seats_on(house: House, who: str, on: date = FIRST) -> list[Booking]:
    """What rotations have booked for somebody on a day and nobody has given up."""
    person = house.people[who].id
    return [one for one in months.seats(house) if one.user_id == person and OFFICE.day(one.start_at) == on]


def leave_desks(house: House, *left: int) -> None:
    """Of the section's desks no other can be had."""
    with reading(house.engine) as session:
        query = select(Space.id).join(Zone, Zone.id == Space.zone_id)
        desks = set(session.scalars(query.where(Zone.code == "A", Space.kind == Kind.SEAT)))
    for where, space_id in house.spaces.items():
        if space_id in desks.difference(left):
            house.break_(where)


def test_who_finds_no_seat_is_told_so(office: House) -> None:
    swap_id = months.swap(office)
    leave_desks(office)
    done = answer(office, swap_id)
    assert (done.booked, done.is_unseated) == ([], True)
    assert months.plans(office)[office.people["baba"].id, FIRST, "am"].kind is PlanKind.OFFICE


def test_the_seat_of_who_is_absent_is_given_up_and_goes_to_who_comes_in(office: House) -> None:
    swap_id = months.swap(office)
    (seat,) = seats_on(office, "aoki")
    leave_desks(office, seat.space_id)
    done = answer(office, swap_id)
    assert not done.is_unseated
    assert seats_on(office, "aoki") == []
    assert [one.space_id for one in seats_on(office, "baba")] == [seat.space_id]
    with reading(office.engine) as session:
        told = session.scalars(select(Event).where(Event.kind == "booking.cancelled")).all()
    assert seat.user_id in {one.data["user_id"] for one in told}


def test_who_is_absent_for_half_a_day_keeps_their_seat_for_the_other(office: House) -> None:
    rotation_id = counter(office, ("baba",), ("aoki",))
    aoki, baba = office.people["aoki"].id, office.people["baba"].id
    (seat,) = seats_on(office, "aoki")
    leave_desks(office, seat.space_id)
    done = answer(office, months.offer(office, rotation_id, Absence(aoki, FIRST, "pm"), baba))
    assert not done.is_unseated
    for who, half in (("aoki", Half.AM), ("baba", Half.PM)):
        assert [(one.space_id, one.span) for one in seats_on(office, who)] == [
            (seat.space_id, OFFICE.window(FIRST, half))
        ]


@pytest.mark.parametrize(("now", "kinds"), [("09:30", ["office", "office"]), ("12:30", ["home", "office"])])
def test_who_accepts_on_the_day_comes_for_what_is_left_of_it(
    office: House, now: str, kinds: list[str]
) -> None:
    swap_id = months.swap(office)
    done = answer(office, swap_id, now=now, day=(FIRST - DAY).days)
    baba = office.people["baba"].id
    assert [months.plans(office)[baba, FIRST, half].kind for half in Half] == kinds
    (booked,) = [one for one in done.booked if OFFICE.day(one.start_at) == FIRST]
    begins = max(
        at(now, day=(FIRST - DAY).days), OFFICE.window(FIRST, Half("am" if now < "12" else "pm")).start
    )
    assert booked.span == TimeSpan(begins, OFFICE.window(FIRST, Half.PM).end)


def test_nobody_accepts_once_it_is_over(office: House) -> None:
    swap_id = months.swap(office)
    with pytest.raises(Conflict, match=r"rotation\.swap_late"):
        answer(office, swap_id, now="17:15", day=(FIRST - DAY).days)


# Half a day


def test_for_half_a_day_another_is_asked_for_the_other_half(office: House) -> None:
    rotation_id = counter(office, ("baba", "kato"), ("aoki",))
    asked = [
        months.offer(
            office, rotation_id, Absence(office.people["aoki"].id, FIRST, half), office.people[who].id
        )
        for half, who in (("am", "baba"), ("pm", "kato"))
    ]
    for swap_id, who, half in zip(asked, ("baba", "kato"), Half, strict=True):
        answer(office, swap_id, who)
        comes = [
            one.value
            for one in Half
            if months.plans(office)[office.people[who].id, FIRST, one].kind is PlanKind.OFFICE
        ]
        assert comes == [half]


def test_whoever_was_asked_for_the_same_half_need_not_answer(office: House) -> None:
    rotation_id = counter(office, ("baba", "kato"), ("aoki",))
    aoki, baba, kato = (office.people[who].id for who in ("aoki", "baba", "kato"))
    all_day = months.offer(office, rotation_id, Absence(aoki, FIRST), baba)
    afternoon = months.offer(office, rotation_id, Absence(aoki, FIRST, "pm"), kato)
    answer(office, all_day, "baba")
    assert state(office, afternoon) is SwapState.WITHDRAWN


def cover_again(office: House) -> None:
    """Only aoki and baba mind the counter, and baba is wanted at home all week."""
    aoki, baba = (office.people[who].id for who in ("aoki", "baba"))
    counter = {"name": "窓口", "least": 1, "people": [aoki, baba]}
    months.setting(office, covers=[counter], people=[{"user_id": baba, "target": 10}])
    months.end_searches(office)


def test_planned_anew_whoever_somebody_stepped_in_for_stays_absent(office: House) -> None:
    answer(office, months.swap(office))
    cover_again(office)
    found = months.search(office, months.plan_month(office, now="08:06"))
    assert {months.cell(found, office, "aoki", FIRST, half) for half in ("am", "pm")} == {"away"}
    assert {months.cell(found, office, "baba", FIRST, half) for half in ("am", "pm")} == {"office"}
    with reading(office.engine) as session:
        given = service.problem(session.get_one(Rotation, found.id)).fixed
    assert given[Cell(str(office.people["aoki"].id), FIRST, "am")].why == "absent"
    assert not months.publish(office, found.id).unmet
    seated = {one.user_id for one in months.seats(office) if OFFICE.day(one.start_at) == FIRST}
    assert office.people["baba"].id in seated
    assert office.people["aoki"].id not in seated


def test_a_plan_found_before_somebody_stepped_in_seats_nobody_who_is_absent(office: House) -> None:
    swap_id = months.swap(office)
    cover_again(office)
    found = months.search(office, months.plan_month(office))
    rewrite(office, found.id, {"aoki": {FIRST: "office"}})
    answer(office, swap_id)
    months.publish(office, found.id)
    aoki = office.people["aoki"].id
    assert not [
        one for one in months.seats(office) if one.user_id == aoki and OFFICE.day(one.start_at) == FIRST
    ]
    with reading(office.engine) as session:
        published = select(RotationCell).where(
            RotationCell.user_id == aoki, RotationCell.on_date == FIRST, RotationCell.rotation_id == found.id
        )
        assert session.scalars(published).all() == []
