"""Reserving, moving, claiming; the numbers are those of RULES."""

from datetime import timedelta

import pytest

from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.rules import By, Origin, Status
from app.bookings.service import get_booking
from app.database import transaction
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from tests.house import House, at, span

MINUTE = timedelta(minutes=1)


def move(
    house: House,
    booking: Booking,
    *,
    who: str = "aoki",
    now: str = "08:00",
    where: str | None = None,
    start: str | None = None,
    end: str | None = None,
) -> Booking:
    with transaction(house.engine) as session:
        found = get_booking(session, booking.id, actor=house.people[who], to_change=True)
        wanted = span(start, end) if start and end else None
        reserve.move(
            session,
            found,
            actor=house.people[who],
            now=at(now),
            space_id=house.spaces[where] if where else None,
            span=wanted,
        )
        session.expunge(found)
    return found


def refused(error: DomainError, code: str, **facts: object) -> bool:
    return error.code == code and facts.items() <= error.facts.items()


# Reserving


def test_a_booking_is_stored_as_asked_and_tells_its_event(house: House) -> None:
    booking = house.get(house.book("aoki", "seat", "09:00", "17:00"))
    assert (booking.status, booking.origin, booking.version) == (Status.BOOKED, Origin.BOOKED, 1)
    assert booking.span == span("09:00", "17:00")
    assert booking.release_check_at == at("10:00")
    assert [(one.kind, one.at, one.actor_id) for one in house.events(booking)] == [
        ("booking.made", at("08:00"), house.people["aoki"].id)
    ]


@pytest.mark.parametrize(
    ("start", "end"), [("09:00", "17:00"), ("08:30", "09:01"), ("16:59", "18:00"), ("10:00", "11:00")]
)
def test_rule_11_a_space_that_is_taken_for_part_of_the_span_is_refused(
    house: House, start: str, end: str
) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Conflict) as caught:
        house.book("baba", "seat", start, end)
    assert refused(caught.value, "booking.overlap", clash="space")


@pytest.mark.parametrize(("start", "end"), [("08:30", "09:00"), ("17:00", "18:00")])
def test_rule_11_spans_are_half_open_so_that_neighbours_touch(house: House, start: str, end: str) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    assert house.book("baba", "seat", start, end).status is Status.BOOKED


@pytest.mark.parametrize("where", ["window", "focus", "bare"])
def test_rule_11_a_person_holds_one_desk_at_a_time(house: House, where: str) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Conflict) as caught:
        house.book("aoki", where, "16:00", "18:00")
    assert refused(caught.value, "booking.overlap", clash="person")


def test_rule_11_a_person_may_hold_a_desk_and_a_room_at_once(house: House) -> None:
    house.book("aoki", "seat", "09:00", "17:00")
    assert house.book("aoki", "booth", "10:00", "11:00").status is Status.BOOKED


@pytest.mark.parametrize(("start", "begins"), [("08:55", "09:00"), ("08:58", "09:00"), ("09:00", "09:00")])
def test_rule_11_a_start_up_to_five_minutes_past_means_now(house: House, start: str, begins: str) -> None:
    assert house.book("aoki", "seat", start, "17:00", now="09:00").start_at == at(begins)


@pytest.mark.parametrize(
    ("where", "start", "end", "day", "rule"),
    [
        ("seat", "08:54", "17:00", 0, "start_in_past"),
        ("seat", "09:01", "17:00", 14, "horizon"),
        ("booth", "10:00", "12:01", 0, "max_duration"),
    ],
)
def test_a_broken_rule_is_named(house: House, where: str, start: str, end: str, day: int, rule: str) -> None:
    with pytest.raises(RuleBroken) as caught:
        house.book("aoki", where, start, end, now="09:00", day=day)
    assert refused(caught.value, "booking.rule", rule=rule)
    assert caught.value.facts["allowed"]


def test_rule_14_facility_staff_book_further_ahead(house: House) -> None:
    assert house.book("fujii", "seat", "09:00", "17:00", day=61).status is Status.BOOKED
    with pytest.raises(RuleBroken):
        house.book("aoki", "window", "09:00", "17:00", day=61)


def test_the_offices_own_policy_counts(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.BOOTH, "max_duration", "3h", now=at("08:00"), actor_id=None)
    assert house.book("aoki", "booth", "09:00", "12:00").status is Status.BOOKED


def test_another_sections_zone_is_for_its_own_people(house: House) -> None:
    with pytest.raises(Forbidden) as caught:
        house.book("aoki", "taxes", "09:00", "17:00")
    assert refused(caught.value, "booking.not_allowed", why="zone")
    assert house.book("endo", "taxes", "09:00", "17:00").status is Status.BOOKED


