"""Days of 23 and 25 hours, the turn of the year, 29 February, and bookings that touch."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from app import pipeline
from app.boards.availability import floor_view
from app.bookings import reserve
from app.bookings.models import Booking
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.spaces.models import Site
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan, day_span, later
from tests.house import TOKYO, House

BERLIN = ZoneInfo("Europe/Berlin")
SHORT_DAY, LONG_DAY = date(2027, 3, 28), date(2026, 10, 25)
NEW_YEARS_EVE, LEAP_DAY = date(2026, 12, 31), date(2028, 2, 29)
SPECIAL = [
    pytest.param(SHORT_DAY, BERLIN, 23, id="23 hours"),
    pytest.param(LONG_DAY, BERLIN, 25, id="25 hours"),
    pytest.param(NEW_YEARS_EVE, TOKYO, 24, id="new year's eve"),
    pytest.param(LEAP_DAY, TOKYO, 24, id="29 February"),
]
HOUR = timedelta(hours=1)


def stands_in(house: House, zone: ZoneInfo, **hours: object) -> None:
    """The office's site is in this zone of time, with these opening hours."""
    with transaction(house.engine) as session:
        session.execute(update(Site).values(timezone=zone.key, **hours))


def local(on: date, clock: str, zone: ZoneInfo) -> datetime:
    return datetime.combine(on, time.fromisoformat(clock), zone).astimezone(UTC)


def book(house: House, who: str, where: str, span: TimeSpan, *, now: datetime) -> Booking:
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session, actor=house.people[who], space_id=house.spaces[where], span=span, now=now
        )
        session.expunge(booking)
    return booking


def claim(house: House, who: str, where: str, now: datetime) -> Booking:
    with transaction(house.engine) as session:
        booking = pipeline.claim(session, actor=house.people[who], space_id=house.spaces[where], now=now)
        session.expunge(booking)
    return booking


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_a_whole_day_is_booked_and_the_days_beside_it_touch(
    house: House, on: date, zone: ZoneInfo, hours: int
) -> None:
    stands_in(house, zone)
    days = [day_span(on + timedelta(days=n), zone) for n in (-1, 0, 1)]
    made = [book(house, "aoki", "seat", day, now=days[0].start) for day in days]
    assert made[1].span.length == hours * HOUR
    with pytest.raises(Conflict):
        book(house, "baba", "seat", TimeSpan(days[1].end - HOUR, days[1].end), now=days[0].start)


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_the_longest_booking_is_a_day_of_the_calendar(
    house: House, on: date, zone: ZoneInfo, hours: int
) -> None:
    stands_in(house, zone)
    day = day_span(on, zone)
    with pytest.raises(RuleBroken) as caught:
        book(house, "aoki", "seat", TimeSpan(day.start, day.end + timedelta(minutes=1)), now=day.start)
    assert caught.value.facts["rule"] == "max_duration"


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_back_to_back_bookings_fill_every_hour_of_the_day(
    house: House, on: date, zone: ZoneInfo, hours: int
) -> None:
    stands_in(house, zone)
    day = day_span(on, zone)
    starts = [day.start + n * HOUR for n in range(hours)]
    for number, start in enumerate(starts):
        who = ("aoki", "baba")[number % 2]
        book(house, who, "booth", TimeSpan(start, start + HOUR), now=day.start)
    assert starts[-1] + HOUR == day.end
    with reading(house.engine) as session:
        views = {
            start: next(
                view
                for view in floor_view(
                    session,
                    house.floor_id,
                    TimeSpan(start, start + HOUR),
                    person=house.people["chiba"],
                    now=day.start,
                )
                if view.code == "booth"
            )
            for start in (*starts, day.end)
        }
    assert [views[start].available for start in starts] == [False] * hours
    assert views[day.end].available


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_a_claim_just_after_midnight_lasts_until_the_days_end(
    house: House, on: date, zone: ZoneInfo, hours: int
) -> None:
    stands_in(house, zone)
    day = day_span(on, zone)
    made = claim(house, "aoki", "seat", day.start + timedelta(minutes=1))
    assert made.end_at == day.end


