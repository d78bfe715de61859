"""What is wrong with sensors: found, told once, shown, counted."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from app import pipeline
from app.database import reading, transaction
from app.events import Event
from app.jobs import count_gaps
from app.occupancy import gateways
from app.occupancy.gateways import Figures
from app.occupancy.health import health, sequence_gaps
from app.occupancy.models import SensorTrouble
from app.occupancy.readings import Reading
from app.occupancy.troubles import counted
from app.records import erasing
from app.settings import Keeping
from app.spaces.models import SensorBinding
from tests.app.bookings.test_walk_in import signed_in
from tests.app.notifications.desk import messages, telling
from tests.app.test_pages import token_in
from tests.fixtures.web import Api
from tests.house import OFFICE, House, at


def note(house: House, now: str, *, day: int = 0) -> int:
    with transaction(house.engine) as session:
        return pipeline.note_sensor_troubles(session, at(now, day=day))


def told(house: House) -> list[dict[str, object]]:
    with reading(house.engine) as session:
        query = select(Event.data).where(Event.kind == "sensor.troubles").order_by(Event.id)
        return [dict(data) for data in session.scalars(query)]


def troubles(house: House) -> set[tuple[str, str]]:
    with reading(house.engine) as session:
        rows = session.execute(select(SensorTrouble.sensor_id, SensorTrouble.trouble))
        return {(sensor_id, trouble) for sensor_id, trouble in rows}


def low_battery(house: House, name: str, clock: str, pct: int) -> None:
    house.process([Reading(name, at(clock), at(clock), False, battery_pct=pct)], at(clock))


def test_what_begins_is_told_once_and_again_when_it_comes_back(house: House) -> None:
    low_battery(house, "sensor-seat", "08:50", 15)
    house.hear("window", ("08:50", True), ("08:51", True))
    assert note(house, "08:55") == 1
    assert note(house, "08:58") == 0
    assert told(house) == [
        {
            "count": 1,
            "new": [{"sensor": "sensor-seat", "spaces": "seat", "trouble": "battery"}],
            "user_id": house.people["fujii"].id,
        }
    ]
    house.sweep("09:30")
    assert note(house, "09:30") == 2
    assert troubles(house) == {
        ("sensor-seat", "battery"),
        ("sensor-seat", "silent"),
        ("sensor-window", "silent"),
    }
    low_battery(house, "sensor-seat", "09:31", 90)
    assert note(house, "09:32") == 0
    assert troubles(house) == {("sensor-window", "silent")}
    low_battery(house, "sensor-seat", "09:33", 3)
    assert note(house, "09:34") == 1


def test_a_sensor_stuck_for_twelve_hours_is_found(house: House) -> None:
    house.hear("seat", ("08:00", True), ("08:01", True))
    house.hear_beats("seat", "08:10", "20:20", occupied=True)
    with reading(house.engine) as session:
        found = {one.sensor_id: one.troubles for one in health(session, at("20:20"))}
    assert found["sensor-seat"] == ["suspect"]
    assert found["sensor-window"] == ["silent"]
    assert note(house, "20:20") == 1  # the other was never heard: it is to be fitted


@pytest.mark.parametrize("is_new", [False, True])
def test_a_clock_that_is_behind_is_named_and_when_it_was_heard(house: House, *, is_new: bool) -> None:
    """Also where all that it says is, by its own clock, of a time before it watched its seat."""
    if is_new:
        with transaction(house.engine) as session:
            session.execute(update(SensorBinding).values(from_at=at("08:40")))
    for minute in range(50, 60, 3):
        came = at(f"08:{minute}")
        house.process([Reading("sensor-seat", came - timedelta(hours=9), came, occupied=True)], came)
        house.sweep(f"08:{minute}")

    def found(now: str) -> tuple[object, object]:
        with reading(house.engine) as session:
            (one,) = (one for one in health(session, at(now)) if one.sensor_id == "sensor-seat")
            return one.troubles, one.last_seen_at

    assert found("09:00") == (["clock"], at("08:59"))
    assert note(house, "09:00") == 1
    assert found("12:00") == (["silent"], at("08:59"))
    house.hear("seat", ("12:01", True))
    assert found("12:02") == ([], at("12:01"))


def test_one_that_was_stuck_all_night_is_shown_told_and_counted(house: House) -> None:
    house.hear_beats("seat", "00:00", "08:30", occupied=True)
    house.hear_beats("window", "04:10", "08:30", occupied=True)
    with reading(house.engine) as session:
        suspect = [one.sensor_id for one in health(session, at("08:30")) if one.suspect]
        assert (suspect, counted(session, at("08:30")).suspect) == (["sensor-seat"], 1)
        assert counted(session, at("06:00")).suspect == 0
    assert note(house, "08:30") == 1
    assert ("sensor-seat", "suspect") in troubles(house)


def test_the_facility_staff_read_it_in_their_messages(
    app: Flask, api: Api, house: House, clock: object
) -> None:
    low_battery(house, "sensor-seat", "08:50", 15)
    note(house, "08:55")
    telling(app, house, clock).tell()  # type: ignore[arg-type]
    page = signed_in(app.test_client(), house, "fujii").get("/messages").text
    assert "1台のセンサーを確認してください" in page
    assert "sensor-seat (seat): 電池残量が少なくなっています" in page
    assert messages(house, "aoki") == []


@pytest.mark.parametrize("language", ["ja", "en"])
def test_the_page_shows_what_needs_a_look_the_gateways_and_letters(
    app: Flask, house: House, language: str
) -> None:
    low_battery(house, "sensor-seat", "08:59", 9)
    with transaction(house.engine) as session:
        pipeline.keep_dead_letters(
            session, [("akiseki/v1/x/reading", b"<script>\xff", "not_json")], now=at("08:00")
        )
        assert gateways.take(session, "gateway", "here", None, now=at("08:00"))
        assert gateways.beat(
            session,
            "gateway",
            "here",
            Figures(connected=True, messages=7, per_minute=4321, lag_ms=3_600_000),
            now=at("08:59:58"),
        )
    client = signed_in(app.test_client(), house, "fujii")
    page = client.get("/office/sensors", headers={"Accept-Language": language}).text
    for said in (
        "sensor-seat",
        "9 %",
        "akiseki/v1/x/reading",
        "not_json",
        "&lt;script&gt;",
        "4321",
        "3600.0 s",
    ):
        assert said in page
    assert ("稼働中" if language == "ja" else "at work") in page
    assert ("JSONではありません" if language == "ja" else "it is not JSON") in page
    everything = client.get("/office/sensors?all=1").text
    assert everything.count("sensor-") >= 6
    assert client.get("/office/sensors").status_code == 200
    assert signed_in(app.test_client(), house, "aoki").get("/office/sensors").status_code == 403


def test_a_gateway_that_was_given_up_can_be_forgotten_and_one_at_work_cannot(
    app: Flask, house: House
) -> None:
    with transaction(house.engine) as session:
        for name, beaten in (("killed", at("08:00")), ("ended", at("08:59:59")), ("busy", at("08:59:59"))):
            gateways.take(session, name, "here", None, now=beaten)
        gateways.leave(session, "ended", "here", now=at("08:59:59"))
    client = signed_in(app.test_client(), house, "fujii")
    page = client.get("/office/sensors", headers={"Accept-Language": "en"}).text
    assert page.count("Forget this gateway") == 2
    for name in ("killed", "ended", "busy", "nobody", "\0"):
        form = {"csrf_token": token_in(page), "name": name}
        assert client.post("/office/sensors/gateways/forget", data=form).status_code == 302
    with reading(house.engine) as session:
        assert [one.name for one in gateways.list_gateways(session)] == ["busy"]
        told = session.scalars(select(Event.subject).where(Event.kind == "gateway.forgotten")).all()
    assert sorted(told) == ["gateway:ended", "gateway:killed"]
    assert 'gateway="killed"' not in client.get("/metrics").text


def test_a_gateway_that_has_not_beaten_for_thirty_days_is_forgotten_at_night(house: House) -> None:
    with transaction(house.engine) as session:
        gateways.take(session, "given-up", "here", None, now=at("08:00"))
        gateways.take(session, "away", "here", None, now=at("08:02"))
    now = at("08:01", day=30)
    limits = erasing.limits_of(Keeping(), now, now.date(), OFFICE.timezone)
    with reading(house.engine) as session:
        assert erasing.due_counts(session, limits)["gateways"] == 1
    assert erasing.erase(house.engine, limits, now=now)["gateways"] == 1
    with reading(house.engine) as session:
        assert [one.name for one in gateways.list_gateways(session)] == ["away"]


def test_the_page_tells_of_a_gateway_whose_clock_is_behind(app: Flask, house: House) -> None:
    with transaction(house.engine) as session:
        gateways.take(session, "gateway", "here", None, now=at("08:00"))
        gateways.beat(
            session, "gateway", "here", Figures(connected=True, lag_ms=-3_600_000), now=at("08:59:58")
        )
    client = signed_in(app.test_client(), house, "fujii")
    page = client.get("/office/sensors", headers={"Accept-Language": "en"}).text
    assert "clock is behind" in page
    assert "at work" not in page


def test_an_office_whose_only_trouble_are_lost_readings_is_not_called_well(app: Flask, house: House) -> None:
    names = ("seat", "window", "focus", "taxes", "free", "booth")
    for name in names:
        house.hear(name, ("08:50", False))
    client = signed_in(app.test_client(), house, "fujii")

    def page(query: str = "") -> str:
        return client.get(f"/office/sensors{query}", headers={"Accept-Language": "en"}).text

    assert "All 6 sensors are well." in page()
    house.readings("booth", [("08:51", False)] * 3)  # they never came
    house.hear("booth", ("08:55", False))
    count_gaps(house.engine, at("08:56"), OFFICE)
    for shown in (page(), page("?all=1")):
        assert "None of 6 sensors needs a look; messages of 1 were lost on their way." in shown
        assert "are well" not in shown
    assert ">sensor-booth<" not in page()  # nobody can mend what was lost
    assert "messages were lost on their way (3)" in page("?all=1")
    low_battery(house, "sensor-free", "08:58", 3)
    shown = page()
    assert "1 of 6 sensors need a look." in shown
    assert (">sensor-free<" in shown, ">sensor-booth<" in shown) == (True, False)
    assert 'akiseki_sensor_well{sensor="sensor-booth"} 1.0' in client.get("/metrics").text


def test_metrics_say_how_the_sensors_and_the_gateways_are(app: Flask, house: House) -> None:
    low_battery(house, "sensor-seat", "08:59", 9)
    with transaction(house.engine) as session:
        gateways.take(session, "site-2", "here", None, now=at("08:00"))
        gateways.beat(
            session, "site-2", "here", Figures(connected=True, per_minute=40, lag_ms=12), now=at("08:59:58")
        )
        gateways.take(session, "killed", "there", None, now=at("08:00"))
        gateways.beat(session, "killed", "there", Figures(connected=True, per_minute=7), now=at("08:59:50"))
    said = app.test_client().get("/metrics").text
    with reading(house.engine) as session:
        bound = len(health(session, at("09:00")))
    for line in (
        f'akiseki_sensors{{state="unknown"}} {bound}.0',
        "akiseki_sensors_battery_low 1.0",
        'akiseki_gateway_at_work{gateway="site-2"} 1.0',
        'akiseki_gateway_at_work{gateway="killed"} 0.0',
        'akiseki_gateway_connected{gateway="site-2"} 1.0',
        'akiseki_gateway_connected{gateway="killed"} 0.0',
        'akiseki_sensor_well{sensor="sensor-seat"} 0.0',
        'akiseki_gateway_lag_ms{gateway="site-2"} 12.0',
        'akiseki_gateway_per_minute{gateway="site-2"} 40.0',
        'akiseki_gateway_per_minute{gateway="killed"} 0.0',
        "akiseki_dead_letters 0.0",
    ):
        assert line in said


def test_what_never_came_is_counted_for_the_metrics(app: Flask, house: House) -> None:
    def numbered(name: str, *numbers: int) -> None:
        for seq in numbers:
            when = at(f"08:{seq:02}")
            house.process([Reading(name, when, when, False, "b007", seq)], when)

    def missing() -> list[str]:
        said = app.test_client().get("/metrics").text
        lines = (line for line in said.splitlines() if "readings_missing" in line and line[0] != "#")
        return [line for line in lines if not line.endswith(" 0.0")]

    numbered("sensor-seat", 1, 2, 5)
    numbered("sensor-window", 1, 9)
    assert missing() == []  # counted by the jobs, since it reads all that is kept
    assert count_gaps(house.engine, at("09:00"), OFFICE) == 9
    assert missing() == [
        'akiseki_sensor_readings_missing{sensor="sensor-seat"} 2.0',
        'akiseki_sensor_readings_missing{sensor="sensor-window"} 7.0',
        "akiseki_readings_missing 9.0",
    ]
    numbered("sensor-seat", 3, 4)  # published again
    assert count_gaps(house.engine, at("09:10"), OFFICE) == 7
    assert missing()[0].endswith('{sensor="sensor-window"} 7.0')


def test_what_never_came_of_a_boots_beginning_is_missed_where_it_was_heard_before(house: House) -> None:
    def numbered(name: str, boot: str, start: str, *numbers: int) -> None:
        times = [at(start) + seq * timedelta(seconds=1) for seq in numbers]
        said = zip(times, numbers, strict=True)
        house.process([Reading(name, when, when, False, boot, seq) for when, seq in said], times[-1])

    def missing() -> dict[str, int]:
        with reading(house.engine) as session:
            return {sensor: one.missing for sensor, one in sequence_gaps(session).items() if one.missing}

    first, second = "9c41e0d2a77b3f16", "0b1e5d6f7a8c9d20"
    numbered("sensor-seat", first, "08:00", 50, 51)  # of a time when nobody knew it, or erased
    numbered("sensor-window", "00189440", "08:00", 0, 1)  # of a wire that may count from one
    assert missing() == {}
    numbered("sensor-seat", second, "08:10", 50, 51, 53)
    numbered("sensor-window", "01497ecc", "08:10", 1, 2)
    assert missing() == {"sensor-seat": 50 + 1}
    numbered("sensor-seat", second, "08:10", *range(50))  # published again
    assert missing() == {"sensor-seat": 1}


def test_what_was_lost_at_the_end_of_a_boot_shows_as_a_restart(app: Flask, house: House) -> None:
    """Nobody can know how much it was: of the first boot 0 to 5 came, of the second all."""
    for boot, start in (("9c41e0d2a77b3f16", "08:00"), ("0b1e5d6f7a8c9d20", "08:30")):
        times = [at(start) + seq * timedelta(minutes=1) for seq in range(6)]
        said = [Reading("sensor-seat", when, when, False, boot, seq) for seq, when in enumerate(times)]
        house.process(said, times[-1])
    house.hear("window", ("08:35", False))
    client = signed_in(app.test_client(), house, "fujii")

    def shown() -> list[bool]:
        listed, one = client.get("/office/sensors?all").text, client.get("/office/sensor?id=sensor-seat").text
        return ["再起動 1 回" in listed, "再起動 1 回" in one]

    assert shown() == [False, False]  # counted by the jobs
    assert count_gaps(house.engine, at("08:36"), OFFICE) == 0
    assert shown() == [True, True]
    said_by = client.get("/metrics").text.splitlines()
    assert 'akiseki_sensor_restarts{sensor="sensor-seat"} 1.0' in said_by
    assert 'akiseki_sensor_restarts{sensor="sensor-window"} 0.0' in said_by
    with reading(house.engine) as session:
        found = {one.sensor_id: one for one in health(session, at("08:36"))}
    assert (found["sensor-seat"].restarts, found["sensor-seat"].troubles) == (1, [])
    assert note(house, "08:36") == 0


def test_a_place_is_taken_once_and_kept_by_its_beat(house: House) -> None:
    def do(what: object, *args: object) -> object:
        with transaction(house.engine) as session:
            return what(session, *args, now=at("09:00"))  # type: ignore[operator]

    def seen() -> gateways.Beat | None:
        with reading(house.engine) as session:
            return gateways.seen(session, "g")

    assert seen() is None
    assert (do(gateways.take, "g", "a", None), do(gateways.take, "g", "b", None)) == (True, False)
    before = seen()
    assert before == gateways.Beat("a", 0)
    assert do(gateways.beat, "g", "a", Figures()) is True
    assert do(gateways.take, "g", "b", before) is False  # it has beaten since
    assert do(gateways.take, "g", "b", seen()) is True
    assert do(gateways.beat, "g", "a", Figures()) is False
    do(gateways.leave, "g", "b")
    assert seen() == gateways.Beat("", 2)
