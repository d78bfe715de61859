"""Which gateway of a name is at work, and what went through it: one is, any other waits to take its place.

The lease needs no clock that two machines would have to share: who works beats; who waits takes over when the beat
that it saw has stood still for long enough by its own watch, in one compare-and-set that only one can win.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, delete, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import events
from app.bulk import among, as_parameter, insert_rows, upsert_rows
from app.database import lock_rows
from app.errors import Conflict
from app.occupancy.models import GatewayAbsence, GatewayRun, SensorAnnouncement, SensorPart, ToldOnce
from app.orm import Base
from app.spaces.models import Sensor, SensorBinding
from app.topics import overlap

# Three beats were missed: whoever did that is gone, or as good as.
STILL_FOR = timedelta(seconds=6)
# Longer than a restart takes, or another to take the place, or a broker says nothing that has nothing to say.
AWAY_FROM = timedelta(seconds=45)
MISSED_FROM = timedelta(minutes=10)
ABSENCES_AT_MOST = 20
_parts = Base.metadata.tables["sensor_parts"]
_told_once = Base.metadata.tables["told_once"]


class Beat(NamedTuple):
    """Who works under a name, "" where nobody does, and their newest beat. `filters`: all that was ever asked of the
    broker under it."""

    holder: str
    number: int
    filters: tuple[str, ...] = ()


class Asked(NamedTuple):
    """The messages that a gateway asks for now, and of which broker, by its place. `surely`: the place is of one
    broker, wherever it is named; `192.168.1.10` may be of another at another site."""

    broker: str
    filters: Sequence[str]
    surely: bool = True


NOTHING = Asked("", ())


@dataclass(frozen=True, slots=True)
class Figures:
    """What went through since the gateway began to work. `per_minute`: messages, of late. `lag_ms`: how old the newest
    readings were when they were stored, by the devices' own time where they tell one; negative: so far its
    machine's clock is behind theirs, and nothing is stored. `broker_holds`: messages that the broker keeps for its
    clients; `broker_dropped`: what it dropped since it started."""

    connected: bool = False
    messages: int = 0
    stored: int = 0
    repeated: int = 0
    dead: int = 0
    changes: int = 0
    per_minute: int = 0
    lag_ms: int = 0
    broker_holds: int = 0
    broker_dropped: int = 0


def seen(session: Session, name: str) -> Beat | None:
    """The newest beat under a name; None where nobody ever worked."""
    row = session.execute(
        select(GatewayRun.holder, GatewayRun.beat, GatewayRun.filters).where(GatewayRun.name == name)
    ).one_or_none()
    return Beat(row.holder, row.beat, tuple(row.filters)) if row else None


def take(
    session: Session,
    name: str,
    holder: str,
    before: Beat | None,
    *,
    filters: Collection[str] = (),
    asked: Asked = NOTHING,
    now: datetime,
) -> bool:
    """Begin to work under a name, if its beat is still as it was seen; whether that was so. `filters`: all that is
    to be asked of the broker; `asked`: of it what is this gateway's alone (see `rivals`)."""
    fresh = {
        "holder": holder,
        "began_at": now,
        "beaten_at": now,
        "filters": sorted({*filters, *(before.filters if before else ())}),
        "broker": asked.broker,
        "asked": sorted(asked.filters),
        **asdict(Figures()),
    }
    if before is not None:
        taken = session.execute(
            update(GatewayRun)
            .where(
                GatewayRun.name == name, GatewayRun.holder == before.holder, GatewayRun.beat == before.number
            )
            .values(beat=before.number + 1, heard_at=func.coalesce(GatewayRun.heard_at, now), **fresh)
        )
        return bool(taken.rowcount)  # type: ignore[attr-defined]
    try:
        with session.begin_nested():
            session.execute(insert(GatewayRun), [{"name": name, "beat": 0, "heard_at": now, **fresh}])
    except IntegrityError:
        return False
    return True


