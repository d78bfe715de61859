"""A zone drawn by lot: when it may be booked, who gets a seat, what is written down; on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time, timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import func, select, update

from app import pipeline
from app.bookings import release
from app.bookings.models import Booking
from app.bookings.reserve import move
from app.bookings.rules import Origin, Status
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.events import Event
from app.jobs import draw_due_lots
from app.lots import drawing, service
from app.lots.models import LotDraw, LotWish, Outcome, State
from app.lots.rules import Why
from app.lots.rules.record import check
from app.lots.views import record_of
from app.people.models import Membership
from app.spaces import barriers, zones
from app.spaces.models import Site
from app.spaces.rules import Kind, Opening
from app.spaces.service import get_place, set_policy
from app.timespan import TimeSpan
from tests.app.lots.conftest import MORE_DESKS, Lots
from tests.house import DAY, OFFICE, House, at, span

TOMORROW = DAY + timedelta(days=1)
ALL = {"taxes", *MORE_DESKS}


def refused(do: Callable[[], object]) -> str:
    with pytest.raises(DomainError) as caught:
        do()
    return str(caught.value.facts.get("rule") or caught.value.code)


def bookings(house: House) -> list[Booking]:
    with reading(house.engine) as session:
        found = session.scalars(select(Booking).order_by(Booking.id)).all()
        session.expunge_all()
    return list(found)


# When a desk may be booked.


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


def test_days_off_are_not_drawn_and_the_working_day_after_them_is_drawn_before_them(lots: Lots) -> None:
    lots.put(day=3)  # a Friday
    lots.book("endo", "taxes", span("10:00", "11:00", day=4), now=at("09:00", day=3))
    (draw,) = lots.draws()
    assert (draw.on_date, draw.draw_at) == (DAY + timedelta(days=6), at("16:00", day=3))


def test_whom_a_seat_is_kept_for_needs_no_lot_and_may_book_it_before(lots: Lots, house: House) -> None:
    with transaction(house.engine) as session:
        barriers.keep_for(
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


# Who gets a seat.


def test_everybody_is_seated_where_there_is_room_and_the_day_is_booked_by_nobodys_hand(
    lots: Lots, house: House
) -> None:
    lots.hire("goda", "hara")
    lots.put()
    lots.wish("endo", "B-3")
    lots.wish("goda")
    lots.wish("hara")
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)
    assert {one.outcome for one in found.values()} == {Outcome.SEATED}
    assert (found["endo"].reason, found["endo"].choice) == (Why.WISH, 1)
    made = {one.id: one for one in bookings(house)}
    assert len(made) == 3
    for one in made.values():
        assert (one.origin, one.made_by, one.status) == (Origin.LOT, None, Status.BOOKED)
        assert one.span == span("08:30", "17:15", day=1)
    assert made[found["endo"].booking_id or 0].space_id == house.spaces["B-3"]


def test_with_more_wishes_than_seats_every_seat_is_given_and_who_stays_behind_comes_first_next_time(
    lots: Lots, house: House
) -> None:
    lots.hire("goda", "hara", "ide", "juni", "kato", "lee")
    lots.put()
    for one in lots.people:
        lots.wish(one)
    first = lots.draw()
    assert first is not None
    behind = lots.left_out(first.id)
    assert len(behind) == 2
    for one in lots.people:
        lots.wish(one, day=0, now="17:00")
    second = lots.draw(day=1)
    assert second is not None
    found = lots.outcomes(second.id)
    assert {name for name, one in found.items() if one.missed == 1} == behind
    assert {found[name].position for name in behind} == {1, 2}
    assert not lots.left_out(second.id) & behind
    assert len(bookings(house)) == 10


def test_seats_booked_broken_closed_or_kept_are_left_out(lots: Lots, house: House) -> None:
    taken = lots.book("endo", "taxes", span("16:00", "20:00", day=1), now=at("08:00"))
    with transaction(house.engine) as session:
        barriers.add_outage(
            session,
            house.spaces["B-1"],
            start=at("12:00"),
            end=None,
            reason="",
            actor_id=None,
            now=at("08:00"),
        )
        barriers.keep_for(
            session,
            house.spaces["B-2"],
            house.people["fujii"].id,
            first=TOMORROW,
            last=TOMORROW,
            actor_id=None,
            now=at("08:00"),
        )
    lots.hire("goda", "hara", "ide")
    lots.put()
    for one in ("goda", "hara", "ide"):
        lots.wish(one, "taxes", "B-1", "B-2")
    draw = lots.draw()
    assert draw is not None
    assert len(lots.left_out(draw.id)) == 1
    given = {one.space_id for one in bookings(house)} - {taken.space_id}
    assert given == {house.spaces["B-3"], house.spaces["B-4"]}


def test_in_a_closed_office_nobody_is_seated(lots: Lots, house: House) -> None:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        barriers.close(
            session,
            site_id,
            span("00:00", "23:59", day=1),
            zone_id=None,
            reason="",
            actor_id=None,
            now=at("08:00"),
        )
    lots.put()
    lots.wish("endo")
    draw = lots.draw()
    assert draw is not None
    assert lots.left_out(draw.id) == {"endo"}
    assert bookings(house) == []


def test_a_site_that_opens_late_and_a_shortest_of_days_bound_the_booking(lots: Lots, house: House) -> None:
    with transaction(house.engine) as session:
        site_id = session.scalars(select(Site.id)).one()
        zones.set_opening(session, site_id, Opening(opens=time(10)), actor_id=None, now=at("08:00"))
        set_policy(session, Kind.SEAT, "max_duration", "4h", now=at("08:00"), actor_id=None)
    lots.put()
    lots.wish("endo")
    lots.draw()
    assert [one.span for one in bookings(house)] == [span("10:00", "14:00", day=1)]


def test_whoever_holds_a_desk_elsewhere_or_left_the_section_is_told_so_and_takes_nobodys_seat(
    lots: Lots, house: House
) -> None:
    lots.hire("goda", "hara")
    lots.put()
    for one in lots.people:
        lots.wish(one)
    lots.book("goda", "bare", span("09:00", "10:00", day=1), now=at("11:00"))
    with transaction(house.engine) as session:
        session.execute(
            update(Membership).where(Membership.user_id == lots.people["hara"].id).values(until_on=DAY)
        )
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)
    assert (found["goda"].outcome, found["goda"].reason) == (Outcome.REFUSED, drawing.HAS_SEAT)
    assert (found["hara"].outcome, found["hara"].reason) == (Outcome.REFUSED, drawing.ZONE)
    assert found["endo"].outcome is Outcome.SEATED
    assert draw.inputs is not None
    assert [one["number"] for one in draw.inputs["wishes"]] == [found["endo"].number]


def test_a_quota_holds_in_the_draw_and_the_seat_goes_to_somebody_else(lots: Lots, house: House) -> None:
    lots.hire("goda")
    with transaction(house.engine) as session:
        set_policy(
            session,
            Kind.SEAT,
            "weekly_quota",
            "1",
            now=at("08:00"),
            actor_id=None,
            zone_id=lots.zone_id,
        )
    lots.book("endo", "taxes", span("09:00", "10:00"), now=at("08:00"))
    lots.put()
    for name in MORE_DESKS:
        house.break_(name)
    lots.wish("endo", "taxes")
    lots.wish("goda", "taxes")
    lots.let_come_first("endo")
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)
    assert (found["endo"].outcome, found["endo"].reason) == (Outcome.REFUSED, "weekly_quota")
    assert found["goda"].outcome is Outcome.SEATED
    assert check(record_of(draw)).holds


def test_a_buffer_after_todays_last_booking_sends_somebody_to_the_next_legal_seat(
    lots: Lots, house: House
) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "buffer", "12h", now=at("08:00"), actor_id=None)
    lots.book("endo", "taxes", span("22:00", "23:00"), now=at("08:00"))
    lots.put()
    lots.wish("endo", "taxes", "B-4")
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)["endo"]
    assert (found.outcome, found.choice) == (Outcome.SEATED, 2)
    assert draw.inputs is not None
    assert draw.inputs["wishes"][0]["barred"] == ["taxes"]
    assert check(record_of(draw)).holds


def test_nobody_gets_the_seat_of_the_last_days_again_while_another_is_there(lots: Lots, house: House) -> None:
    today = lots.book("endo", "B-1", span("09:00", "17:00"), now=at("08:00"))
    cancelled = lots.book("endo", "B-2", span("18:00", "19:00"), now=at("08:00"))
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, cancelled.id), actor=house.people["endo"], now=at("08:01")
        )
    lots.put(no_repeat=1)
    lots.wish("endo", "B-1", "B-2")
    draw = lots.draw()
    assert draw is not None
    assert draw.inputs is not None
    assert draw.inputs["wishes"][0]["avoids"] == ["B-1"]
    (made,) = [one for one in bookings(house) if one.origin is Origin.LOT]
    assert made.space_id == house.spaces["B-2"] != today.space_id


@pytest.mark.parametrize(("together", "expected"), [(True, {1}), (False, set())])
def test_colleagues_who_name_each_other_sit_side_by_side_where_the_zone_wants_it(
    lots: Lots, together: bool, expected: set[int]
) -> None:
    lots.hire("goda", "hara")
    lots.put()
    lots.wish("endo", beside=["goda"])
    lots.wish("goda", beside=["endo", "hara"])
    lots.wish("hara")
    lots.put(together=together, now="11:00")
    draw = lots.draw()
    assert draw is not None
    assert draw.inputs is not None
    found = lots.outcomes(draw.id)
    grouped = {one["number"]: one["group"] for one in draw.inputs["wishes"] if one["group"] is not None}
    if together:
        assert grouped.keys() == {found["endo"].number, found["goda"].number}
        assert {found["endo"].reason, found["goda"].reason} == {Why.TOGETHER}
    else:
        assert grouped == {}


# Once, and for everybody to check.


def test_what_was_promised_is_kept_and_a_draw_is_repeated_from_its_record(lots: Lots, house: House) -> None:
    lots.put()
    (before,) = lots.draws()
    assert (before.state, before.result) == (State.OPEN, None)
    with reading(house.engine) as session, pytest.raises(DomainError):
        record_of(session.get_one(LotDraw, before.id))
    lots.wish("endo", "B-2")
    draw = lots.draw()
    assert draw is not None
    assert (draw.id, draw.commitment) == (before.id, before.commitment)
    assert check(record_of(draw)).holds


def test_a_draw_is_done_once_and_the_next_is_open_with_a_promise_of_its_own(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    assert draw_due_lots(house.engine, at("15:59"), OFFICE) == 0
    assert draw_due_lots(house.engine, at("16:00"), OFFICE) == 1
    assert draw_due_lots(house.engine, at("16:01"), OFFICE) == 0
    first, second = lots.draws()
    assert (first.state, second.state) == (State.DRAWN, State.OPEN)
    assert second.on_date == DAY + timedelta(days=2)
    assert second.commitment != first.commitment
    assert len(bookings(house)) == 1
    with reading(house.engine) as session:
        kinds = session.scalars(
            select(Event.kind).where(Event.subject == f"lots:{first.id}").order_by(Event.id)
        ).all()
    assert kinds == ["lots.opened", "lots.wished", "lots.drawn", "lots.seated"]


def test_processes_that_draw_at_once_draw_once(lots: Lots, house: House) -> None:
    lots.hire("goda", "hara")
    lots.put()
    for one in lots.people:
        lots.wish(one)
    gate = Barrier(3)
    failures: list[Exception] = []

    def race() -> None:
        gate.wait(10)
        try:
            draw_due_lots(house.engine, at("16:00"), OFFICE)
        except Exception as error:  # noqa: BLE001 - told below
            failures.append(error)

    threads = [Thread(target=race) for _ in range(3)]
    for one_thread in threads:
        one_thread.start()
    for one_thread in threads:
        one_thread.join(30)
    assert failures == []
    assert len(bookings(house)) == 3
    assert [one.state for one in lots.draws()] == [State.DRAWN, State.OPEN]


def test_a_draw_that_broke_off_leaves_nothing_and_is_done_again_with_the_same_seed(
    lots: Lots, house: House
) -> None:
    lots.put()
    made = lots.wish("endo")

    class PowerCut(Exception):
        pass

    def draw_and_break_off() -> None:
        with transaction(house.engine) as session:
            assert pipeline.draw_lots(session, made.draw_id, at("16:00"), OFFICE) is not None
            raise PowerCut

    with pytest.raises(PowerCut):
        draw_and_break_off()
    assert bookings(house) == []
    (still,) = lots.draws()
    assert still.state is State.OPEN
    draw = lots.draw("16:05")
    assert draw is not None
    assert (draw.seed, len(bookings(house))) == (still.seed, 1)
    assert lots.outcomes(draw.id)["endo"].number == made.number


def test_a_draw_whose_day_has_begun_is_missed_and_said_to_be(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    draw = lots.draw("08:30", day=1)
    assert draw is not None
    assert (draw.state, draw.result) == (State.MISSED, None)
    found = lots.outcomes(draw.id)["endo"]
    assert (found.outcome, found.reason) == (Outcome.REFUSED, drawing.MISSED)
    assert bookings(house) == []
    assert lots.draws()[-1].on_date == DAY + timedelta(days=2)


# Wishes.


def test_a_wish_is_changed_and_withdrawn_under_the_same_number_until_the_hour(
    lots: Lots, house: House
) -> None:
    lots.put()
    first = lots.wish("endo", "B-1")
    second = lots.wish("endo", "B-2", "B-3", now="15:59")
    assert (second.number, second.prefers) == (
        first.number,
        [house.spaces["B-2"], house.spaces["B-3"]],
    )
    assert refused(lambda: lots.wish("endo", now="16:00")) == "lots.closed"

    def withdraw(now: str) -> None:
        with transaction(house.engine) as session:
            service.withdraw(session, lots.open_id, actor=house.people["endo"], now=at(now))

    assert refused(lambda: withdraw("16:00")) == "lots.closed"
    withdraw("15:59")
    assert refused(lambda: withdraw("15:59")) == "lots.no_wish"
    lots.draw()
    assert bookings(house) == []


def test_only_the_sections_people_of_that_day_wish_and_only_for_its_desks_and_people(
    lots: Lots, house: House
) -> None:
    lots.hire("goda", "hara", "ide", "juni", "kato")
    lots.people |= {"aoki": house.people["aoki"], "fujii": house.people["fujii"]}
    lots.put()
    assert refused(lambda: lots.wish("aoki")) == "lots.not_yours"
    assert refused(lambda: lots.wish("endo", "seat")) == "lots.seat"
    assert refused(lambda: lots.wish("endo", "B-booth")) == "lots.seat"
    assert refused(lambda: lots.wish("endo", "B-1", "B-1")) == "lots.seat"
    assert refused(lambda: lots.wish("endo", beside=["aoki"])) == "lots.colleague"
    assert refused(lambda: lots.wish("endo", beside=["endo"])) == "lots.colleague"
    five = ["goda", "hara", "ide", "juni", "kato"]
    assert refused(lambda: lots.wish("endo", beside=five)) == "lots.colleague"
    assert lots.wish("endo", *sorted(ALL), beside=five[:4]).number >= 100_000
    lots.put(together=False, now="11:00")
    assert refused(lambda: lots.wish("endo", beside=["goda"])) == "lots.colleague"
    assert refused(lambda: lots.wish("endo", draw_id=999)) == "lots.unknown"


# What the facility staff decide.


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


def test_what_is_older_than_presence_may_be_kept_is_forgotten(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    draw = lots.draw()
    assert draw is not None
    lots.wish("endo", now="17:00")
    with transaction(house.engine) as session:
        session.execute(
            update(LotDraw).where(LotDraw.id == draw.id).values(on_date=TOMORROW - timedelta(days=400))
        )
    lots.draw(day=1)
    with reading(house.engine) as session:
        assert session.get(LotDraw, draw.id) is None
        assert session.scalar(select(func.count()).select_from(LotWish)) == 1
