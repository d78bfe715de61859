"""The clock's work: one process, one leader. State is rows, never timers, so a restart loses nothing."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import TextIO

from apscheduler.schedulers.background import BackgroundScheduler
from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import OperationalError

from app import pipeline
from app.calendar import working_days
from app.database import create_engine, reading, transaction
from app.errors import Conflict
from app.factory import create_app
from app.idempotency import forget_old
from app.occupancy.flapping import find_flapping, keep_flapping
from app.occupancy.health import keep_gaps, sequence_gaps
from app.people.signing_out import forget_over
from app.records import erasing
from app.searches import Searches
from app.settings import Settings
from app.stopping import stop_signals
from app.telework.approval import digest
from app.telework.daylog.rerun import days_to_write_anew
from app.telework.service import Office, days_to_close
from app.telling import Telling

log = logging.getLogger("akiseki.jobs")
LEADER_LOCK = 0x616B6973  # "akis"
CLOSING_SECONDS = 60
DRAWING_SECONDS = 30
KEEPING_SECONDS = 600
TELLING_SECONDS = 5
FORGET_SECONDS = 3600
TROUBLES_SECONDS = 600
WAITING_SECONDS = 600
SEARCHING_SECONDS = 2
FASTEST_SECONDS = 0.25


class Leadership:
    """At most one process does the jobs: a session's advisory lock on PostgreSQL, a locked file beside SQLite.

    Both are given back by the system when their holder dies, so that a standby can take over.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._held: Connection | TextIO | None = None
        self._turn = Lock()  # two jobs of this process may ask at once

    def is_ours(self) -> bool:
        """Whether this process leads; takes the lead where nobody has it."""
        with self._turn:
            return (
                self._lead_postgresql() if self._engine.dialect.name == "postgresql" else self._lead_sqlite()
            )

    def _lead_sqlite(self) -> bool:
        if self._held is None:
            lock = Path(f"{self._engine.url.database}.jobs-lock")
            file = lock.open("w")
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                return False
            self._held = file
        return True

    def give_up(self) -> None:
        """Let a standby lead."""
        if isinstance(self._held, Connection):
            # Said, not left to the closing: back in the pool the connection would keep it.
            self._held.execute(text("SELECT pg_advisory_unlock(:key)"), {"key": LEADER_LOCK})
        if self._held is not None:
            self._held.close()
            self._held = None

    def _lead_postgresql(self) -> bool:
        if not isinstance(self._held, Connection):
            connection = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            if not connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LEADER_LOCK}):
                connection.close()
                return False
            self._held = connection
            return True
        try:
            self._held.execute(text("SELECT 1"))
        except OperationalError:
            # The database went away, and with it our lock: begin again as everybody else.
            self._held.invalidate()
            self._held = None
            raise
        return True


def forget(engine: Engine, now: datetime, _office: Office) -> None:
    """Forget answers and ended sessions that nobody can ask for any more."""
    forget_old(engine, now)
    forget_over(engine, now)


def sweep_once(engine: Engine, now: datetime, office: Office) -> pipeline.Swept:
    """One sweep in one transaction."""
    with transaction(engine) as session:
        return pipeline.sweep(session, now, office)


def close_due_days(engine: Engine, now: datetime, office: Office) -> int:
    """Close every day that is over, each in a transaction of its own; returns how many."""
    with reading(engine) as session:
        due = days_to_close(session, now, office)
    for on in due:
        with transaction(engine) as session:
            pipeline.close_day(session, on, now, office, working_days(session, on.year))
    return len(due)


def write_days_anew(engine: Engine, now: datetime, office: Office) -> int:
    """Write anew every closed day that later facts may have changed, a transaction each; returns how many."""
    with reading(engine) as session:
        due = days_to_write_anew(session, now, office)
    for on in due:
        try:
            with transaction(engine) as session:
                pipeline.close_day(session, on, now, office, working_days(session, on.year))
        except Conflict as closed:
            log.info("its month was closed meanwhile: %s", closed.facts["on"])
    return len(due)


def note_troubles(engine: Engine, now: datetime, _office: Office) -> int:
    """Tell what is newly wrong with sensors; returns how much. Which of them flap is read first: nobody waits."""
    with reading(engine) as session:
        turning = find_flapping(session, now)
    with transaction(engine) as session:
        keep_flapping(session, turning, now=now)
        return pipeline.note_sensor_troubles(session, now)