def test_facility_staff_may_book_in_every_zone(house: House) -> None:
    assert house.book("fujii", "taxes", "09:00", "17:00").status is Status.BOOKED


def test_rule_12_a_free_seating_zone_takes_no_booking(house: House) -> None:
    with pytest.raises(RuleBroken) as caught:
        house.book("aoki", "free", "09:00", "17:00")
    assert refused(caught.value, "zone.free_seating")


def test_a_space_that_is_out_of_order_takes_no_booking(house: House) -> None:
    house.break_("seat")
    with pytest.raises(RuleBroken) as caught:
        house.book("aoki", "seat", "09:00", "17:00")
    assert refused(caught.value, "booking.rule", rule="out_of_order")


def test_an_unknown_space_is_not_found(house: House) -> None:
    house.spaces["nowhere"] = 10_000
    with pytest.raises(NotFound) as caught:
        house.book("aoki", "nowhere", "09:00", "17:00")
    assert refused(caught.value, "space.unknown")


@pytest.mark.parametrize(
    ("actor", "person", "allowed"),
    [
        ("chiba", "aoki", True),  # the chief for the own section
        ("chiba", "endo", False),
        ("fujii", "aoki", True),  # facility staff for everybody
        ("aoki", "baba", False),
    ],
)
def test_who_may_book_for_whom(house: House, actor: str, person: str, allowed: bool) -> None:
    def book() -> Booking:
        with transaction(house.engine) as session:
            booking = reserve.reserve(
                session,
                actor=house.people[actor],
                space_id=house.spaces["seat"],
                span=span("09:00", "17:00"),
                now=at("08:00"),
                for_user_id=house.people[person].id,
            )
            session.expunge(booking)
        return booking

    if allowed:
        booking = book()
        assert (booking.user_id, booking.made_by) == (house.people[person].id, house.people[actor].id)
    else:
        with pytest.raises(Forbidden) as caught:
            book()
        assert refused(caught.value, "booking.not_allowed", why="on_behalf")


def test_what_was_refused_left_nothing_behind(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Conflict):
        house.book("baba", "seat", "16:00", "18:00")
    assert [one.kind for one in house.events(booking)] == ["booking.made"]
    assert house.book("baba", "window", "16:00", "18:00").status is Status.BOOKED


# Moving