def rivals(session: Session, name: str, asked: Asked) -> dict[str, int]:
    """Gateways of other names that ask the same broker for some of the same and did not end, and their newest beats: of
    what devices neither date nor number, each would store its own. Until the transaction ends nobody else begins."""
    lock_rows(session, "gateways", [0])
    rows = session.execute(
        select(GatewayRun.name, GatewayRun.beat, GatewayRun.asked).where(
            GatewayRun.name != name, GatewayRun.holder != "", GatewayRun.broker == asked.broker
        )
    )
    return {row.name: row.beat for row in rows if _overlap(asked.filters, row.asked)}


def doubled(working: Sequence[GatewayRun]) -> list[tuple[GatewayRun, GatewayRun]]:
    """Of gateways at work those that ask a broker, or two of one address, for some of the same."""
    pairs = combinations(working, 2)
    return [(one, two) for one, two in pairs if one.broker == two.broker and _overlap(one.asked, two.asked)]


def _overlap(these: Sequence[str], those: Sequence[str]) -> bool:
    return any(overlap(one, other) for one in these for other in those)


def beat(
    session: Session,
    name: str,
    holder: str,
    figures: Figures,
    *,
    heard: datetime | None = None,
    is_back: bool = False,
    now: datetime,
    speed: float = 1,
) -> bool:
    """Say that one is still at work; False where another has taken the place. `heard`: when the broker said something
    last; None where it says nothing to us. `is_back`: until then it did not for longer than a restart takes, or the
    gateway began just now. `speed`: of the clock that `now` is of."""
    ours = (GatewayRun.name == name, GatewayRun.holder == holder)
    if heard is not None and is_back:
        before = session.scalar(select(GatewayRun.heard_at).where(*ours))
        if before is not None and heard - before >= AWAY_FROM * speed:
            session.add(GatewayAbsence(name=name, from_at=before, until_at=heard))
    newest = {} if heard is None else {"heard_at": heard, "is_missed": False}
    beaten = session.execute(
        update(GatewayRun)
        .where(*ours)
        .values(beat=GatewayRun.beat + 1, beaten_at=now, **newest, **asdict(figures))
    )
    return bool(beaten.rowcount)  # type: ignore[attr-defined]


def leave(session: Session, name: str, holder: str, *, now: datetime) -> None:
    """Stop working under a name: who waits need not wait longer."""
    session.execute(
        update(GatewayRun)
        .where(GatewayRun.name == name, GatewayRun.holder == holder)
        .values(holder="", beaten_at=now, connected=False)
    )


def list_gateways(session: Session) -> Sequence[GatewayRun]:
    """Every name that a gateway worked under."""
    return session.scalars(select(GatewayRun).order_by(GatewayRun.name)).all()


def newly_missed(session: Session, now: datetime) -> Sequence[GatewayRun]:
    """The names under which nobody has heard the broker for so long that somebody should look; each once."""
    query = select(GatewayRun).where(GatewayRun.is_missed.is_(False), GatewayRun.heard_at < now - MISSED_FROM)
    found = session.scalars(query.order_by(GatewayRun.name)).all()
    for one in found:
        one.is_missed = True
    return found


def newest_absences(session: Session) -> Sequence[GatewayAbsence]:
    """When nobody heard the broker under a name, of late, the newest first."""
    query = select(GatewayAbsence).order_by(GatewayAbsence.until_at.desc(), GatewayAbsence.id.desc())
    return session.scalars(query.limit(ABSENCES_AT_MOST)).all()


def is_at_work(one: GatewayRun, now: datetime, speed: float = 1) -> bool:
    """Whether it beats; a process that was killed says nothing of its end. `speed`: of the clock that `now` is of."""
    return bool(one.holder) and now - one.beaten_at <= STILL_FOR * speed


def forget(session: Session, name: str, *, actor_id: int, now: datetime, speed: float = 1) -> None:
    """Take a name off the lists that nobody works under any more, with what was ever asked of the broker under it; who
    begins under it again is known again. Raises Conflict where somebody is at work."""
    gone = session.execute(
        delete(GatewayRun).where(
            GatewayRun.name == name,
            or_(GatewayRun.holder == "", GatewayRun.beaten_at < now - STILL_FOR * speed),
        )
    )
    if gone.rowcount:  # type: ignore[attr-defined]
        events.record(session, "gateway.forgotten", f"gateway:{name}", at=now, actor_id=actor_id)
    elif seen(session, name):
        raise Conflict("gateway.at_work")


