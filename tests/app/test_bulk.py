"""Many rows by one parameter hold what single ones would."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import BigInteger, Boolean, Column, Engine, Integer, MetaData, Table, Text, select

from app.bulk import among, as_parameter, insert_rows
from app.database import create_engine, transaction
from app.occupancy.rules import Occupancy
from app.orm import UtcDateTime
from app.orm import enum_text as enum

THINGS = Table(
    "things",
    MetaData(),
    Column("id", Integer, primary_key=True),
    Column("name", Text),
    Column("number", BigInteger),
    Column("flag", Boolean),
    Column("at", UtcDateTime()),
    Column("state", enum(Occupancy)),
)
COLUMNS = ("name", "number", "flag", "at", "state")
ZONES = st.sampled_from([UTC, timezone(timedelta(hours=9)), timezone(-timedelta(hours=3, minutes=30))])
VALUES = st.tuples(
    st.none() | st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    st.none() | st.integers(-(2**53), 2**53),
    st.none() | st.booleans(),
    st.none() | st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=ZONES),  # noqa: DTZ001
    st.none() | st.sampled_from(Occupancy),
)


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    THINGS.create(engine)
    yield engine
    engine.dispose()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(given_rows=st.lists(VALUES, max_size=20))
def test_what_goes_in_comes_out(engine: Engine, given_rows: list[tuple[object, ...]]) -> None:
    with transaction(engine) as session:
        session.execute(THINGS.delete())
        session.execute(insert_rows(session, THINGS, COLUMNS), as_parameter(session, given_rows))
        found = session.execute(select(*(THINGS.c[name] for name in COLUMNS)).order_by(THINGS.c.id)).all()
        assert [tuple(row) for row in found] == given_rows


def test_it_stores_as_single_rows_do(engine: Engine) -> None:
    row = ("x", 1, True, datetime(2026, 4, 1, 9, 30, tzinfo=UTC), Occupancy.VACANT)
    with transaction(engine) as session:
        session.execute(insert_rows(session, THINGS, COLUMNS), as_parameter(session, [row]))
        session.execute(THINGS.insert(), [dict(zip(COLUMNS, row, strict=True))])
        raw = session.connection().exec_driver_sql(f"SELECT {', '.join(COLUMNS)} FROM things").all()  # noqa: S608
    assert raw[0] == raw[1]


def test_a_naive_instant_is_refused(engine: Engine) -> None:
    with transaction(engine) as session, pytest.raises(TypeError, match="cannot be stored"):
        as_parameter(session, [(datetime(2026, 4, 1),)])  # noqa: DTZ001


@pytest.mark.parametrize("count", [0, 1, 3_000])
def test_what_is_among_many_is_found(engine: Engine, count: int) -> None:
    names = [f"席 {number}" for number in range(count)]
    with transaction(engine) as session:
        rows = [(name, number, None, None, None) for number, name in enumerate([*names, "other"])]
        session.execute(insert_rows(session, THINGS, COLUMNS), as_parameter(session, rows))
        by_name = select(THINGS.c.number).where(among(session, THINGS.c.name, names)).order_by(THINGS.c.id)
        by_number = (
            select(THINGS.c.name).where(among(session, THINGS.c.number, range(count))).order_by(THINGS.c.id)
        )
        assert session.scalars(by_name).all() == list(range(count))
        assert session.scalars(by_number).all() == names
