"""Many at once: one hold an entry, one winner a space, and whoever asked first is served first."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.spaces.rules import Kind, Lane, Target
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.app.test_concurrency import Act, at_once, booking_of, sweeping
from tests.app.waitlist.queue import Queue
from tests.house import OFFICE, House, at

ROUNDS = range(3)
ZONE_A = Target(Lane.DESK, Kind.SEAT, zone_id=1)


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def answering(queue: Queue, who: str, entry: Entry, now: str) -> Act:
    def act(session: Session) -> object:
        actor = queue.house.people[who]
        found = service.get_entry(session, entry.id, actor=actor)
        return pipeline.accept_offer(session, found, actor=actor, now=at(now), office=OFFICE)

    return act


def giving_back(queue: Queue, who: str, booking: Booking, now: str) -> Act:
    return lambda session: pipeline.give_back(
        session,
        session.get_one(Booking, booking.id),
        actor=queue.house.people[who],
        now=at(now),
        office=OFFICE,
    )


def test_two_spaces_freed_at_once_go_to_the_first_two_in_line(queue: Queue) -> None:
    house = queue.house
    house.break_("bare")
    for day in ROUNDS:
        start, end = f"{10 + day}:00", f"{11 + day}:00"
        one, other = house.book("aoki", "seat", start, end), house.book("fujii", "window", start, end)
        line = [queue.wait(who, ZONE_A, start, end) for who in ("baba", "chiba", "endo")]
        said = at_once(
            house,
            [
                giving_back(queue, "aoki", one, "08:40"),
                giving_back(queue, "fujii", other, "08:40"),
                sweeping("08:40"),
            ],
        )
        assert said == ["won"] * 3
        house.sweep("08:41")
        assert queue.state(*line) == [State.OFFERED, State.OFFERED, State.WAITING]
        for who, entry in zip(("baba", "chiba"), line, strict=False):
            queue.answer(who, entry, "stop_waiting", "08:42")


def test_an_answer_a_sweep_at_the_last_moment_and_a_new_booking_have_one_winner(queue: Queue) -> None:
    house = queue.house
    for hour in (10, 12, 14):
        entry = queue.wait("baba", "booth", f"{hour}:00", f"{hour + 1}:00")
        said = at_once(
            house,
            [
                answering(queue, "baba", entry, "08:39:59"),
                sweeping("08:40"),
                booking_of(house, "chiba", "booth", f"{hour}:00", f"{hour + 1}:00"),
            ],
        )
        held = queue.held(entry)
        if queue.state(entry) == [State.ACCEPTED]:
            assert (said[0], held.status) == ("won", Status.BOOKED)
            assert said[2] == "booking.overlap space"
        else:
            assert queue.state(entry) == [State.EXPIRED]
            assert held.status is Status.CANCELLED
            assert said[0] in {"waitlist.not_offered", "booking.changed"}


def test_numbers_drawn_at_once_are_all_different(queue: Queue) -> None:
    zone_id = 1
    draw = service.Draw(zone_id)

    def drawing(who: str) -> Act:
        return lambda session: pipeline.draw_number(
            session, draw, actor=queue.house.people[who], now=at("09:00"), office=OFFICE
        )

    assert at_once(queue.house, [drawing(who) for who in ("aoki", "baba", "chiba", "endo")]) == ["won"] * 4
    with Session(queue.house.engine) as session:
        assert [one.number for one in service.numbers(session, zone_id, now=at("09:00"))] == [1, 2, 3, 4]
