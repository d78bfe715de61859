"""Playing readings from a file: as if they came in now, told plainly, and never twice."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select

from app.bookings.models import Booking
from app.cli import akiseki
from app.clock import SteppingClock
from app.database import create_engine, reading, transaction
from app.events import Event
from app.jobs import sweep_once
from app.occupancy.models import DeadLetter, OccupancyChange, SensorState, StoredReading
from app.settings import Settings
from app.spaces.rules import Kind
from app.telework.service import Office
from app.usage.models import UsageSession
from sensor_gateway.handler import Handler
from sensor_gateway.messages import Envelope
from sensor_gateway.replay import Replay, Telling
from sensor_gateway.topics import native_topic
from tests.office import furnish, furnish_database
from tests.staff import book, hire

MORNING = datetime(2026, 4, 1, 0, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

Run = Callable[..., Result]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    engine = create_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def akiseki_replay(database_url: str, tmp_path: Path) -> Run:
    """`akiseki replay …` on the test's database."""

    def run(*arguments: str) -> Result:
        env = {"AKISEKI_DATABASE_URL": database_url, "AKISEKI_DATA_DIR": str(tmp_path)}
        return CliRunner().invoke(akiseki, ["replay", *arguments], env=env)

    return run


def line(sensor: str, seq: int, at: datetime, *, occupied: bool | None) -> str:
    return json.dumps(
        {
            "sensor_id": sensor,
            "boot": "b",
            "seq": seq,
            "observed_at": at.isoformat(),
            "occupied": occupied,
        }
    )


def written(path: Path, lines: Iterable[str]) -> str:
    path.write_text("".join(f"{one}\n" for one in lines))
    return str(path)


def rows(engine: Engine, of: type) -> int:
    with reading(engine) as session:
        return session.scalar(select(func.count()).select_from(of)) or 0


def told(result: Result) -> str:
    """The one line with which a command that failed ended."""
    assert result.exit_code != 0
    [only] = result.output.splitlines()
    return only


def test_a_file_is_stored_and_folded_once_however_often_it_is_played(
    database_url: str, engine: Engine, akiseki_replay: Run, tmp_path: Path
) -> None:
    furnish_database(database_url, ["desk-1"])
    hits = [line("desk-1", n, MORNING + n * MINUTE, occupied=n < 30) for n in range(60)]
    file = written(tmp_path / "day.jsonl", [*hits, "rubbish", line("ghost", 1, MORNING, occupied=True)])
    first = akiseki_replay(file)
    assert first.exit_code == 0
    assert first.stdout == (
        "62 lines: 60 readings stored, 0 stored before, 2 changes, 2 dead letters; unknown sensors: ghost\n"
    )
    assert "line 61: not_json" in first.stderr.splitlines()
    counted = [rows(engine, of) for of in (StoredReading, OccupancyChange, UsageSession, DeadLetter)]
    assert counted == [60, 2, 1, 2]
    second = akiseki_replay(file)
    assert "0 readings stored, 60 stored before, 0 changes, 2 dead letters" in second.stdout
    assert [rows(engine, of) for of in (StoredReading, OccupancyChange, UsageSession, DeadLetter)] == counted


def test_each_bad_line_becomes_a_dead_letter_that_names_it_and_the_next_line_is_played(
    database_url: str, engine: Engine, akiseki_replay: Run, tmp_path: Path
) -> None:
    furnish_database(database_url, ["desk-1"])
    good = [line("desk-1", n, MORNING + n * MINUTE, occupied=None) for n in range(9)]
    bad = {
        1: ('{"sensor_id": 7}', "sensor_id"),
        3: ("[1, 2]", "not_an_object"),
        5: ('{"sensor_id": "a/b"}', "sensor_id"),
        7: ('{"sensor_id": "desk-1", "observed_at": "2026-04-01T09:00:00"}', "observed_at"),
        9: ('{"sensor_id": "desk-1", "observed_at": "2026-04-01T00:09:00Z", "boot": 1}', "boot"),
        11: (json.dumps({"sensor_id": "desk-1", "pad": "x" * 1_000_000}), "too_large"),
        13: (line("desk-1", 99, MORNING - timedelta(days=31), occupied=True), "clock_behind"),
    }
    lines = list(good)
    for number, (text, _) in sorted(bad.items()):
        lines.insert(number - 1, text)
    result = akiseki_replay(written(tmp_path / "mixed.jsonl", lines))
    # On a slow machine it says in between how far it is.
    told = [one for one in result.stderr.splitlines() if not one.startswith("…")]
    assert told == [f"line {number}: {reason}" for number, (_, reason) in bad.items()]
    assert "9 readings stored, 0 stored before, 0 changes, 7 dead letters" in result.stdout
    with reading(engine) as session:
        letters = session.execute(select(DeadLetter.topic, DeadLetter.reason).order_by(DeadLetter.id)).all()
    assert [tuple(one) for one in letters] == [
        (f"replay/mixed.jsonl:{number}", reason) for number, (_, reason) in bad.items()
    ]


def test_a_line_that_is_not_utf_8_is_one_bad_line(
    database_url: str, akiseki_replay: Run, tmp_path: Path
) -> None:
    furnish_database(database_url, ["desk-1"])
    file = tmp_path / "latin.jsonl"
    file.write_bytes(line("desk-1", 1, MORNING, occupied=True).encode() + b"\n\xff\xfe\n")
    result = akiseki_replay(str(file))
    assert result.exit_code == 0
    assert result.stderr == "line 2: not_utf8\n"


