"""Sensors and spaces by the names that labels, devices and people give them."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from app.clock import SteppingClock
from app.database import transaction
from app.errors import NotFound
from app.occupancy import fitting
from app.spaces.models import Space
from sensor_gateway.handler import Handler
from tests.app.bookings.test_walk_in import signed_in
from tests.app.occupancy.test_fitting import post, said
from tests.house import House


@pytest.mark.parametrize(
    ("typed", "topic", "message"),
    [
        ("4階　窓側", "zigbee2mqtt/4階　窓側", {"occupancy": True}),
        (
            "24E124535B316056",
            "application/a/device/24e124535b316056/event/up",
            {
                "deviceInfo": {"devEui": "24e124535b316056", "deviceProfileName": "ＶＳ３３０"},
                "object": {"occupancy": 1},
            },
        ),
    ],
)
def test_a_sensor_is_heard_by_the_name_that_people_know_it_by(
    app: Flask, house: House, clock: SteppingClock, typed: str, topic: str, message: dict[str, Any]
) -> None:
    added = post(
        signed_in(app.test_client(), house, "fujii"),
        "/office/sensors/new",
        id=typed,
        model="VS330",
        spaces="bare",
    )
    assert "登録しました" in added
    counts = Handler(house.engine, clock).handle([said(topic, message, clock())])
    assert (counts.stored, counts.dead) == (1, 0)


def test_a_space_whose_code_has_a_space_is_named_as_it_is_and_others_apart_by_spaces(house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["bare"]).code = "ブース　Ａ 1"
        session.flush()
        ids = [house.spaces[one] for one in ("bare", "seat", "window")]
        assert fitting.spaces_named(session, "ブース　Ａ 1, seat window") == ids
        assert fitting.spaces_named(session, "ｗｉｎｄｏｗ、seat") == [ids[2], ids[1]]
        with pytest.raises(NotFound) as caught:
            fitting.spaces_named(session, "seat ブース")
    assert caught.value.facts["space"] == "ブース"
