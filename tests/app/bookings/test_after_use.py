"""The pause after a booking is kept also once the booking is over: whatever asks, the sweep's hour changes nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app import pipeline
from app.boards.availability import floor_view
from app.bookings.alternatives import Nearby
from app.bookings.models import Booking
from app.bookings.now.service import Ask
from app.bookings.rules import Refusal, Status
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence
from app.bookings.several.rules import Wanted, pause
from app.calendar import public_holidays
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.spaces.rules import Kind, Lane, Policy, Target
from app.spaces.service import get_place, set_policy
from app.timespan import TimeSpan
from app.waitlist.rules import State
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, TOKYO, House, at, span

BOOTH = Target(Lane.ROOM, Kind.BOOTH)


@pytest.fixture
def aired(house: House) -> House:
    """A house whose booths are aired for a quarter of an hour."""
    let(house, Kind.BOOTH)
    return house


def let(house: House, kind: Kind, key: str = "buffer", value: str = "15m") -> None:
    with transaction(house.engine) as session:
        set_policy(session, kind, key, value, now=at("07:00"), actor_id=None)


def used(house: House, until: str = "10:00") -> Booking:
    booking = house.book("baba", "booth", "09:00", "10:00")
    if until == "10:00":
        house.sweep("10:00")
    else:
        with transaction(house.engine) as session:
            stored = session.get_one(Booking, booking.id)
            pipeline.give_back(session, stored, actor=house.people["baba"], now=at(until), office=OFFICE)
    return house.get(booking)


def rule(house: House, start: str, now: str, where: str = "booth") -> str | None:
    try:
        house.book("aoki", where, start, "11:00", now=now)
    except RuleBroken as error:
        return str(error.facts["rule"])
    return None


@pytest.mark.parametrize(
    ("start", "expected"), [(0, "buffer"), (14, "buffer"), (15, None), (-1, None), (20, None)]
)
def test_the_pause_is_from_the_end_of_the_use_on(start: int, expected: str | None) -> None:
    buffer = timedelta(minutes=15)
    begins = at("10:00") + timedelta(minutes=start)
    wanted = Wanted(
        1, 1, Kind.BOOTH, 1, TimeSpan(begins, at("11:00")), Policy(buffer=buffer), frozenset(), TOKYO
    )
    said = pause([], wanted, after_use=[TimeSpan(at("10:00"), at("10:00") + buffer)], now=at("10:00"))
    assert said == (Refusal("buffer", wanted.span.start.isoformat(), ">= 15 min") if expected else None)


@pytest.mark.parametrize(
    ("until", "status", "soon", "again"),
    [("10:00", Status.COMPLETED, "10:14", "10:15"), ("09:50", Status.ENDED_EARLY, "10:04", "10:05")],
)
def test_a_pause_is_kept_after_what_is_over(
    aired: House, until: str, status: Status, soon: str, again: str
) -> None:
    assert used(aired, until).status is status
    assert rule(aired, soon, "10:01") == "buffer"
    assert rule(aired, again, "10:01") is None


def test_after_a_no_show_no_pause_is_needed(house: House) -> None:
    let(house, Kind.SEAT)
    let(house, Kind.SEAT, "check_in_by_hand", "on")
    booking = house.book("baba", "bare", "09:00", "12:00")
    house.sweep("10:01")
    assert house.get(booking).status is Status.RELEASED
    assert rule(house, "10:02", "10:02", "bare") is None


def test_what_has_begun_needs_no_pause_before_it_any_more(aired: House) -> None:
    used(aired)
    claimed = aired.claim("aoki", "booth", "10:01")
    assert claimed.end_at == at("12:01")
    with transaction(aired.engine) as session:
        stored = session.get_one(Booking, claimed.id)
        wanted = TimeSpan(claimed.start_at, at("11:00"))
        pipeline.move(
            session, stored, actor=aired.people["aoki"], now=at("10:02"), span=wanted, office=OFFICE
        )
        wanted = TimeSpan(claimed.start_at, at("11:30"))
        pipeline.move(
            session, stored, actor=aired.people["aoki"], now=at("10:03"), span=wanted, office=OFFICE
        )
        assert stored.end_at == at("11:30")


def test_the_first_day_of_a_series_keeps_the_pause(aired: House) -> None:
    used(aired)
    with transaction(aired.engine) as session:
        made = series.make(
            session,
            series.Ask(
                aired.spaces["booth"],
                span("10:10", "11:00"),
                Recurrence(Every.DAY, count=2, working_days_only=False),
                {"every": "day", "working_days_only": False},
                None,
            ),
            actor=aired.people["aoki"],
            calendar=public_holidays(2026),
            hours=OFFICE.hours,
            now=at("10:01"),
            possible_ones=True,
        )
        (refused,) = made.refused
        assert [one.start_at for one in made.bookings] == [at("10:10", day=1)]
        assert refused.time == span("10:15", "11:05")


def test_now_is_after_the_pause(aired: House) -> None:
    used(aired)

    def take(now: str) -> TimeSpan:
        with transaction(aired.engine) as session:
            ask = Ask(BOOTH, None, at("17:15"), at("00:00", day=1), False)
            return pipeline.book_now(
                session, ask, actor=aired.people["aoki"], now=at(now), office=OFFICE
            ).booking.span

    with pytest.raises(Conflict) as caught:
        take("10:01")
    assert caught.value.facts["next_start"] == at("10:15").isoformat()
    assert take("10:15") == span("10:15", "10:45")


def test_whoever_waits_is_offered_it_after_the_pause(aired: House) -> None:
    queue = Queue(aired)
    aired.book("baba", "booth", "09:00", "10:00")
    entry = queue.wait("aoki", "booth", "09:30", "11:00")
    aired.sweep("10:00")
    assert queue.state(entry) == [State.WAITING]
    aired.sweep("10:15")
    assert queue.state(entry) == [State.OFFERED]
    assert queue.held(entry).span == span("10:15", "11:00")


@pytest.mark.parametrize(
    ("start", "end", "now", "expected"),
    [
        ("10:02", "11:00", "10:01", "buffer"),
        ("09:00", "11:00", "10:01", "buffer"),
        ("09:00", "11:00", "10:15", None),
        ("10:15", "11:00", "10:01", None),
    ],
)
def test_the_floor_shows_the_pause(
    aired: House, start: str, end: str, now: str, expected: str | None
) -> None:
    used(aired)
    with reading(aired.engine) as session:
        views = floor_view(
            session, aired.floor_id, span(start, end), person=aired.people["aoki"], now=at(now)
        )
    (seen,) = (one for one in views if one.code == "booth")
    assert seen.reason == expected
    assert any(one.end == at("10:15") for one in seen.unbookable) == (expected is not None)


def test_what_is_proposed_instead_keeps_the_pause(aired: House) -> None:
    used(aired)
    with reading(aired.engine) as session:
        place = get_place(session, aired.spaces["booth"])
        wanted = span("10:05", "10:35")
        user_id = aired.people["aoki"].id
        near = Nearby(session, place, wanted, user_id=user_id, now=at("10:01"))
        assert near.time(wanted, OFFICE.hours) == span("10:15", "10:45")


def test_nobody_is_moved_into_the_pause(house: House) -> None:
    let(house, Kind.SEAT)
    for where in ("window", "bare"):
        house.book("baba" if where == "bare" else "chiba", where, "09:00", "10:00")
    house.sweep("10:00")
    house.book("aoki", "seat", "10:05", "11:00", now="10:00")
    house.break_("focus")

    def goes_to(now: str) -> list[str]:
        outage = pipeline.Outage(house.spaces["seat"], at(now), None, "")
        with reading(house.engine) as session:
            return [one.code for one in pipeline.moves_of(session, outage, now=at(now))]

    assert not {"window", "bare"} & set(goes_to("10:01"))
    let(house, Kind.SEAT, value="5m")
    assert goes_to("10:01") == ["bare"]
