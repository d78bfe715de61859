"""A POST that comes again under its Idempotency-Key acts once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from flask import Flask
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading
from app.events import Event
from app.idempotency import IdempotencyKey, forget_old
from tests.fixtures.web import Api, problem
from tests.house import House, at


def wish(house: House, start: str = "10:00", end: str = "11:00", where: str = "seat") -> dict[str, object]:
    return {"space_id": house.spaces[where], "start": at(start).isoformat(), "end": at(end).isoformat()}


def post(
    api: Api, body: object, key: str = "k-1", *, who: str = "aoki", path: str = "/bookings"
) -> TestResponse:
    return api.call(who, "POST", path, body, Idempotency_Key=key)


def counted(house: House, table: type) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(func.count()).select_from(table)).one()


def test_the_same_request_acts_once_and_has_the_same_answer(api: Api, house: House) -> None:
    first = post(api, wish(house))
    events = counted(house, Event)
    again = post(api, wish(house))
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.data == first.data
    for name in ("Content-Type", "ETag", "Location"):
        assert again.headers[name] == first.headers[name]
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (counted(house, Booking), counted(house, Event)) == (1, events)


def test_another_request_under_the_key_is_refused(api: Api, house: House) -> None:
    made = post(api, wish(house)).get_json()
    assert problem(post(api, wish(house, "12:00", "13:00"))) == (422, "idempotency.mismatch")
    # The answer is kept for the route, and the address is part of the request.
    post(api, None, path=f"/bookings/{made['id']}/end", key="end")
    assert problem(post(api, None, path=f"/bookings/{made['id'] + 1}/end", key="end"))[0] in {404, 409, 422}
    assert counted(house, Booking) == 1


def test_a_key_is_a_persons_and_a_routes_own(api: Api, house: House) -> None:
    assert post(api, wish(house)).status_code == 201
    assert post(api, wish(house, where="window"), who="baba").status_code == 201
    assert post(api, None, path=f"/spaces/{house.spaces['booth']}/claim").status_code == 201
    assert counted(house, Booking) == 3


def test_a_refused_request_may_be_tried_again_under_its_key(api: Api, house: House) -> None:
    taken = house.book("baba", "seat", "10:00", "11:00")
    assert problem(post(api, wish(house))) == (409, "booking.overlap")
    assert counted(house, IdempotencyKey) == 0
    assert api.call("baba", "DELETE", f"/bookings/{taken.id}", If_Match='"1"').status_code == 204
    assert post(api, wish(house)).status_code == 201


def test_a_dry_run_under_a_key_leaves_nothing_but_its_answer(api: Api, house: House) -> None:
    repeat = {"every": "day", "count": 2, "dry_run": True}
    first = post(api, wish(house) | {"repeat": repeat})
    assert first.status_code == 200, first.text
    assert counted(house, Booking) == 0
    assert post(api, wish(house) | {"repeat": repeat}).data == first.data


def test_an_answer_without_a_body_is_given_again(api: Api) -> None:
    for replayed in (None, "true"):
        answer = post(api, None, path="/messages/1/read")
        assert (answer.status_code, answer.data) == (204, b"")
        assert answer.headers.get("Idempotency-Replayed") == replayed


def test_after_a_day_the_key_is_free(api: Api, house: House, clock: SteppingClock) -> None:
    post(api, wish(house))
    clock.advance(timedelta(hours=24) - timedelta(seconds=1))
    assert problem(post(api, wish(house, "12:00", "13:00"))) == (422, "idempotency.mismatch")
    assert forget_old(house.engine, clock()) == 0
    assert counted(house, IdempotencyKey) == 1
    clock.advance(timedelta(seconds=1))
    later = {
        "space_id": house.spaces["seat"],
        "start": at("12:00", day=1).isoformat(),
        "end": at("13:00", day=1).isoformat(),
    }
    assert post(api, later).status_code == 201
    clock.advance(timedelta(hours=24))
    assert forget_old(house.engine, clock()) == 1
    assert counted(house, IdempotencyKey) == 0


@pytest.mark.parametrize("key", ["", "x" * 256, "ü"])
def test_what_is_no_key_is_refused(api: Api, house: House, key: str) -> None:
    assert problem(post(api, wish(house), key)) == (422, "idempotency.invalid")


def test_of_two_at_once_one_acts_and_both_have_its_answer(app: Flask, api: Api, house: House) -> None:
    line = Barrier(8, timeout=30)

    def ask(_number: int) -> tuple[int, bytes]:
        other = Api(app.test_client(), api.tokens)
        line.wait()
        answer = post(other, wish(house))
        return answer.status_code, answer.data

    with ThreadPoolExecutor(8) as pool:
        answers = set(pool.map(ask, range(8)))
    ((status, _body),) = answers
    assert status == 201
    assert counted(house, Booking) == 1
