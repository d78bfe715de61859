"""The clock's work: one leader, nothing lost by a restart, nothing done twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier

from sqlalchemy import func, select

from app.bookings.rules import Status
from app.database import create_engine, reading
from app.events import Event
from app.jobs import Leadership, close_due_days, sweep_once
from app.telework.models import ClosedDay, HalfDay
from tests.house import DAY, OFFICE, House, at


def test_one_of_two_leads_and_the_other_takes_over_when_it_ends(database_url: str, tmp_path: Path) -> None:
    engines = [create_engine(database_url) for _ in range(2)]
    first, second = (Leadership(engine) for engine in engines)
    assert [first.is_ours(), second.is_ours(), first.is_ours()] == [True, False, True]
    first.give_up()
    assert second.is_ours()
    assert not first.is_ours()
    second.give_up()
    for engine in engines:
        engine.dispose()


def test_all_jobs_of_the_leader_lead_though_they_ask_at_once(database_url: str, tmp_path: Path) -> None:
    engine = create_engine(database_url)
    leadership = Leadership(engine)
    gate = Barrier(8)

    def ask(_turn: int) -> bool:
        gate.wait(10)
        return leadership.is_ours()

    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, range(8))) == [True] * 8
    leadership.give_up()
    engine.dispose()


def test_what_became_due_while_nobody_swept_is_made_good_at_once_and_once(house: House) -> None:
    booking = house.book("aoki", "booth", "09:00", "10:00")
    house.hear_beats("booth", "08:30", "09:30", occupied=False)
    used = house.book("baba", "seat", "09:00", "10:00")
    house.hear_beats("seat", "09:00", "09:50", occupied=True)
    for _ in range(3):
        sweep_once(house.engine, at("12:00"), OFFICE)
    assert house.get(used).status is Status.COMPLETED
    # It is over: too late to give it back to anybody.
    assert house.get(booking).status is Status.COMPLETED
    for one in (booking, used):
        kinds = [event.kind for event in house.events(one)]
        assert kinds.count("booking.completed") == 1, kinds


def test_a_day_is_closed_once_when_it_is_over(house: House) -> None:
    assert close_due_days(house.engine, at("12:00"), OFFICE) == 1, "yesterday"
    assert close_due_days(house.engine, at("03:59", day=1), OFFICE) == 0
    assert close_due_days(house.engine, at("04:00", day=1), OFFICE) == 1
    assert close_due_days(house.engine, at("04:01", day=1), OFFICE) == 0
    with reading(house.engine) as session:
        assert set(session.scalars(select(ClosedDay.on_date))) == {DAY - timedelta(days=1), DAY}
        halves = session.scalars(select(func.count()).where(HalfDay.on_date == DAY)).one()
        closed = session.scalars(select(func.count()).where(Event.kind == "telework.day_closed")).one()
    assert halves == 2 * len(house.people)
    assert closed == 2
