"""Every column that leads to a person, and what becomes of it: a test walks the schema and finds none that is not here.

A feature that links rows to people adds its lines here: to PARTS what is erased on schedule, to LASTING what stays.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Column, ColumnElement, Table, and_, exists, null, or_

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.bookings.series.models import Series
from app.lots.models import LotDraw, LotWish
from app.lots.models import State as DrawState
from app.notifications.models import Message
from app.occupancy.models import DeadLetter, GatewayAbsence, StoredReading
from app.orm import Base
from app.rotation.models import Rotation, RotationCell, RotationLock, RotationSwap
from app.spaces.models import FixedSeat
from app.telework.daylog.models import ClosedMonth
from app.telework.models import HalfDay, TeleworkDeputy, TeleworkPlan
from app.waitlist.models import Entry


class Period(StrEnum):
    READINGS = "readings"
    PRESENCE = "presence"
    TELEWORK = "telework"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of a table (with an `id`) that are erased once `age` is older than the period's limit.

    `blank`: what their columns become; None: the rows go, and before them what refers to them by the columns `with_`.
    `due`: which of them still have something to lose. `guarded`: the database refuses to change them but to the eraser.
    """

    name: str
    table: Table
    period: Period
    age: Column[Any]
    due: ColumnElement[bool] | None = None
    blank: Mapping[str, object] | None = None
    guarded: bool = False
    with_: tuple[Column[Any], ...] = ()


tables = Base.metadata.tables
_bookings = tables[Booking.__tablename__]
_series = tables[Series.__tablename__]
_readings = tables[StoredReading.__tablename__]
_dead = tables[DeadLetter.__tablename__]
_absences = tables[GatewayAbsence.__tablename__]
_fixed = tables[FixedSeat.__tablename__]
_messages = tables[Message.__tablename__]
_entries = tables[Entry.__tablename__]
_draws = tables[LotDraw.__tablename__]
_wishes = tables[LotWish.__tablename__]
_plans = tables[TeleworkPlan.__tablename__]
_deputies = tables[TeleworkDeputy.__tablename__]
_half_days = tables[HalfDay.__tablename__]
_months = tables[ClosedMonth.__tablename__]
_rotations = tables[Rotation.__tablename__]
_cells = tables[RotationCell.__tablename__]
_locks = tables[RotationLock.__tablename__]
_swaps = tables[RotationSwap.__tablename__]

# Bookings lose their people together with what hangs on them: see `app.records.erasing`.
BOOKINGS = Part(
    "bookings",
    _bookings,
    Period.PRESENCE,
    _bookings.c.end_at,
    due=and_(_bookings.c.erased_at.is_(None), _bookings.c.status.not_in(LIVE)),
    blank={"user_id": None, "made_by": None, "guest_name": "", "title": ""},
)
PARTS = (
    Part("readings", _readings, Period.READINGS, _readings.c.observed_at),
    Part("dead_letters", _dead, Period.READINGS, _dead.c.received_at),
    Part("gateway_absences", _absences, Period.READINGS, _absences.c.until_at),
    BOOKINGS,
    Part(
        "series",
        _series,
        Period.PRESENCE,
        _series.c.made_at,
        due=and_(
            or_(_series.c.user_id.is_not(None), _series.c.made_by.is_not(None)),
            ~exists().where(Booking.series_id == _series.c.id, Booking.erased_at.is_(None)),
        ),
        blank={"user_id": None, "made_by": None},
    ),
    Part("waitlist_entries", _entries, Period.PRESENCE, _entries.c.made_at),
    # Numbers stand for people in what a draw published, yet whoever saw somebody at a drawn seat knows theirs.
    Part(
        "lot_draws",
        _draws,
        Period.PRESENCE,
        _draws.c.on_date,
        due=_draws.c.state != DrawState.OPEN,
        with_=(_wishes.c.draw_id,),
    ),
    # One that holds until further notice has no last day, and so stays.
    Part("fixed_seats", _fixed, Period.PRESENCE, _fixed.c.until_on),
    Part("messages", _messages, Period.PRESENCE, _messages.c.made_at),
    Part("telework_plans", _plans, Period.TELEWORK, _plans.c.on_date),
    Part("telework_deputies", _deputies, Period.TELEWORK, _deputies.c.until_on),
    # When somebody sat is presence; what the half-day was, and for how many minutes, is a result.
    Part(
        "half_day_times",
        _half_days,
        Period.PRESENCE,
        _half_days.c.on_date,
        due=_half_days.c.check_ins.is_not(null()),
        blank={"check_ins": null()},
        guarded=True,
    ),
    Part(
        "closed_months",
        _months,
        Period.TELEWORK,
        _months.c.last_on,
        due=_months.c.closed_by.is_not(None),
        blank={"closed_by": None},
    ),
    Part("rotation_cells", _cells, Period.TELEWORK, _cells.c.on_date),
    Part("rotation_locks", _locks, Period.TELEWORK, _locks.c.on_date),
    Part("rotation_swaps", _swaps, Period.TELEWORK, _swaps.c.on_date),
    Part(
        "rotations",
        _rotations,
        Period.TELEWORK,
        _rotations.c.last_on,
        due=_rotations.c.made_by.is_not(None),
        blank={"made_by": None, "published_by": None, "problem": {}, "plan": {}, "conflict": null()},
    ),
)
# Erased with what they hang on, or counted first.
TOGETHER = {
    ("booking_attendees", "user_id"): "with its booking",
    ("usage_corrections", "made_by"): "with its booking",
    ("half_days", "user_id"): "counted by section, then erased",
    ("half_day_corrections", "user_id"): "with its half-day",
    ("half_day_corrections", "made_by"): "with its half-day",
    ("lot_wishes", "user_id"): "with its draw",
}
LASTING = {
    ("memberships", "user_id"): "the account itself",
    ("earlier_employments", "user_id"): "the account itself",
    ("api_tokens", "user_id"): "the account itself",
    ("notification_choices", "user_id"): "the account itself",
    ("identities", "user_id"): "the account itself",
    ("password_codes", "user_id"): "the account itself",
    ("webhooks", "made_by"): "who answers for the office's programs",
    ("space_outages", "made_by"): "who answers for the building",
    ("closures", "made_by"): "who answers for the building",
    ("sensor_moves", "made_by"): "goes when the sensor is moved",
    ("telework_rules", "made_by"): "who answers for the office's rules",
    ("rotation_settings", "changed_by"): "who answers for the section's rules",
}


def erased_columns() -> set[tuple[str, str]]:
    """The columns that lead to people and are emptied, or whose rows go."""
    found = set(TOGETHER)
    for part in PARTS:
        names = part.blank if part.blank is not None else part.table.c.keys()
        found |= {(part.table.name, name) for name in names}
    return found


def columns_to_people() -> set[tuple[str, str]]:
    """Every column of the schema that refers to a user."""
    return {
        (table.name, key.parent.name)
        for table in tables.values()
        for key in table.foreign_keys
        if key.column.table.name == "users"
    }
