"""Years of an office in minutes: bookings, their events and readings, made by the database itself from numbers.

Booking `k` is of space `k mod spaces` and person `k mod people`; a space's bookings last 45 minutes and follow each
other every hour, back from `before`. The bookings of the next size continue where those of the last ended.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, text
from sqlalchemy.orm import Session

from app.database import transaction
from app.patience import ImpatientConnection
from app.people import service as people
from app.people.models import Membership, User
from tests.office import furnish, sensor_ids

SPACES = 500
PEOPLE = 1_000
ASKING = 100  # of them have a token
CHUNK = 200_000  # one statement stays well under the server's limit
SERIES = {
    "postgresql": "generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) AS n(k)",
    "sqlite": "(WITH RECURSIVE s(k) AS (SELECT :first UNION ALL SELECT k + 1 FROM s WHERE k < :last)"
    " SELECT k FROM s) AS n",
}
AGO = {
    "postgresql": "CAST(:before AS timestamptz) - (({0}) * interval '1 minute')",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S.000000', :before, '-' || ({0}) || ' minutes')",
}
BOOKINGS = """INSERT INTO bookings (space_id, user_id, lane, start_at, end_at, status, reason, origin, title,
    guest_name, made_at, made_by, ended_at, reclaimed, version)
    SELECT (SELECT min(id) FROM spaces) + k % {spaces}, (SELECT min(id) FROM users) + k % {people}, 'desk',
    {start}, {end}, 'completed', 'ended', 'booked', '', '', {start}, (SELECT min(id) FROM users) + k % {people},
    {end}, {no}, 3 FROM {series}"""
EVENTS = """INSERT INTO events (at, kind, subject, actor_id, data)
    SELECT {start}, 'booking.made', 'booking:' || (k + 1), (SELECT min(id) FROM users) + k % {people}, '{{}}'
    FROM {series}"""
READINGS = """INSERT INTO readings (sensor_id, boot, seq, observed_at, received_at, occupied, history)
    SELECT 'desk-' || substr(CAST(10001 + k % {spaces} AS text), 2), 'b007', k, {start}, {start}, k % 2 = 0, {no}
    FROM {series}"""


def settle_in(session: Session, now: datetime) -> tuple[list[int], list[str]]:
    """An office of SPACES seats and PEOPLE people of one section; returns spaces and tokens."""
    section = people.add_section(session, "bench", name="計測課")
    users = [User(email=f"user-{number}@example.jp", name=f"user-{number}") for number in range(PEOPLE)]
    session.add_all(users)
    session.flush()
    session.add_all(Membership(user_id=one.id, section_id=section.id, from_on=now.date()) for one in users)
    tokens = [people.issue_token(session, user, now=now) for user in users[:ASKING]]
    return furnish(session, sensor_ids(SPACES)), tokens


def add_history(engine: Engine, first: int, count: int, before: datetime) -> None:
    """Bookings of the past and their events, numbered from `first`."""
    start, end = "(k / {spaces} + 1) * 60", "(k / {spaces} + 1) * 60 - 45"
    _fill(engine, (BOOKINGS, EVENTS), first, count, before, start=start, end=end)


def add_readings(engine: Engine, count: int, before: datetime) -> None:
    """So many readings, one a minute and sensor, back from `before`."""
    _fill(engine, (READINGS,), 0, count, before, start="k / {spaces} + 1", end="0")


def analyze(engine: Engine) -> None:
    """What the server does by itself in the night: let its planner know what there is."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if engine.dialect.name == "postgresql":
            _wait_for_all(connection)
            connection.execute(text("SET statement_timeout = 0"))
            connection.execute(text("VACUUM ANALYZE"))
            connection.execute(text("RESET statement_timeout"))
        else:
            connection.execute(text("ANALYZE"))


def _wait_for_all(connection: Connection) -> None:
    """However long its statements take."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, ImpatientConnection)
    driver.answers_within = None


def _fill(
    engine: Engine,
    statements: tuple[str, ...],
    first: int,
    count: int,
    before: datetime,
    *,
    start: str,
    end: str,
) -> None:
    dialect = engine.dialect.name
    ago = AGO[dialect]
    given = before.astimezone(UTC).replace(microsecond=0)
    instant = given if dialect == "postgresql" else given.strftime("%Y-%m-%d %H:%M:%S")
    for begin in range(first, first + count, CHUNK):
        last = min(begin + CHUNK, first + count) - 1
        with transaction(engine) as session:
            if dialect == "postgresql":
                # The numbers are right by construction: no look at users and spaces for each of millions of rows.
                session.execute(text("SET LOCAL session_replication_role = replica"))
                session.execute(text("SET LOCAL statement_timeout = 0"))
                _wait_for_all(session.connection())
            for statement in statements:
                filled = statement.format(
                    spaces=SPACES,
                    people=PEOPLE,
                    start=ago.format(start.format(spaces=SPACES)),
                    end=ago.format(end.format(spaces=SPACES)),
                    no="false",
                    series=SERIES[dialect],
                )
                session.execute(text(filled), {"first": begin, "last": last, "before": instant})


def morning(now: datetime) -> datetime:
    """The whole hour, a day ahead, from which the measured bookings begin."""
    return (now + timedelta(days=1)).replace(minute=0, second=0, microsecond=0)
