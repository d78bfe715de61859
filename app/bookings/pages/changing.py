"""A booking's change as a page of its own: the form, and where something stands in the way, what, and what else could
be had."""

from __future__ import annotations

from datetime import time

from flask import Blueprint, make_response, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access import PEOPLE, allow, asker
from app.bookings import attendees, service
from app.bookings.instead import InTheWay, in_the_way
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import DomainError, NotFound
from app.extensions import db
from app.fields import day_typed
from app.http import now, settings
from app.texts import inside
from app.timespan import TimeSpan, chosen_span
from app.wording import explain

pages = Blueprint("changing", __name__)
# Refusals for which another space or another time may do.
CLASHES = frozenset({"booking.overlap", "booking.held"})
IN_THE_WAY = frozenset({"out_of_order", "closed", "not_available", "buffer", "opening_hours"})


@pages.get("/bookings/<int:booking_id>/change")
@allow(*PEOPLE)
def form(booking_id: int) -> Response:
    """The form alone; of somebody else's booking it is a look at it."""
    answer, is_look = _page(booking_id)
    if is_look:
        with transaction(db.engine) as session:
            booking = service.get_booking(session, booking_id, actor=asker())
            service.note_seen(session, booking, actor=asker(), now=now())
    return answer


def refused(booking_id: int, error: DomainError) -> Response:
    """The form once more as it was typed, with what stands in the way."""
    answer, _is_look = _page(booking_id, error)
    answer.status_code = 409
    return answer


def _page(booking_id: int, error: DomainError | None = None) -> tuple[Response, bool]:
    with reading(db.engine) as session:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        row, who = service.shown(session, booking)
        span = _typed(booking) or booking.span
        way = _in_the_way(session, booking, span, error) if error else None
        coming = attendees.addresses_of(session, [booking.id])
        is_look = service.is_look(booking, asker())
        session.expunge_all()
    answer = make_response(
        render_template(
            "booking_change.html",
            row=row,
            who=who if booking.user_id != asker().id else "",
            said=_said(error, booking, who) if error else "",
            way=way,
            span=span,
            coming=coming,
            typed=request.form,
            then=inside(request.values.get("then", "")) or url_for("bookings_pages.mine"),
            Status=Status,
        )
    )
    return answer, is_look


def _said(error: DomainError, booking: Booking, who: str) -> str:
    if error.facts.get("clash") == "person" and booking.user_id != asker().id:
        return str(gettext("%(name)s already holds a space of this kind for part of that time.", name=who))
    return explain(error.code, error.facts)


def _typed(booking: Booking) -> TimeSpan | None:
    """The span of the form, in local time; what has begun keeps its start. None where none was typed."""
    try:
        on = day_typed(request.form.get("date", ""))
        start = time.fromisoformat(request.form.get("from", ""))
        end = time.fromisoformat(request.form.get("to", ""))
        span = chosen_span(on, start, end, settings().timezone)
        return TimeSpan(booking.start_at, span.end) if booking.start_at <= now() else span
    except (ValueError, OverflowError):
        return None


def _in_the_way(session: Session, booking: Booking, span: TimeSpan, error: DomainError) -> InTheWay | None:
    if error.code not in CLASHES and error.facts.get("rule") not in IN_THE_WAY:
        return None
    code = request.form.get("code", "").strip()[:32]
    try:
        space_id = service.space_called(session, code) if code else booking.space_id
        return in_the_way(session, booking, space_id, span, now=now(), hours=settings().hours)
    except NotFound:
        return None
