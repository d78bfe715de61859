"""Sensors that are to watch other spaces from a time on: written down, dropped again, carried out when it comes."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from app import events
from app.errors import NotFound, RuleBroken
from app.spaces.models import Sensor, SensorMove, Space
from app.spaces.service import in_layout
from app.spaces.watching import check_in_layout, watch_spaces

FURTHEST = timedelta(days=366)


def plan(
    session: Session,
    sensor_id: str,
    space_ids: Collection[int],
    *,
    at: datetime,
    actor_id: int | None,
    now: datetime,
) -> SensorMove:
    """From `at` on a sensor is to watch these spaces and no others; what was planned for it at that very time gives
    way. Raises NotFound `sensor.unknown`, `space.unknown`, RuleBroken `sensor.move_time`."""
    if session.get(Sensor, sensor_id) is None:
        raise NotFound("sensor.unknown", sensor_id=sensor_id)
    if not now < at <= now + FURTHEST:
        raise RuleBroken("sensor.move_time", earliest=now.isoformat(), latest=(now + FURTHEST).isoformat())
    check_in_layout(session, space_ids)
    session.execute(delete(SensorMove).where(SensorMove.sensor_id == sensor_id, SensorMove.at == at))
    move = SensorMove(sensor_id=sensor_id, at=at, space_ids=sorted(space_ids), made_by=actor_id)
    session.add(move)
    session.flush()
    _record(session, move, "sensor.move_planned", actor_id, now)
    return move


def planned(session: Session, sensor_id: str) -> Sequence[SensorMove]:
    """What is planned for a sensor, the next first."""
    return session.scalars(
        select(SensorMove).where(SensorMove.sensor_id == sensor_id).order_by(SensorMove.at)
    ).all()


def drop(session: Session, move_id: int, *, actor_id: int | None, now: datetime) -> str:
    """Let a sensor stay where it is after all; returns its id. Raises NotFound `sensor.move_unknown`."""
    move = session.get(SensorMove, move_id)
    if move is None:
        raise NotFound("sensor.move_unknown", move_id=move_id)
    _record(session, move, "sensor.move_dropped", actor_id, now)
    session.delete(move)
    return move.sensor_id


def hand_over(
    session: Session, sensor_id: str, spare_id: str, *, actor_id: int | None, now: datetime
) -> None:
    """What is planned for a sensor is planned for the spare that takes its place, and nothing else."""
    moves = planned(session, sensor_id)
    if not moves:
        return
    for move in planned(session, spare_id):
        drop(session, move.id, actor_id=actor_id, now=now)
    session.flush()
    for move in moves:
        _record(session, move, "sensor.move_dropped", actor_id, now)
        move.sensor_id = spare_id
        _record(session, move, "sensor.move_planned", actor_id, now)
    session.flush()


def carry_out(session: Session, now: datetime) -> int:
    """Let every sensor whose time has come watch what was planned from that time on, of what is in the layout still:
    where nothing of it is, it stays as it is. Returns how many moved; one query where none is due."""
    due = session.scalars(
        select(SensorMove)
        .where(SensorMove.at <= now)
        .order_by(SensorMove.at, SensorMove.id)
        .with_for_update(skip_locked=True)
    ).all()
    moved = 0
    for move in due:
        there = session.scalars(select(Space.id).where(Space.id.in_(move.space_ids), in_layout(Space))).all()
        if there or not move.space_ids:
            watch_spaces(session, {move.sensor_id: there}, actor_id=move.made_by, now=now, since=move.at)
            moved += 1
        else:
            _record(session, move, "sensor.move_dropped", None, now)
        session.delete(move)
    session.flush()
    return moved


def next_due(session: Session) -> datetime | None:
    """When `carry_out` next has something to do."""
    return session.scalar(select(func.min(SensorMove.at)))


def _record(session: Session, move: SensorMove, kind: str, actor_id: int | None, now: datetime) -> None:
    events.record(
        session,
        kind,
        f"sensor:{move.sensor_id}",
        at=now,
        actor_id=actor_id,
        of=move.at.isoformat(),
        space_ids=list(move.space_ids),
    )
