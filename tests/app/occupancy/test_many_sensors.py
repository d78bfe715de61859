"""Many sensors in the browser: a page at a time, found by name; a spare takes over all of what it replaces."""

from __future__ import annotations

import re

from flask import Flask
from sqlalchemy import select, update

from app.database import reading, transaction
from app.occupancy import troubles
from app.occupancy.pages import A_PAGE
from app.spaces import layout, rebinding
from app.spaces.models import Sensor, SensorBinding, SensorMove
from tests.app.bookings.test_walk_in import signed_in
from tests.house import House, at


def bound(house: House) -> int:
    with reading(house.engine) as session:
        return len(
            set(session.scalars(select(SensorBinding.sensor_id).where(SensorBinding.until_at.is_(None))))
        )


def add_many(house: House, count: int) -> None:
    with transaction(house.engine) as session:
        for number in range(count):
            values = {"id": f"many-{number:03}", "model": "VS341", "space_id": house.spaces["bare"]}
            layout.add_sensor(session, values, actor_id=None, now=at("08:00"))


def listed(page: str) -> list[str]:
    return re.findall(r'<th scope="row"><a href="[^"]+">([^<]+)</a>', page)


def test_all_sensors_are_shown_a_page_at_a_time(app: Flask, house: House) -> None:
    add_many(house, 150)
    client = signed_in(app.test_client(), house, "fujii")
    pages = [client.get(f"/office/sensors?all=1&page={number}").text for number in (1, 2, 3)]
    found = [listed(page) for page in pages]
    assert [len(one) for one in found] == [A_PAGE, bound(house) - A_PAGE, bound(house) - A_PAGE]
    assert len({*found[0], *found[1]}) == bound(house)
    assert ('rel="next"' in pages[0], 'rel="next"' in pages[1]) == (True, False)
    assert "2ページ目（全2ページ）" in pages[1]


def test_a_sensor_is_found_by_its_name_its_model_or_its_space(app: Flask, house: House) -> None:
    add_many(house, 3)
    client = signed_in(app.test_client(), house, "fujii")
    assert listed(client.get("/office/sensors?q=ＭＡＮＹ-001").text) == ["many-001"]
    assert len(listed(client.get("/office/sensors?q=vs341").text)) == 3
    assert "many-000" in listed(client.get("/office/sensors?q=bare").text)
    assert "その名前のセンサーも" in client.get("/office/sensors?q=nobody").text


def test_a_spare_is_found_and_listed_and_called_one(app: Flask, house: House) -> None:
    with transaction(house.engine) as session:
        session.add(Sensor(id="spare-7", model="PIR"))
    client = signed_in(app.test_client(), house, "fujii")

    def page(query: str) -> str:
        return client.get(f"/office/sensors{query}", headers={"Accept-Language": "en"}).text

    assert listed(page("?q=spare-7")) == ["spare-7"]
    assert "<td>spare</td>" in page("?q=spare-7")
    watching = bound(house)
    everything = page("?all=1")
    assert len(listed(everything)) == watching + 1
    assert f"{watching} of {watching} sensors need a look." in everything  # none was heard yet
    assert "Spare sensors: 1." in everything
    assert "spare-7" not in listed(page(""))
    with transaction(house.engine) as session:
        session.execute(update(SensorBinding).values(until_at=at("08:00")))
    nobody = page("")
    assert ("No sensor watches a space yet." in nobody, 'name="q"' in nobody) == (True, True)
    assert f"Spare sensors: {watching + 1}." in nobody


def test_a_sensor_that_was_replaced_is_in_no_figure_and_one_that_was_never_heard_is(house: House) -> None:
    house.hear("seat", ("08:00", True))
    with transaction(house.engine) as session:
        layout.add_sensor(session, {"id": "spare", "model": "VS341"}, actor_id=None, now=at("08:00"))
        before = troubles.counted(session, at("08:01")).by_state
        layout.swap_sensor(session, "sensor-seat", "spare", actor_id=None, now=at("08:01"))
        after = troubles.counted(session, at("08:01")).by_state
    assert sum(before.values()) == sum(after.values()) == bound(house)
    assert after["unknown"] == bound(house)


def test_a_spare_moves_where_the_one_that_it_replaced_was_to_move(house: House) -> None:
    with transaction(house.engine) as session:
        layout.add_sensor(session, {"id": "spare", "model": "VS341"}, actor_id=None, now=at("08:00"))
        for sensor_id, where in (("sensor-seat", "bare"), ("spare", "free")):
            ids = [house.spaces[where]]
            rebinding.plan(session, sensor_id, ids, at=at("12:00"), actor_id=None, now=at("08:00"))
        layout.swap_sensor(session, "sensor-seat", "spare", actor_id=None, now=at("09:00"))
        assert [(one.sensor_id, one.space_ids) for one in session.scalars(select(SensorMove))] == [
            ("spare", [house.spaces["bare"]])
        ]
        rebinding.carry_out(session, at("12:00"))
    with reading(house.engine) as session:
        now_watching = select(SensorBinding.sensor_id, SensorBinding.space_id).where(
            SensorBinding.until_at.is_(None), SensorBinding.sensor_id.in_(["spare", "sensor-seat"])
        )
        assert session.execute(now_watching).all() == [("spare", house.spaces["bare"])]
