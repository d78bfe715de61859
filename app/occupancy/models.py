"""Raw readings, the fold of each sensor, the log of confirmed changes, messages that nothing could read."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    ScalarSelect,
    String,
    Text,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from app.occupancy.rules import Occupancy
from app.orm import Base, BigId, Document, enum_text
from app.spaces.models import SensorBinding


class StoredReading(Base):
    """A reading as it came, once: (sensor, boot, seq) names it. Kept for 30 days."""

    __tablename__ = "readings"
    __table_args__ = (
        UniqueConstraint("sensor_id", "boot", "seq"),
        Index(None, "sensor_id", "observed_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64))
    boot: Mapped[str | None] = mapped_column(String(32))
    seq: Mapped[int | None] = mapped_column(BigInteger)
    observed_at: Mapped[datetime]
    received_at: Mapped[datetime]
    occupied: Mapped[bool | None]
    online: Mapped[bool | None]
    history: Mapped[bool] = mapped_column(default=False)
    battery_pct: Mapped[int | None]
    rssi: Mapped[int | None]


class SensorState(Base):
    """The fold of a sensor (rules.Fold), and when time alone will change it next."""

    __tablename__ = "sensor_states"
    __table_args__ = (Index(None, "due_at"),)

    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64), primary_key=True)
    state: Mapped[Occupancy] = mapped_column(enum_text(Occupancy))
    since_at: Mapped[datetime | None]
    level: Mapped[bool | None]
    signal_at: Mapped[datetime | None]
    hit_at: Mapped[datetime | None]
    last_hit_at: Mapped[datetime | None]
    quiet_at: Mapped[datetime | None]
    due_at: Mapped[datetime | None]
    battery_pct: Mapped[int | None]


class SpaceState(Base):
    """What is known of a space, whichever sensors watch it: true since `since_at`, last said at `at`."""

    __tablename__ = "space_states"

    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"), primary_key=True, autoincrement=False)
    state: Mapped[Occupancy] = mapped_column(enum_text(Occupancy))
    since_at: Mapped[datetime]
    at: Mapped[datetime]


def last_signal(space_id: ColumnElement[int] | InstrumentedAttribute[int]) -> ScalarSelect[datetime | None]:
    """When all the sensors that watch a space had spoken last: the earliest of their newest signs of life."""
    return (
        select(func.min(SensorState.signal_at))
        .join(SensorBinding, SensorBinding.sensor_id == SensorState.sensor_id)
        .where(SensorBinding.space_id == space_id, SensorBinding.until_at.is_(None))
        .scalar_subquery()
    )


class OccupancyChange(Base):
    """A confirmed change of a space's state: true since `since_at`, known at `at`."""

    __tablename__ = "occupancy_changes"
    __table_args__ = (Index(None, "space_id", "since_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    sensor_id: Mapped[str] = mapped_column(String(64))
    state: Mapped[Occupancy] = mapped_column(enum_text(Occupancy))
    since_at: Mapped[datetime]
    at: Mapped[datetime]


class DeadLetter(Base):
    """A message that no decoder took, kept to be looked at: why, and its first 4 KiB."""

    __tablename__ = "dead_letters"
    __table_args__ = (Index(None, "received_at"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    received_at: Mapped[datetime]
    topic: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(48))
    size: Mapped[int]
    payload: Mapped[bytes] = mapped_column(LargeBinary)


class GatewayRun(Base):
    """Who takes in messages under a name, their beat (see `gateways`), and what went through since they began.
    `filters`: of topics, all that was ever asked of the broker under it, which may keep them; `asked`: what is asked
    now, of `broker` (its place, sensor_gateway.lease). `heard_at`: when the broker said something last, at first when
    it began; `is_missed`: that this was long ago has been told."""

    __tablename__ = "gateways"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    holder: Mapped[str] = mapped_column(String(64))
    beat: Mapped[int] = mapped_column(BigInteger)
    began_at: Mapped[datetime]
    beaten_at: Mapped[datetime]
    filters: Mapped[list[str]] = mapped_column(Document)
    broker: Mapped[str] = mapped_column(String(320))
    asked: Mapped[list[str]] = mapped_column(Document)
    heard_at: Mapped[datetime | None]
    is_missed: Mapped[bool] = mapped_column(default=False)
    connected: Mapped[bool]
    messages: Mapped[int] = mapped_column(BigInteger)
    stored: Mapped[int] = mapped_column(BigInteger)
    repeated: Mapped[int] = mapped_column(BigInteger)
    dead: Mapped[int] = mapped_column(BigInteger)
    changes: Mapped[int] = mapped_column(BigInteger)
    per_minute: Mapped[int] = mapped_column(BigInteger)
    lag_ms: Mapped[int] = mapped_column(BigInteger)
    broker_holds: Mapped[int] = mapped_column(BigInteger)
    broker_dropped: Mapped[int] = mapped_column(BigInteger)


class GatewayAbsence(Base):
    """A time in which nobody under a name heard the broker: the gateway, the broker or the way between was away. What
    came meanwhile waited, and where nothing dates it counts as said by `until_at`."""

    __tablename__ = "gateway_absences"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    name: Mapped[str] = mapped_column(String(64))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime]


class SensorTrouble(Base):
    """What is wrong with a sensor since when, so that it is told once."""

    __tablename__ = "sensor_troubles"

    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64), primary_key=True)
    trouble: Mapped[str] = mapped_column(String(16), primary_key=True)
    since_at: Mapped[datetime]


class SensorPart(Base):
    """A part that is a seat, of a device that told of several parts, one at a time: beside one alone the others are
    none."""

    __tablename__ = "sensor_parts"

    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64), primary_key=True)
    part: Mapped[str] = mapped_column(String(64), primary_key=True)


class ToldOnce(Base):
    """What a wire tells only once, and the gateway must know from then on (sensor_gateway.decoders.told_once): by the
    wire and of whom it is told there."""

    __tablename__ = "told_once"

    name: Mapped[str] = mapped_column(String(320), primary_key=True)
    said: Mapped[dict[str, Any]]


class SensorGap(Base):
    """How many readings a sensor numbered that never came, of those that are kept, and how often it restarted, as they
    were counted last."""

    __tablename__ = "sensor_gaps"

    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64), primary_key=True)
    missing: Mapped[int] = mapped_column(BigInteger)
    restarts: Mapped[int] = mapped_column(BigInteger, server_default="0")


class SensorFlap(Base):
    """When a sensor was last found to flap (`flapping`); kept for a day."""

    __tablename__ = "sensor_flaps"

    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64), primary_key=True)
    at: Mapped[datetime]


class SensorAnnouncement(Base):
    """What a device, or one part of it, said of itself by Home Assistant's discovery: what it is called and where it
    speaks. `topic`: of the announcement. `device`, `part`: as whom it would be heard."""

    __tablename__ = "sensor_announcements"

    topic: Mapped[str] = mapped_column(String(256), primary_key=True)
    device: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    model: Mapped[str] = mapped_column(String(64))
    speaks_on: Mapped[str] = mapped_column(Text)
    clears_after_s: Mapped[int]
    announced_at: Mapped[datetime]