def test_the_hour_that_comes_twice_is_two_hours(house: House) -> None:
    stands_in(house, BERLIN)
    first = datetime(2026, 10, 25, 2, 0, tzinfo=BERLIN)
    second = first.replace(fold=1)
    now = local(LONG_DAY, "00:00", BERLIN)
    book(house, "aoki", "seat", TimeSpan(first, second), now=now)
    book(house, "baba", "seat", TimeSpan(second, local(LONG_DAY, "03:00", BERLIN)), now=now)


@pytest.mark.parametrize(
    ("sunday", "zone"),
    [
        pytest.param(SHORT_DAY, BERLIN, id="23 hours"),
        pytest.param(LONG_DAY, BERLIN, id="25 hours"),
        pytest.param(date(2027, 1, 3), TOKYO, id="the week over the turn of the year"),
        pytest.param(date(2028, 3, 5), TOKYO, id="the week of 29 February"),
    ],
)
def test_the_weekly_quota_ends_with_the_sites_sunday(house: House, sunday: date, zone: ZoneInfo) -> None:
    stands_in(house, zone)
    week = TimeSpan(day_span(sunday - timedelta(days=6), zone).start, day_span(sunday, zone).end)
    with transaction(house.engine) as session:
        set_policy(session, Kind.SEAT, "weekly_quota", "2", now=week.start, actor_id=None)
    now = week.start - HOUR
    before = TimeSpan(now, week.start)
    first = TimeSpan(week.start, week.start + HOUR)
    last = TimeSpan(week.end - HOUR, week.end)
    after = TimeSpan(week.end, week.end + HOUR)
    for span in (before, first, last, after):
        book(house, "aoki", "seat", span, now=now)
    for span in (TimeSpan(first.end, first.end + HOUR), TimeSpan(last.start - HOUR, last.start)):
        with pytest.raises(RuleBroken) as caught:
            book(house, "aoki", "seat", span, now=now)
        assert caught.value.facts["rule"] == "weekly_quota"


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_opening_hours_are_those_of_the_clock_on_the_wall(
    house: House, on: date, zone: ZoneInfo, hours: int
) -> None:
    stands_in(house, zone, opens=time(1), closes=time(20))
    opened = TimeSpan(local(on, "01:00", zone), local(on, "20:00", zone))
    now = day_span(on, zone).start
    for start in (opened.start - timedelta(minutes=1), opened.end - HOUR + timedelta(minutes=1)):
        with pytest.raises(RuleBroken) as caught:
            book(house, "aoki", "seat", TimeSpan(start, start + HOUR), now=now)
        assert caught.value.facts["rule"] == "opening_hours"
    assert book(house, "aoki", "seat", opened, now=now).span == opened
    assert opened.length == 19 * HOUR + (hours - 24) * HOUR


def test_an_office_for_working_days_opens_again_on_the_first_one_of_the_year(house: House) -> None:
    stands_in(house, TOKYO, opens=time(8, 30), closes=time(17, 15), working_days_only=True)
    now = local(date(2026, 12, 28), "09:00", TOKYO)
    eve = TimeSpan(local(NEW_YEARS_EVE, "10:00", TOKYO), local(NEW_YEARS_EVE, "11:00", TOKYO))
    with pytest.raises(RuleBroken) as caught:
        book(house, "aoki", "seat", eve, now=now)
    opens = local(date(2027, 1, 4), "08:30", TOKYO)
    assert caught.value.facts["allowed"].startswith(opens.isoformat())
    book(house, "aoki", "seat", TimeSpan(opens, opens + HOUR), now=now)


@pytest.mark.parametrize(("on", "zone", "hours"), SPECIAL)
def test_a_day_later_is_the_same_time_on_the_wall(on: date, zone: ZoneInfo, hours: int) -> None:
    day = day_span(on, zone)
    assert later(day.start, timedelta(days=1), zone) == day.end
    assert later(day.start, timedelta(hours=2), zone) == day.start + 2 * HOUR
    assert later(day.start, timedelta(days=1, hours=2), zone) == day.end + 2 * HOUR
