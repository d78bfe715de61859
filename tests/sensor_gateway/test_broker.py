"""The product's broker, on the real Mosquitto and on the embedded one."""

import logging
import socket
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from paho.mqtt.enums import MQTTProtocolVersion

from sensor_gateway.broker import (
    GATEWAY_USER,
    MAX_PACKET_BYTES,
    Broker,
    BrokerError,
    Grant,
    acl,
    mosquitto_conf,
    password_hash,
    password_line,
    password_matches,
)
from sensor_gateway.embedded_broker import covers
from tests.fixtures.brokers import StartBroker
from tests.servers.mosquitto import MqttClient
from tests.servers.requirements import need
from tests.servers.waiting import wait_until

READING = '{"boot":"9c41e0d2a77b3f16","seq":1,"occupied":true}'


def test_the_acl_lets_a_device_write_its_own_topics_and_read_its_own_config() -> None:
    assert acl({"gateway": [Grant("read", "#")]}) == (
        "pattern write akiseki/v1/%u/reading\n"
        "pattern write akiseki/v1/%u/status\n"
        "pattern read akiseki/v1/%u/config\n"
        "\n"
        "user gateway\n"
        "topic read #\n"
    )


def test_a_password_is_told_by_its_hash_alone() -> None:
    hashed = password_hash("secret")
    assert password_matches("secret", hashed)
    assert not password_matches("Secret", hashed)
    assert password_line("desk-1", hashed) == f"desk-1:{hashed}"
    assert password_hash("secret") != hashed


def test_the_hash_is_the_one_mosquitto_writes() -> None:
    # From `mosquitto_passwd -U` of 2.0.11 for the password "pw".
    salt = "wPOBkyIolvFK6GVS"
    digest = "pDvo5XEOCMO5BpZIFxlfPhY8eRy0qljFd4hbw3/l3Z6a4is7QbReaOeXRQbuPKLrLLU/DL8wN17/jaYtM0YmzQ=="
    assert password_matches("pw", f"$7$101${salt}${digest}")


def test_the_configuration_saves_by_time_and_queues_for_an_absent_gateway() -> None:
    lines = mosquitto_conf(folder=Path("/srv/mqtt"), host="127.0.0.1", port=1883, run_as=None).splitlines()
    assert "listener 1883 127.0.0.1" in lines
    assert "allow_anonymous false" in lines
    assert "autosave_interval 5" in lines
    assert "autosave_on_changes false" in lines
    assert "max_queued_messages 500000" in lines
    assert "persistence_location /srv/mqtt/" in lines
    assert not any(line.startswith("user ") for line in lines)


@pytest.mark.parametrize("user", ["", "a:b", "a/b", "+", "a#", "a b", "a\nb", "%u"])
def test_a_name_that_would_mean_something_else_in_a_file_or_topic_is_refused(user: str) -> None:
    with pytest.raises(ValueError, match="user name"):
        password_line(user, "secret")


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_who_has_the_right_password_is_let_in(
    mosquitto_broker: StartBroker, protocol: MQTTProtocolVersion
) -> None:
    broker = mosquitto_broker("desk-1")
    assert not MqttClient(broker, "desk-1", protocol=protocol).try_connecting().is_failure
    assert MqttClient(broker, "desk-1", protocol=protocol, password="wrong").try_connecting().is_failure
    assert MqttClient(broker, "desk-9", protocol=protocol, password="").try_connecting().is_failure


