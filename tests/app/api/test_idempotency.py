"""The same request under one key happens once and is answered alike; another body is refused."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, func, select, update

from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading, transaction
from app.idempotency import KEPT, IdempotencyKey, forget_old
from tests.fixtures.web import Api, problem
from tests.house import House, at


def body(house: House, where: str = "seat", hour: str = "10") -> dict[str, Any]:
    return {
        "space_id": house.spaces[where],
        "start": at(f"{hour}:00").isoformat(),
        "end": at(f"{hour}:30").isoformat(),
    }


def count(house: House, what: Any) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(func.count()).select_from(what)).one()


def test_asked_again_it_happens_once_and_is_answered_alike(api: Api, house: House) -> None:
    first = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    again = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.get_json() == first.get_json()
    assert [again.headers[name] for name in ("Location", "ETag")] == [
        first.headers[name] for name in ("Location", "ETag")
    ]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert count(house, Booking) == 1


def test_another_body_under_the_same_key_is_refused(api: Api, house: House) -> None:
    api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    other = api.call("aoki", "POST", "/bookings", body(house, hour="14"), Idempotency_Key="one")
    assert problem(other) == (422, "idempotency.mismatch")
    assert count(house, Booking) == 1


def test_a_key_is_a_persons_own_and_a_routes_own(api: Api, house: House) -> None:
    first = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one").get_json()
    others = api.call("baba", "POST", "/bookings", body(house, "window"), Idempotency_Key="one")
    assert others.status_code == 201
    ended = api.call("aoki", "POST", f"/bookings/{first['id']}/end", Idempotency_Key="one")
    assert ended.get_json()["status"] == "cancelled"
    again = api.call("aoki", "POST", f"/bookings/{first['id']}/end", Idempotency_Key="one")
    assert (again.status_code, again.get_json()) == (200, ended.get_json())


def test_what_was_refused_may_be_tried_again_under_the_same_key(api: Api, house: House) -> None:
    taken = house.book("baba", "seat", "10:00", "10:30")
    refused = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    assert problem(refused) == (409, "booking.overlap")
    assert count(house, IdempotencyKey) == 0
    with transaction(house.engine) as session:
        session.execute(delete(Booking).where(Booking.id == taken.id))
    assert api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one").status_code == 201


def test_of_many_at_once_under_one_key_one_acts_and_all_get_its_answer(
    app: Flask, api: Api, house: House
) -> None:
    for number in range(5):
        gate = Barrier(4)
        asked = body(house, hour=f"{10 + number}")

        def one(
            _n: int, gate: Barrier = gate, asked: dict[str, Any] = asked, number: int = number
        ) -> tuple[int, int]:
            gate.wait(10)
            answer = Api(app.test_client(), api.tokens).call(
                "aoki", "POST", "/bookings", asked, Idempotency_Key=f"at-once-{number}"
            )
            return answer.status_code, answer.get_json()["id"]

        with ThreadPoolExecutor(4) as threads:
            said = set(threads.map(one, range(4), timeout=60))
        assert len(said) == 1, said
        assert {status for status, _id in said} == {201}
    assert count(house, Booking) == 5


def test_an_answer_that_was_lost_is_not_made_up(api: Api, house: House) -> None:
    """The process died between the deed and the keeping of its answer."""
    api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    with transaction(house.engine) as session:
        session.execute(update(IdempotencyKey).values(status=None, answer=""))
    again = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    assert problem(again) == (409, "idempotency.unknown")
    assert count(house, Booking) == 1


def test_a_key_is_kept_for_a_day(api: Api, house: House, clock: SteppingClock) -> None:
    api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key="one")
    assert forget_old(house.engine, clock() + KEPT - timedelta(minutes=1)) == 0
    clock.advance(KEPT)
    late = body(house) | {"start": at("10:00", day=2).isoformat(), "end": at("10:30", day=2).isoformat()}
    assert api.call("aoki", "POST", "/bookings", late, Idempotency_Key="one").status_code == 201
    assert forget_old(house.engine, clock() + KEPT) == 1
    assert count(house, IdempotencyKey) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "with\tcontrol"])
def test_what_is_no_key_is_refused(api: Api, house: House, key: str) -> None:
    answer = api.call("aoki", "POST", "/bookings", body(house), Idempotency_Key=key)
    assert problem(answer) == (422, "idempotency.invalid")
    assert count(house, Booking) == 0


def test_a_dry_run_keeps_no_key(api: Api, house: House) -> None:
    asked = body(house) | {"repeat": {"every": "day", "count": 2, "dry_run": True}}
    for _ in range(2):
        answer = api.call("aoki", "POST", "/bookings", asked, Idempotency_Key="one")
        assert answer.status_code == 200
        assert "Idempotency-Replayed" not in answer.headers
    assert count(house, IdempotencyKey) == count(house, Booking) == 0
