"""The product's web processes on free ports, and clients that keep their connection."""

from __future__ import annotations

import http.client
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

from app.settings import PREFIX
from sensor_gateway.servers import free_port, start_server
from tests.servers.waiting import wait_until

ANSWER_SECONDS = 60.0
STOP_SECONDS = 20.0


@contextmanager
def web_processes(
    count: int, database_url: str, folder: Path, settings: Mapping[str, str] | None = None
) -> Iterator[list[int]]:
    """`count` times `akiseki serve` on one database; yields their ports when all are ready."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(PREFIX)} | {
        PREFIX + "DATABASE_URL": database_url,
        PREFIX + "DATA_DIR": str(folder),
        PREFIX + "SECRET_KEY": "a key for tests that nobody else signs in to",
        **{PREFIX + name: value for name, value in (settings or {}).items()},
    }
    with ExitStack() as stack:
        ports = []
        for number in range(count):
            port = free_port()
            command = [sys.executable, "-m", "app", "serve", "--port", str(port)]
            process = start_server(command, output=folder / f"web-{number}.log", environment=environment)
            stack.callback(process.wait, STOP_SECONDS)
            stack.callback(process.terminate)
            ports.append(port)
        for port in ports:
            wait_until(lambda port=port: _is_ready(port), seconds=60)  # type: ignore[misc]
        yield ports


def _is_ready(port: int) -> bool:
    try:
        with closing(Client(port)) as client:
            return client.request("GET", "/readyz").status == 200
    except OSError:
        return False


class Answer:
    """What a server answered, and how long it took."""

    def __init__(self, status: int, body: Any, seconds: float) -> None:
        self.status = status
        self.body = body
        self.seconds = seconds


class Client:
    """One person's connection to one web process. Status 0: no answer came."""

    def __init__(self, port: int, token: str = "") -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def close(self) -> None:
        self._connection.close()

    def request(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        started = perf_counter()
        self._connection.request(
            method,
            path,
            json.dumps(body) if body is not None else None,
            {**self._headers, **(headers or {})},
        )
        answer = self._connection.getresponse()
        raw = answer.read()
        seconds = perf_counter() - started
        return Answer(answer.status, json.loads(raw) if raw else None, seconds)

    def try_request(self, *args: Any) -> Answer:
        """As `request`, but a broken connection is an answer with status 0."""
        started = perf_counter()
        try:
            return self.request(*args)
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return Answer(0, None, perf_counter() - started)
