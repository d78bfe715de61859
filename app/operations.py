"""For whoever runs the office's machine: does it live, is it ready, how busy is it."""

from __future__ import annotations

import os

from flask import Flask, Response, g, jsonify, request
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from sqlalchemy.exc import DBAPIError, OperationalError

from app import database, events
from app.access import allow
from app.bookings import guards
from app.extensions import db
from app.http import now, problem, settings
from app.migrate import is_current
from app.notifications.mail import waiting
from app.occupancy.gateways import is_at_work, list_gateways
from app.occupancy.health import health, kept_gaps
from app.occupancy.troubles import counted, needs_look
from app.people import guards as sections
from app.telework import guards as day_log

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
                missing = [
                    *guards.missing(found),
                    *events.missing_guards(found),
                    *day_log.missing(found),
                    *sections.missing(found),
                ]
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
        said = generate_latest(shown) + generate_latest(_of_the_office())
        return Response(said, content_type="text/plain; version=0.0.4; charset=utf-8")


def _of_the_office() -> CollectorRegistry:
    """What the sensors, the gateways and the mail are at, as the database has it; nothing where it does not answer."""
    registry = CollectorRegistry()
    try:
        with database.reading(db.engine) as found:
            sensors, working = counted(found, now()), list_gateways(found)
            watching, gaps = health(found, now(), count_gaps=False), kept_gaps(found)
            mails = waiting(found, now())
    except DBAPIError:
        return registry
    Gauge("akiseki_mails_waiting", "Mails that the server has not taken yet", registry=registry).set(
        mails.count
    )
    Gauge("akiseki_mails_waiting_seconds", "Since when the first of them waits", registry=registry).set(
        (now() - mails.since).total_seconds() if mails.since else 0
    )
    by_state = Gauge("akiseki_sensors", "Sensors, by what they say", ("state",), registry=registry)
    for state, count in sensors.by_state.items():
        by_state.labels(state).set(count)
    Gauge("akiseki_sensors_battery_low", "At 15 per cent or less", registry=registry).set(sensors.low_battery)
    Gauge("akiseki_sensors_suspect", "Occupied for over 12 hours", registry=registry).set(sensors.suspect)
    Gauge("akiseki_dead_letters", "Messages kept that nobody could read", registry=registry).set(
        sensors.dead_letters
    )
    well = Gauge(
        "akiseki_sensor_well",
        "Whether nothing but lost readings is wrong with a sensor that watches a space",
        ("sensor",),
        registry=registry,
    )
    lost = Gauge(
        "akiseki_sensor_readings_missing",
        "Readings that a sensor numbered and that never came, of those that are kept",
        ("sensor",),
        registry=registry,
    )
    restarts = Gauge(
        "akiseki_sensor_restarts",
        "Restarts of a sensor among what is kept: what it said last before may be lost, too",
        ("sensor",),
        registry=registry,
    )
    for sensor in watching:
        well.labels(sensor.sensor_id).set(not needs_look(sensor))
        lost.labels(sensor.sensor_id).set(sensor.missing)
        restarts.labels(sensor.sensor_id).set(sensor.restarts)
    # As a gauge, since what comes late after all fills its gap.
    Gauge("akiseki_readings_missing", "Readings missing of all sensors", registry=registry).set(
        sum(one.missing for one in gaps.values())
    )
    at_work = Gauge(
        "akiseki_gateway_at_work", "Whether it beats; another may wait", ("gateway",), registry=registry
    )
    figures = {
        name: Gauge(f"akiseki_gateway_{name}", text, ("gateway",), registry=registry)
        for name, text in GATEWAY_FIGURES.items()
    }
    for one in working:
        beats = is_at_work(one, now(), settings().speed)
        at_work.labels(one.name).set(beats)
        for name, gauge in figures.items():
            gauge.labels(one.name).set(getattr(one, name) if beats or name not in OF_THE_MOMENT else 0)
    return registry


# Since each gateway began to work; as gauges, since they begin anew with it.
GATEWAY_FIGURES = {
    "connected": "Whether it has a connection to the broker",
    "messages": "Messages taken",
    "stored": "Readings stored",
    "repeated": "Readings that were stored before",
    "dead": "Messages that nobody could read",
    "changes": "Confirmed changes",
    "per_minute": "Messages a minute, of late",
    "lag_ms": "How old the newest readings were when they were stored, in milliseconds; "
    "negative: its machine's clock is behind by so much, and nothing is stored",
    "broker_holds": "Messages that the broker holds",
    "broker_dropped": "Messages that the broker dropped since it started",
}
# What one that does not work does not do.
OF_THE_MOMENT = {"connected", "per_minute"}


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
