"""The web process: granian's workers, each with an application of its own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from granian import Granian
from granian.constants import Interfaces

from app import logs
from app.factory import create_app
from app.operations import FIGURES
from app.rsgi import Rsgi
from app.settings import Settings

WORKERS = 2
THREADS = 8


@contextmanager
def shared_figures() -> Iterator[None]:
    """Around the workers of a server, whose figures count together, from nothing at each start."""
    with TemporaryDirectory(prefix="akiseki-figures-") as folder:
        os.environ[FIGURES] = folder
        try:
            yield
        finally:
            del os.environ[FIGURES]


def application() -> Flask:
    """The application on the settings of the environment, for whatever WSGI server."""
    settings = Settings.from_env(os.environ)
    logs.configure(settings.log_format)
    return create_app(settings)


def worker() -> Rsgi:
    """What each worker runs."""
    return Rsgi(application(), THREADS)


def serve(
    *,
    host: str,
    port: int,
    workers: int = WORKERS,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
) -> None:
    """Answer HTTP on one port until told to stop. Requests under way are finished, for ten seconds at most."""
    server = Granian(
        "app.serve:worker",
        factory=True,
        address=host,
        port=port,
        interface=Interfaces.RSGI,
        workers=workers,
        websockets=False,
        log_level="warning",  # type: ignore[arg-type]
        respawn_failed_workers=True,
        workers_kill_timeout=10,
        ssl_cert=tls_cert,
        ssl_key=tls_key,
    )
    with shared_figures():
        server.serve()
