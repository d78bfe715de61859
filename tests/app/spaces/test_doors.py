"""Who may enter a zone, and when a site is open."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.spaces.rules import Door, Entry, GuestDay, Opening
from app.timespan import TimeSpan, day_span, days_of
from app.working_days import WorkingDays
from tests.house import TOKYO, span

TUESDAY = date(2026, 11, 24)
OWN, OTHER, THIRD = 1, 2, 3
sections = st.frozensets(st.integers(1, 5))
days = st.dates(date(2026, 1, 1), date(2028, 12, 31))
guests = st.builds(GuestDay, st.none() | st.integers(1, 5), st.integers(0, 6), st.none())
doors = st.builds(
    Door,
    st.none() | st.integers(1, 5),
    st.lists(guests, max_size=3).map(tuple),
    st.lists(st.tuples(st.integers(1, 9), st.none() | st.integers(1, 5)), max_size=3).map(tuple),
)


@pytest.mark.parametrize(
    ("door", "entry"),
    [
        (Door(None), Entry.OWN),
        (Door(OWN), Entry.OWN),
        (Door(OTHER), Entry.NONE),
        (Door(OTHER, (GuestDay(OWN, 1, None),)), Entry.GUEST),
        (Door(OTHER, (GuestDay(None, 1, None),)), Entry.GUEST),
        (Door(OTHER, (GuestDay(THIRD, 1, None),)), Entry.NONE),
        (Door(OTHER, (GuestDay(OWN, 2, None),)), Entry.NONE),
        (Door(OTHER, (GuestDay(OWN, None, TUESDAY),)), Entry.GUEST),
        (Door(OTHER, (GuestDay(OWN, None, TUESDAY + timedelta(days=7)),)), Entry.NONE),
        (Door(OTHER, overflow_of=((7, OWN),)), Entry.OVERFLOW),
        (Door(OTHER, overflow_of=((7, THIRD),)), Entry.NONE),
    ],
)
def test_on_a_tuesday_a_member_of_the_first_section_enters_on_this_ground(door: Door, entry: Entry) -> None:
    assert door.entry(frozenset({OWN}), TUESDAY) is entry


@given(doors, sections, sections, days)
def test_whoever_belongs_to_more_sections_is_let_in_at_least_as_well(
    door: Door, some: frozenset[int], more: frozenset[int], on: date
) -> None:
    order = [Entry.NONE, Entry.OVERFLOW, Entry.GUEST, Entry.OWN]
    assert order.index(door.entry(some | more, on)) >= order.index(door.entry(some, on))


@given(doors, sections, days)
def test_only_overflow_asks_after_zones_of_ones_own(door: Door, of: frozenset[int], on: date) -> None:
    if door.entry(of, on) is Entry.OVERFLOW:
        assert door.homes(of)
        assert {section for zone, section in door.overflow_of if zone in door.homes(of)} & of


HOURS = Opening(time(8), time(20), working_days_only=True)
CALENDAR = WorkingDays(holidays={date(2026, 11, 23): "勤労感謝の日"})


@pytest.mark.parametrize(
    ("opening", "wanted"),
    [
        (Opening(), span("00:00", "23:00")),
        (HOURS, span("08:00", "20:00")),
        (Opening(opens=time(8)), span("22:00", "23:59")),
        (Opening(working_days_only=True), span("03:00", "04:00")),
    ],
)
def test_what_lies_in_the_hours_is_not_shut_out(opening: Opening, wanted: TimeSpan) -> None:
    assert opening.shuts_out(wanted, TOKYO, CALENDAR) is None


@pytest.mark.parametrize(
    ("wanted", "allowed"),
    [
        (span("07:59", "09:00"), span("08:00", "20:00")),
        (span("19:00", "20:01"), span("08:00", "20:00")),
        (span("09:00", "10:00", day=-1), span("08:00", "20:00")),  # 勤労感謝の日
        (span("09:00", "10:00", day=4), span("08:00", "20:00", day=6)),  # a Saturday
    ],
)
def test_what_lies_outside_is_told_when_it_would_be_let_in(wanted: TimeSpan, allowed: TimeSpan) -> None:
    assert HOURS.shuts_out(wanted, TOKYO, CALENDAR) == allowed


def test_the_hours_are_the_sites_own_on_a_day_that_loses_one() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    spring = datetime(2026, 3, 29, tzinfo=berlin)
    wanted = TimeSpan(spring.replace(hour=8), spring.replace(hour=20))
    assert wanted.length == timedelta(hours=12)
    assert Opening(time(8), time(20)).shuts_out(wanted, berlin, CALENDAR) is None
    assert Opening(time(9), time(20)).shuts_out(wanted, berlin, CALENDAR) is not None


openings = st.builds(
    Opening,
    st.sampled_from([None, time(0), time(8), time(8, 30)]),
    st.sampled_from([None, time(17, 15), time(20)]),
    st.booleans(),
)


@given(
    openings,
    st.sampled_from([TOKYO, ZoneInfo("Europe/Berlin")]),
    st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31)),  # noqa: DTZ001
    st.timedeltas(timedelta(minutes=1), timedelta(days=3)),
)
def test_a_span_is_let_in_just_where_it_touches_nothing_that_is_shut(
    opening: Opening, zone: ZoneInfo, start: datetime, length: timedelta
) -> None:
    wanted = TimeSpan(start.replace(tzinfo=zone), start.replace(tzinfo=zone).astimezone(UTC) + length)
    first, last = days_of(wanted, zone)
    shut = opening.shut(first, last, zone, CALENDAR)
    assert shut == sorted(shut)
    is_let_in = all(
        (CALENDAR.is_working(on) or not opening.working_days_only)
        and part == part.intersection(day_span(on, zone, opening.opens or time(0), opening.closes))
        for on in (first + timedelta(days=n) for n in range((last - first).days + 1))
        if (part := wanted.intersection(day_span(on, zone))) is not None
    )
    assert is_let_in == (not any(one.overlaps(wanted) for one in shut))
    assert is_let_in == (opening.shuts_out(wanted, zone, CALENDAR) is None)


@given(
    st.builds(datetime.combine, st.dates(date(2026, 1, 1), date(2027, 12, 31)), st.times(), st.just(TOKYO)),
    st.timedeltas(timedelta(minutes=1), timedelta(days=1)),
)
def test_what_is_proposed_instead_is_let_in(start: datetime, length: timedelta) -> None:
    allowed = HOURS.shuts_out(TimeSpan(start, start + length), TOKYO, CALENDAR)
    assert allowed is None or HOURS.shuts_out(allowed, TOKYO, CALENDAR) is None
