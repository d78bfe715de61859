"""What is freed is offered to the first in line who may have it, held, answered, let pass."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import pipeline
from app.bookings import release
from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.database import reading, transaction
from app.errors import Conflict, DomainError, NotFound, RuleBroken
from app.people.models import Membership, Role, User
from app.people.service import get_person
from app.spaces import zones
from app.spaces.models import Site, Space
from app.spaces.rules import GuestDay, Kind, Lane, Target
from app.waitlist import offers, service
from app.waitlist.rules import State, Wish
from tests.app.waitlist.queue import BOOTHS, SEATS, Queue
from tests.house import DAY, OFFICE, House, at, span


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def test_what_is_given_back_is_held_for_the_first_in_line_in_the_same_step(queue: Queue) -> None:
    booking = queue.house.book("aoki", "booth", "09:00", "11:00")
    first = queue.wait("baba", "booth", "10:00", "11:00")
    second = queue.wait("chiba", BOOTHS, "10:00", "11:00")
    assert queue.state(first, second) == [State.WAITING, State.WAITING]
    queue.give_back("aoki", booking, "09:30")
    assert queue.state(first, second) == [State.OFFERED, State.WAITING]
    held = queue.held(first)
    assert (held.status, held.user_id, held.span) == (
        Status.HELD,
        queue.house.people["baba"].id,
        span("10:00", "11:00"),
    )
    assert queue.get(first).hold_until == at("09:40")
    queue.answer("baba", first, "accept_offer", "09:35")
    held = queue.held(first)
    assert (held.status, held.made_at, held.release_check_at) == (Status.BOOKED, at("09:35"), at("10:10"))
    assert queue.said(first) == ["joined", "offered", "accepted"]
    assert queue.state(second) == [State.WAITING]


@pytest.mark.parametrize("ends", ["cancel", "move", "release", "leave", "end", "shorten"])
def test_whatever_frees_a_space_offers_it(queue: Queue, ends: str) -> None:
    house = queue.house
    where, wanted = ("booth", BOOTHS) if ends == "leave" else ("seat", "seat")
    booking = house.book("aoki", where, "09:00", "10:00" if ends == "end" else "10:50")
    entry = queue.wait("baba", wanted, "10:30", "10:50") if ends != "end" else None
    aoki = house.people["aoki"]
    with transaction(house.engine) as session:
        stored = session.get_one(Booking, booking.id)
        match ends:
            case "cancel":
                pipeline.cancel(session, stored, actor=aoki, now=at("08:50"), office=OFFICE)
            case "move":
                pipeline.move(
                    session,
                    stored,
                    actor=aoki,
                    now=at("08:50"),
                    space_id=house.spaces["window"],
                    office=OFFICE,
                )
            case "shorten":
                pipeline.move(
                    session, stored, actor=aoki, now=at("08:50"), span=span("09:00", "10:00"), office=OFFICE
                )
    if ends == "release":
        house.hear_beats("seat", "08:00", "10:00", occupied=False)
        assert [one.id for one in house.sweep("10:00").offered] == [entry.id if entry else 0]
    if ends == "leave":
        house.hear("booth", ("09:01", True), ("09:03", True), ("09:10", False), ("09:20", False))
        house.sweep("09:20")
    if ends == "end":
        entry = queue.wait("baba", "seat", "09:30", "11:00")
        house.sweep("10:00")
        assert queue.held(entry).span == span("10:00", "11:00")
    assert entry is not None
    assert queue.state(entry) == [State.OFFERED]


def test_an_offer_nobody_answers_goes_to_the_next_and_the_one_who_let_it_pass_leaves(queue: Queue) -> None:
    booking = queue.house.book("aoki", "booth", "09:00", "11:00")
    line = [queue.wait(who, "booth", "10:00", "11:00") for who in ("baba", "chiba", "endo")]
    queue.give_back("aoki", booking, "09:30")
    with reading(queue.house.engine) as session:
        assert pipeline.next_due(session) == at("09:40")
    queue.house.sweep("09:39:59")
    assert queue.state(*line) == [State.OFFERED, State.WAITING, State.WAITING]
    with pytest.raises(Conflict, match=r"waitlist\.not_offered"):
        queue.answer("baba", line[0], "accept_offer", "09:40")
    queue.house.sweep("09:40")
    assert queue.state(*line) == [State.EXPIRED, State.OFFERED, State.WAITING]
    queue.answer("chiba", line[1], "decline_offer", "09:41")
    assert queue.state(*line) == [State.EXPIRED, State.DECLINED, State.OFFERED]
    queue.answer("endo", line[2], "stop_waiting", "09:42")
    assert queue.state(*line) == [State.EXPIRED, State.DECLINED, State.LEFT]
    assert queue.holds() == 0
    assert queue.said(line[0]) == ["joined", "offered", "expired"]
    queue.house.book("aoki", "booth", "10:00", "11:00", now="09:43")


def test_what_is_free_already_is_offered_on_joining_but_never_past_those_before(queue: Queue) -> None:
    entry = queue.wait("baba", BOOTHS, "10:00", "11:00")
    assert queue.state(entry) == [State.OFFERED]
    behind = queue.wait("chiba", BOOTHS, "10:00", "11:00")
    assert queue.state(behind) == [State.WAITING]


def test_the_lines_of_other_times_stand_in_nobodys_way(queue: Queue) -> None:
    line = [
        queue.wait(who, BOOTHS, start, end)
        for who, start, end in (
            ("baba", "10:00", "11:00"),
            ("chiba", "11:00", "12:00"),
            ("endo", "10:30", "11:30"),
            ("aoki", "12:00", "13:00"),
        )
    ]
    assert queue.state(*line) == [State.OFFERED, State.OFFERED, State.WAITING, State.OFFERED]


def guests_of(house: House, *guests: GuestDay) -> None:
    """Whom the tax section's zone takes in."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        zones.set_guests(session, zone_id, list(guests), actor_id=None, now=at("08:00"))