def test_a_bad_file_ends_with_one_line_and_leaves_nothing(
    engine: Engine, akiseki_replay: Run, tmp_path: Path
) -> None:
    (tmp_path / "empty.jsonl").touch()
    (tmp_path / "picture.png").write_bytes(bytes(range(256)) * 4_000)
    assert "empty.jsonl is empty" in told(akiseki_replay(str(tmp_path / "empty.jsonl")))
    assert "line 1: not_json" in told(akiseki_replay(str(tmp_path / "picture.png")))
    assert "No such file" in told(akiseki_replay(str(tmp_path / "nothing.jsonl")))
    assert "directory" in told(akiseki_replay(str(tmp_path)))
    assert rows(engine, DeadLetter) == 0


def test_an_older_line_arrives_late_and_moves_nothing(
    database_url: str, engine: Engine, akiseki_replay: Run, tmp_path: Path
) -> None:
    furnish_database(database_url, ["desk-1"])
    lines = [line("desk-1", n, MORNING + n * MINUTE, occupied=False) for n in range(12)]
    late = [line("desk-1", 100 + n, MORNING + n * MINUTE, occupied=True) for n in range(3)]
    akiseki_replay(written(tmp_path / "late.jsonl", [*lines, *late]))
    assert rows(engine, StoredReading) == 15
    with reading(engine) as session:
        assert session.scalars(select(OccupancyChange.state)).all() == ["vacant"]


def test_speed_keeps_the_pace_of_the_readings(database_url: str, akiseki_replay: Run, tmp_path: Path) -> None:
    furnish_database(database_url, ["desk-1"])
    lines = [line("desk-1", n, MORNING + n * MINUTE, occupied=None) for n in range(4)]
    began = time.monotonic()
    akiseki_replay(written(tmp_path / "slow.jsonl", lines), "--speed", "300")
    assert 0.6 <= time.monotonic() - began < 5
    assert akiseki_replay(str(tmp_path / "slow.jsonl"), "--speed", "0").exit_code != 0


def morning_of_three(engine: Engine) -> list[str]:
    """Bookings and readings in which every step of the sweep has something to do."""
    with transaction(engine) as session:
        spaces = furnish(session, ["desk-1", "desk-2", "desk-3", "desk-4"], kind=Kind.BOOTH)
        people = hire(session, 3, now=MORNING)
        for person, space_id in zip(people, spaces, strict=False):
            start = MORNING + timedelta(minutes=30)
            book(session, person, space_id, start, timedelta(minutes=70), now=MORNING)
    present = {"desk-1": (29, 62), "desk-2": (0, 0), "desk-3": (0, 0), "desk-4": (0, 780)}
    found = []
    for minute in range(0, 12 * 60 + 10, 7):
        for sensor, (first, last) in present.items():
            # The third falls silent before its booking begins; the fourth is stuck.
            if sensor == "desk-3" and minute > 21:
                continue
            at = MORNING + minute * MINUTE + timedelta(seconds=ord(sensor[-1]))
            found.append(line(sensor, minute, at, occupied=first <= minute < last))
    return found


def facts(engine: Engine) -> list[object]:
    with reading(engine) as session:
        events = session.execute(
            select(Event.at, Event.kind, Event.subject)
            .where(Event.kind.startswith("booking."))
            .order_by(Event.id)
        ).all()
        changes = session.execute(
            select(
                OccupancyChange.space_id, OccupancyChange.state, OccupancyChange.since_at, OccupancyChange.at
            ).order_by(OccupancyChange.at, OccupancyChange.space_id)
        ).all()
        states = session.execute(select(SensorState.__table__).order_by(SensorState.sensor_id)).all()
        sessions = session.execute(select(UsageSession.__table__).order_by(UsageSession.id)).all()
        bookings = session.execute(select(Booking.__table__).order_by(Booking.id)).all()
    return [events, changes, states, sessions, bookings]


def test_what_comes_out_is_what_sweeping_all_the_time_would_have_made(
    migrated_sqlite: Path, tmp_path: Path
) -> None:
    office = Office.of(Settings())
    engines = []
    for name in ("replayed", "live"):
        (tmp_path / name).write_bytes(migrated_sqlite.read_bytes())
        engines.append(create_engine(f"sqlite:///{tmp_path / name}"))
    replayed, live = engines
    lines = morning_of_three(replayed)
    assert morning_of_three(live) == lines

    telling = Telling(lambda number, reason: pytest.fail(f"line {number}: {reason}"), lambda *_: None)
    sweeps = []

    def sweep(now: datetime) -> int:
        sweeps.append(now)
        return len(sweep_once(replayed, now, office).observed.changes)

    file = Path(written(tmp_path / "day.jsonl", lines))
    Replay(replayed, sweep, every=MINUTE, telling=telling).play(file)

    clock = SteppingClock(MORNING)
    handler = Handler(live, clock)
    waiting = list(lines)
    while waiting:
        sweep_once(live, clock.at, office)
        clock.advance(MINUTE)
        envelopes = []
        while waiting and (fields := json.loads(waiting[0]))["observed_at"] <= clock.at.isoformat():
            topic = native_topic(fields["sensor_id"], "reading")
            at = datetime.fromisoformat(fields["observed_at"])
            envelopes.append(Envelope(topic, waiting.pop(0).encode(), at))
        handler.handle(envelopes)

    found = facts(replayed)
    assert found == facts(live)
    kinds = [kind for _, kind, _ in found[0]]  # type: ignore[attr-defined]
    for kind in ("checked_in", "released", "kept", "ended_early", "completed"):
        assert f"booking.{kind}" in kinds
    with reading(replayed) as session:
        assert "suspect" in session.scalars(select(UsageSession.flag)).all()
    assert len(sweeps) < 300, "what nobody waits for is left out"
    for engine in engines:
        engine.dispose()