def test_a_booking_moves_in_space_and_time_in_one_step(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    moved = house.get(move(house, booking, where="window", start="10:00", end="15:00"))
    assert (moved.space_id, moved.span, moved.version) == (
        house.spaces["window"],
        span("10:00", "15:00"),
        2,
    )
    assert moved.release_check_at == at("11:00")
    assert house.events(booking)[-1].data["changes"]["space_id"] == [
        house.spaces["seat"],
        house.spaces["window"],
    ]


def test_a_move_onto_a_taken_space_leaves_everything_as_it_was(house: House) -> None:
    house.book("baba", "window", "09:00", "12:00")
    booking = house.book("aoki", "seat", "09:00", "12:00")
    with pytest.raises(Conflict) as caught:
        move(house, booking, where="window")
    assert refused(caught.value, "booking.overlap", clash="space")
    assert house.get(booking).space_id == house.spaces["seat"]


def test_a_move_obeys_the_rules_of_the_new_space(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "11:00")
    with pytest.raises(Forbidden):
        move(house, booking, where="taxes")
    with pytest.raises(RuleBroken) as caught:
        move(house, booking, start="09:00", end="11:01")
    assert refused(caught.value, "booking.rule", rule="max_duration")


def test_a_move_into_the_past_is_refused(house: House) -> None:
    booking = house.book("aoki", "seat", "14:00", "17:00")
    with pytest.raises(RuleBroken) as caught:
        move(house, booking, now="13:00", start="12:00", end="17:00")
    assert refused(caught.value, "booking.rule", rule="start_in_past")


def test_rule_10_shortening_is_always_allowed(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    assert move(house, booking, now="12:00", start="09:00", end="13:00").end_at == at("13:00")


def test_rule_10_shortening_is_allowed_even_beyond_ones_own_horizon(house: House) -> None:
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people["fujii"],
            space_id=house.spaces["seat"],
            span=span("09:00", "17:00", day=40),
            now=at("08:00"),
            for_user_id=house.people["aoki"].id,
        )
        reserve.move(
            session,
            booking,
            actor=house.people["aoki"],
            now=at("08:01"),
            span=span("09:00", "12:00", day=40),
        )
        assert booking.end_at == at("12:00", day=40)


def test_prolonging_what_has_begun_counts_its_whole_length(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "10:00")
    assert move(house, booking, now="09:30", start="09:00", end="11:00").end_at == at("11:00")
    with pytest.raises(RuleBroken) as caught:
        move(house, booking, now="10:30", start="09:00", end="11:30")
    assert refused(caught.value, "booking.rule", rule="max_duration")


def test_what_has_begun_begins_now_on_the_space_that_it_moves_to(house: House) -> None:
    """Nobody can have come to the new seat before, so its grace begins now (RULES 7)."""
    booking = house.book("aoki", "seat", "09:00", "17:00")
    moved = move(house, booking, now="09:55", where="window")
    assert moved.span == span("09:55", "17:00")
    assert moved.release_check_at == at("10:55")


def test_what_is_checked_in_does_not_change_its_space(house: House) -> None:
    booking = house.claim("aoki", "seat", "09:00")
    with pytest.raises(Conflict) as caught:
        move(house, booking, now="10:00", where="window")
    assert refused(caught.value, "booking.state")


def test_what_is_over_does_not_move(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "10:00")
    house.sweep("10:00")
    with pytest.raises(Conflict) as caught:
        move(house, booking, now="10:01", start="11:00", end="12:00")
    assert refused(caught.value, "booking.state")


# Claims


def test_rule_12_a_claim_is_born_checked_in_until_the_days_end(house: House) -> None:
    claimed = house.get(house.claim("aoki", "free", "09:00"))
    assert (claimed.status, claimed.origin, claimed.checked_in_by) == (
        Status.CHECKED_IN,
        Origin.CLAIM,
        By.HAND,
    )
    assert (claimed.start_at, claimed.end_at) == (at("09:00"), at("00:00", day=1))
    assert claimed.release_check_at is None


def test_a_claim_ends_where_the_next_booking_of_the_space_begins(house: House) -> None:
    house.book("baba", "seat", "13:00", "17:00")
    assert house.claim("aoki", "seat", "09:00").end_at == at("13:00")


def test_a_claim_ends_where_the_persons_own_next_booking_begins(house: House) -> None:
    house.book("aoki", "window", "13:00", "17:00")
    house.book("aoki", "booth", "10:00", "11:00")  # another lane, no matter
    assert house.claim("aoki", "seat", "09:00").end_at == at("13:00")


def test_a_claim_of_a_booth_lasts_as_long_as_its_policy_allows(house: House) -> None:
    assert house.claim("aoki", "booth", "09:00").end_at == at("11:00")


def test_a_space_that_somebody_holds_cannot_be_claimed(house: House) -> None:
    house.book("baba", "seat", "09:00", "17:00")
    with pytest.raises(Conflict) as caught:
        house.claim("aoki", "seat", "09:00")
    assert refused(caught.value, "booking.overlap", clash="space")


def test_where_walk_ins_are_off_a_claim_is_refused(house: House) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "walk_in", "off", now=at("08:00"), actor_id=None)
    with pytest.raises(RuleBroken) as caught:
        house.claim("aoki", "seat", "09:00")
    assert refused(caught.value, "booking.rule", rule="walk_in")


def test_rule_12_anothers_claim_ends_one_whose_seat_was_left_at_its_last_signal(house: House) -> None:
    left = house.claim("aoki", "free", "09:00")
    house.hear("free", ("09:01", True), ("09:03", True), ("10:00", False), ("10:11", False))
    taken = house.claim("baba", "free", "10:12")
    left = house.get(left)
    assert (left.status, left.reason, left.ended_at) == (
        Status.ENDED_EARLY,
        "claimed_by_other",
        at("10:00"),
    )
    assert taken.status is Status.CHECKED_IN


def test_rule_12_a_claim_stands_until_the_vacancy_has_outlasted_the_hold(house: House) -> None:
    kept = house.claim("aoki", "free", "09:00")
    house.hear("free", ("09:01", True), ("09:03", True), ("10:00", False))
    with pytest.raises(Conflict):
        house.claim("baba", "free", "10:09")
    assert house.get(kept).status is Status.CHECKED_IN


def test_rule_12_a_silent_sensor_ends_no_claim(house: House) -> None:
    kept = house.claim("aoki", "free", "09:00")
    house.hear("free", ("09:01", True), ("09:03", True))
    house.sweep("10:00")
    with pytest.raises(Conflict):
        house.claim("baba", "free", "10:01")
    assert house.get(kept).status is Status.CHECKED_IN


def test_a_refused_claim_does_not_end_anothers(house: House) -> None:
    house.book("baba", "seat", "09:00", "17:00")
    left = house.claim("aoki", "free", "09:00")
    house.hear("free", ("09:01", True), ("09:03", True), ("10:00", False), ("10:11", False))
    with pytest.raises(Conflict):
        house.claim("baba", "free", "10:12")  # who holds another seat
    assert house.get(left).status is Status.CHECKED_IN
