"""A database of its own for each run of a benchmark."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

import sqlalchemy
from sqlalchemy import make_url, text

from app.migrate import upgrade


@contextmanager
def fresh_database(server: str, folder: Path) -> Iterator[str]:
    """The address of a migrated, empty database: a file in `folder`, or a new one on the server of an address.

    `server`: the address of any PostgreSQL database whose user may create others; empty for SQLite. The new
    database is dropped at the end.
    """
    if not server:
        url = f"sqlite:///{folder / 'akiseki.db'}"
        upgrade(url)
        yield url
        return
    name = f"akiseki_bench_{token_hex(4)}"
    engine = sqlalchemy.create_engine(server, isolation_level="AUTOCOMMIT")
    try:
        with engine.connect() as connection:
            connection.execute(text(f'CREATE DATABASE "{name}"'))
        try:
            url = make_url(server).set(database=name).render_as_string(hide_password=False)
            upgrade(url)
            yield url
        finally:
            with engine.connect() as connection:
                connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    finally:
        engine.dispose()