def count_gaps(engine: Engine, _now: datetime, _office: Office) -> int:
    """Count what sensors numbered that never came, and their restarts; returns how much never came. Read first: it
    takes long, and nobody waits."""
    with reading(engine) as session:
        gaps = sequence_gaps(session)
    with transaction(engine) as session:
        keep_gaps(session, gaps)
    return sum(one.missing for one in gaps.values())


def note_waiting(engine: Engine, now: datetime, office: Office) -> int:
    """Tell who decides on plans what waits; returns how many were told."""
    with transaction(engine) as session:
        calendar = working_days(session, office.day(now).year)
        return digest.note_waiting(session, now, office, calendar)


def draw_due_lots(engine: Engine, now: datetime, office: Office) -> int:
    """Draw every zone whose hour has come, each in a transaction of its own; returns how many. One that fails keeps no
    other from being drawn."""
    with reading(engine) as session:
        due = pipeline.due_draws(session, now)
    drawn = 0
    for draw_id in due:
        try:
            with transaction(engine) as session:
                pipeline.draw_lots(session, draw_id, now, office)
            drawn += 1
        except Exception:
            log.exception("draw %s failed; trying again at the next turn", draw_id)
    return drawn


def keep_due(engine: Engine, now: datetime, settings: Settings) -> dict[str, int] | None:
    """Erase what need not be kept, once an office day, after the day before has closed (RULES 19)."""
    local = now.astimezone(settings.timezone)
    if local.time() < settings.hours.day_closes:
        return None
    counts = erasing.erase_once_a_day(
        engine, settings.keeping, now=now, today=local.date(), timezone=settings.timezone
    )
    if counts:
        log.info("erased: %s", ", ".join(f"{name} {count}" for name, count in counts.items()))
    return counts


def run(settings: Settings) -> None:
    """Sweep and close days until told to stop. Every job is idempotent; one that fails is tried at its next turn."""
    engine = create_engine(settings.database_url)
    office = Office.of(settings)
    leadership = Leadership(engine)
    scheduler = BackgroundScheduler(
        job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None}
    )

    def led(job: Callable[[Engine, datetime, Office], object]) -> Callable[[], None]:
        def do() -> None:
            try:
                if leadership.is_ours():
                    job(engine, settings.clock(), office)
            except OperationalError as error:
                log.warning("the database did not answer; trying again at the next turn: %s", error.orig)

        return do

    def every(seconds: float) -> float:
        return max(FASTEST_SECONDS, seconds / settings.speed)

    scheduler.add_job(led(sweep_once), "interval", seconds=every(settings.sweep_seconds), id="sweep")
    scheduler.add_job(led(close_due_days), "interval", seconds=every(CLOSING_SECONDS), id="close_days")
    scheduler.add_job(led(write_days_anew), "interval", seconds=every(CLOSING_SECONDS), id="write_anew")
    scheduler.add_job(
        led(forget),
        "interval",
        seconds=every(FORGET_SECONDS),
        id="forget",
    )
    scheduler.add_job(led(draw_due_lots), "interval", seconds=every(DRAWING_SECONDS), id="draw_lots")
    searches = Searches()
    scheduler.add_job(
        led(lambda engine, at, _office: searches.begin_next(engine, at)),
        "interval",
        seconds=SEARCHING_SECONDS,
        id="rotations",
    )
    scheduler.add_job(led(note_troubles), "interval", seconds=every(TROUBLES_SECONDS), id="troubles")
    scheduler.add_job(led(count_gaps), "interval", seconds=every(TROUBLES_SECONDS), id="gaps")
    scheduler.add_job(led(note_waiting), "interval", seconds=every(WAITING_SECONDS), id="waiting")
    telling = Telling(create_app(settings), engine, settings)
    for name, tell in telling.jobs.items():
        scheduler.add_job(
            led(lambda *_given, tell=tell: tell()), "interval", seconds=every(TELLING_SECONDS), id=name
        )

    scheduler.add_job(
        led(lambda engine, now, _office: keep_due(engine, now, settings)),
        "interval",
        seconds=every(KEEPING_SECONDS),
        id="keep",
    )

    log.info("jobs run; sweep every %g s", every(settings.sweep_seconds))
    # Not stopped by the signal's handler: it may interrupt the scheduler, whose locks would then wait for themselves.
    with stop_signals() as stop:
        scheduler.start()
        stop.wait()
        scheduler.shutdown()
    searches.stop()
    leadership.give_up()
    engine.dispose()
