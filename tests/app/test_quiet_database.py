"""A PostgreSQL that is reached and says nothing: whoever waits for it is told so in time."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import OperationalError

from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.occupancy.gateways import Figures
from app.patience import SOCKET_LIMITS, ImpatientConnection
from sensor_gateway.lease import Lease


class Proxy:
    """What stands before a server, confirms all that it is sent, and passes it on while `passes` is set."""

    def __init__(self, host: str, port: int) -> None:
        self._server = socket.create_server(("127.0.0.1", 0))
        self._behind = (host, port)
        self.port = self._server.getsockname()[1]
        self.passes = threading.Event()
        self.passes.set()
        threading.Thread(target=self._serve, daemon=True).start()

    def close(self) -> None:
        self.passes.set()
        self._server.close()

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _address = self._server.accept()
                server = socket.create_connection(self._behind)
                for ends in ((client, server), (server, client)):
                    threading.Thread(target=self._pass_on, args=ends, daemon=True).start()

    def _pass_on(self, source: socket.socket, to: socket.socket) -> None:
        with source, suppress(OSError):
            while said := source.recv(65_536):
                self.passes.wait()
                to.sendall(said)
            to.shutdown(socket.SHUT_WR)


@pytest.fixture
def proxy(postgresql_url: str) -> Iterator[Proxy]:
    url = make_url(postgresql_url)
    proxy = Proxy(url.host or "", url.port or 5432)
    yield proxy
    proxy.close()


@pytest.fixture
def engine(postgresql_url: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    monkeypatch.setattr(ImpatientConnection, "answers_within", 1.0)
    url = make_url(postgresql_url).set(host="127.0.0.1", port=proxy.port)
    engine = create_engine(url.render_as_string(hide_password=False))
    yield engine
    engine.dispose()


def answer(engine: Engine) -> int:
    with reading(engine) as session:
        return int(session.execute(text("SELECT 1")).scalar_one())


def test_a_server_that_does_not_answer_is_given_up_and_asked_anew_by_another_connection(
    engine: Engine, proxy: Proxy
) -> None:
    assert answer(engine) == 1
    proxy.passes.clear()
    began = time.monotonic()
    with pytest.raises(OperationalError, match="no answer for 1 s"):
        answer(engine)
    assert time.monotonic() - began < 5
    proxy.passes.set()
    assert answer(engine) == 1


def test_one_that_falls_silent_within_a_transaction_is_given_up(engine: Engine, proxy: Proxy) -> None:
    def fall_silent_within() -> None:
        with transaction(engine) as session:
            session.execute(text("SELECT 1"))
            proxy.passes.clear()
            session.execute(text("SELECT 2"))

    with pytest.raises(OperationalError, match="no answer"):
        fall_silent_within()
    proxy.passes.set()
    assert answer(engine) == 1


def test_what_the_server_itself_refuses_costs_no_connection(engine: Engine) -> None:
    with engine.connect() as connection:
        before = connection.execute(text("SELECT pg_backend_pid()")).scalar_one()
        connection.execute(text("SET statement_timeout = 100"))
        with pytest.raises(OperationalError, match="statement timeout"):
            connection.execute(text("SELECT pg_sleep(0.5)"))
        connection.rollback()
        assert connection.execute(text("SELECT pg_backend_pid()")).scalar_one() == before


def test_a_beat_that_is_not_answered_does_not_hold_up_the_gateway(engine: Engine, proxy: Proxy) -> None:
    lease = Lease(engine, "gateway", system_clock)
    assert lease.acquire(lambda _seconds: True)
    time.sleep(2.1)  # until a beat is due
    proxy.passes.clear()
    began = time.monotonic()
    lease.tend(Figures)
    assert time.monotonic() - began < 5


def test_a_peer_that_is_gone_is_found_by_the_socket(engine: Engine) -> None:
    with engine.connect() as connection:
        said = connection.connection.driver_connection.info.get_parameters()  # type: ignore[union-attr]
    assert {name: int(said[name]) for name in SOCKET_LIMITS} == SOCKET_LIMITS