def test_nobody_waits_for_what_they_could_never_be_offered(queue: Queue) -> None:
    for who, where, start, end in (
        ("baba", "taxes", "10:00", "12:00"),
        ("aoki", "booth", "10:00", "17:00"),
        ("aoki", "free", "10:00", "12:00"),
    ):
        with pytest.raises(RuleBroken, match=r"waitlist\.hopeless"):
            queue.wait(who, where, start, end)


def test_who_may_not_have_the_space_is_passed_over_and_keeps_the_place(queue: Queue) -> None:
    house = queue.house
    booking = house.book("endo", "taxes", "09:00", "12:00")
    guests_of(house, GuestDay(None, None, DAY))
    stranger = queue.wait("baba", "taxes", "10:00", "12:00")
    guests_of(house)
    with transaction(house.engine) as session:
        session.get_one(User, house.people["chiba"].id).role = Role.FACILITY
    member = queue.wait("fujii", "taxes", "10:00", "12:00")
    queue.give_back("endo", booking, "09:30")
    assert queue.state(stranger, member) == [State.WAITING, State.OFFERED]


def test_accepting_ends_ones_own_clashing_booking_and_offers_that_to_the_next(queue: Queue) -> None:
    house = queue.house
    own = house.book("baba", "window", "09:00", "17:00")
    taken = house.book("aoki", "seat", "09:00", "17:00")
    better = queue.wait("baba", "seat", "13:00", "17:00")
    behind = queue.wait("chiba", "window", "13:00", "17:00")
    queue.give_back("aoki", taken, "09:30")
    assert house.get(own).status is Status.BOOKED
    queue.answer("baba", better, "accept_offer", "09:31")
    assert (house.get(own).status, house.get(own).span) == (Status.BOOKED, span("09:00", "13:00"))
    assert queue.held(better).status is Status.BOOKED
    assert queue.state(behind) == [State.OFFERED]


@pytest.mark.parametrize(
    ("own", "status"), [(("09:00", "17:00"), Status.ENDED_EARLY), (("11:00", "12:00"), Status.CANCELLED)]
)
def test_what_is_on_ends_now_and_what_is_to_come_is_cancelled(
    queue: Queue, own: tuple[str, str], status: Status
) -> None:
    mine = queue.house.book("baba", "window", *own)
    taken = queue.house.book("aoki", "seat", "09:00", "17:00")
    entry = queue.wait("baba", "seat", "10:00", "17:00")
    queue.give_back("aoki", taken, "10:00")
    queue.answer("baba", entry, "accept_offer", "10:02")
    assert (queue.house.get(mine).status, queue.house.get(mine).reason) == (status, "replaced")


def test_nobody_books_claims_or_reclaims_what_is_held(queue: Queue) -> None:
    house = queue.house
    booking = house.book("aoki", "seat", "09:00", "17:00")
    queue.wait("baba", "seat", "10:00", "17:00")
    house.hear_beats("seat", "08:00", "10:00", occupied=False)
    house.sweep("10:00")
    assert queue.holds() == 1
    with transaction(house.engine) as session, pytest.raises(Conflict, match=r"booking\.held"):
        release.reclaim(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("10:01")
        )
    with pytest.raises(Conflict, match=r"booking\.overlap"):
        house.book("chiba", "seat", "10:02", "11:00", now="10:02")
    with pytest.raises(Conflict, match=r"booking\.overlap"):
        house.claim("chiba", "seat", "10:02")


