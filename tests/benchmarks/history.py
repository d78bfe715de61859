"""Does the house grow slower with its history? Bookings and views with 0, 200 thousand and 5 million bookings stored.

    python -m tests.benchmarks.history [--sizes 0,200000,5000000] [--readings 10000000] [--calls 300] [--database URL]

The readings are stored with the last size. One JSON line: for each size the middle milliseconds of a booking and of a
floor's view and how each stands to the least (`tests.benchmarks.measured`); `growth`: by how much the house fell behind
the least from the first size to the last, which may be 1.5 at most; `slower`: the same of the bare milliseconds, which
mean something on a quiet machine only.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from app.clock import system_clock
from app.database import create_engine, transaction
from app.extensions import db
from app.factory import create_app
from app.settings import Settings
from tests.benchmarks import measured, seeding
from tests.benchmarks.databases import fresh_database


def run(
    sizes: Sequence[int], readings: int, calls: int, database: str
) -> dict[str, dict[str, dict[str, float]] | dict[str, float]]:
    """Measure at each size on a fresh database."""
    with tempfile.TemporaryDirectory() as folder, fresh_database(database, Path(folder)) as url:
        engine = create_engine(url)
        now = system_clock()
        with transaction(engine) as session:
            spaces, tokens = seeding.settle_in(session, now)
        app = create_app(Settings(database_url=url, secret_key="k" * 32, clock=system_clock))
        office = measured.Office(spaces, tokens, seeding.morning(now), measured.floor_id(engine))
        ours, bare = app.test_client(), measured.bare_app(engine).test_client()
        measured.book(office, ours, bare, 0, 20)  # the first calls load and prepare
        found: dict[str, dict[str, float]] = {}
        stored = 0
        for number, size in enumerate(sizes):
            seeding.add_history(engine, stored, size - stored, now)
            stored = size
            if size == sizes[-1]:
                seeding.add_readings(engine, readings, now)
            seeding.analyze(engine)
            booked = measured.book(office, ours, bare, 20 + number * calls, calls)
            viewed = measured.view(office, ours, engine, max(calls // 5, measured.VIEWS_AT_LEAST))
            found[str(size)] = {
                "booking_ms": round(1000 * median(booked.ours), 2),
                "bookings_ratio": round(booked.ratio, 2),
                "view_ms": round(1000 * median(viewed.ours), 2),
                "view_p95_ratio": round(viewed.p95(viewed.ours) / viewed.p95(viewed.least), 2),
            }
            print(size, found[str(size)], file=sys.stderr)
        with app.app_context():
            db.engine.dispose()
        engine.dispose()
    first, last = found[str(sizes[0])], found[str(sizes[-1])]
    growth = {
        "booking": round(first["bookings_ratio"] / last["bookings_ratio"], 2),
        "view": round(last["view_p95_ratio"] / first["view_p95_ratio"], 2),
    }
    slower = {name: round(last[f"{name}_ms"] / first[f"{name}_ms"], 2) for name in ("booking", "view")}
    return {"sizes": found, "growth": growth, "slower": slower}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="0,200000,5000000")
    parser.add_argument("--readings", type=int, default=10_000_000)
    parser.add_argument("--calls", type=int, default=300)
    parser.add_argument("--database", default="", help="any database of a PostgreSQL server; SQLite without")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    print(json.dumps(run(sizes, given.readings, given.calls, given.database)))


if __name__ == "__main__":
    main()
