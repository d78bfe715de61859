"""For whoever runs the office's machine: does it live, is it ready, how busy is it."""

from __future__ import annotations

import os

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import OperationalError

from app import database, events
from app.access import allow
from app.bookings import guards
from app.extensions import db
from app.http import problem
from app.migrate import is_current

# Set around the workers of one server (`serve`), which then count together.
FIGURES = "PROMETHEUS_MULTIPROC_DIR"


def register(app: Flask) -> None:
    """`/healthz`, `/readyz` and `/metrics`, and the counting of requests."""
    counted = _counted(app)

    @app.get("/healthz")
    @allow()
    def healthz() -> Response:
        """The process lives."""
        return jsonify(status="ok")

    @app.get("/readyz")
    @allow()
    def readyz() -> Response:
        """The database answers, stands at the newest migration, and its guards stand."""
        try:
            with database.reading(db.engine) as found:
                missing = guards.missing(found) + events.missing_guards(found)
            current = is_current(db.engine)
        except OperationalError:
            return problem(503, "database.unreachable")
        if missing or not current:
            return problem(503, "database.not_ready", facts={"missing_guards": missing, "migrated": current})
        return jsonify(status="ready")

    @app.get("/metrics")
    @allow()
    def metrics() -> Response:
        """Of all workers of this server together."""
        shown = counted
        if FIGURES in os.environ:
            shown = CollectorRegistry()
            MultiProcessCollector(shown)  # type: ignore[no-untyped-call]
        return Response(generate_latest(shown), content_type="text/plain; version=0.0.4; charset=utf-8")


def _counted(app: Flask) -> CollectorRegistry:
    """Count the requests of an application, and how long they take."""
    if FIGURES in os.environ:
        # The library chose where it counts when it was imported, which may have been before the folder stood.
        values.ValueClass = values.get_value_class()  # type: ignore[no-untyped-call]
    registry = CollectorRegistry()
    requests = Counter(
        "akiseki_http_requests", "Requests answered", ("method", "endpoint", "status"), registry=registry
    )
    seconds = Histogram("akiseki_http_seconds", "Time to answer", ("endpoint",), registry=registry)

    @app.before_request
    def begin() -> None:
        g.timer = seconds.labels(request.endpoint or "none").time()
        g.timer.__enter__()

    @app.after_request
    def end(response: Response) -> Response:
        if "timer" in g:
            g.timer.__exit__(None, None, None)
        requests.labels(request.method, request.endpoint or "none", response.status_code).inc()
        return response

    return registry
