"""A Sparkplug node whose numbers the gateway does not know is asked, over a real broker, to be born again."""

from __future__ import annotations

import threading
from urllib.parse import urlsplit

from app.clock import system_clock
from app.stopping import Stop
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER, Grant
from sensor_gateway.connection import Wanted
from sensor_gateway.decoders.sparkplug import REBIRTH, payload_class
from sensor_gateway.handler import Handler
from sensor_gateway.mqtt import Link
from sensor_gateway.run import Gateway
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database
from tests.servers.mosquitto import MqttClient
from tests.servers.waiting import wait_until

SECONDS = 30.0
PLANT = [Grant("write", "spBv1.0/g/DDATA/#"), Grant("read", "spBv1.0/g/NCMD/#")]


def test_a_node_hears_that_it_is_to_be_born_again(sqlite_url: str, mosquitto_broker: StartBroker) -> None:
    broker = mosquitto_broker(grants={"plant": PLANT, GATEWAY_USER: GATEWAY_GRANTS})
    furnish_database(sqlite_url, ["g/n/d"])
    said = payload_class()(metrics=[{"alias": 9, "boolean_value": True}]).SerializeToString()
    with stage.opened(sqlite_url) as engine, MqttClient(broker, "plant") as node:
        node.subscribe("spBv1.0/g/NCMD/n")
        link, stop = Link(Wanted(urlsplit(broker.url(GATEWAY_USER)), ("spBv1.0/#",), system_clock)), Stop()
        thread = threading.Thread(target=Gateway(link, Handler(engine, system_clock), stop).run)
        thread.start()
        try:
            wait_until(lambda: bool(link.protocol), seconds=SECONDS)
            node.publish("spBv1.0/g/DDATA/n/d", said)
            asked = node.receive()
        finally:
            stop.tell()
            thread.join(SECONDS)
            link.close()
    (metric,) = payload_class().FromString(asked.payload).metrics
    assert (metric.name, metric.boolean_value, asked.retain) == (REBIRTH, True, False)
