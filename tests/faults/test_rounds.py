"""Whichever process dies, whenever: what was acknowledged is stored once, and everybody goes on by themselves."""

import threading
import time
from pathlib import Path

import pytest

from app.clock import system_clock
from app.migrate import upgrade
from sensor_gateway.broker import GATEWAY_GRANTS, GATEWAY_USER
from tests.faults import stage
from tests.fixtures.brokers import StartBroker
from tests.office import furnish_database, sensor_ids
from tests.servers.flood import FLOOD_GRANTS, FLOOD_USER, publish_all, stream
from tests.servers.postgres import PostgresServer
from tests.servers.processes import Program
from tests.servers.waiting import wait_until

SENSORS = sensor_ids(100)
ROUNDS, LONG_ROUNDS = 2, 50
BURST, EVERY_SECONDS = 200, 0.1
SECONDS = 90.0


@pytest.mark.timeout(1800)
def test_gateway_database_and_jobs_killed_at_random_under_load_store_each_publication_once(
    mosquitto_broker: StartBroker, tmp_path: Path, long: bool
) -> None:
    random = stage.randomness()
    broker = mosquitto_broker(grants={FLOOD_USER: FLOOD_GRANTS, GATEWAY_USER: GATEWAY_GRANTS})
    acknowledged, done = 0, threading.Event()
    messages = list(stream(SENSORS, 1_000_000 if long else 200_000, system_clock()))

    def load() -> None:
        nonlocal acknowledged
        while not done.is_set() and acknowledged < len(messages):
            acknowledged += publish_all(broker, messages[acknowledged : acknowledged + BURST])
            time.sleep(EVERY_SECONDS)

    with PostgresServer(durable=True) as server:
        url = server.create_database()
        upgrade(url)
        furnish_database(url, SENSORS)
        settings = {"DATABASE_URL": url, "SWEEP_SECONDS": "0.5"}
        with stage.gateway(tmp_path, url, broker) as gateway, Program("jobs", tmp_path, settings) as jobs:
            wait_until(lambda: "connected to" in gateway.log, seconds=SECONDS)
            victims: list[Program | PostgresServer] = [gateway, jobs, server]
            loader = threading.Thread(target=load)
            loader.start()
            try:
                for _ in range(LONG_ROUNDS if long else ROUNDS):
                    with stage.opened(url) as engine:
                        before = stage.stored(engine)
                        wait_until(lambda before=before: stage.stored(engine) > before, seconds=SECONDS)  # type: ignore[misc]
                    time.sleep(random.uniform(0, 0.5))
                    victim = random.choice(victims)
                    victim.kill9()
                    time.sleep(random.uniform(0, 0.5))
                    victim.start()
            finally:
                done.set()
                loader.join(SECONDS)
            with stage.opened(url) as engine:
                wait_until(lambda: stage.stored(engine) >= acknowledged, seconds=SECONDS)
                found = stage.names(engine)
                assert len(found) == len(set(found)) == acknowledged
                assert stage.gaps(engine) == {}
                assert stage.dead_letters(engine) == 0
            # Whoever was started last may still be on the way, and would end by the signal itself.
            wait_until(lambda: "connected to" in gateway.said and "jobs run" in jobs.said, seconds=SECONDS)
            assert (gateway.running, jobs.running) == (True, True)
            assert (gateway.stop(), jobs.stop()) == (0, 0)
    print(f"{acknowledged} publications")
