"""Sensors: id, model, times in seconds, and the code of the space that each watches now (empty: none)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.records.sheets.rules import Diff, Key, Refusal, Values, code, flag, text, whole
from app.records.sheets.sheet import Asked, Sheet
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.service import bind_sensor

DAY = 86_400
NUMBERS = ("heartbeat_s", "own_hold_s", "detection_delay_s")


def sensor_id(cell: str) -> str:
    """A name on its wire, such as an EUI, a friendly name or, of a sensor's zone, `desk-1:region_1`."""
    cell = code(64)(cell)
    if any(one in "+#" for one in cell):
        raise ValueError("csv.code")
    return cell


COLUMNS = {
    "id": sensor_id,
    "model": text(64, 1),
    "heartbeat_s": whole(1, DAY),
    "own_hold_s": whole(0, DAY),
    "holds_itself": flag,
    "detection_delay_s": whole(0, DAY),
    "space": code(needed=False),
}


def stored(session: Session, _asked: Asked) -> dict[Key, Values]:
    """Every sensor with what it watches now."""
    rows = session.execute(
        select(Sensor, Space.code)
        .join(
            SensorBinding,
            (SensorBinding.sensor_id == Sensor.id) & SensorBinding.until_at.is_(None),
            isouter=True,
        )
        .join(Space, Space.id == SensorBinding.space_id, isouter=True)
        .order_by(Sensor.id)
    )
    return {
        ("sensor", sensor.id): {
            "id": sensor.id,
            "model": sensor.model,
            **{name: str(getattr(sensor, name)) for name in NUMBERS[:2]},
            "holds_itself": str(int(sensor.holds_itself)),
            "detection_delay_s": str(sensor.detection_delay_s),
            "space": space or "",
        }
        for sensor, space in rows
    }


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The sensor that a row speaks of."""
    return [("sensor", values["id"], values)]


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: unknown spaces, two sensors on one."""
    changes = (*diff.added, *diff.changed)
    spaces = set(session.scalars(select(Space.code)))
    watched = {key: values["space"] for (_, key), values in stored(session, asked).items()}
    watched |= {one.key: one.after["space"] for one in changes if "space" in one.after}
    times = Counter(space for space in watched.values() if space)
    for change in changes:
        space = change.after.get("space", "")
        if space and space not in spaces:
            yield Refusal(change.line, "space.unknown", "space", space)
        elif times[space] > 1:
            yield Refusal(change.line, "sensor.bound", "space", space)


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change sensors, and let them watch what the file says from now on."""
    changes = (*diff.added, *diff.changed)
    space_ids = {row.code: row.id for row in session.execute(select(Space.code, Space.id))}
    moved = [one for one in changes if "space" in one.differs]
    # All let go first, so that two sensors may change places in one file.
    for one in session.scalars(
        select(SensorBinding).where(
            SensorBinding.sensor_id.in_([change.key for change in moved]), SensorBinding.until_at.is_(None)
        )
    ):
        one.until_at = asked.now
        events.record(
            session,
            "sensor.unbound",
            f"sensor:{one.sensor_id}",
            at=asked.now,
            actor_id=asked.actor_id,
            space_id=one.space_id,
        )
    session.flush()
    for change in changes:
        sensor = session.get(Sensor, change.key) or Sensor(id=change.key)
        if "model" in change.after:
            sensor.model = change.after["model"]
        for name in NUMBERS:
            if name in change.after:
                setattr(sensor, name, int(change.after[name]))
        if "holds_itself" in change.after:
            sensor.holds_itself = change.after["holds_itself"] == "1"
        session.add(sensor)
        session.flush()
        kind = "sensor.added" if change.before is None else "sensor.changed"
        told = {name: list(pair) for name, pair in change.differs.items()}
        events.record(
            session, kind, f"sensor:{sensor.id}", at=asked.now, actor_id=asked.actor_id, changes=told
        )
        if "space" in change.differs and change.after["space"]:
            bind_sensor(session, sensor, space_ids[change.after["space"]], now=asked.now)


SENSORS = Sheet("sensors", COLUMNS, ("id",), entities, stored, check, store)
