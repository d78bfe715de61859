"""Sensors: id, model, times in seconds, and the codes of the spaces that each watches now, apart by `|`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.records.sheets import storing
from app.records.sheets.rules import Change, Diff, Key, Refusal, Values, code, codes, flag, text, whole
from app.records.sheets.sheet import Asked, Sheet
from app.spaces.models import Sensor, SensorBinding, Space
from app.spaces.watching import watch_spaces
from app.texts import as_on_wire

DAY = 86_400
NUMBERS = ("heartbeat_s", "own_hold_s", "detection_delay_s", "clears_after_s")


def sensor_id(cell: str) -> str:
    """A name on its wire, such as an EUI, a friendly name or, of a sensor's zone, `desk-1:region_1`."""
    cell = as_on_wire(code(64)(cell))
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
    "clears_after_s": whole(0, DAY),
    "space": codes,
}


def stored(session: Session, _asked: Asked) -> dict[Key, Values]:
    """Every sensor with what it watches now."""
    watched: dict[str, list[str]] = defaultdict(list)
    for sensor_id, space in session.execute(
        select(SensorBinding.sensor_id, Space.code)
        .join(Space, Space.id == SensorBinding.space_id)
        .where(SensorBinding.until_at.is_(None))
        .order_by(Space.code)
    ):
        watched[sensor_id].append(space)
    return {
        ("sensor", sensor.id): {
            "id": sensor.id,
            "model": sensor.model,
            **{name: str(getattr(sensor, name)) for name in NUMBERS},
            "holds_itself": str(int(sensor.holds_itself)),
            "space": "|".join(sorted(watched[sensor.id])),
        }
        for sensor in session.scalars(select(Sensor).order_by(Sensor.id))
    }


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The sensor that a row speaks of."""
    return [("sensor", values["id"], values)]


def check(session: Session, diff: Diff, _asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: unknown spaces."""
    spaces = set(session.scalars(select(Space.code)))
    for change in (*diff.added, *diff.changed):
        for space in _spaces(change):
            if space not in spaces:
                yield Refusal(change.line, "space.unknown", "space", space)


def doubts(diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """The models of which no profile tells anything, each once."""
    lines = [
        (one.differs["model"][1], one.line) for one in (*diff.added, *diff.changed) if "model" in one.differs
    ]
    first = dict(reversed(lines))
    for model, line in sorted(first.items(), key=lambda one: one[1]):
        if not asked.knows(model):
            yield Refusal(line, "sensor.model_unknown", "model", model)


def _spaces(change: Change) -> list[str]:
    return [one for one in change.after.get("space", "").split("|") if one]


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change sensors, and let them watch what the file says from now on; a fixed number of statements. A new
    one has the times of its model where the file says none."""
    changes = [*diff.added, *diff.changed]
    storing.add(
        session,
        Sensor,
        [{"id": one.key, **asked.timing(one.after.get("model", "")), **_values(one)} for one in diff.added],
    )
    storing.change(session, Sensor, {one.key: _values(one) for one in diff.changed})
    events.record_many(session, [_fact(one, asked) for one in changes])
    space_ids = {row.code: row.id for row in session.execute(select(Space.code, Space.id))}
    watched = {
        one.key: [space_ids[space] for space in _spaces(one)] for one in changes if "space" in one.differs
    }
    watch_spaces(session, watched, actor_id=asked.actor_id, now=asked.now)


def _values(change: Change) -> dict[str, Any]:
    """What the sensor itself holds of a line."""
    found: dict[str, Any] = {name: int(change.after[name]) for name in NUMBERS if name in change.after}
    if "model" in change.after:
        found["model"] = change.after["model"]
    if "holds_itself" in change.after:
        found["holds_itself"] = change.after["holds_itself"] == "1"
    return found


def _fact(change: Change, asked: Asked) -> dict[str, Any]:
    return {
        "at": asked.now,
        "kind": "sensor.added" if change.before is None else "sensor.changed",
        "subject": f"sensor:{change.key}",
        "actor_id": asked.actor_id,
        "data": {"changes": {name: list(pair) for name, pair in change.differs.items()}},
    }


SENSORS = Sheet(
    "sensors", COLUMNS, ("id",), entities, stored, check, store, doubts=doubts, rows_of={"sensor": Sensor.id}
)
