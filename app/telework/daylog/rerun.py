"""Which closed days are to be written anew (RULES 18): what was recorded of them since may change them.

State is rows: a day's `closed_at` is when it was last written. Every day of an open month is written anew once after
each office day has closed, whatever changed (the calendar, somebody's section); what is recorded of bookings and plans
is seen at once.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta

from sqlalchemy import exists, or_, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.events import Event
from app.telework.daylog.models import ClosedMonth
from app.telework.models import ClosedDay, TeleworkPlan
from app.telework.service import Office
from app.timespan import TimeSpan, day_span

# Months are closed within days; what nobody closes is settled by then.
OPEN_FOR = timedelta(days=62)
BOOKING, PLAN = "booking:", "telework."


def days_to_write_anew(session: Session, now: datetime, office: Office) -> list[date]:
    """Closed days of open months that something may have changed since they were written, oldest first; a fixed number
    of queries."""
    today = office.day(now)
    written = {
        row.on_date: row.closed_at
        for row in session.execute(
            select(ClosedDay.on_date, ClosedDay.closed_at).where(
                ClosedDay.on_date > today - min(OPEN_FOR, office.presence_kept),
                ~exists().where(
                    ClosedMonth.first_on <= ClosedDay.on_date, ClosedMonth.last_on >= ClosedDay.on_date
                ),
            )
        )
    }
    if not written:
        return []
    yesterday = today - timedelta(days=1)
    morning = office.closes_at(
        yesterday if office.closes_at(yesterday) <= now else yesterday - timedelta(days=1)
    )
    due = {on for on, at in written.items() if at < morning}
    for on, at in _touched(session, min(written.values()), now, office).items():
        if on in written and at > written[on]:
            due.add(on)
    return sorted(due)


def _touched(session: Session, since: datetime, now: datetime, office: Office) -> dict[date, datetime]:
    """The days of which something was recorded since an instant, each with the last of it."""
    rows = session.execute(
        select(Event.kind, Event.subject, Event.at, Event.data).where(
            Event.at > since, or_(Event.subject.startswith(BOOKING), Event.kind.startswith(PLAN))
        )
    ).all()
    of_bookings: dict[int, datetime] = {}
    of_plans: dict[int, datetime] = {}
    found: dict[date, datetime] = defaultdict(lambda: since)
    for row in rows:
        if row.subject.startswith(BOOKING):
            number = int(row.subject.removeprefix(BOOKING))
            of_bookings[number] = max(row.at, of_bookings.get(number, row.at))
        else:
            # One of a decision on many, or of a person's own step on one.
            for plan_id in row.data.get("plan_ids", [row.data["plan_id"]] if "plan_id" in row.data else []):
                of_plans[plan_id] = max(row.at, of_plans.get(plan_id, row.at))
    for plan_id, on in session.execute(
        select(TeleworkPlan.id, TeleworkPlan.on_date).where(TeleworkPlan.id.in_(of_plans))
    ):
        found[on] = max(found[on], of_plans[plan_id])
    over = day_span(office.day(now), office.timezone).start
    for booking_id, start, end in session.execute(
        select(Booking.id, Booking.start_at, Booking.end_at).where(
            Booking.id.in_(of_bookings), Booking.start_at < over
        )
    ):
        for on in _days(TimeSpan(start, end), office):
            found[on] = max(found[on], of_bookings[booking_id])
    return found


def _days(span: TimeSpan, office: Office) -> list[date]:
    first, last = office.day(span.start), office.day(span.end)
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
