"""The schema goes up and down on both databases, is what the models say, and refuses double booking by itself."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import insert, inspect, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import migrate
from app.bookings import guards
from app.bookings.models import Booking
from app.bookings.rules import LIVE, Origin, Status
from app.database import create_engine, transaction
from app.models import metadata
from app.spaces.rules import Lane
from tests.house import House, at

DEAD = [status for status in Status if status not in LIVE]


def row(house: House, who: str, where: str, start: str, end: str, **more: object) -> dict[str, object]:
    return {
        "space_id": house.spaces[where],
        "user_id": house.people[who].id,
        "lane": Lane.DESK,
        "start_at": at(start),
        "end_at": at(end),
        "status": Status.BOOKED,
        "origin": Origin.BOOKED,
        "made_at": at("08:00"),
        **more,
    }


def write(house: House, *rows: dict[str, object]) -> None:
    """Rows as no service would write them: past every rule, straight into the table."""
    with transaction(house.engine) as session:
        for one in rows:
            session.execute(insert(Booking), [one])


CLASHES = [
    pytest.param({}, {"who": "baba"}, id="one space for two people"),
    pytest.param({}, {"where": "window"}, id="two seats for one person"),
    pytest.param({}, {"who": "baba", "start": "10:59", "end": "12:00"}, id="by one minute"),
    pytest.param({}, {"who": "baba", "start": "09:00", "end": "18:00"}, id="around it"),
    pytest.param({}, {"who": "baba", "start": "10:15", "end": "10:30"}, id="inside it"),
    pytest.param({"status": Status.HELD}, {"who": "baba"}, id="a held one is in the way"),
    pytest.param({"status": Status.CHECKED_IN}, {"who": "baba"}, id="a checked-in one is in the way"),
]


def pair(
    house: House, first: dict[str, object], second: dict[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    def one(given: dict[str, object]) -> dict[str, object]:
        facts: dict[str, Any] = {"who": "aoki", "where": "seat", "start": "10:00", "end": "11:00"} | given
        who, where, start, end = (str(facts.pop(name)) for name in ("who", "where", "start", "end"))
        return row(house, who, where, start, end, **facts)

    return one(first), one(second)


@pytest.mark.parametrize(("first", "second"), CLASHES)
def test_the_database_refuses_a_second_one(
    house: House, first: dict[str, object], second: dict[str, object]
) -> None:
    stored, refused = pair(house, first, second)
    write(house, stored)
    with pytest.raises(IntegrityError):
        write(house, refused)


@pytest.mark.parametrize(("first", "second"), CLASHES)
@pytest.mark.parametrize("change", ["time", "status"])
def test_the_database_refuses_a_change_that_would_clash(
    house: House, first: dict[str, object], second: dict[str, object], change: str
) -> None:
    stored, moved = pair(house, first, second)
    before = (
        {**moved, "start_at": at("20:00"), "end_at": at("21:00")}
        if change == "time"
        else {**moved, "status": Status.RELEASED}
    )
    write(house, stored, before)
    values = {name: moved[name] for name in ("start_at", "end_at", "status")}
    with pytest.raises(IntegrityError), transaction(house.engine) as session:
        session.execute(update(Booking).where(Booking.id == 2).values(**values))


def test_neighbours_other_lanes_and_what_is_over_stand_in_nobodys_way(house: House) -> None:
    stored = row(house, "aoki", "seat", "10:00", "11:00")
    write(
        house,
        stored,
        row(house, "baba", "seat", "11:00", "12:00"),
        row(house, "baba", "seat", "09:00", "10:00"),
        row(house, "aoki", "booth", "10:00", "11:00", lane=Lane.ROOM),
        *(row(house, "baba", "seat", "10:00", "11:00", status=status) for status in DEAD),
    )


def test_a_held_offer_is_guarded_for_the_space_not_for_the_person(house: House) -> None:
    write(
        house,
        row(house, "aoki", "seat", "10:00", "11:00"),
        row(house, "aoki", "window", "10:00", "11:00", status=Status.HELD),
    )


def test_a_booking_of_nobody_clashes_for_the_space_only(house: House) -> None:
    write(
        house,
        row(house, "aoki", "seat", "10:00", "11:00", user_id=None),
        row(house, "aoki", "window", "10:00", "11:00", user_id=None),
    )
    with pytest.raises(IntegrityError):
        write(house, row(house, "aoki", "seat", "10:00", "11:00", user_id=None))


def test_a_booking_that_ends_before_it_starts_is_refused(house: House) -> None:
    for end in ("10:00", "09:00"):
        with pytest.raises(IntegrityError):
            write(house, row(house, "aoki", "seat", "10:00", end))


def test_up_down_and_up_again(database_url: str) -> None:
    migrate.downgrade(database_url, "base")
    engine = create_engine(database_url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert not migrate.is_current(engine)
    migrate.upgrade(database_url)
    assert migrate.is_current(engine)
    with Session(engine) as session:
        assert guards.missing(session) == []
    engine.dispose()


def test_the_schema_is_what_the_models_say(database_url: str) -> None:
    engine = create_engine(database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "include_object": _is_compared}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def _is_compared(item: object, name: str, kind: str, *_: object) -> bool:
    # PostgreSQL keeps an exclusion constraint in an index, which models do not know of: `guards` does.
    return not (kind == "index" and name.startswith("ex_bookings"))


def test_every_guard_that_is_taken_away_is_missed(house: House) -> None:
    postgresql = house.engine.dialect.name == "postgresql"
    for name in sorted(guards.CLASHES if postgresql else guards.SQLITE_TRIGGERS):
        with transaction(house.engine) as session:
            assert guards.missing(session) == []
            session.execute(
                text(f"ALTER TABLE bookings DROP CONSTRAINT {name}" if postgresql else f"DROP TRIGGER {name}")
            )
            assert guards.missing(session) == [name]
            session.rollback()


def test_a_batch_migration_that_loses_the_triggers_is_noticed(sqlite_url: str) -> None:
    """SQLite's ALTER is a copy of the table, and triggers do not move to the copy."""
    engine = create_engine(sqlite_url)
    with engine.begin() as connection:
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("bookings", recreate="always") as batch:
            batch.drop_column("title")
    with Session(engine) as session:
        assert guards.missing(session) == sorted(guards.SQLITE_TRIGGERS)
    engine.dispose()


def test_an_instant_is_stored_in_utc_and_a_naive_one_is_refused(house: House) -> None:
    write(house, row(house, "aoki", "seat", "10:00", "11:00"))
    with house.engine.connect() as connection:
        stored = str(connection.scalar(text("SELECT start_at FROM bookings")))
    assert stored.startswith("2026-11-24 01:00:00")
    with pytest.raises(Exception, match=r"naive|offset"):
        write(house, {**row(house, "aoki", "seat", "12:00", "13:00"), "start_at": datetime(2026, 11, 24, 12)})  # noqa: DTZ001
