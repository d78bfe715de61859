"""What both forms of the demo stand on: a migrated database with the sample office, a broker, the day's script."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app import migrate
from app.calendar import public_holidays
from app.database import create_engine, reading, transaction
from app.demo import day as script
from app.demo import history, office, people, telework
from app.settings import Settings
from app.spaces.models import SensorBinding, Site, Space
from app.spaces.rules import Kind
from app.telework.service import Office
from sensor_gateway.broker import GATEWAY_USER, Broker, new_password

FOCUS = (Kind.FOCUS_SEAT,)
ROOMS = (Kind.BOOTH, Kind.MEETING_BOOTH, Kind.OPEN_MEETING)


class NotEmptyError(RuntimeError):
    """The demo would mix its sample office with somebody's own."""


@dataclass(frozen=True, slots=True)
class Stage:
    """The office before the day begins: sensors by space code, people's tokens in their order."""

    settings: Settings
    engine: Engine
    sensors: Mapping[str, str]
    kinds: Mapping[str, Kind]
    tokens: list[str]
    credentials: Mapping[str, str]

    def day(self, on: date) -> script.Day:
        """The script of a day in this office."""
        return script.script(
            on,
            self.settings.timezone,
            _sections(self.kinds),
            focus=_codes(self.kinds, FOCUS),
            rooms=_codes(self.kinds, ROOMS),
        )


def _sections(kinds: Mapping[str, Kind]) -> list[script.Section]:
    """Each section's people and the seats of its zone, by the kinds of the spaces."""
    per = office.PER_SECTION
    return [
        script.Section(
            range(n * per, (n + 1) * per), [code for code in kinds if code.startswith(f"{block.prefix}-")]
        )
        for n, block in enumerate(office.BLOCKS[: len(office.SECTIONS)])
    ]


def _codes(kinds: Mapping[str, Kind], wanted: Collection[Kind]) -> list[str]:
    return [code for code, kind in kinds.items() if kind in wanted]


def _scene(session: Session, of: Office, on: date) -> history.Scene:
    """The office that the past happens in."""
    rows = session.execute(select(Space.code, Space.kind).order_by(Space.code)).all()
    kinds = {row.code: row.kind for row in rows}
    return history.scene(
        session,
        of,
        on,
        _sections(kinds),
        rooms=_codes(kinds, ROOMS),
        focus=_codes(kinds, FOCUS),
        week=[telework.WEEK, telework.WEEK, telework.COUNTERS_WEEK],
    )


def opening(now: datetime, zone: ZoneInfo) -> datetime:
    """When the shown day begins: 08:00 of today, or of the next working day."""
    today = now.astimezone(zone).date()
    return datetime.combine(public_holidays(today.year).next_working(today), script.START, zone)


def set_up(settings: Settings, opens: datetime) -> Stage:
    """Migrate the database, build the sample office in it with what happened before the day, hand out tokens and
    passwords."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    migrate.upgrade(settings.database_url)
    with ExitStack() as on_refusal:
        engine = create_engine(settings.database_url)
        on_refusal.callback(engine.dispose)
        with transaction(engine) as session:
            if session.scalar(select(func.count()).select_from(Site)):
                raise NotEmptyError("The database holds an office already. The demo wants an empty database.")
            before, on = opens - timedelta(days=1), opens.date()
            first = history.first_day(on)
            began = datetime.combine(first, time(), settings.timezone)
            belongs = min(first, telework.year_began(before.date()))
            office.build(session, now=began, on=belongs, timezone=settings.timezone.key)
            telework.rules(session, now=began, on=first)
            session.flush()
            past = _scene(session, Office.of(settings), on)
            history.write(session, past, first, on)
            history.set_rotations(session, past, before)
            telework.plan(session, now=before, on=before.date())
            issued = people.tokens(session, now=opens)
        with reading(engine) as session:
            rows = session.execute(
                select(Space.code, Space.kind, SensorBinding.sensor_id)
                .join(SensorBinding, SensorBinding.space_id == Space.id)
                .order_by(Space.code)
            ).all()
        on_refusal.pop_all()
    sensors = {row.code: row.sensor_id for row in rows}
    credentials = {user: new_password() for user in (GATEWAY_USER, *sensors.values())}
    return Stage(settings, engine, sensors, {row.code: row.kind for row in rows}, issued, credentials)


@dataclass(frozen=True, slots=True)
class Wire:
    """The broker that carries the day: the gateway's address, and each sensor's user and password."""

    url: str
    accounts: Mapping[str, Sequence[str]]

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or "127.0.0.1"

    @property
    def port(self) -> int:
        return urlsplit(self.url).port or 1883


@contextmanager
def wire(stage: Stage, mqtt_url: str) -> Iterator[Wire]:
    """A broker of the operator's own, where everybody signs in as its address says; else a private one for the demo,
    which knows the office's sensors by a password each."""
    if mqtt_url:
        given = urlsplit(mqtt_url)
        shared = (unquote(given.username or ""), unquote(given.password or ""))
        yield Wire(mqtt_url, dict.fromkeys(stage.sensors.values(), shared))
        return
    with Broker(stage.settings.data_dir / "broker", stage.credentials) as broker:
        yield Wire(
            broker.url(GATEWAY_USER),
            {sensor: (sensor, stage.credentials[sensor]) for sensor in stage.sensors.values()},
        )


def next_day(on: date) -> date:
    """The working day after `on`."""
    return public_holidays(on.year).next_working(on + timedelta(days=1))