def test_a_held_space_is_never_completed_and_what_closes_sends_back_to_the_line(queue: Queue) -> None:
    house = queue.house
    booking = house.book("aoki", "seat", "09:00", "10:00")
    entry = queue.wait("baba", "seat", "09:30", "10:00")
    queue.give_back("aoki", booking, "09:58")
    assert queue.get(entry).hold_until == at("10:00")
    house.sweep("10:00")
    assert (queue.held(entry).status, queue.held(entry).reason) == (Status.CANCELLED, "offer_expired")
    later = queue.wait("chiba", "seat", "11:00", "12:00", now="10:01")
    assert queue.state(later) == [State.OFFERED]
    with transaction(house.engine) as session:
        site = session.get_one(Site, 1)
        closing = pipeline.Closing(site.id, None, span("10:02", "11:30"), "台風")
        pipeline.close_office(session, closing, actor=house.people["fujii"], now=at("10:02"))
    house.sweep("10:03")
    assert queue.state(later) == [State.WAITING]
    house.sweep("11:30")
    assert queue.state(later) == [State.OFFERED]
    assert queue.held(later).span == span("11:30", "12:00")
    assert queue.said(later) == ["joined", "offered", "withdrawn", "offered"]


def test_a_wait_ends_with_its_span_or_when_it_is_met_otherwise(queue: Queue) -> None:
    house = queue.house
    house.book("aoki", "seat", "09:00", "12:00")
    over = queue.wait("baba", "seat", "10:00", "12:00")
    house.book("endo", "focus", "09:00", "10:00")
    met = queue.wait("chiba", Target(Lane.DESK, Kind.FOCUS_SEAT), "09:30", "11:00")
    house.book("chiba", "focus", "10:00", "11:00", now="08:40")
    house.sweep("09:59")
    assert queue.state(over, met) == [State.WAITING, State.WAITING]
    house.sweep("10:00")
    assert queue.state(met) == [State.BOOKED_OTHERWISE]
    house.sweep("12:00")
    assert queue.state(over) == [State.OVER]


def test_who_sits_in_a_booth_waits_for_another_until_they_book_one(queue: Queue) -> None:
    house = queue.house
    house.book("aoki", "booth", "10:00", "10:30")
    house.book("baba", "booth", "10:30", "11:00")
    entry = queue.wait("aoki", BOOTHS, "10:20", "17:00", now="10:20", length=timedelta(minutes=30))
    house.sweep("10:21")
    assert queue.state(entry) == [State.WAITING]
    house.book("aoki", "booth", "11:00", "11:30", now="10:22")
    house.sweep("11:00")
    assert queue.state(entry) == [State.BOOKED_OTHERWISE]


def test_nobody_waits_for_what_they_have(queue: Queue) -> None:
    house = queue.house
    booking = house.book("aoki", "seat", "09:00", "17:00")
    with pytest.raises(Conflict) as caught:
        queue.wait("aoki", SEATS, "10:00", "17:00")
    assert (caught.value.code, caught.value.facts) == ("waitlist.met", {"booking_id": booking.id})
    queue.wait("aoki", SEATS, "10:00", "17:30")


def test_who_leaves_the_office_leaves_the_line(queue: Queue) -> None:
    house = queue.house
    booking = house.book("aoki", "booth", "09:00", "10:00")
    offered = queue.wait("baba", BOOTHS, "11:00", "12:00")
    waiting = queue.wait("baba", BOOTHS, "09:00", "10:00")
    behind = queue.wait("chiba", BOOTHS, "09:00", "10:00")
    assert queue.state(offered, waiting) == [State.OFFERED, State.WAITING]
    with transaction(house.engine) as session:
        pipeline.leave(session, house.people["baba"].id, actor=None, now=at("08:35"))
    house.sweep("08:36")
    assert queue.state(offered, waiting) == [State.LEFT, State.LEFT]
    with reading(house.engine) as session:
        (shown,) = service.standing(session, [queue.get(behind)], now=at("08:36"))
    assert shown.place == 1
    queue.give_back("aoki", booking, "08:40")
    assert queue.state(behind) == [State.OFFERED]


