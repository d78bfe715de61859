"""A zone drawn by lot: who gets a seat; on SQLite and on PostgreSQL."""

from __future__ import annotations

from datetime import time, timedelta

import pytest
from sqlalchemy import select, update

from app.bookings import release
from app.bookings.models import Booking
from app.bookings.rules import Origin, Status
from app.database import transaction
from app.lots import drawing
from app.lots.models import Outcome
from app.lots.rules import Why
from app.lots.rules.record import check
from app.lots.views import record_of
from app.people.models import Membership
from app.spaces import barriers, fixed_seats, zones
from app.spaces.models import Site
from app.spaces.rules import Kind, Opening
from app.spaces.service import set_policy
from tests.app.lots.conftest import MORE_DESKS, Lots, bookings
from tests.house import DAY, House, at, span

TOMORROW = DAY + timedelta(days=1)
ALL = {"taxes", *MORE_DESKS}


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
        fixed_seats.keep_for(
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


def test_whoever_has_a_seat_kept_for_them_since_they_wished_is_drawn_no_other(
    lots: Lots, house: House
) -> None:
    lots.hire("goda")
    for code in MORE_DESKS[1:]:
        house.break_(code)
    lots.put()
    lots.wish("endo", "B-1")
    lots.wish("goda", "B-1")
    lots.let_come_first("endo")
    with transaction(house.engine) as session:
        endo = house.people["endo"].id
        fixed_seats.keep_for(
            session, house.spaces["taxes"], endo, first=TOMORROW, last=None, actor_id=None, now=at("11:00")
        )
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)
    assert (found["endo"].outcome, found["endo"].reason) == (Outcome.REFUSED, "has_seat")
    assert (found["goda"].outcome, found["goda"].choice) == (Outcome.SEATED, 1)


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


@pytest.mark.parametrize("together", [True, False])
def test_colleagues_who_name_each_other_sit_side_by_side_where_the_zone_wants_it(
    lots: Lots, together: bool
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
