"""`broker config` and `akiseki gateway` together, on a real Mosquitto: over TLS, plain beside it, several gateways."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

import pytest
from sqlalchemy import select

from app.clock import system_clock
from app.database import reading, transaction
from app.occupancy.gateways import list_gateways, take
from app.occupancy.models import StoredReading
from app.settings import Settings
from app.spaces.models import Sensor
from sensor_gateway.connection import BrokerRefused, Disconnected, Wanted
from sensor_gateway.mqtt import Link
from sensor_gateway.servers import free_port
from sensor_gateway.trust import Trust
from tests.app.test_cli import Run, run
from tests.app.test_cli_broker import Authority, Talker, configure, folder, mosquitto, passwords
from tests.house import House, at
from tests.servers.processes import Program
from tests.servers.waiting import wait_until

__all__ = ["folder", "run"]
SECONDS = 20.0


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


def with_tls(authority: Authority) -> list[str]:
    cert, key = authority.issue("127.0.0.1")
    return ["--tls-cert", str(cert), "--tls-key", str(key), "--tls-ca", str(authority.cert)]


def gateway(folder: Path, house: House, url: str, **settings: str) -> Program:
    folder.mkdir(exist_ok=True)
    database = house.engine.url.render_as_string(hide_password=False)
    return Program("gateway", folder, {"DATABASE_URL": database, "MQTT_URL": url, **settings})


def certified(authority: Authority, name: str) -> Mapping[str, str]:
    cert, key = authority.issue(name)
    return {"MQTT_CA": str(authority.cert), "MQTT_CERT": str(cert), "MQTT_KEY": str(key)}


def stored(house: House) -> list[str]:
    with reading(house.engine) as session:
        return sorted(session.scalars(select(StoredReading.sensor_id)))


def figures(house: House) -> dict[str, tuple[int, int, int]]:
    with reading(house.engine) as session:
        return {one.name: (one.messages, one.stored, one.repeated) for one in list_gateways(session)}


def connected(house: House, *names: str) -> bool:
    with reading(house.engine) as session:
        return {one.name for one in list_gateways(session) if one.connected} >= set(names)


def test_the_gateway_signs_in_by_its_certificate_and_a_desk_without_tls_by_a_plain_listener(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path, authority: Authority
) -> None:
    port, plain = free_port(), free_port()
    listens = ["--host", "127.0.0.1", "--port", str(port), "--plain", f"127.0.0.1:{plain}"]
    done = configure(run, sqlite_house, folder, *listens, *with_tls(authority))
    assert (done.status, "new-passwords.csv" in done.out) == (0, True)
    url = f"mqtts://127.0.0.1:{port}"
    with (
        mosquitto(folder),
        gateway(tmp_path / "g", sqlite_house, url, **certified(authority, "gateway")) as program,
    ):
        wait_until(lambda: connected(sqlite_house, "gateway"), seconds=SECONDS)
        secure = Talker(port, certificate=(authority.cert, *authority.issue("sensor-seat")))
        old = Talker(plain, "sensor-window", passwords(folder)["sensor-window"])
        assert Talker(plain, "sensor-window", "wrong").answer == "Not authorized"
        for talker, name in ((secure, "sensor-seat"), (old, "sensor-window")):
            talker.say(f"akiseki/v1/{name}/reading", json.dumps({"boot": "b", "seq": 1}))
            talker.say("akiseki/v1/sensor-booth/reading", json.dumps({"boot": "b", "seq": 1}))
        wait_until(lambda: stored(sqlite_house) == ["sensor-seat", "sensor-window"], seconds=SECONDS)
        for one in (secure, old):
            one.close()
        assert program.stop() == 0


# paho leaves the socket of a failed handshake to the collector.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_every_failure_of_tls_is_one_plain_line_and_the_gateway_ends(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path, authority: Authority
) -> None:
    port, plain = free_port(), free_port()
    listens = ["--host", "127.0.0.1", "--port", str(port), "--plain", f"127.0.0.1:{plain}"]
    configure(run, sqlite_house, folder, *listens, *with_tls(authority))
    stranger = Authority(tmp_path / "elsewhere")
    cert, key = authority.issue("gateway")
    ours, theirs = Trust(authority.cert, cert, key), stranger.issue("gateway")
    (tmp_path / "empty").write_text("")
    cases = {
        "AKISEKI_MQTT_CERT and AKISEKI_MQTT_KEY must name": (port, Trust(authority.cert)),
        "the broker's certificate is not trusted": (port, Trust(None, cert, key)),
        "does not trust the certificate in AKISEKI_MQTT_CERT": (port, Trust(authority.cert, *theirs)),
        "AKISEKI_MQTT_CA:": (port, Trust(tmp_path / "empty", cert, key)),
        "AKISEKI_MQTT_CERT and AKISEKI_MQTT_KEY:": (port, Trust(authority.cert, cert, theirs[1])),
    }
    with mosquitto(folder):
        wait_until(lambda: Talker(plain, "nobody", "x").answer == "Not authorized", seconds=SECONDS)
        for said, (where, trust) in cases.items():
            with pytest.raises(BrokerRefused, match=said):
                connect(f"mqtts://127.0.0.1:{where}", trust)
        with pytest.raises(BrokerRefused, match=r"not trusted: .*localhost"):
            connect(f"mqtts://localhost:{port}", ours)
        with pytest.raises(Disconnected, match="where it does not speak TLS, the address is mqtt://"):
            connect(f"mqtts://127.0.0.1:{plain}", ours)
        with pytest.raises(Disconnected, match="where it speaks TLS, the address is mqtts://"):
            connect(f"mqtt://127.0.0.1:{port}", Trust())
        url, one = f"mqtts://127.0.0.1:{port}", {"MQTT_CA": str(authority.cert)}
        with gateway(tmp_path / "g", sqlite_house, url, **one) as program:
            assert program.ended(SECONDS) == 1
        assert program.said.strip().splitlines()[-1].endswith("for the gateway's name")
        assert "Traceback" not in program.said


def connect(url: str, trust: Trust) -> None:
    settings = Settings(mqtt_url=url)
    Link(Wanted(settings.mqtt, ("akiseki/#",), settings.clock, "gateway", trust=trust)).connect()


def test_gateways_of_several_sites_have_a_login_each_and_hear_what_they_ask_for(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    with transaction(sqlite_house.engine) as session:
        session.add(Sensor(id="desk 7"))
    port = free_port()
    listens = ["--host", "127.0.0.1", "--port", str(port), "--grant", "bridge:write:zigbee2mqtt/#"]
    done = configure(run, sqlite_house, folder, *listens, "--gateway", "site-a", "--gateway", "site-b")
    assert "0 taken away" in done.out
    known = passwords(folder)
    filters = {"site-a": "akiseki/v1/+/reading,akiseki/v1/+/status", "site-b": "zigbee2mqtt/#"}
    programs = [
        gateway(
            tmp_path / name,
            sqlite_house,
            f"mqtt://{name}:{known[name]}@127.0.0.1:{port}",
            GATEWAY_NAME=name,
            MQTT_FILTERS=asked,
        )
        for name, asked in filters.items()
    ]
    with mosquitto(folder), programs[0], programs[1]:
        wait_until(lambda: connected(sqlite_house, *filters), seconds=SECONDS)
        seat = Talker(port, "sensor-seat", known["sensor-seat"])
        bridge = Talker(port, "bridge", known["bridge"])
        seat.say("akiseki/v1/sensor-seat/reading", json.dumps({"boot": "b", "seq": 1, "occupied": True}))
        bridge.say("zigbee2mqtt/desk 7", json.dumps({"occupancy": True}))
        wait_until(lambda: stored(sqlite_house) == ["desk 7", "sensor-seat"], seconds=SECONDS)
        for one in (seat, bridge):
            one.close()
        wait_until(lambda: figures(sqlite_house) == dict.fromkeys(filters, (1, 1, 0)), seconds=SECONDS)
        assert [program.stop() for program in programs] == [0, 0]


def test_one_site_after_the_other_takes_nobodys_login_away(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    url = sqlite_house.engine.url.render_as_string(hide_password=False)

    def configured(*options: str, name: str) -> str:
        return run("broker", "config", str(folder), *options, DATABASE_URL=url, GATEWAY_NAME=name).out

    assert "0 taken away" in configured(name="site-a")
    assert "1 new users, 0 taken away" in configured(name="site-b")
    assert "0 new users, 0 taken away" in configured(name="site-a")
    assert {"site-a", "site-b"} <= passwords(folder).keys()
    assert "Taken away: site-a" in configured("--gateway", "site-b", name="site-a")
    with transaction(sqlite_house.engine) as session:
        take(session, "given-up", "somebody", None, now=at("09:00"))
        take(session, "site-c", "somebody", None, now=system_clock())
    assert "1 new users, 0 taken away" in configured(name="site-b")
    assert "site-c" in passwords(folder)
    (folder / "acl").unlink()
    assert "1 new users" in configured(name="site-b")
    assert "given-up" in passwords(folder)  # at a broker of which nothing is known
