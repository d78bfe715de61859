"""A day's booked against actual, for oneself; for facility staff, of all spaces."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app import happenings
from app.access import READERS, Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import now, settings, today
from app.settings import OfficeHours
from app.texts import is_storable
from app.timespan import TimeSpan, chosen_span, day_span
from app.usage import correcting, history, service
from app.usage.rules import Reason
from app.wording import explain

pages = Blueprint("usage_pages", __name__)
SEES_ALL = frozenset({Role.FACILITY, Role.AUDITOR})


@dataclass(frozen=True, slots=True)
class Picture:
    """A day's strip of time, from an hour before the office opens to two after it closes; a unit is a minute."""

    zone: ZoneInfo
    on: date
    office: OfficeHours

    @property
    def hours(self) -> range:
        return range(max(self.office.start.hour - 1, 0), min(self.office.end.hour + 2, 23) + 1)

    @property
    def width(self) -> int:
        return self.of_hour(self.hours.stop)

    def of_hour(self, hour: int) -> int:
        return (hour - self.hours.start) * 60

    def shows(self, at: datetime) -> bool:
        """Whether an instant lies in the strip."""
        return 0.0 < self.minutes(at) < self.width

    def minutes(self, at: datetime) -> float:
        begins = day_span(self.on, self.zone, time(self.hours.start)).start
        return min(max((at - begins) / timedelta(minutes=1), 0.0), float(self.width))


@pages.get("/bookings/<int:booking_id>/history")
@allow(*READERS)
def booking_history(booking_id: int) -> str:
    """What happened to a booking, and for facility staff a form to say what really happened."""
    with reading(db.engine) as session:
        story = history.story_of(session, booking_id, actor=asker(), now=now())
    if story.is_look:
        with transaction(db.engine) as session:
            history.note_look(session, story, actor=asker(), now=now())
    may_correct = asker().role is Role.FACILITY and not story.booking.is_live and not story.booking.erased_at
    return render_template(
        "history.html",
        story=story,
        happenings=happenings,
        may_correct=may_correct,
        may_act=story.may_change,
        by_other=story.is_look,
        Reason=Reason,
    )


@pages.post("/bookings/<int:booking_id>/history")
@allow(Role.FACILITY)
def correct(booking_id: int) -> Response:
    try:
        with transaction(db.engine) as session:
            booking = correcting.get_booking(session, booking_id, actor=asker(), to_change=True)
            if request.form.get("version", type=int) != booking.version:
                raise RuleBroken("booking.changed")
            correcting.correct(
                session,
                booking,
                None if request.form.get("nobody") else _chosen(),
                reason=_reason(),
                note=_note(),
                actor=asker(),
                now=now(),
            )
        flash(gettext("Corrected. What the sensor said stays beside it."), "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("usage_pages.booking_history", booking_id=booking_id))


def _chosen() -> TimeSpan:
    """The span of the form, in local time."""
    try:
        on = date.fromisoformat(request.form.get("date", ""))
        start = time.fromisoformat(request.form.get("from", ""))
        end = time.fromisoformat(request.form.get("to", ""))
        return chosen_span(on, start, end, settings().timezone)
    except (ValueError, OverflowError) as error:
        raise RuleBroken("request.invalid") from error


def _reason() -> Reason:
    try:
        return Reason(request.form.get("reason", ""))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _note() -> str:
    note = request.form.get("note", "").strip()[:200]
    if not is_storable(note):
        raise RuleBroken("request.invalid")
    return note


@pages.get("/day")
@allow(*READERS)
def day() -> str:
    on = _asked_day()
    span = day_span(on, settings().timezone)
    may_see_all = asker().role in SEES_ALL
    everything = may_see_all and request.args.get("mine") is None
    with reading(db.engine) as session:
        rows = service.ledger(session, span, now=now(), user_id=None if everything else asker().id)
    return render_template(
        "day.html",
        on=on,
        today=today(),
        before=on - timedelta(days=1),
        after=on + timedelta(days=1),
        picture=Picture(settings().timezone, on, settings().hours),
        rows=rows,
        kept={"mine": 1} if may_see_all and not everything else {},
        everything=everything,
        may_see_all=may_see_all,
    )


def _asked_day() -> date:
    text = request.args.get("on")
    if not text:
        return today()
    try:
        on = date.fromisoformat(text)
        day_span(on + timedelta(days=2), settings().timezone)
        day_span(on - timedelta(days=2), settings().timezone)
    except (ValueError, OverflowError):
        flash(gettext("That is not a day. Showing today."), "error")
        return today()
    return on
