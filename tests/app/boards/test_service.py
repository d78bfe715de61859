"""The floor as each person sees it: what is offered, what may be claimed, what its version names."""

from __future__ import annotations

from collections.abc import Mapping

from app.boards import service
from app.boards.rules import Look
from app.boards.service import FloorPage
from app.database import reading
from app.timespan import TimeSpan
from tests.house import House, at, span


def page(
    house: House, who: str | None, now: str, *, until: str = "17:15", asked: Mapping[str, str] | None = None
) -> FloorPage:
    """The floor from `now` on."""
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        person = house.people[who] if who else None
        return service.floor_page(
            session, plan, span(now, until), asked=asked or {}, person=person, now=at(now)
        )


def offered(found: FloorPage, house: House, where: str) -> TimeSpan | None:
    view = found.view_of(house.spaces[where])
    assert view is not None
    return found.offer_of(view)


def look(found: FloorPage, house: House, where: str) -> Look:
    view = found.view_of(house.spaces[where])
    assert view is not None
    return found.look_of(view)


def can_claim(found: FloorPage, house: House, where: str) -> bool:
    view = found.view_of(house.spaces[where])
    assert view is not None
    return found.can_claim(view)


def test_of_a_booth_a_call_from_now_on_is_offered_and_of_a_seat_the_rest_of_the_day(house: House) -> None:
    found = page(house, "aoki", "10:00")
    assert offered(found, house, "booth") == span("10:00", "10:30")
    assert offered(found, house, "seat") == span("10:00", "17:15")


def test_of_a_chosen_span_as_much_is_offered_as_the_kind_allows(house: House) -> None:
    found = page(house, "aoki", "10:00", asked={"from": "10:00"})
    assert offered(found, house, "booth") == span("10:00", "12:00")


def test_a_booth_that_is_booked_later_is_partly_free_and_offered_until_then(house: House) -> None:
    house.book("baba", "booth", "10:20", "11:20")
    found = page(house, "aoki", "10:00")
    assert look(found, house, "booth") is Look.PARTLY
    assert offered(found, house, "booth") == span("10:00", "10:20")
    assert offered(page(house, "aoki", "10:10"), house, "booth") == span("11:20", "11:50")


def test_what_is_booked_throughout_is_not_offered(house: House) -> None:
    house.book("baba", "seat", "08:30", "17:15")
    found = page(house, "aoki", "10:00")
    assert look(found, house, "seat") is Look.BOOKED
    assert offered(found, house, "seat") is None


def test_nothing_is_offered_of_ones_own_of_another_sections_and_of_what_takes_claims_only(
    house: House,
) -> None:
    house.book("aoki", "seat", "11:00", "12:00")
    house.break_("bare")
    found = page(house, "aoki", "10:00")
    for where in ("seat", "taxes", "free", "bare"):
        assert offered(found, house, where) is None
    assert offered(page(house, "endo", "10:00"), house, "taxes") == span("10:00", "17:15")
    assert offered(page(house, "fujii", "10:00"), house, "taxes") == span("10:00", "17:15")


def test_a_seat_that_its_claimant_has_left_may_be_claimed_by_the_next(house: House) -> None:
    house.hear("seat", ("09:00", True), ("09:02", True))
    house.claim("aoki", "seat", "09:05")
    house.hear_beats("seat", "09:10", "09:50", occupied=True)
    assert not can_claim(page(house, "baba", "09:55"), house, "seat")
    house.hear_beats("seat", "10:00", "10:30", occupied=False)
    found = page(house, "baba", "10:30")
    assert look(found, house, "seat") is Look.BOOKED
    assert can_claim(found, house, "seat")
    assert not can_claim(page(house, "aoki", "10:30"), house, "seat")
    assert house.claim("baba", "seat", "10:31").user_id == house.people["baba"].id


def test_a_booked_seat_is_nobodys_to_claim_however_empty(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    house.hear_beats("seat", "08:50", "09:30", occupied=False)
    assert not can_claim(page(house, "baba", "09:30"), house, "seat")


def test_only_a_zone_of_ones_own_may_be_claimed_and_only_now(house: House) -> None:
    found = page(house, "aoki", "10:00")
    assert can_claim(found, house, "free")
    assert not can_claim(found, house, "taxes")
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        later = service.floor_page(
            session, plan, span("14:00", "15:00"), asked={}, person=house.people["aoki"], now=at("10:00")
        )
    assert not can_claim(later, house, "seat")


def test_free_is_what_the_reader_sees_free(house: House) -> None:
    house.hear("window", ("09:58", True), ("10:00", True))
    now = page(house, "aoki", "10:00")
    # Seven spaces: one is in use and one another section's.
    assert now.free_in(now.views) == 5
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        tomorrow = service.floor_page(
            session,
            plan,
            span("10:00", "11:00", day=1),
            asked={},
            person=house.people["aoki"],
            now=at("10:00"),
        )
    assert tomorrow.free_in(tomorrow.views) == 6


def test_a_page_is_another_once_its_span_begins(house: House) -> None:
    house.hear("seat", ("09:50", True), ("09:52", True))
    with reading(house.engine) as session:
        plan = service.get_plan(session, house.floor_id)
        before, begun = (
            service.floor_page(
                session, plan, span("10:00", "11:00"), asked={}, person=house.people["aoki"], now=at(clock)
            )
            for clock in ("09:59", "10:00")
        )
    assert (look(before, house, "seat"), look(begun, house, "seat")) == (Look.FREE, Look.IN_USE)
    assert before.version != begun.version
