"""Bookings and views of a floor beside the least that could do the same.

    python -m tests.benchmarks.http [--bookings 200000] [--calls 1000] [--database URL] [--quick]

500 spaces, 200,000 bookings stored; what is set beside each operation stands in `tests.benchmarks.measured`. One JSON
line, times in milliseconds:

    {"bookings_per_s": …, "bookings_ratio": …, "view_p95_ms": …, "view_p95_ratio": …}

`bookings_ratio` is our speed by that of the least (0.5 at least is wanted), `view_p95_ratio` our time by that of the
least (2 at most is wanted).
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path

from app.clock import system_clock
from app.database import create_engine, transaction
from app.extensions import db
from app.factory import create_app
from app.settings import Settings
from tests.benchmarks import measured, seeding
from tests.benchmarks.databases import fresh_database

BOOKINGS, CALLS = 200_000, 1_000
QUICK_BOOKINGS, QUICK_CALLS = 10_000, 60
WARMING = 50
RATE = "1000000/second"


def run(bookings: int, calls: int, server: str) -> dict[str, float]:
    """Measure on a fresh database; `server` as `fresh_database` wants it."""
    now = system_clock()
    with tempfile.TemporaryDirectory() as folder, fresh_database(server, Path(folder)) as url:
        engine = create_engine(url)
        with transaction(engine) as session:
            spaces, tokens = seeding.settle_in(session, now)
        seeding.add_history(engine, 0, bookings, now)
        seeding.analyze(engine)
        app = create_app(Settings(database_url=url, secret_key="k" * 32, clock=system_clock, api_rate=RATE))
        office = measured.Office(spaces, tokens, seeding.morning(now), measured.floor_id(engine))
        ours, bare = app.test_client(), measured.bare_app(engine).test_client()
        measured.book(office, ours, bare, 0, WARMING)  # the first calls load and prepare
        booked = measured.book(office, ours, bare, WARMING, calls)
        viewed = measured.view(office, ours, engine, max(calls // 5, measured.VIEWS_AT_LEAST))
        with app.app_context():
            db.engine.dispose()
        engine.dispose()
    return {
        "bookings_per_s": round(len(booked.ours) / sum(booked.ours)),
        "bookings_ratio": round(booked.ratio, 2),
        "view_p95_ms": round(1000 * viewed.p95(viewed.ours), 1),
        "view_p95_ratio": round(viewed.p95(viewed.ours) / viewed.p95(viewed.least), 2),
    }


def main() -> None:
    """Read the arguments, measure, print one line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--bookings", type=int, default=BOOKINGS)
    parser.add_argument("--calls", type=int, default=CALLS)
    parser.add_argument("--database", default="", help="a PostgreSQL database whose user may create others")
    parser.add_argument("--quick", action="store_true", help="10,000 bookings stored, 60 calls")
    given = parser.parse_args()
    bookings, calls = (QUICK_BOOKINGS, QUICK_CALLS) if given.quick else (given.bookings, given.calls)
    print(json.dumps(run(bookings, calls, given.database)))


if __name__ == "__main__":
    main()
