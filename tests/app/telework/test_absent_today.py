"""Somebody is away from this morning on: what they have booked for today and has begun is freed as well."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask

from app.bookings.rules import Status
from app.clock import SteppingClock
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.waitlist.queue import Queue
from tests.house import DAY, House, at

TODAY = {"first": DAY.isoformat(), "last": DAY.isoformat()}


@pytest.mark.parametrize("who", ["aoki", "chiba"])
def test_whoever_calls_in_sick_frees_what_has_begun_and_not_what_is_over(
    app: Flask, house: House, clock: SteppingClock, who: str
) -> None:
    """By themselves, or by their chief."""
    begun = house.book("aoki", "seat", "08:30", "17:15")
    over = house.book("aoki", "booth", "08:10", "09:00")
    later = house.book("aoki", "booth", "14:00", "15:00")
    queue = Queue(house)
    queue.wait("baba", "seat", "13:00", "15:00")
    clock.at = at("09:15")
    client = signed_in(app.test_client(), house, who)
    form = {**TODAY, "user_id": str(house.people["aoki"].id)}
    shown = post(client, "/bookings", "/bookings/absence", **form).text
    assert shown.count("<li><span><strong>") == 2
    post(client, "/bookings", "/bookings/absence", **form, confirmed="1")
    assert [house.get(one).status for one in (begun, over, later)] == [
        Status.CANCELLED,
        Status.BOOKED,
        Status.CANCELLED,
    ]
    assert house.get(begun).ended_at == at("09:15")
    assert queue.holds() == 1


def test_whoever_sits_there_or_is_away_from_tomorrow_on_keeps_what_has_begun(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    sitting = house.claim("baba", "window", "09:00")
    booked = house.book("aoki", "seat", "08:30", "17:15")
    clock.at = at("09:15")
    client = signed_in(app.test_client(), house, "baba")
    assert "その時間帯に予約はありません" in post(client, "/bookings", "/bookings/absence", **TODAY).text
    tomorrow = (DAY + timedelta(days=1)).isoformat()
    client = signed_in(app.test_client(), house, "aoki")
    post(client, "/bookings", "/bookings/absence", first=tomorrow, last=tomorrow, confirmed="1")
    assert [house.get(one).status for one in (sitting, booked)] == [Status.CHECKED_IN, Status.BOOKED]
