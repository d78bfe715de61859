"""`akiseki broker config`: what is written is what a real Mosquitto takes, and keeps everybody in their place."""

from __future__ import annotations

import csv
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from subprocess import Popen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from paho.mqtt.client import Client
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

from app.clock import system_clock
from app.database import transaction
from app.spaces.models import Sensor
from sensor_gateway.servers import free_port, start_server
from tests.app.test_cli import Done, Run, run
from tests.house import House
from tests.servers.requirements import need
from tests.servers.waiting import wait_until

__all__ = ["run"]
SECONDS = 10.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "mqtt"


@contextmanager
def mosquitto(folder: Path, *, account: str | None = None) -> Iterator[Popen[bytes]]:
    """The real one, on what was written; the tests' account owns the folder, or `account`, under which it runs."""
    conf = folder / "mosquitto.conf"
    text = conf.read_text()
    conf.write_text(text + "user root\n")
    command = [str(need("mosquitto")), "-c", str(conf)]
    process = start_server(command, output=folder / "out.log", account=account)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)
        conf.write_text(text)


class Talker:
    """A client of the broker: what the broker answered, what it received."""

    def __init__(
        self,
        port: int,
        user: str = "",
        password: str = "",
        certificate: tuple[Path, Path, Path] | None = None,
    ) -> None:
        self.answer, self.is_cut_off = "", False
        self.heard: list[tuple[str, bytes]] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=user or None,
            protocol=MQTTProtocolVersion.MQTTv5,
            reconnect_on_failure=False,
        )
        if user:
            self._client.username_pw_set(user, password)
        if certificate:
            ca, cert, key = certificate
            self._client.tls_set(str(ca), str(cert), str(key))
        self._client.on_connect = lambda *a: setattr(self, "answer", str(a[3]))
        self._client.on_disconnect = lambda *_: setattr(self, "is_cut_off", True)
        self._client.on_message = lambda *a: self.heard.append((a[2].topic, a[2].payload))
        wait_until(lambda: self._connects(port), seconds=SECONDS)
        self._client.loop_start()
        wait_until(lambda: bool(self.answer) or self.is_cut_off, seconds=SECONDS)
        if not self.answer:
            self._client.loop_stop()
            raise ConnectionError("the broker hung up")

    def _connects(self, port: int) -> bool:
        with suppress(ConnectionRefusedError):
            self._client.connect("127.0.0.1", port)
            return True
        return False

    def say(self, topic: str, what: str) -> None:
        self._client.publish(topic, what, qos=1).wait_for_publish(SECONDS)

    def listen(self, topic: str) -> None:
        granted: list[object] = []
        self._client.on_subscribe = lambda *a: granted.append(a[3])
        self._client.subscribe(topic, qos=1)
        wait_until(lambda: bool(granted), seconds=SECONDS)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


def configure(run: Run, house: House, folder: Path, *options: str) -> Done:
    url = house.engine.url.render_as_string(hide_password=False)
    return run("broker", "config", str(folder), *options, DATABASE_URL=url)


def passwords(folder: Path) -> dict[str, str]:
    return dict(csv.reader((folder / "new-passwords.csv").read_text().splitlines()))


