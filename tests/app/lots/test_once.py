"""A draw is done once, is missed where it is too late, and can be repeated by everybody; and who wishes in it."""

from __future__ import annotations

from datetime import timedelta
from threading import Barrier, Thread

import pytest
from sqlalchemy import select

from app import pipeline
from app.database import reading, transaction
from app.errors import DomainError
from app.events import Event
from app.jobs import draw_due_lots
from app.lots import drawing, service
from app.lots.models import LotDraw, Outcome, State
from app.lots.rules.record import check
from app.lots.views import record_of
from tests.app.lots.conftest import MORE_DESKS, Lots, bookings, refused
from tests.house import DAY, OFFICE, House, at

TOMORROW = DAY + timedelta(days=1)
ALL = {"taxes", *MORE_DESKS}


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
    with reading(house.engine) as session:
        told = session.scalars(select(Event).where(Event.kind == "lots.refused")).one()
    assert told.data["user_id"] == house.people["endo"].id
    assert bookings(house) == []
    assert lots.draws()[-1].on_date == DAY + timedelta(days=2)


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