def silent_since(before: datetime) -> ColumnElement[bool]:
    """Which gateways were given up: no beat since then."""
    return GatewayRun.beaten_at < before


def sensor_times(session: Session) -> dict[str, tuple[int, int]]:
    """(heartbeat, what it holds itself) in seconds of every sensor that watches a space, by its id."""
    watching = select(SensorBinding.sensor_id).where(SensorBinding.until_at.is_(None))
    query = select(Sensor.id, Sensor.heartbeat_s, Sensor.own_hold_s).where(Sensor.id.in_(watching))
    return {row.id: (row.heartbeat_s, row.own_hold_s) for row in session.execute(query.order_by(Sensor.id))}


def sensor_models(session: Session) -> dict[str, str]:
    """The model of every sensor, by its id, for the decoders of wires that do not name it."""
    return {row.id: row.model for row in session.execute(select(Sensor.id, Sensor.model))}


def registered(session: Session, sensor_ids: Collection[str]) -> Sequence[str]:
    """Which of these are known sensors."""
    return session.scalars(select(Sensor.id).where(among(session, Sensor.id, sensor_ids))).all()


def sensor_parts(session: Session) -> dict[str, set[str]]:
    """The parts of devices that are seats, where a device told of several, by the device's id."""
    found: dict[str, set[str]] = {}
    for row in session.execute(select(SensorPart.sensor_id, SensorPart.part)):
        found.setdefault(row.sensor_id, set()).add(row.part)
    return found


def keep_parts(session: Session, parts: Mapping[str, Collection[str]]) -> None:
    """Keep which parts of these devices are seats, instead of what was kept of them: several are sensors of their own
    from the first word on, and beside one the others are none. Of devices that nobody knows nothing is kept."""
    known = session.scalars(
        select(Sensor.id).where(among(session, Sensor.id, parts)).order_by(Sensor.id)
    ).all()
    session.execute(delete(SensorPart).where(among(session, SensorPart.sensor_id, known)))
    rows = [(device, part) for device in known for part in sorted(parts[device])]
    if rows:
        statement = insert_rows(session, _parts, ("sensor_id", "part")).on_conflict_do_nothing()
        session.execute(statement, as_parameter(session, rows))


def told_once(session: Session) -> dict[tuple[str, str], dict[str, Any]]:
    """What wires told only once, by the wire and of whom it was told there."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in session.execute(select(ToldOnce.name, ToldOnce.said)):
        wire, _space, name = row.name.partition(" ")
        found[wire, name] = row.said
    return found


def keep_told_once(session: Session, told: Mapping[tuple[str, str], Mapping[str, Any]]) -> None:
    """Keep what was told, instead of what was told of the same before."""
    rows = [(f"{wire} {name}", said) for (wire, name), said in sorted(told.items())]
    if rows:
        statement = upsert_rows(session, _told_once, ("name", "said"))
        session.execute(statement, as_parameter(session, rows))


class Announced(NamedTuple):
    """A row of what devices announce (models.SensorAnnouncement), without the topic and the time."""

    device: str
    part: str
    name: str
    model: str
    speaks_on: str
    clears_after_s: int


def keep_announcements(
    session: Session, announced: Mapping[str, Collection[Announced]], *, now: datetime
) -> None:
    """Keep what was announced on these topics instead of what was before; on one that tells nothing nothing is left.
    Gateways hear the same at once, of a broker that retains it: one waits for the other."""
    lock_rows(session, "announcements", [0])
    session.execute(delete(SensorAnnouncement).where(among(session, SensorAnnouncement.topic, announced)))
    rows = {
        (topic, one.device, one.part): {"topic": topic, **one._asdict(), "announced_at": now}
        for topic, told in sorted(announced.items())
        for one in told
    }
    if rows:
        session.execute(insert(SensorAnnouncement), list(rows.values()))
