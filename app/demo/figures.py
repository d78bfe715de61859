"""What a day came to, read from the database: the table and the JSON line of `demo --once`."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.bookings.models import Booking
from app.bookings.rules import By, Origin, Status
from app.events import Event
from app.occupancy.models import OccupancyChange, StoredReading
from app.occupancy.rules import Occupancy
from app.telework.models import HalfDay
from app.telework.rules import DayClass
from app.timespan import TimeSpan
from app.usage.models import UsageSession


@dataclass(frozen=True, slots=True)
class DayFigures:
    """Counts of one day. `telework_days` counts half-days as 0.5; `kept_sensor_silent`: bookings that nobody
    confirmed, kept because their sensor was silent."""

    readings: int
    bookings: int
    check_ins_by_sensor: int
    check_ins_by_hand: int
    no_shows_released: int
    booked_again_after_release: int
    hours_given_back: float
    walk_ins: int
    sessions: int
    sessions_without_booking: int
    sensors_offline: int
    kept_sensor_silent: int
    left_early: int
    telework_days: float
    office_half_days: int
    unknown_half_days: int

    def as_dict(self) -> dict[str, float | int]:
        """The figures by name, for the JSON line."""
        return asdict(self)


def of_day(session: Session, on: date, day: TimeSpan) -> DayFigures:
    """The figures of a day that has been closed."""
    bookings = list(
        session.scalars(select(Booking).where(Booking.start_at < day.end, Booking.end_at > day.start))
    )
    given_back = sum(
        (one.end_at - one.ended_at).total_seconds()
        for one in bookings
        if one.status in {Status.RELEASED, Status.ENDED_EARLY} and one.ended_at
    )
    again = aliased(Booking)
    booked_again = session.scalar(
        select(func.count(func.distinct(Booking.id)))
        .join(again, again.space_id == Booking.space_id)
        .where(
            Booking.status == Status.RELEASED,
            Booking.start_at < day.end,
            Booking.end_at > day.start,
            again.made_at >= Booking.ended_at,
            again.start_at < Booking.end_at,
        )
    )
    uses = list(
        session.scalars(
            select(UsageSession).where(UsageSession.start_at < day.end, UsageSession.start_at >= day.start)
        )
    )
    held = [
        (one.space_id, one.start_at, one.over_at) for one in bookings if one.status is not Status.CANCELLED
    ]
    unbooked = [
        use
        for use in uses
        if not any(
            space == use.space_id and start < (use.end_at or day.end) and use.start_at < end
            for space, start, end in held
        )
    ]
    halves = list(session.scalars(select(HalfDay).where(HalfDay.on_date == on)))
    kept = session.scalar(
        select(func.count(func.distinct(Event.subject))).where(
            Event.kind == "booking.kept",
            Event.at >= day.start,
            Event.data["changes"]["reason"][1].as_string() == "sensor_silent",
        )
    )
    return DayFigures(
        readings=session.scalar(
            select(func.count())
            .select_from(StoredReading)
            .where(StoredReading.observed_at.between(day.start, day.end))
        )
        or 0,
        bookings=sum(one.origin is Origin.BOOKED for one in bookings),
        check_ins_by_sensor=sum(one.checked_in_by is By.SENSOR for one in bookings),
        check_ins_by_hand=sum(
            one.checked_in_by is By.HAND and one.origin is Origin.BOOKED for one in bookings
        ),
        no_shows_released=sum(one.status is Status.RELEASED for one in bookings),
        booked_again_after_release=booked_again or 0,
        hours_given_back=round(given_back / 3600, 1),
        walk_ins=sum(one.origin is Origin.CLAIM for one in bookings),
        sessions=len(uses),
        sessions_without_booking=len(unbooked),
        sensors_offline=session.scalar(
            select(func.count(func.distinct(OccupancyChange.sensor_id))).where(
                OccupancyChange.state == Occupancy.OFFLINE, OccupancyChange.at.between(day.start, day.end)
            )
        )
        or 0,
        kept_sensor_silent=kept or 0,
        left_early=sum(one.status is Status.ENDED_EARLY and one.reason == "left_early" for one in bookings),
        telework_days=sum(half.day_class is DayClass.TELEWORK for half in halves) / 2,
        office_half_days=sum(
            half.day_class in {DayClass.OFFICE, DayClass.OFFICE_PRESUMED} for half in halves
        ),
        unknown_half_days=sum(half.day_class is DayClass.UNKNOWN for half in halves),
    )