def test_each_device_writes_its_own_topics_and_what_speaks_for_many_is_let_in(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    port = free_port()
    done = configure(
        run,
        sqlite_house,
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *("--grant", "zigbee2mqtt:write:zigbee2mqtt/#"),
    )
    assert (done.status, "6 sensors, 8 new users, 0 taken away." in done.out) == (0, True)
    known = passwords(folder)
    with mosquitto(folder):
        gateway = Talker(port, "gateway", known["gateway"])
        gateway.listen("#")
        seat = Talker(port, "sensor-seat", known["sensor-seat"])
        bridge = Talker(port, "zigbee2mqtt", known["zigbee2mqtt"])
        assert Talker(port, "sensor-seat", "wrong").answer == "Not authorized"
        seat.say("akiseki/v1/sensor-window/reading", "in another's name")
        bridge.say("akiseki/v1/sensor-seat/reading", "in a sensor's name")
        seat.say("akiseki/v1/sensor-seat/reading", "own")
        bridge.say("zigbee2mqtt/desk-1", "own")
        wait_until(lambda: len(gateway.heard) >= 2, seconds=SECONDS)
        assert gateway.heard == [("akiseki/v1/sensor-seat/reading", b"own"), ("zigbee2mqtt/desk-1", b"own")]
        for one in (gateway, seat, bridge):
            one.close()


def test_a_sensor_of_another_wire_is_let_in_by_its_own_name_and_keeps_its_password(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    plug, port = "tasmota_A1B2C3", free_port()
    with transaction(sqlite_house.engine) as session:
        session.add(Sensor(id=plug, model="Tasmota Switch"))
    first = configure(run, sqlite_house, folder, "--host", "127.0.0.1", "--port", str(port)).out
    grants = [f"{plug}:write:{prefix}/{plug}/#" for prefix in ("tele", "stat")]
    assert f"  --grant '{grants[0]}' --grant '{grants[1]}'\n" in first
    done = configure(run, sqlite_house, folder, "--grant", grants[0])
    assert (done.status, "7 sensors, 0 new users, 0 taken away." in done.out) == (0, True), done.err
    assert "A login is one connection: give each device" in done.out
    assert ("--grant" in done.out, f"lets in {grants[0]}" in done.out) == (False, True)
    with mosquitto(folder):
        known = passwords(folder)
        gateway, device = (Talker(port, name, known[name]) for name in ("gateway", plug))
        gateway.listen("#")
        device.say("tele/desk-1/SENSOR", "in another's name")
        device.say(f"tele/{plug}/SENSOR", "own")
        device.say(f"akiseki/v1/{plug}/reading", "native")
        wait_until(lambda: len(gateway.heard) >= 2, seconds=SECONDS)
        assert [said for _topic, said in gateway.heard] == [b"own", b"native"]
        for one in (gateway, device):
            one.close()


def test_who_was_let_in_is_so_until_somebody_revokes_it(run: Run, sqlite_house: House, folder: Path) -> None:
    configure(run, sqlite_house, folder, "--grant", "plug-7:write:tele/#", "--grant", "bridge:write:v3/#")
    assert "plug-7" in configure(run, sqlite_house, folder).out
    done = configure(run, sqlite_house, folder, "--revoke", "plug-7").out
    assert "Taken away: plug-7\n" in done
    assert "lets in bridge:write:v3/#." in done
    assert "plug-7" not in (folder / "acl").read_text() + (folder / "passwords").read_text()
    refused = configure(run, sqlite_house, folder, "--revoke", "plug-7")
    assert (refused.status, "nothing is revoked: plug-7" in refused.err) == (1, True)


def test_made_again_it_keeps_passwords_and_knows_who_came_and_who_went(
    run: Run, sqlite_house: House, folder: Path
) -> None:
    configure(run, sqlite_house, folder)
    before = (folder / "passwords").read_text().splitlines()
    with transaction(sqlite_house.engine) as session:
        session.add(Sensor(id="spare-1"))
        session.add(Sensor(id="0x00158d0001/zone 1"))
    (folder / "passwords").write_text("\n".join([*before, "gone:" + before[0].split(":", 1)[1]]) + "\n")
    done = configure(run, sqlite_house, folder).out
    assert "7 sensors, 1 new users, 1 taken away. 1 sensors speak other wires" in done
    after = (folder / "passwords").read_text().splitlines()
    assert set(before) < set(after)
    assert len(after) == len(before) + 1
    assert list(passwords(folder)) == [*(line.split(":")[0] for line in before), "spare-1"]
    for file in folder.iterdir():
        assert file.stat().st_mode & 0o077 == 0, file


def test_made_again_it_keeps_where_it_listens_by_which_certificate_and_who_is_let_in(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    authority = Authority(tmp_path)
    cert, key = authority.issue("127.0.0.1")
    certified = ["--tls-cert", str(cert), "--tls-key", str(key), "--tls-ca", str(authority.cert)]
    rights = ["z2m:write:zigbee2mqtt/#", "z2m:read:zigbee2mqtt/+/set", "lora:write:v3/#"]
    grants = [f"--grant={right}" for right in rights]
    listens = ["--host", "::1", "--plain", "192.168.9.1:1884"]
    assert configure(run, sqlite_house, folder, *certified, *grants, *listens).status == 0
    before = {one.name: one.read_text() for one in folder.iterdir()}
    again = configure(run, sqlite_house, folder)
    assert (again.status, {one.name: one.read_text() for one in folder.iterdir()}) == (0, before)
    assert f"on [::1]:8883 by the certificate {cert}, devices by those of {authority.cert}" in again.out
    assert " and on 192.168.9.1:1884 without TLS, and lets in z2m:write:zigbee2mqtt/#, z2m:read:" in again.out
    assert "--anew forgets that" in again.out

    renewed, its_key = authority.issue("localhost")
    options = ["--tls-cert", str(renewed), "--tls-key", str(its_key), "--grant", "z2m:write:home/#"]
    changed = configure(run, sqlite_house, folder, *options, "--port", "8884").out
    assert f"on [::1]:8884 by the certificate {renewed}, devices by those of {authority.cert}" in changed
    assert "1884 without TLS, and lets in z2m:write:home/#, lora:write:v3/#." in changed
    assert "0 new users, 0 taken away" in changed


def test_what_was_said_before_is_forgotten_where_that_is_asked_for(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    cert, key = Authority(tmp_path).issue("127.0.0.1")
    certified = ["--tls-cert", str(cert), "--tls-key", str(key)]
    configure(run, sqlite_house, folder, *certified, "--port", "8885", "--grant", "lora:write:v3/#")
    anew = configure(run, sqlite_house, folder, "--anew").out
    assert "It listens on 0.0.0.0:1883 without TLS.\nTaken away: lora\n" in anew
    assert "--anew" not in anew
    secured = configure(run, sqlite_house, folder, *certified).out
    assert f"It listens on 0.0.0.0:8883 by the certificate {cert}.\n" in secured


def test_devices_sign_in_by_certificates_where_an_authority_is_given(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    port, authority = free_port(), Authority(tmp_path)
    broker_cert, broker_key = authority.issue("127.0.0.1")
    done = configure(
        run,
        sqlite_house,
        folder,
        "--host",
        "127.0.0.1",
        "--port",
        str(port),
        *("--tls-cert", str(broker_cert), "--tls-key", str(broker_key), "--tls-ca", str(authority.cert)),
    )
    assert done.status == 0, done.err
    with mosquitto(folder):
        gateway, seat = (
            Talker(port, certificate=(authority.cert, *authority.issue(name)))
            for name in ("gateway", "sensor-seat")
        )
        gateway.listen("#")
        seat.say("akiseki/v1/sensor-window/reading", "in another's name")
        seat.say("akiseki/v1/sensor-seat/reading", "own")
        wait_until(lambda: bool(gateway.heard), seconds=SECONDS)
        assert gateway.heard == [("akiseki/v1/sensor-seat/reading", b"own")]
        stranger = Authority(tmp_path / "elsewhere")
        with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)):
            Talker(port, certificate=(authority.cert, *stranger.issue("gateway")))
        for one in (gateway, seat):
            one.close()


def test_whose_certificate_is_revoked_is_let_in_no_more(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path
) -> None:
    port, authority = free_port(), Authority(tmp_path)
    cert, key = authority.issue("127.0.0.1")
    certified = ["--tls-cert", str(cert), "--tls-key", str(key), "--tls-ca", str(authority.cert)]
    listening = ["--host", "127.0.0.1", "--port", str(port)]
    configure(run, sqlite_house, folder, *listening, *certified)
    lost, kept = ((authority.cert, *authority.issue(name)) for name in ("sensor-seat", "sensor-window"))
    listed = authority.revoke(lost[1])
    refused = configure(run, sqlite_house, folder, "--tls-crl", str(cert))
    assert f"{cert} holds no list of revoked certificates" in refused.err
    done = configure(run, sqlite_house, folder, "--tls-crl", str(listed))
    assert f"devices by those of {authority.cert} that {listed} does not revoke." in done.out
    assert done.out == configure(run, sqlite_house, folder).out  # made again, it is kept
    successor = Authority(tmp_path / "successor")
    others = configure(
        run, sqlite_house, tmp_path / "other", *listening, *certified, "--tls-crl", str(listed)
    )
    assert others.status == 0, others.err
    others = configure(run, sqlite_house, tmp_path / "other", *certified[:4], "--tls-ca", str(successor.cert))
    assert "does not revoke" not in others.out
    with mosquitto(folder):
        Talker(port, certificate=kept).close()
        with pytest.raises((ssl.SSLError, ConnectionError, TimeoutError)):
            Talker(port, certificate=lost)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tls-cert", "CERT"], "--tls-key go together"),
        (["--tls-ca", "CERT"], "--tls-ca needs"),
        (["--tls-crl", "CERT"], "--tls-crl lists revoked"),
        (["--plain", "192.168.9.1"], "--plain stands beside"),
        (["--grant", "zigbee2mqtt"], "not of the form"),
        (["--grant", "zigbee2mqtt:own:#"], "neither read nor write"),
        (["--grant", "zigbee/2:write:#"], "user name"),
        (["--gateway", "sensor-seat"], "called as a gateway: sensor-seat"),
        (["--grant", "gateway:write:#"], "called as a gateway: gateway"),
    ],
)
def test_what_cannot_be_is_said_in_one_line(
    run: Run, sqlite_house: House, folder: Path, tmp_path: Path, options: list[str], said: str
) -> None:
    (tmp_path / "CERT").write_text("")
    given = [str(tmp_path / one) if one == "CERT" else one for one in options]
    done = configure(run, sqlite_house, folder, *given)
    assert done.status != 0
    assert said in done.err
    assert not (folder / "mosquitto.conf").exists()


class Authority:
    """Signs certificates for a test."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Akiseki tests")])
        self.cert = self._written("ca", self._signed(self._name, self._key.public_key(), is_ca=True))

    def issue(self, name: str) -> tuple[Path, Path]:
        """A certificate of that common name, and its key."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path = self._folder / f"{name}.key"
        path.write_bytes(pem)
        return self._written(name, self._signed(subject, key.public_key(), is_ca=False)), path

    def revoke(self, *certs: Path) -> Path:
        """A list of certificates that are worth nothing any more."""
        now = system_clock()
        listed = x509.CertificateRevocationListBuilder().issuer_name(self._name)
        for cert in certs:
            serial = x509.load_pem_x509_certificate(cert.read_bytes()).serial_number
            one = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(now).build()
            listed = listed.add_revoked_certificate(one)
        listed = listed.last_update(now - timedelta(hours=1)).next_update(now + timedelta(days=1))
        path = self._folder / "revoked.pem"
        path.write_bytes(listed.sign(self._key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
        return path

    def _signed(
        self, subject: x509.Name, public: ec.EllipticCurvePublicKey, *, is_ca: bool
    ) -> x509.Certificate:
        now = system_clock()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=is_ca, path_length=None), critical=True)
            .add_extension(
                x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )

    def _written(self, name: str, cert: x509.Certificate) -> Path:
        path = self._folder / f"{name}.crt"
        path.write_bytes(cert.public_bytes(serialization.Encoding.PEM))
        return path
