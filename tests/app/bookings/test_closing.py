"""The office closed from now: bookings ended, nothing taken, opened again."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import pipeline
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.spaces import barriers
from app.spaces.models import Site
from tests.app.bookings.test_legal import reason, refused, rule_of, zone_id
from tests.house import House, at, span


def closing(house: House, start: str, end: str, *, zone_of: str | None = None) -> pipeline.Closing:
    with reading(house.engine) as session:
        zone = zone_id(session, house, zone_of) if zone_of else None
        return pipeline.Closing(session.scalars(select(Site.id)).one(), zone, span(start, end), "台風")


def close(house: House, wanted: pipeline.Closing, now: str) -> list[int]:
    with transaction(house.engine) as session:
        seen = {booking.id for booking in pipeline.bookings_to_end(session, wanted)}
        _made, ended = pipeline.close_office(session, wanted, actor=house.people["fujii"], now=at(now))
        assert {booking.id for booking in ended} == seen
    return sorted(seen)


def test_a_closed_office_ends_what_is_on_and_cancels_what_is_to_come_and_takes_nothing_more(
    house: House,
) -> None:
    on = house.claim("aoki", "seat", "09:00")
    booked = house.book("baba", "window", "09:00", "17:00")
    later = house.book("chiba", "booth", "14:00", "15:00")
    before = house.book("endo", "focus", "09:00", "10:00")
    tomorrow = house.book("endo", "focus", "09:00", "10:00", day=1)
    assert close(house, closing(house, "11:00", "18:00"), "11:00") == [on.id, booked.id, later.id]
    assert [(house.get(one).status, house.get(one).ended_at) for one in (on, booked, later)] == [
        (Status.ENDED_EARLY, at("11:00")),
        (Status.ENDED_EARLY, at("11:00")),
        (Status.CANCELLED, None),
    ]
    assert {house.get(one).reason for one in (on, booked, later)} == {"closed"}
    assert house.get(before).status is Status.BOOKED
    assert house.get(tomorrow).status is Status.BOOKED
    with pytest.raises(RuleBroken) as caught:
        house.book("aoki", "seat", "12:00", "13:00", now="11:01")
    assert rule_of(caught.value) == ("closed", f">= {at('18:00').isoformat()}")
    with pytest.raises(RuleBroken):
        house.claim("aoki", "seat", "11:30")
    assert reason(house, "aoki", "seat", span("12:00", "13:00")) == "closed"
    house.book("aoki", "seat", "18:00", "19:00", now="11:01")


def test_a_closure_to_come_shortens_what_begins_before_it(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "17:00")
    close(house, closing(house, "15:00", "18:00"), "08:30")
    assert (house.get(booking).status, house.get(booking).end_at) == (Status.BOOKED, at("15:00"))


def test_one_zone_may_be_closed_alone_and_opened_again(house: House) -> None:
    wanted = closing(house, "09:00", "18:00", zone_of="taxes")
    with transaction(house.engine) as session:
        made, _ended = pipeline.close_office(session, wanted, actor=house.people["fujii"], now=at("08:00"))
        closure_id = made.id
    house.book("endo", "seat", "09:00", "10:00")
    assert refused(house, "endo", "taxes", "11:00", "12:00").facts["rule"] == "closed"
    with transaction(house.engine) as session:
        barriers.reopen(session, closure_id, actor_id=None, now=at("08:30"))
        with pytest.raises(DomainError, match=r"closure\.over"):
            barriers.reopen(session, closure_id, actor_id=None, now=at("08:30"))
    house.book("endo", "taxes", "11:00", "12:00")
