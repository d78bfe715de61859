"""When a desk of a zone drawn by lot may be booked, and what the facility staff decide about it."""

from __future__ import annotations

from datetime import time, timedelta

import pytest

from app import pipeline
from app.bookings import release
from app.bookings.models import Booking
from app.bookings.reserve import move
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import RuleBroken
from app.lots.models import Outcome, State
from app.spaces import fixed_seats
from app.spaces.rules import Kind, Lane, Target
from app.spaces.service import get_place
from app.timespan import TimeSpan
from app.waitlist.rules import State as Waiting
from app.waitlist.rules import Wish
from tests.app.lots.conftest import MORE_DESKS, Lots, bookings, refused
from tests.app.waitlist.queue import Queue
from tests.house import DAY, OFFICE, House, at, span

TOMORROW = DAY + timedelta(days=1)
ALL = {"taxes", *MORE_DESKS}


def test_until_the_draw_no_desk_is_booked_for_the_drawn_day_and_after_it_what_is_left_is(lots: Lots) -> None:
    lots.put()
    wanted = span("10:00", "11:00", day=1)
    with pytest.raises(RuleBroken) as caught:
        lots.book("endo", "taxes", wanted, now=at("15:59"))
    assert caught.value.facts["rule"] == "lots"
    assert caught.value.facts["allowed"] == f">= {at('16:00').isoformat()}"
    # The hour has come, but nobody has drawn yet.
    assert refused(lambda: lots.book("endo", "taxes", wanted, now=at("16:00"))) == "lots"
    lots.draw()
    assert lots.book("endo", "taxes", wanted, now=at("16:01")).status is Status.BOOKED
    # The day after is drawn tomorrow.
    after = span("10:00", "11:00", day=2)
    assert refused(lambda: lots.book("endo", "taxes", after, now=at("16:01"))) == "lots"


def test_a_booth_of_the_zone_a_desk_of_another_and_today_are_booked_as_ever(lots: Lots, house: House) -> None:
    lots.put()
    house.book("endo", "B-booth", "10:00", "11:00", day=1)
    house.book("endo", "bare", "10:00", "11:00", day=1)
    assert house.book("endo", "taxes", "10:00", "11:00").status is Status.BOOKED


def test_a_booking_that_reaches_into_the_drawn_day_does_not_go_round_the_draw(
    lots: Lots, house: House
) -> None:
    lots.put()
    night = TimeSpan(at("20:00"), at("12:00", day=1))
    assert refused(lambda: lots.book("endo", "taxes", night, now=at("09:00"))) == "lots"
    made = lots.book("endo", "taxes", span("20:00", "23:00"), now=at("09:00"))

    def reach() -> None:
        with transaction(house.engine) as session:
            move(
                session,
                session.get_one(Booking, made.id),
                actor=house.people["endo"],
                now=at("09:00"),
                span=night,
            )

    assert refused(reach) == "lots"


def test_a_draw_that_never_took_place_keeps_nobody_out_once_the_day_has_begun(lots: Lots) -> None:
    lots.put()
    wanted = span("10:00", "11:00", day=1)
    assert refused(lambda: lots.book("endo", "taxes", wanted, now=at("23:59"))) == "lots"
    assert lots.book("endo", "taxes", wanted, now=at("00:00", day=1)).status is Status.BOOKED


def test_who_waits_in_line_does_not_go_round_the_draw_and_is_offered_what_it_leaves(
    lots: Lots, house: House
) -> None:
    lots.put()
    queue = Queue(house)
    wanted = span("10:00", "12:00", day=1)
    target = Target(Lane.DESK, Kind.SEAT, lots.zone_id)
    with transaction(house.engine) as session:
        wish = Wish(target, wanted)
        entry = pipeline.wait(session, wish, actor=house.people["endo"], now=at("09:00"), office=OFFICE)
        session.expunge(entry)
    house.sweep("15:59")
    assert queue.state(entry) == [Waiting.WAITING]
    lots.draw()
    house.sweep("16:01")
    assert queue.state(entry) == [Waiting.OFFERED]
    assert queue.held(entry).span == wanted


def test_days_off_are_not_drawn_and_the_working_day_after_them_is_drawn_before_them(lots: Lots) -> None:
    lots.put(day=3)  # a Friday
    lots.book("endo", "taxes", span("10:00", "11:00", day=4), now=at("09:00", day=3))
    (draw,) = lots.draws()
    assert (draw.on_date, draw.draw_at) == (DAY + timedelta(days=6), at("16:00", day=3))


def test_whom_a_seat_is_kept_for_needs_no_lot_and_may_book_it_before(lots: Lots, house: House) -> None:
    with transaction(house.engine) as session:
        fixed_seats.keep_for(
            session,
            house.spaces["taxes"],
            house.people["endo"].id,
            first=DAY,
            last=None,
            actor_id=None,
            now=at("08:00"),
        )
    lots.put()
    lots.hire("goda")
    assert refused(lambda: lots.wish("endo")) == "lots.kept"
    lots.book("endo", "taxes", span("10:00", "11:00", day=1), now=at("09:00"))
    lots.wish("goda", "taxes")
    lots.draw()
    assert {one.space_id for one in bookings(house)} == {
        house.spaces["taxes"],
        next(one.space_id for one in bookings(house) if one.user_id == lots.people["goda"].id),
    }


def test_switching_the_draw_off_opens_the_zone_and_on_again_keeps_the_promise(
    lots: Lots, house: House
) -> None:
    lots.put()
    (before,) = lots.draws()
    lots.wish("endo")
    lots.put(None)
    assert [one.state for one in lots.draws()] == [State.CANCELLED]
    made = lots.book("endo", "taxes", span("10:00", "11:00", day=1), now=at("10:00"))
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, made.id), actor=house.people["endo"], now=at("10:01")
        )
    lots.put(time(15), now="11:00")
    (after,) = lots.draws()
    assert (after.state, after.seed) == (State.OPEN, before.seed)
    assert after.draw_at == at("15:00")
    assert lots.draw("15:00") is not None
    assert len([one for one in bookings(house) if one.is_live]) == 1


def test_an_hour_that_has_passed_today_is_for_the_day_after_tomorrow(lots: Lots) -> None:
    lots.put(time(8), now="09:00")
    (draw,) = lots.draws()
    assert draw.on_date == DAY + timedelta(days=2)


def test_a_zone_for_free_seating_is_not_drawn(lots: Lots, house: House) -> None:
    with reading(house.engine) as session:
        zone_id = get_place(session, house.spaces["free"]).zone.id
    assert refused(lambda: Lots(house, zone_id).put()) == "lots.free_seating"


def test_who_is_only_offered_a_desk_of_that_day_is_drawn_with_the_others(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo", "taxes")
    queue = Queue(house)
    with transaction(house.engine) as session:
        wish = Wish(queue.space("seat"), span("10:00", "12:00", day=1))
        entry = pipeline.wait(session, wish, actor=house.people["endo"], now=at("15:55"), office=OFFICE)
        session.expunge(entry)
    assert queue.state(entry) == [Waiting.OFFERED]
    draw = lots.draw()
    assert draw is not None
    assert lots.outcomes(draw.id)["endo"].outcome is Outcome.SEATED
