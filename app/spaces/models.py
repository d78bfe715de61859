"""Sites, floors, zones, spaces; sensors and what they watch; policy values that differ from the defaults."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    String,
    UniqueConstraint,
    and_,
    or_,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, Document, enum_text
from app.spaces.desk_codes import new_desk_code
from app.spaces.rules import LANES, Kind, Lane

HAS_CODE = text("desk_code <> ''")
IS_BOUND = text("until_at IS NULL")


class Site(Base):
    """A building; its zone of time decides what a day is.

    `opens`/`closes`: the local hours in which its spaces may be booked, None: no limit on that side.
    """

    __tablename__ = "sites"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    timezone: Mapped[str] = mapped_column(String(64))
    opens: Mapped[time | None]
    closes: Mapped[time | None]
    working_days_only: Mapped[bool] = mapped_column(default=False)


class Floor(Base):
    __tablename__ = "floors"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    width: Mapped[int] = mapped_column(default=1000)
    height: Mapped[int] = mapped_column(default=600)


class Zone(Base):
    """Part of a floor: a section's group address, or everybody's where `section_id` is None.

    `lots_at`: the local hour at which the next working day's desks are drawn by lot, None: they are not.
    `lots_no_repeat`: for how many working days nobody gets the same desk again. `lots_together`: whether colleagues may
    ask to sit near each other. `lots_drawn_on`: the last day whose draw is over. `removed_at`: when it left the
    layout.
    """

    __tablename__ = "zones"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    floor_id: Mapped[int] = mapped_column(ForeignKey("floors.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    name_en: Mapped[str] = mapped_column(String(80), default="")
    free_seating: Mapped[bool] = mapped_column(default=False)
    lots_at: Mapped[time | None]
    lots_no_repeat: Mapped[int] = mapped_column(default=0)
    lots_together: Mapped[bool] = mapped_column(default=True)
    lots_drawn_on: Mapped[date | None]
    removed_at: Mapped[datetime | None]
    x: Mapped[int] = mapped_column(default=0)
    y: Mapped[int] = mapped_column(default=0)
    width: Mapped[int] = mapped_column(default=0)
    height: Mapped[int] = mapped_column(default=0)


class ZoneGuest(Base):
    """Guests whom a section's zone takes in on a weekday (0: Monday) or on a date; `section_id` None: every section."""

    __tablename__ = "zone_guests"
    __table_args__ = (
        CheckConstraint("(weekday IS NULL) <> (on_date IS NULL)", name="one_day"),
        CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        Index(None, "zone_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"))
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    weekday: Mapped[int | None]
    on_date: Mapped[date | None]


class ZoneOverflow(Base):
    """Where the people of a zone's section may sit when their zone is full, in the order of `position`."""

    __tablename__ = "zone_overflows"
    __table_args__ = (Index(None, "overflow_id"),)

    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"), primary_key=True)
    overflow_id: Mapped[int] = mapped_column(ForeignKey("zones.id"), primary_key=True)
    position: Mapped[int]


