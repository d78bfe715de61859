"""Whoever is elsewhere waits for nothing there: lines and wishes in draws are listed, given up, passed over."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app import pipeline
from app.database import reading, transaction
from app.lots.models import Outcome
from app.telework import freeing
from app.telework.rules import PlanKind
from app.timespan import TimeSpan
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.lots.conftest import MORE_DESKS, Lots, lots
from tests.app.telework.desk import WEDNESDAY, ask, morning, whole
from tests.app.waitlist.queue import Queue
from tests.fixtures.web import Api, problem
from tests.house import DAY, OFFICE, House, at, span

__all__ = ["lots"]
TOMORROW = TimeSpan(at("00:00", day=1), at("00:00", day=2))


@pytest.fixture
def queue(house: House) -> Queue:
    return Queue(house)


def wait(queue: Queue, who: str, where: str, start: str, end: str, *, day: int = 1) -> Entry:
    """Somebody stands in line for a space on another day."""
    with transaction(queue.house.engine) as session:
        wish = Wish(queue.space(where), span(start, end, day=day))
        entry = pipeline.wait(session, wish, actor=queue.house.people[who], now=at("08:00"), office=OFFICE)
        session.expunge(entry)
    return entry


def awaited(house: House, who: str = "endo", now: str = "09:30") -> tuple[list[int], list[int]]:
    """The ids of the entries and of the draws that plans make needless."""
    with reading(house.engine) as session:
        found = freeing.awaited_needlessly(session, house.people[who].id, now=at(now), office=OFFICE)
        return [one.id for one in found.waits], [one.id for one in found.draws]


@pytest.fixture
def waiting(lots: Lots, queue: Queue) -> tuple[Entry, Entry, int]:
    """What endo waits for tomorrow: a seat, in line and offered, the booth, taken; and a desk by lot."""
    queue.house.book("aoki", "booth", "14:00", "15:00", day=1)
    seat = wait(queue, "endo", "seat", "09:00", "12:00")
    booth = wait(queue, "endo", "booth", "14:00", "15:00")
    lots.put(now="08:00")
    lots.wish("endo", "taxes", now="08:10")
    return seat, booth, lots.open_id


def test_what_lies_wholly_in_the_time_away_is_needless(
    house: House, queue: Queue, waiting: tuple[Entry, Entry, int]
) -> None:
    seat, booth, draw_id = waiting
    assert queue.state(seat, booth) == [State.OFFERED, State.WAITING]
    assert awaited(house) == ([], [])
    ask(house, "endo", [morning(WEDNESDAY)])
    assert awaited(house) == ([seat.id], []), "a desk is needed in the afternoon still"
    ask(house, "endo", whole(WEDNESDAY, kind=PlanKind.TRIP))
    assert awaited(house) == ([seat.id, booth.id], [draw_id])
    assert awaited(house, "aoki") == ([], [])


def test_it_is_listed_and_given_up_over_the_api(
    api: Api, house: House, lots: Lots, queue: Queue, waiting: tuple[Entry, Entry, int]
) -> None:
    seat, booth, draw_id = waiting
    desk = house.book("endo", "window", "13:00", "17:00", day=1)
    ask(house, "endo", whole(WEDNESDAY))
    listed = api.call("endo", "GET", "/telework/needless").get_json()
    assert [one["id"] for one in listed["items"]] == [desk.id]
    assert [(one["id"], one["space_id"]) for one in listed["waits"]] == [
        (seat.id, house.spaces["seat"]),
        (booth.id, house.spaces["booth"]),
    ]
    assert listed["wishes"] == [{"id": draw_id, "zone_id": lots.zone_id, "on": WEDNESDAY.isoformat()}]
    nothing: dict[str, list[int]] = {"booking_ids": [], "wait_ids": [], "draw_ids": []}
    assert problem(api.call("endo", "POST", "/telework/needless", nothing)) == (422, "request.invalid")
    chosen = {"wait_ids": [seat.id, booth.id], "draw_ids": [draw_id]}
    given = api.call("endo", "POST", "/telework/needless", chosen).get_json()
    assert (given["freed"], [one["id"] for one in given["waits"]]) == ([], [seat.id, booth.id])
    assert [one["id"] for one in given["wishes"]] == [draw_id]
    assert queue.state(seat, booth) == [State.LEFT, State.LEFT]
    assert (lots.outcomes(draw_id), queue.holds()) == ({}, 0)
    again = api.call("endo", "POST", "/telework/needless", chosen)
    assert problem(again) == (409, "booking.changed")


def test_the_page_lists_it_and_gives_up_what_is_ticked(
    app: Flask, house: House, lots: Lots, queue: Queue, waiting: tuple[Entry, Entry, int]
) -> None:
    seat, booth, draw_id = waiting
    client = signed_in(app.test_client(), house, "endo")
    tick = {"cell": f"{WEDNESDAY.isoformat()}/day", "kind": "leave"}
    asked = post(client, "/telework", "/telework", **tick).text
    assert "順番待ち、席の希望のうち3件が不要になりました" in asked
    page = client.get("/telework").text.split('id="needless"')[1].split("</section>")[0]
    assert f'name="wait" value="{seat.id}"' in page
    assert "抽選の希望(ゾーンB)" in page
    done = post(
        client, "/telework", "/telework/free", wait=str(seat.id), draw=str(draw_id), on=DAY.isoformat()
    )
    assert "2件を手放すか短縮しました" in done.text
    assert queue.state(seat, booth) == [State.LEFT, State.WAITING]
    assert lots.outcomes(draw_id) == {}
    none = post(client, "/telework", "/telework/free", on=DAY.isoformat())
    assert "手放すものを1件以上選んでください" in none.text


def test_an_absence_ends_what_is_waited_and_wished_for_too(
    api: Api, app: Flask, house: House, lots: Lots, queue: Queue, waiting: tuple[Entry, Entry, int]
) -> None:
    seat, booth, draw_id = waiting
    half = {"from": at("08:00", day=1).isoformat(), "to": at("12:30", day=1).isoformat(), "dry_run": True}
    told = api.call("endo", "POST", "/bookings/cancel", half).get_json()
    assert ([one["id"] for one in told["waits"]], told["wishes"]) == ([seat.id], [])
    client = signed_in(app.test_client(), house, "endo")
    days = {"first": WEDNESDAY.isoformat(), "last": WEDNESDAY.isoformat()}
    page = post(client, "/bookings", "/bookings/absence", **days).text
    assert "seat" in page
    assert "抽選の希望(ゾーンB)" in page
    assert queue.state(seat, booth) == [State.OFFERED, State.WAITING]
    post(client, "/bookings", "/bookings/absence", **days, confirmed="1")
    assert queue.state(seat, booth) == [State.LEFT, State.LEFT]
    assert (lots.outcomes(draw_id), queue.holds()) == ({}, 0)


def test_whoever_only_waits_or_only_wishes_is_asked_on_the_page_whether_they_are_away(
    app: Flask, house: House, lots: Lots, queue: Queue
) -> None:
    house.book("baba", "booth", "14:00", "15:00", day=1)
    wait(queue, "aoki", "booth", "14:00", "15:00")
    lots.put(now="08:00")
    lots.wish("endo", "taxes", now="08:10")

    def is_asked(who: str) -> bool:
        return "/bookings/absence" in signed_in(app.test_client(), house, who).get("/bookings").text

    assert [who for who in ("aoki", "chiba", "endo") if is_asked(who)] == ["aoki", "endo"]


def test_what_is_given_up_in_line_goes_to_the_next(
    house: House, queue: Queue, waiting: tuple[Entry, Entry, int]
) -> None:
    seat, *_others = waiting
    following = wait(queue, "baba", "seat", "09:00", "12:00")
    assert queue.state(seat, following) == [State.OFFERED, State.WAITING]
    with transaction(house.engine) as session:
        endo = house.people["endo"]
        pipeline.cancel_within(
            session,
            endo.id,
            TOMORROW,
            actor=endo,
            now=at("08:30"),
            office=OFFICE,
        )
    assert queue.state(seat, following) == [State.LEFT, State.OFFERED]


@pytest.mark.parametrize("kind", [PlanKind.HOME, PlanKind.SATELLITE, PlanKind.TRIP, PlanKind.LEAVE])
def test_a_draw_passes_over_whoever_is_elsewhere_all_day(lots: Lots, house: House, kind: PlanKind) -> None:
    lots.hire("goda", "hara")
    house.people |= lots.people
    lots.put()
    for who in ("endo", "goda", "hara"):
        lots.wish(who, "taxes")
    ask(house, "endo", whole(WEDNESDAY, kind=kind))
    ask(house, "goda", [morning(WEDNESDAY, kind)])
    ask(house, "hara", whole(WEDNESDAY, kind=PlanKind.OFFICE))
    draw = lots.draw()
    assert draw is not None
    found = lots.outcomes(draw.id)
    assert (found["endo"].outcome, found["endo"].reason) == (Outcome.REFUSED, "away")
    assert {found[who].outcome for who in ("goda", "hara")} == {Outcome.SEATED}


def test_whoever_was_passed_over_keeps_their_turn(lots: Lots, house: House) -> None:
    lots.hire("goda")
    house.people |= lots.people
    for code in MORE_DESKS:
        house.break_(code)
    lots.put()
    lots.wish("endo")
    lots.wish("goda")
    lots.let_come_first("goda")
    assert lots.draw() is not None
    ask(house, "endo", whole(DAY + timedelta(days=2)))
    for day in (0, 1):
        for who in ("endo", "goda"):
            lots.wish(who, now="17:00", day=day)
        drawn = lots.draw(day=day + 1)
    assert drawn is not None
    assert {who: one.missed for who, one in lots.outcomes(drawn.id).items()} == {"endo": 1, "goda": 0}
    assert lots.left_out(drawn.id) == {"goda"}