def test_a_person_has_one_place_for_a_lane_and_time(queue: Queue) -> None:
    for who, where in (("aoki", "seat"), ("endo", "booth")):
        queue.house.book(who, where, "10:00", "12:00")
    first = queue.wait("baba", "seat", "10:00", "12:00")
    with pytest.raises(Conflict) as caught:
        queue.wait("baba", SEATS, "11:00", "13:00")
    assert caught.value.facts == {"entry_id": first.id}
    queue.wait("baba", "booth", "10:00", "12:00")
    queue.wait("baba", "seat", "12:00", "13:00")
    with pytest.raises(RuleBroken, match=r"waitlist\.over"):
        queue.wait("chiba", "seat", "07:00", "08:00")
    with pytest.raises(NotFound):
        queue.answer("chiba", first, "stop_waiting", "09:00")


def test_whom_a_sensor_sees_is_left_in_peace_unless_the_space_was_given_back(queue: Queue) -> None:
    house = queue.house
    house.hear("booth", ("08:50", True), ("08:52", True))
    entry = queue.wait("baba", "booth", "09:00", "10:00", now="09:01")
    assert queue.state(entry) == [State.WAITING]
    house.hear("booth", ("09:02", False), ("09:15", False))
    house.sweep("09:15")
    assert queue.state(entry) == [State.OFFERED]


# Numbers, as at a reception desk


@pytest.fixture
def reception(queue: Queue) -> Queue:
    """A kiosk at the booths of zone A, one booth."""
    house = queue.house
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "chiba@example.jp").values(role=Role.KIOSK))
        session.flush()
        house.people["chiba"] = get_person(session, house.people["chiba"].id, DAY)
    return queue


def test_numbers_are_drawn_in_order_called_in_order_and_accepted_at_the_door(reception: Queue) -> None:
    house = reception.house
    booking = house.book("aoki", "booth", "09:00", "10:00")
    line = [
        reception.draw("chiba", "09:10"),
        reception.draw("baba", "09:11"),
        reception.draw("chiba", "09:12"),
    ]
    assert [one.number for one in line] == [1, 2, 3]
    assert [one.user_id is None for one in line] == [True, False, True]
    reception.give_back("aoki", booking, "09:20")
    assert reception.state(*line) == [State.OFFERED, State.WAITING, State.WAITING]
    assert reception.held(line[0]).span == span("09:20", "09:50")
    reception.answer("chiba", line[0], "accept_offer", "09:22", is_there=True)
    held = reception.held(line[0])
    assert (held.status, held.checked_in_by, held.guest_name) == (Status.CHECKED_IN, By.HAND, "No. 1")
    house.sweep("09:50")
    assert reception.state(*line[1:]) == [State.OFFERED, State.WAITING]
    house.sweep("09:55")
    assert reception.state(*line[1:]) == [State.EXPIRED, State.OFFERED]


def test_a_kiosk_answers_numbers_only_and_nobody_else_does(reception: Queue) -> None:
    nobodys = reception.draw("chiba", "09:00")
    mine = reception.draw("baba", "09:01")
    for who, entry in (("chiba", mine), ("aoki", nobodys), ("aoki", mine)):
        with pytest.raises(DomainError, match=r"waitlist\.unknown"):
            reception.answer(who, entry, "stop_waiting", "09:02")


def test_the_next_day_begins_with_one_and_a_day_ends_the_line(reception: Queue) -> None:
    reception.house.break_("booth")
    number = reception.draw("chiba", "09:00")
    assert reception.state(number) == [State.WAITING]
    reception.house.sweep("00:00", day=1)
    assert reception.state(number) == [State.OVER]
    with reading(reception.house.engine) as session:
        assert offers.next_due(session) is None
        assert session.get_one(Space, reception.house.spaces["booth"]).kind is Kind.BOOTH


def test_a_sweep_with_nobody_in_line_asks_little(house: House) -> None:
    with transaction(house.engine) as session:
        assert pipeline.sweep(session, at("09:00"), OFFICE).offered == []


def test_who_joined_the_section_today_is_offered_its_seats_before_nine(queue: Queue) -> None:
    """In UTC it is still yesterday then."""
    house = queue.house
    with transaction(house.engine) as session:
        zei = next(iter(house.people["endo"].section_ids))
        session.add(Membership(user_id=house.people["baba"].id, section_id=zei, from_on=DAY))
    taken = house.book("endo", "taxes", "08:00", "12:00", now="07:00")
    with transaction(house.engine) as session:
        baba = get_person(session, house.people["baba"].id, DAY)
        wanted = Wish(queue.space("taxes"), span("10:00", "12:00"))
        entry = pipeline.wait(session, wanted, actor=baba, now=at("08:10"), office=OFFICE)
        session.expunge(entry)
    queue.give_back("endo", taken, "08:20")
    assert queue.state(entry) == [State.OFFERED]