class Space(Base):
    """A seat or a booth; its place on the floor plan in the floor's own units.

    `desk_code` stands on the desk, as text and as a QR code: who types it sits there. `removed_at`: when it left the
    layout; it stays out of order from then on.
    """

    __tablename__ = "spaces"
    __table_args__ = (
        Index(None, "zone_id"),
        Index(
            "uq_spaces_desk_code", "desk_code", unique=True, postgresql_where=HAS_CODE, sqlite_where=HAS_CODE
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"))
    code: Mapped[str] = mapped_column(String(32), unique=True)
    kind: Mapped[Kind] = mapped_column(enum_text(Kind))
    capacity: Mapped[int] = mapped_column(default=1)
    desk_code: Mapped[str] = mapped_column(String(8), default=new_desk_code)
    removed_at: Mapped[datetime | None]
    x: Mapped[int] = mapped_column(default=0)
    y: Mapped[int] = mapped_column(default=0)
    width: Mapped[int] = mapped_column(default=40)
    height: Mapped[int] = mapped_column(default=40)

    @property
    def lane(self) -> Lane:
        return LANES[self.kind]


class FixedSeat(Base):
    """A space kept for somebody who needs it, from a day until another (both included). Why is nobody's business."""

    __tablename__ = "fixed_seats"
    __table_args__ = (Index(None, "space_id"), Index(None, "user_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]


class SpaceOutage(Base):
    """A space is out of order from an instant until another, or until it is mended. `lifted_at` set: it was ended
    before its time, or taken back before it began."""

    __tablename__ = "space_outages"
    __table_args__ = (CheckConstraint("start_at < end_at", name="span"), Index(None, "space_id"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(120), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]

    @classmethod
    def is_not_over(cls, at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
        """What holds at an instant or after it."""
        return and_(cls.lifted_at.is_(None), or_(cls.end_at.is_(None), cls.end_at > at))

    @classmethod
    def holds(cls, at: datetime) -> ColumnElement[bool]:
        """What holds at an instant."""
        return and_(cls.start_at <= at, cls.is_not_over(at))


class Closure(Base):
    """A site, or one zone of it, is closed for a span. `lifted_at` set: it was opened again before its time."""

    __tablename__ = "closures"
    __table_args__ = (CheckConstraint("start_at < end_at", name="span"), Index(None, "site_id", "end_at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    site_id: Mapped[int] = mapped_column(ForeignKey("sites.id"))
    zone_id: Mapped[int | None] = mapped_column(ForeignKey("zones.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(120), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lifted_at: Mapped[datetime | None]


class Sensor(Base):
    """A device that reports; `id` is its name on the wire. Durations are in seconds.

    `own_hold_s`: how long the model itself keeps saying occupied after the last movement.
    `holds_itself`: its vacant message already waited for that, so no second hold is laid on it.
    `detection_delay_s`: how late its vacant message may come.
    `clears_after_s`: of a model that says occupied only; quiet for so long it counts as vacant. Nought: it says vacant.
    """

    __tablename__ = "sensors"
    __table_args__ = (CheckConstraint("heartbeat_s > 0", name="heartbeat_positive"),)

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    model: Mapped[str] = mapped_column(String(64), default="akiseki-pir")
    heartbeat_s: Mapped[int] = mapped_column(default=600)
    own_hold_s: Mapped[int] = mapped_column(default=0)
    holds_itself: Mapped[bool] = mapped_column(default=False)
    detection_delay_s: Mapped[int] = mapped_column(default=0)
    clears_after_s: Mapped[int] = mapped_column(default=0)

    @property
    def heartbeat(self) -> timedelta:
        return timedelta(seconds=self.heartbeat_s)


class SensorBinding(Base):
    """A sensor watches a space from an instant until another: several may watch one, one may watch several."""

    __tablename__ = "sensor_bindings"
    __table_args__ = (
        Index(
            "uq_sensor_bindings_sensor_space",
            "sensor_id",
            "space_id",
            unique=True,
            postgresql_where=IS_BOUND,
            sqlite_where=IS_BOUND,
        ),
        Index("ix_sensor_bindings_space", "space_id", postgresql_where=IS_BOUND, sqlite_where=IS_BOUND),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"))
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    from_at: Mapped[datetime]
    until_at: Mapped[datetime | None]


class SensorMove(Base):
    """From an instant on a sensor is to watch these spaces and no others; the row goes when it has come about."""

    __tablename__ = "sensor_moves"
    __table_args__ = (UniqueConstraint("sensor_id", "at"), Index(None, "at"))

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    sensor_id: Mapped[str] = mapped_column(ForeignKey("sensors.id"), type_=String(64))
    at: Mapped[datetime]
    space_ids: Mapped[list[int]] = mapped_column(Document)
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class PolicyValue(Base):
    """A policy value that the office set for a kind of space, as the text that `with_value` reads."""

    __tablename__ = "policy_values"

    kind: Mapped[Kind] = mapped_column(enum_text(Kind), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(32))


class ZonePolicyValue(Base):
    """The same for a kind of space in one zone, where it differs from the kind's elsewhere."""

    __tablename__ = "zone_policy_values"

    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"), primary_key=True)
    kind: Mapped[Kind] = mapped_column(enum_text(Kind), primary_key=True)
    key: Mapped[str] = mapped_column(String(32), primary_key=True)
    value: Mapped[str] = mapped_column(String(32))
