"""A series that is changed to other days leaves out closed ones, as it did when it was made, and tells which; how far
ahead its days may be; and whether it is used again after its owner was asked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import select

from app import pipeline
from app.bookings import presence, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope, leaves_out
from app.calendar import CalendarDay
from app.database import transaction
from app.errors import Conflict, RuleBroken
from app.spaces import barriers
from app.spaces.models import Site
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from app.working_days import WorkingDays
from tests.app.bookings.test_series import ask, asked, bookings, make, nobody_comes
from tests.house import DAY, OFFICE, TOKYO, House, at, span

# The house's day is a Tuesday; the Monday before it, 23 November 2026, is a national holiday.
DAILY = Recurrence(Every.DAY, count=4)
SATURDAY = 4


def moved(
    house: House, booking: Booking, wanted: TimeSpan, *, scope: Scope = Scope.ALL, now: str = "08:30"
) -> series.Moved:
    with transaction(house.engine) as session:
        done = series.move(
            session,
            session.get_one(Booking, booking.id),
            scope,
            wanted,
            actor=house.people["aoki"],
            now=at(now),
        )
        session.expunge_all()
    return done


def live(house: House) -> list[TimeSpan]:
    return [one.span for one in bookings(house) if one.status is Status.BOOKED]


def days_of(spans: Sequence[TimeSpan]) -> list[date]:
    return [one.start.astimezone(TOKYO).date() for one in spans]


def closes(house: House, *days: int) -> None:
    with transaction(house.engine) as session:
        session.add_all(CalendarDay(on_date=DAY + timedelta(days=day), works=False) for day in days)


def on_every_day(house: House) -> series.Ask:
    """A series that does not ask the calendar."""
    rule = {"every": "day", "count": 4, "working_days_only": False}
    return replace(ask(house, recurrence=replace(DAILY, working_days_only=False)), rule=rule)


@pytest.mark.parametrize(
    ("on", "left_out"),
    [
        ("2026-11-20", False),
        ("2026-11-21", True),
        ("2026-11-23", True),
        ("2026-11-25", True),
        ("2026-12-29", True),
    ],
)
def test_a_day_that_the_calendar_closes_is_left_out_where_the_series_asks_it(on: str, left_out: bool) -> None:
    calendar = WorkingDays({date(2026, 11, 23): "勤労感謝の日"}, {date(2026, 11, 25): False})
    on_it = TimeSpan(
        at("00:30") + (date.fromisoformat(on) - DAY), at("09:00") + (date.fromisoformat(on) - DAY)
    )
    assert leaves_out(on_it, TOKYO, calendar=calendar, closures=[]) is left_out
    assert not leaves_out(on_it, TOKYO, calendar=None, closures=[])


def test_what_only_touches_a_closure_is_not_left_out() -> None:
    wanted, closure = span("10:00", "12:00"), span("12:00", "13:00")
    assert not leaves_out(wanted, TOKYO, calendar=None, closures=[closure])
    assert leaves_out(span("10:00", "12:01"), TOKYO, calendar=None, closures=[closure])


def test_a_series_that_goes_to_other_days_leaves_out_the_weekend_and_tells_it(house: House) -> None:
    made = make(house, ask(house, recurrence=DAILY))
    done = moved(house, made.bookings[0], span("09:00", "12:00", day=1))
    assert live(house) == [span("09:00", "12:00", day=n) for n in (1, 2, 3)]
    ((gone, wanted),) = done.left_out
    assert (gone.id, wanted) == (made.bookings[3].id, span("09:00", "12:00", day=SATURDAY))
    last = house.get(made.bookings[3])
    assert (last.status, last.reason) == (Status.CANCELLED, "day_closed")
    assert [one.kind for one in house.events(last)][-1] == "booking.cancelled"
    assert house.events(last)[-1].actor_id == house.people["aoki"].id


def test_a_holiday_and_a_day_that_the_office_closes_are_left_out_too(house: House) -> None:
    weekly = Recurrence(Every.WEEK, count=2)
    made = make(house, ask(house, times=span("09:00", "12:00", day=2), recurrence=weekly))
    closes(house, 8)
    assert [one.span for one in made.bookings] == [span("09:00", "12:00", day=n) for n in (2, 9)]
    done = moved(house, made.bookings[0], span("13:00", "14:00", day=1))
    assert live(house) == [span("13:00", "14:00", day=1)]
    assert days_of([wanted for _gone, wanted in done.left_out]) == [DAY + timedelta(days=8)]


def test_the_one_that_is_meant_may_be_the_one_that_is_left_out(house: House) -> None:
    made = make(
        house, ask(house, times=span("09:00", "12:00", day=2), recurrence=Recurrence(Every.WEEK, count=2))
    )
    closes(house, 1)
    done = moved(house, made.bookings[0], span("09:00", "12:00", day=1))
    assert [gone.id for gone, _span in done.left_out] == [made.bookings[0].id]
    assert live(house) == [span("09:00", "12:00", day=8)]


def test_where_no_day_is_left_nothing_changes(house: House) -> None:
    made = make(house, ask(house, recurrence=Recurrence(Every.WEEK, count=2)))
    with pytest.raises(RuleBroken, match=r"series\.empty"):
        moved(house, made.bookings[0], span("09:00", "12:00", day=SATURDAY))
    assert live(house) == [one.span for one in made.bookings]


def test_a_series_that_was_made_on_every_day_is_changed_to_every_day(house: House) -> None:
    made = make(house, on_every_day(house))
    done = moved(house, made.bookings[0], span("09:00", "12:00", day=1))
    assert done.left_out == []
    assert live(house) == [span("09:00", "12:00", day=n) for n in (1, 2, 3, 4)]


def test_a_closure_of_the_office_is_left_out_also_of_a_series_on_every_day(house: House) -> None:
    made = make(house, on_every_day(house))
    with transaction(house.engine) as session:
        site = session.scalars(select(Site)).one()
        barriers.close(
            session,
            site.id,
            span("08:00", "10:00", day=4),
            zone_id=None,
            reason="停電",
            actor_id=None,
            now=at("08:00"),
        )
    done = moved(house, made.bookings[0], span("09:00", "12:00", day=1))
    assert days_of([wanted for _gone, wanted in done.left_out]) == [DAY + timedelta(days=4)]
    assert live(house) == [span("09:00", "12:00", day=n) for n in (1, 2, 3)]


def test_a_change_of_the_hours_alone_leaves_out_nothing(house: House) -> None:
    """Somebody put one of it on a Saturday by hand; there it stays, at the new hour."""
    made = make(house, ask(house, recurrence=Recurrence(Every.DAY, count=2)))
    one = moved(house, made.bookings[1], span("09:00", "12:00", day=SATURDAY), scope=Scope.ONE)
    assert one.left_out == []
    done = moved(house, made.bookings[0], span("13:00", "14:00"))
    assert done.left_out == []
    assert live(house) == [span("13:00", "14:00"), span("13:00", "14:00", day=SATURDAY)]


def test_a_day_that_somebody_else_has_still_refuses_the_whole_change(house: House) -> None:
    made = make(house, ask(house, recurrence=DAILY))
    house.book("baba", "seat", "13:00", "14:00", day=3)
    with pytest.raises(Conflict) as refused:
        moved(house, made.bookings[0], span("13:30", "14:30", day=1))
    assert refused.value.facts["start"] == at("13:30", day=3).isoformat()
    assert [one.span for one in bookings(house) if one.series_id] == [one.span for one in made.bookings]
    assert {one.status for one in bookings(house)} == {Status.BOOKED}


def test_what_has_begun_is_not_left_out(house: House) -> None:
    made = make(house, ask(house, recurrence=DAILY))
    done = moved(house, made.bookings[1], span("09:00", "12:00", day=2), now="09:30")
    assert house.get(made.bookings[0]).span == span("09:00", "12:00")
    assert [gone.id for gone, _span in done.left_out] == [made.bookings[3].id]


# How far ahead


@pytest.mark.parametrize(
    ("who", "key", "value", "weeks"),
    [
        ("aoki", "series_horizon", "30d", 5),
        ("aoki", "series_horizon", "0d", 2),
        ("aoki", "horizon", "90d", 13),
        ("fujii", "series_horizon", "0d", 9),
        ("fujii", "series_horizon", "84d", 12),
    ],
)
def test_the_days_of_a_series_have_a_horizon_of_their_own_and_never_less_than_a_booking(
    house: House, who: str, key: str, value: str, weeks: int
) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, key, value, now=at("00:00"), actor_id=None)
    wanted = ask(house, recurrence=Recurrence(Every.WEEK, count=20, working_days_only=False))
    assert len(make(house, wanted, who=who, possible_ones=True).bookings) == weeks


def test_a_series_of_one_day_is_a_booking_and_a_day_of_a_series_stays_one_when_it_is_moved(
    house: House,
) -> None:
    far = replace(
        ask(house, recurrence=Recurrence(Every.WEEK, count=1)), first=span("09:00", "12:00", day=21)
    )
    assert make(house, far, possible_ones=True).refused[0].error.facts["rule"] == "horizon"
    made = make(house, ask(house, recurrence=Recurrence(Every.WEEK, count=4)))
    with transaction(house.engine) as session:
        last = session.get_one(Booking, made.bookings[-1].id)
        later = span("13:00", "15:00", day=21)
        reserve.move(session, last, actor=house.people["aoki"], now=at("08:30"), span=later)
        assert last.span == later


# A series that is used again


@pytest.mark.parametrize("by", ["hand", "nobody knows"])
def test_whoever_comes_again_after_they_were_asked_keeps_the_series(house: House, by: str) -> None:
    made = make(house, ask(house, recurrence=Recurrence(Every.DAY, count=9)))
    for day in (0, 1, 2):
        nobody_comes(house, day)
    until = asked(house).answer_until
    assert until is not None
    again = house.get(made.bookings[3])
    if by == "hand":
        with transaction(house.engine) as session:
            stored = session.get_one(Booking, again.id)
            presence.check_in(session, stored, actor=house.people["aoki"], now=again.start_at)
    house.sweep("12:00", day=3)
    assert house.get(again).status is Status.COMPLETED
    with transaction(house.engine) as session:
        pipeline.sweep(session, until, OFFICE)
    assert (asked(house).ended_at, asked(house).answer_until) == (None, None)
    assert {house.get(one).status for one in made.bookings if one.start_at > until} == {Status.BOOKED}


def test_what_was_used_before_the_owner_was_asked_is_no_answer(house: House) -> None:
    made = make(house, ask(house, recurrence=Recurrence(Every.DAY, count=12)))
    with transaction(house.engine) as session:
        first = session.get_one(Booking, made.bookings[0].id)
        presence.check_in(session, first, actor=house.people["aoki"], now=at("09:00"))
    house.sweep("12:00")
    for day in (1, 2, 3):
        nobody_comes(house, day)
    until = asked(house).answer_until
    assert until is not None
    for day in (6, 7, 8, 9):
        nobody_comes(house, day)
    with transaction(house.engine) as session:
        pipeline.sweep(session, until, OFFICE)
    assert asked(house).ended_at == until
