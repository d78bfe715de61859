"""Fitting sensors: who was heard that nobody knows, adding, binding at once or from a time on, swapping, taking off."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import NotFound, RuleBroken
from app.events import Event
from app.occupancy import announced, fitting
from app.occupancy.fitting import Named, strangers_in
from app.occupancy.rules import Occupancy
from app.people.models import Role, User
from app.spaces import layout, rebinding
from app.spaces.models import SensorBinding, Space
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from tests.app.bookings.test_walk_in import signed_in
from tests.app.test_pages import token_in
from tests.house import House, at

NINE = at("09:00")


def said(topic: str, message: Any, when: datetime = NINE) -> Envelope:
    return Envelope(topic, (message if isinstance(message, str) else json.dumps(message)).encode(), when)


def watched(house: House, sensor: str) -> list[tuple[str, datetime, datetime | None]]:
    with reading(house.engine) as session:
        rows = session.execute(
            select(Space.code, SensorBinding.from_at, SensorBinding.until_at)
            .join(Space, Space.id == SensorBinding.space_id)
            .where(SensorBinding.sensor_id == sensor)
            .order_by(SensorBinding.from_at, Space.code)
        )
        return [(row.code, row.from_at, row.until_at) for row in rows]


def now_watches(house: House, sensor: str) -> list[str]:
    return [code for code, _from, until in watched(house, sensor) if until is None]


# Who was heard that nobody knows


def one(topic: str, device: str, part: str = "", *, occupied: bool | None = None) -> tuple[str, list[Named]]:
    return topic, [Named(device, part, occupied)]


LEFT, RIGHT = one("a", "d", "left", occupied=True), one("b", "d", "right", occupied=False)
LONG = [Named("d" * 60, "left", True), Named("d" * 60, "right", True)]


@pytest.mark.parametrize(
    ("heard", "known", "found"),
    [
        ([one("t", "d", occupied=True)], [], [("d", True)]),
        ([one("t", "d", occupied=True)], ["d"], []),
        ([LEFT], [], [("d", True)]),
        ([RIGHT, LEFT], [], [("d:right", False), ("d:left", True)]),
        ([RIGHT, LEFT], ["d:left"], [("d:right", False)]),
        ([one("s", "d"), LEFT, RIGHT], [], [("d:left", True), ("d:right", False)]),
        ([one("new", "d"), one("old", "d", occupied=True)], [], [("d", None)]),
        ([("t", LONG)], [], []),
    ],
)
def test_strangers_are_named_as_they_would_be_added(
    heard: list[tuple[str, list[Named]]], known: list[str], found: list[tuple[str, bool | None]]
) -> None:
    strangers = strangers_in(((topic, NINE, named) for topic, named in heard), known)
    assert [(one.sensor_id, one.occupied) for one in strangers] == found


def hear_strangers(house: House) -> None:
    clock = SteppingClock(NINE)
    handler = Handler(house.engine, clock)
    up = {"deviceInfo": {"devEui": "24e1"}, "object": {"occupancy": "occupied"}}
    handler.handle(
        [
            said("application/7/device/24e1/event/up", up),
            said("board/binary_sensor/left_seat/state", "ON"),
            said("board/binary_sensor/right_seat/state", "OFF"),
            said("akiseki/v1/sensor-seat/reading", {"boot": "b", "seq": 1}),
            said("akiseki/v1/x/reading", "{"),
        ]
    )


def test_who_spoke_and_is_no_sensor_can_be_added(app: Flask, house: House) -> None:
    hear_strangers(house)
    client = signed_in(app.test_client(), house, "fujii")
    page = client.get("/office/sensors/new").text
    for sensor_id in ("24e1", "board:left_seat", "board:right_seat"):
        assert f"id={sensor_id.replace(':', '%3A')}" in page or f"id={sensor_id}" in page
    assert "sensor-seat" not in page
    added = post(client, "/office/sensors/new", id="board:left_seat", model="ESPHome", spaces="bare")
    assert "登録しました" in added
    assert now_watches(house, "board:left_seat") == ["bare"]
    left = client.get("/office/sensors/new").text
    assert ("id=board:left_seat" in left, "id=board:right_seat" in left) == (False, True)


def test_who_announced_themselves_is_a_candidate_with_model_and_name(app: Flask, house: House) -> None:
    handler = Handler(house.engine, SteppingClock(NINE))
    pir = {
        "state_topic": "tele/pir-7/SENSOR",
        "device_class": "motion",
        "payload_on": "ON",
        "off_delay": 30,
        "value_template": "{{ value_json.Switch1 }}",
        "device": {"name": "Window <PIR>", "model": "HC-SR501"},
    }
    board = {
        "cmps": {
            seat: {"stat_t": f"board/binary_sensor/{seat}_seat/state", "dev_cla": "occupancy"}
            for seat in ("left", "right")
        },
        "dev": {"name": "Board", "mdl": "LD2450"},
    }
    known = pir | {"state_topic": "zigbee2mqtt/sensor-seat"}
    handler.handle(
        [
            said("homeassistant/binary_sensor/pir-7/config", pir | {"state_topic": "zigbee2mqtt/pir-7"}),
            said("homeassistant/device/board/config", board),
            said("homeassistant/binary_sensor/known/config", known),
            said("homeassistant/binary_sensor/odd/config", pir | {"state_topic": "nobody/reads/this"}),
            said("homeassistant/sensor/heat/config", pir | {"device_class": "temperature"}),
            said(f"homeassistant/binary_sensor/{'x' * 300}/config", pir),
        ]
    )
    client = signed_in(app.test_client(), house, "fujii")
    page = client.get("/office/sensors/new").text
    assert "Window &lt;PIR&gt;</strong> HC-SR501" in page
    with reading(house.engine) as session:
        told = [(one.sensor_id, one.name, one.model) for one in announced.candidates(session)]
    seats = [(f"board:{seat}_seat", "Board", "LD2450") for seat in ("left", "right")]
    assert told == [*seats, ("pir-7", "Window <PIR>", "HC-SR501")]
    assert 'value="HC-SR501"' in client.get("/office/sensors/new?id=pir-7&model=HC-SR501").text
    post(client, "/office/sensors/new", id="pir-7", model="HC-SR501", spaces="bare")
    handler.handle([said("homeassistant/device/board/config", "")])
    with reading(house.engine) as session:
        assert fitting.fitting(session, "pir-7").sensor.clears_after_s == 30  # as it announced
        assert announced.candidates(session) == []  # one is known by now, the other took itself back


# Adding, binding, swapping


def post(client: FlaskClient, path: str, **form: str) -> str:
    token = token_in(client.get("/office/sensors/new").text)
    return client.post(path, data={"csrf_token": token, **form}, follow_redirects=True).text


def test_a_new_sensor_has_the_times_of_its_model_and_watches_several_spaces(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    page = post(client, "/office/sensors/new", id="24e1", model="VS341", spaces=" bare、 seat,bare ")
    assert "24e1" in page
    assert now_watches(house, "24e1") == ["bare", "seat"]
    with reading(house.engine) as session:
        assert fitting.fitting(session, "24e1").sensor.heartbeat_s == 3600


def test_a_model_that_no_profile_knows_is_told_to_the_fitter(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    why = "この機種のプロファイルはありません"
    for sensor_id, model, is_told in (
        ("a", "VS341", False),
        ("b", "RB11F", True),
        ("c", "akiseki-pir", False),
    ):
        added = post(client, "/office/sensors/new", id=sensor_id, model=model, spaces="")
        assert (f"{model}: {why}" in added, "登録しました" in added) == (is_told, True)
    times = {"heartbeat_s": "300", "own_hold_s": "0", "detection_delay_s": "0", "clears_after_s": "0"}
    assert f"RB11G: {why}" in post(client, "/office/sensor/change", id="a", model="RB11G", **times)


@pytest.mark.parametrize(
    ("form", "why"),
    [
        ({"id": "sensor-seat"}, "この名前のセンサーはすでにあります"),
        ({"id": "a+b"}, "1行で64文字以内のID"),
        ({"id": "x" * 65}, "1行で64文字以内のID"),
        ({"id": "new", "model": " "}, "センサーには機種と"),
        ({"id": "new", "spaces": "seat, Z-9"}, "「Z-9」という席はありません"),
        ({"id": "new\x00"}, "入力"),
    ],
)
def test_what_cannot_be_added_is_told_and_leaves_nothing(
    app: Flask, house: House, form: dict[str, str], why: str
) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    page = post(client, "/office/sensors/new", **{"model": "M", "spaces": "seat", **form})
    assert 'role="alert"' in page
    assert why in page
    assert now_watches(house, "new") == []


def test_a_sensor_moves_at_once_and_its_past_stays(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    page = post(client, "/office/sensor/watch", id="sensor-seat", spaces="bare focus")
    assert "保存しました" in page
    assert now_watches(house, "sensor-seat") == ["bare", "focus"]
    [(code, _began, ended)] = [one for one in watched(house, "sensor-seat") if one[2]]
    assert (code, ended) == ("seat", NINE)
    assert "これまでに見ていた席" in client.get("/office/sensor?id=sensor-seat").text
    off = post(client, "/office/sensor/take-off", id="sensor-seat", space_id=str(house.spaces["bare"]))
    assert "取り外しました" in off
    assert now_watches(house, "sensor-seat") == ["focus"]


def test_a_spare_is_swapped_in_and_its_page_follows(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    post(client, "/office/sensors/new", id="spare", model="VS341", spaces="")
    page = post(client, "/office/sensor/swap", id="sensor-seat", spare="spare")
    assert "sensor-seat が見ていた席を" in page
    assert (now_watches(house, "spare"), now_watches(house, "sensor-seat")) == (["seat"], [])
    refused = post(client, "/office/sensor/swap", id="spare", spare="sensor-window")
    assert "どの席も見ていない、別のセンサー" in refused
    assert now_watches(house, "sensor-window") == ["window"]


def test_its_model_and_times_are_changed(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    times = {
        "heartbeat_s": "300",
        "own_hold_s": "60",
        "detection_delay_s": "5",
        "clears_after_s": "30",
        "holds_itself": "1",
    }
    assert "保存しました" in post(client, "/office/sensor/change", id="sensor-seat", model="New", **times)
    with reading(house.engine) as session:
        sensor = fitting.fitting(session, "sensor-seat").sensor
        changed = (sensor.model, sensor.heartbeat_s, sensor.own_hold_s, sensor.holds_itself)
        assert (*changed, sensor.clears_after_s) == ("New", 300, 60, True, 30)
    for wrong in (
        {"heartbeat_s": "0"},
        {"own_hold_s": "x"},
        {"detection_delay_s": "86401"},
        {"clears_after_s": "-1"},
    ):
        form = {"model": "New", **times, **wrong}
        assert 'role="alert"' in post(client, "/office/sensor/change", id="sensor-seat", **form)


# From a time on


def test_a_sensor_watches_other_spaces_from_the_time_that_was_typed(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    form = {"id": "sensor-seat", "spaces": "bare", "from": "2026-11-24T10:00"}
    page = post(client, "/office/sensor/watch", **form)
    assert "10:00 に切り替えるよう予定しました" in page
    assert "切り替えの予定" in page
    house.sweep("09:59")
    assert now_watches(house, "sensor-seat") == ["seat"]
    house.sweep("10:00")
    assert now_watches(house, "sensor-seat") == ["bare"]
    house.sweep("10:01")
    assert len(watched(house, "sensor-seat")) == 2
    assert "切り替えの予定" not in client.get("/office/sensor?id=sensor-seat").text


@pytest.mark.parametrize("when", ["2026-11-24T09:00", "2026-11-23T10:00", "2028-01-01T00:00", "never"])
def test_a_time_that_is_past_or_none_is_refused(app: Flask, house: House, when: str) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    form = {"id": "sensor-seat", "spaces": "bare", "from": when}
    assert 'role="alert"' in post(client, "/office/sensor/watch", **form)
    house.sweep("23:59")
    assert now_watches(house, "sensor-seat") == ["seat"]


def plan(house: House, where: str, clock: str) -> int:
    with transaction(house.engine) as session:
        made = rebinding.plan(
            session, "sensor-seat", [house.spaces[where]], at=at(clock), actor_id=None, now=at("08:00")
        )
        return made.id


def test_what_is_planned_is_dropped_again_and_the_last_word_for_a_time_counts(
    app: Flask, house: House
) -> None:
    plan(house, "bare", "10:00")
    plan(house, "focus", "10:00")
    later = plan(house, "booth", "11:00")
    with reading(house.engine) as session:
        assert rebinding.next_due(session) == at("10:00")
    client = signed_in(app.test_client(), house, "fujii")
    assert "予定を取り消しました" in post(client, f"/office/sensor/plans/{later}/drop", id="sensor-seat")
    assert "この予定はもうありません" in post(client, f"/office/sensor/plans/{later}/drop", id="sensor-seat")
    house.sweep("12:00")
    assert now_watches(house, "sensor-seat") == ["focus"]
    with reading(house.engine) as session:
        of_seat = select(Event.kind).where(Event.subject == "sensor:sensor-seat").order_by(Event.id)
        kinds = list(session.scalars(of_seat))
    assert kinds == [*["sensor.move_planned"] * 3, "sensor.move_dropped", "sensor.unbound", "sensor.bound"]


def test_where_the_space_left_the_layout_meanwhile_the_sensor_stays(house: House) -> None:
    plan(house, "bare", "10:00")
    with transaction(house.engine) as session:
        layout.hide_space(session, house.spaces["bare"], actor_id=None, now=at("09:30"))
    house.sweep("10:00")
    assert now_watches(house, "sensor-seat") == ["seat"]


def test_of_nobody_and_to_nowhere_nothing_is_planned(house: House) -> None:
    with transaction(house.engine) as session:
        for sensor, space in (("nobody", house.spaces["bare"]), ("sensor-seat", 987654)):
            with pytest.raises(NotFound):
                rebinding.plan(session, sensor, [space], at=at("10:00"), actor_id=None, now=at("08:00"))
        with pytest.raises(RuleBroken):
            layout.swap_sensor(session, "sensor-seat", "sensor-seat", actor_id=None, now=at("08:00"))


# What it says now


def test_what_a_sensor_says_is_shown_as_it_comes(app: Flask, house: House, clock: SteppingClock) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    assert "まだ受信していません" in client.get("/office/sensor?id=sensor-seat").text
    house.hear("seat", ("08:59:30", False), ("08:59:55", True))
    page = client.get("/office/sensor?id=sensor-seat").text
    assert "人がいます" in page
    assert "5秒前" in page
    asked = page.split('hx-get="')[1].split('"')[0].replace("&amp;", "&")
    assert asked.startswith("/office/sensor/live?")
    assert client.get(asked).status_code == 204
    clock.at += timedelta(seconds=1)
    assert "6秒前" in client.get(asked).text
    house.hear("seat", ("09:00:01", False))
    moved = client.get(asked).text
    assert "だれもいません" in moved
    assert moved.index("09:00:01") < moved.index("08:59:55")
    clock.at += timedelta(minutes=5)
    assert "5分前" in client.get(asked).text


def test_a_word_that_came_afterwards_or_says_nothing_is_not_what_it_says_now(house: House) -> None:
    house.hear("seat", ("08:50", True), ("08:51", None))
    house.process(house.readings("seat", [("08:52", False)], history=True), at("08:53"))
    with reading(house.engine) as session:
        live = fitting.live(session, "sensor-seat")
    assert live.clear is not None
    assert (live.clear.at, live.clear.occupied) == (at("08:50"), True)
    assert [one.occupied for one in live.words] == [False, None, True]
    assert (live.state, live.spaces) == (Occupancy.UNKNOWN, [("seat", Occupancy.UNKNOWN)])
    assert live.heard_ago(at("08:53")) == timedelta(minutes=1)


def test_a_device_with_several_seats_leads_to_them(app: Flask, house: House) -> None:
    clock = SteppingClock(NINE)
    with transaction(house.engine) as session:
        fitting.add(session, "board", "esp", "bare", times={}, actor_id=None, now=NINE)
        fitting.add(session, "board:left", "esp", "", times={}, actor_id=None, now=NINE)
    handler = Handler(house.engine, clock)
    handler.handle([said(f"board/binary_sensor/{part}/state", "ON") for part in ("left", "right")])
    clock.at += timedelta(minutes=2)
    handler.handle([said("board/status", "online", clock.at)])
    page = signed_in(app.test_client(), house, "fujii").get("/office/sensor?id=board").text
    assert "この機器は複数の席を見ています" in page
    assert 'href="/office/sensor?id=board:left"' in page
    assert 'href="/office/sensors/new?id=board:right"' in page
    assert "人がいます" not in page


def test_the_desk_leads_to_its_sensors_and_the_clerk_of_it_finds_them(app: Flask, house: House) -> None:
    seat = house.spaces["seat"]
    client = signed_in(app.test_client(), house, "fujii")
    assert f"/office/sensors/new?space={seat}" in client.get(f"/floors/{house.floor_id}?space={seat}").text
    page = client.get(f"/office/sensors/new?space={seat}").text
    assert "seat にはすでにセンサーがあります" in page
    assert 'value="seat"' in page
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "fujii@example.jp").values(role=Role.IT))
    clerk = signed_in(app.test_client(), house, "fujii")
    assert 'href="/office/sensors"' in clerk.get("/bookings").text
    staff = signed_in(app.test_client(), house, "aoki")
    assert "/office/sensors" not in staff.get(f"/floors/{house.floor_id}?space={seat}").text
    assert staff.get("/office/sensor?id=sensor-seat").status_code == 403


def test_a_sensor_that_is_none_has_no_page(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "fujii")
    for address in ("/office/sensor", "/office/sensor?id=nobody", "/office/sensor?id=%00"):
        assert client.get(address).status_code == 404, address
    assert client.get("/office/sensors/new?space=987654").status_code == 200