def test_a_password_may_be_given_as_its_hash(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1")
    broker.stop()
    broker.credentials = {"desk-1": password_hash("secret")}
    broker.start()
    assert not MqttClient(broker, "desk-1", password="secret").try_connecting().is_failure
    assert MqttClient(broker, "desk-1", password="Secret").try_connecting().is_failure


def test_the_gateway_receives_readings_and_the_word_that_a_device_is_online(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with MqttClient(broker, GATEWAY_USER) as gateway, MqttClient(broker, "desk-1") as device:
        gateway.subscribe("akiseki/v1/+/reading")
        gateway.subscribe("akiseki/v1/+/status")
        device.publish("akiseki/v1/desk-1/reading", READING)
        assert gateway.receive().payload == READING.encode()
        device.publish("akiseki/v1/desk-1/status", "online", retain=True)
        assert gateway.receive().topic == "akiseki/v1/desk-1/status"


def test_a_device_cannot_write_in_the_name_of_another(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1", "desk-2")
    with MqttClient(broker, GATEWAY_USER) as gateway, MqttClient(broker, "desk-1") as device:
        gateway.subscribe("#")
        for topic in ("desk-2/reading", "desk-2/status", "desk-2/config", "desk-1/config", "desk-1/other"):
            assert device.publish(f"akiseki/v1/{topic}", READING).is_failure
        assert not device.publish("akiseki/v1/desk-1/reading", READING).is_failure
        assert gateway.receive().topic == "akiseki/v1/desk-1/reading"
        assert gateway.messages.empty()


def test_a_device_reads_its_own_config_and_nothing_of_others(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1", "desk-2")
    with (
        MqttClient(broker, GATEWAY_USER) as gateway,
        MqttClient(broker, "desk-1") as device,
        MqttClient(broker, "desk-2") as other,
    ):
        device.subscribe("#")
        device.subscribe("akiseki/v1/+/config")
        other.publish("akiseki/v1/desk-2/reading", READING)
        gateway.publish("akiseki/v1/desk-2/config", '{"hold_s":1}', retain=True)
        gateway.publish("akiseki/v1/desk-1/config", '{"hold_s":600}', retain=True)
        assert device.receive().payload == b'{"hold_s":600}'
        assert {message.topic for message in device.messages.queue} <= {"akiseki/v1/desk-1/config"}


def test_a_device_cannot_take_over_the_gateways_session_by_its_client_id(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with MqttClient(broker, GATEWAY_USER, keep=True) as gateway:
        gateway.subscribe("akiseki/v1/+/reading")
        with MqttClient(broker, "desk-1", client_id=GATEWAY_USER, keep=True) as device:
            assert not device.session_present
            device.publish("akiseki/v1/desk-1/reading", READING)
            assert gateway.receive().payload == READING.encode()


def test_a_network_server_writes_what_it_is_granted(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker(grants={"chirpstack": [Grant("write", "application/#")]})
    with MqttClient(broker, "chirpstack") as server:
        assert not server.publish("application/1/device/0101010101010101/event/up", "{}").is_failure
        assert server.publish("akiseki/v1/desk-1/reading", READING).is_failure


def test_a_message_of_a_megabyte_reaches_the_gateway_and_a_larger_one_does_not(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with MqttClient(broker, GATEWAY_USER) as gateway, MqttClient(broker, "desk-1") as device:
        gateway.subscribe("akiseki/v1/+/reading")
        device.publish("akiseki/v1/desk-1/reading", b"x" * 1_048_576)
        assert len(gateway.receive().payload) == 1_048_576
        with pytest.raises((TimeoutError, ConnectionError)):
            device.publish("akiseki/v1/desk-1/reading", b"x" * MAX_PACKET_BYTES, seconds=0.5)
        assert gateway.messages.empty()


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_what_waits_for_the_gateway_outlives_a_restart(
    mosquitto_broker: StartBroker, protocol: MQTTProtocolVersion
) -> None:
    broker = mosquitto_broker("desk-1")
    port = broker.port
    with MqttClient(broker, GATEWAY_USER, protocol=protocol, keep=True) as gateway:
        gateway.subscribe("akiseki/v1/+/reading")
    with MqttClient(broker, "desk-1") as device:
        for number in range(1_500):  # Mosquitto's own limit would be 1,000
            device.publish("akiseki/v1/desk-1/reading", str(number))
    broker.stop()
    assert not broker.running
    broker.start()
    assert broker.port == port
    with MqttClient(broker, GATEWAY_USER, protocol=protocol, keep=True) as gateway:
        assert gateway.session_present
        assert [int(gateway.receive().payload) for _ in range(1_500)] == list(range(1_500))


@pytest.mark.parametrize("protocol", [MQTTProtocolVersion.MQTTv5, MQTTProtocolVersion.MQTTv311])
def test_what_is_said_with_qos_0_waits_for_the_gateway_too_and_outlives_a_restart(
    mosquitto_broker: StartBroker, protocol: MQTTProtocolVersion
) -> None:
    broker = mosquitto_broker(grants={"bridge": [Grant("write", "zigbee2mqtt/#")]})
    with MqttClient(broker, GATEWAY_USER, protocol=protocol, keep=True) as gateway:
        gateway.subscribe("zigbee2mqtt/#")
    with MqttClient(broker, "bridge") as bridge:
        for number in range(1_500):
            bridge.publish("zigbee2mqtt/desk", str(number), qos=0)
        bridge.publish("zigbee2mqtt/desk", "1500")  # answered: the broker has them all
    broker.stop()
    broker.start()
    with MqttClient(broker, GATEWAY_USER, protocol=protocol, keep=True) as gateway:
        with MqttClient(broker, "bridge") as bridge:
            bridge.publish("zigbee2mqtt/desk", "1501", qos=0)
        heard = [gateway.receive() for _ in range(1_502)]
    assert [int(one.payload) for one in heard] == list(range(1_502))
    assert {one.qos for one in heard} == {
        1
    }  # so the queue's limits count them, and they wait until they are stored


def test_after_a_kill_it_starts_again_on_the_same_port(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1")
    port = broker.port
    with MqttClient(broker, "desk-1"):
        broker.kill()
    broker.start()
    assert broker.port == port
    assert not MqttClient(broker, "desk-1").try_connecting().is_failure


STARTS_A_BROKER_AND_WAITS = """
import sys, time
from pathlib import Path
from sensor_gateway.broker import Broker
broker = Broker(Path(sys.argv[1]), {}, mosquitto=Path(sys.argv[2]))
broker.start()
print(broker.pid, flush=True)
time.sleep(60)
"""


def test_it_ends_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner = subprocess.Popen(
        [sys.executable, "-c", STARTS_A_BROKER_AND_WAITS, str(tmp_path), str(need("mosquitto"))],
        stdout=subprocess.PIPE,
    )
    with owner:
        assert owner.stdout is not None
        broker = Path("/proc") / owner.stdout.readline().decode().strip()
        assert (broker / "comm").read_text() == "mosquitto\n"
        owner.kill()
    wait_until(lambda: not broker.exists())


def test_a_sensor_bound_while_it_runs_is_let_in_and_others_stay_connected(
    mosquitto_broker: StartBroker,
) -> None:
    broker = mosquitto_broker("desk-1")
    with MqttClient(broker, "desk-1") as device:
        broker.reload({**broker.credentials, "desk-2": "fresh"})
        wait_until(lambda: not MqttClient(broker, "desk-2").try_connecting().is_failure)
        assert not device.publish("akiseki/v1/desk-1/reading", READING).is_failure


def test_a_large_log_is_put_aside_once_and_a_new_one_begun(
    mosquitto_broker: StartBroker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sensor_gateway.broker.MAX_LOG_BYTES", 100)
    broker = mosquitto_broker("desk-1")
    MqttClient(broker, "desk-1").try_connecting()
    old = broker.log_file.read_text()
    broker.reload(broker.credentials)
    wait_until(broker.log_file.exists)
    assert (broker.folder / "broker.log.1").read_text().startswith(old)


def test_what_it_writes_is_for_its_owner_alone(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker("desk-1")
    assert stat.S_IMODE(broker.folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in broker.folder.iterdir()} == {0o600}
    assert broker.credentials["desk-1"] not in (broker.folder / "passwords").read_text()


def test_a_port_in_use_is_named(mosquitto_broker: StartBroker, tmp_path: Path) -> None:
    first = mosquitto_broker()
    second = Broker(tmp_path / "second", {}, port=first.port)
    with pytest.raises(BrokerError, match=f"port {first.port} .* already in use"):
        second.start()


def test_the_brokers_own_words_are_in_the_error(tmp_path: Path) -> None:
    broker = Broker(
        tmp_path, {"desk-1": "x"}, grants={"gateway": [Grant("read", "a/#/b")]}, mosquitto=need("mosquitto")
    )
    with pytest.raises(BrokerError, match=r"Error.*a/#/b"):
        broker.start()
    assert not broker.running


def test_the_address_can_be_given_to_the_gateway(tmp_path: Path) -> None:
    broker = Broker(tmp_path, {"gateway": "p@ss/word"}, port=1883)
    assert broker.url("gateway") == "mqtt://gateway:p%40ss%2Fword@127.0.0.1:1883"


def test_it_takes_as_many_connections_as_the_system_allows(mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker()
    limits = Path(f"/proc/{broker.pid}/limits").read_text()
    soft, hard = next(line for line in limits.splitlines() if line.startswith("Max open files")).split()[3:5]
    assert soft == hard


def test_the_embedded_broker_says_what_it_is_and_passes_a_message(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    credentials = {GATEWAY_USER: "g", "desk-1": password_hash("d"), "desk-2": "e"}
    v311 = MQTTProtocolVersion.MQTTv311
    with caplog.at_level(logging.WARNING), Broker(tmp_path, credentials, mosquitto=None) as broker:
        assert "for trying out only" in caplog.text
        assert "apt install mosquitto" in caplog.text
        with (
            MqttClient(broker, GATEWAY_USER, protocol=v311) as gateway,
            MqttClient(broker, "desk-1", password="d", protocol=v311) as device,
        ):
            gateway.subscribe("akiseki/v1/+/reading")
            device.publish("akiseki/v1/desk-2/reading", "not mine")
            device.publish("akiseki/v1/desk-1/reading", READING)
            assert gateway.receive().payload == READING.encode()
            assert device.subscribe("akiseki/v1/+/reading").is_failure
            assert not device.subscribe("akiseki/v1/desk-1/config").is_failure
            gateway.publish("akiseki/v1/desk-1/config", "{}", retain=True)
            assert device.receive().payload == b"{}"
        assert MqttClient(broker, "desk-2", protocol=v311, password="wrong").try_connecting().is_failure
    with pytest.raises(ConnectionRefusedError), socket.create_connection(("127.0.0.1", broker.port)):
        pass


@pytest.mark.parametrize(
    ("granted", "topic", "expected"),
    [
        ("#", "akiseki/v1/d/reading", True),
        ("#", "akiseki/v1/+/reading", True),
        ("#", "$SYS/broker/uptime", False),
        ("$SYS/#", "$SYS/broker/uptime", True),
        ("akiseki/v1/d/config", "akiseki/v1/d/config", True),
        ("akiseki/v1/d/config", "akiseki/v1/+/config", False),
        ("akiseki/v1/d/config", "akiseki/v1/#", False),
        ("akiseki/v1/+/config", "akiseki/v1/#", False),
        ("akiseki/v1/+/config", "akiseki/v1/d/config/more", False),
        ("akiseki/v1/+/config", "akiseki/v1/d", False),
    ],
)
def test_a_grant_covers_what_its_filter_matches(granted: str, topic: str, *, expected: bool) -> None:
    assert covers(granted, topic) is expected
