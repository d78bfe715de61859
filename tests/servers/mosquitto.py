"""The product's broker on the real Mosquitto, and a client to talk to it as a device does."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from threading import Event
from types import TracebackType
from typing import Any, Self

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTMessageInfo
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Broker, Grant, new_password
from tests.servers.requirements import need

_SECONDS = 10.0


@contextmanager
def running_broker(
    folder: Path, *devices: str, grants: Mapping[str, Sequence[Grant]] | None = None
) -> Iterator[Broker]:
    """A broker that knows the gateway, the devices, and the users of `grants`, each with a random password."""
    all_grants = {GATEWAY_USER: GATEWAY_GRANTS} | dict(grants or {})
    credentials = {user: new_password() for user in (*all_grants, *devices)}
    with Broker(folder, credentials, grants=all_grants, mosquitto=need("mosquitto")) as broker:
        yield broker


class MqttClient:
    """A client for tests: every step waits for the broker's answer and returns it.

    With `keep` the broker keeps the session, and what comes for it, while the client is away.
    """

    def __init__(
        self,
        broker: Broker,
        user: str,
        *,
        password: str | None = None,
        protocol: MQTTProtocolVersion = MQTTProtocolVersion.MQTTv5,
        client_id: str | None = None,
        keep: bool = False,
    ) -> None:
        self.messages: Queue[MQTTMessage] = Queue()
        self.answer: ReasonCode | None = None
        self.session_present = False
        self._broker = broker
        self._keep = keep
        self._v5 = protocol == MQTTProtocolVersion.MQTTv5
        self._answers: Queue[ReasonCode] = Queue()
        self._published: dict[int, ReasonCode] = {}
        self._client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=client_id or user,
            protocol=protocol,
            clean_session=None if self._v5 else not keep,
            reconnect_on_failure=False,
        )
        self._client.username_pw_set(user, broker.credentials.get(user, "") if password is None else password)
        self._connected = Event()
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.on_subscribe = self._on_subscribe
        self._client.on_publish = self._on_publish

    def __enter__(self) -> Self:
        self.connect()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.disconnect()

    def connect(self) -> ReasonCode:
        """Connect and return what the broker says, be it a refusal."""
        options: dict[str, Any] = {}
        if self._v5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = 3600 if self._keep else 0
            options = {"clean_start": not self._keep, "properties": properties}
        self._client.connect(self._broker.host, self._broker.port, **options)
        self._client.loop_start()
        if not self._connected.wait(_SECONDS) or self.answer is None:
            raise TimeoutError("the broker did not answer the connection")
        return self.answer

    def disconnect(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._connected.clear()

    def try_connecting(self) -> ReasonCode:
        """What the broker says to this client, which leaves again."""
        try:
            return self.connect()
        finally:
            self.disconnect()

    def subscribe(self, topic: str) -> ReasonCode:
        self._client.subscribe(topic, qos=1)
        return self._answers.get(timeout=_SECONDS)

    def publish(
        self,
        topic: str,
        payload: bytes | str,
        *,
        qos: int = 1,
        retain: bool = False,
        seconds: float = _SECONDS,
    ) -> ReasonCode:
        """Publish and return the broker's answer (of QoS 0 and in 3.1.1 there is no other than success).

        Raises TimeoutError or ConnectionError, as it happens, when the broker hangs up instead.
        """
        info: MQTTMessageInfo = self._client.publish(topic, payload, qos=qos, retain=retain)
        try:
            info.wait_for_publish(seconds)
        except RuntimeError as error:
            raise ConnectionError(str(error)) from error
        if not info.is_published():
            raise TimeoutError("the broker did not confirm the message")
        return self._published[info.mid]

    def receive(self, seconds: float = _SECONDS) -> MQTTMessage:
        """The next message. Raises TimeoutError when none comes."""
        try:
            return self.messages.get(timeout=seconds)
        except Empty:
            raise TimeoutError(f"no message within {seconds} s") from None

    def _on_connect(
        self,
        _client: Client,
        _data: object,
        flags: ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        self.answer = reason
        self.session_present = flags.session_present
        self._connected.set()

    def _on_message(self, _client: Client, _data: object, message: MQTTMessage) -> None:
        self.messages.put(message)

    def _on_subscribe(
        self,
        _client: Client,
        _data: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        self._answers.put(reasons[0])

    def _on_publish(
        self, _client: Client, _data: object, mid: int, reason: ReasonCode, _properties: Properties | None
    ) -> None:
        self._published[mid] = reason
