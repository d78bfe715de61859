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
from app.bookings.pages import asking
from app.bookings.rules import Status
from app.database import reading
from app.errors import DomainError, NotFound, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import now, settings
from app.texts import inside
from app.timespan import TimeSpan, chosen_span, touched_up
from app.wording import explain

pages = Blueprint("changing", __name__)
# Refusals for which another space or another time may do.
CLASHES = frozenset({"booking.overlap", "booking.held"})
IN_THE_WAY = frozenset({"out_of_order", "closed", "not_available", "buffer", "opening_hours"})


@pages.get("/bookings/<int:booking_id>/change")
@allow(*PEOPLE)
def form(booking_id: int) -> Response:
    """The form alone."""
    return _page(booking_id)


def refused(booking_id: int, error: DomainError) -> Response:
    """The form once more as it was typed, with what stands in the way."""
    answer = _page(booking_id, error)
    answer.status_code = 409
    return answer


def _page(booking_id: int, error: DomainError | None = None) -> Response:
    """Of somebody else's booking it is a look at it."""
    with reading(db.engine) as session:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        row, who = service.shown(session, booking)
        span = _shown(booking)
        way = _in_the_way(session, booking, span, error) if error else None
        coming = attendees.addresses_of(session, [booking.id])
        session.expunge_all()
    asking.has_seen(booking)
    return make_response(
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


def _said(error: DomainError, booking: Booking, who: str) -> str:
    if error.facts.get("clash") == "person" and booking.user_id != asker().id:
        return str(gettext("%(name)s already holds a space of this kind for part of that time.", name=who))
    return explain(error.code, error.facts)


def typed(booking: Booking) -> TimeSpan:
    """The span of the form, in local time; what was left alone of a booking's is as it was. Raises RuleBroken
    `request.invalid`."""
    form, zone = request.form, settings().timezone
    try:
        on, last = day_typed(form.get("date", "")), form.get("to_date")
        start, end = (time.fromisoformat(form.get(name, "")) for name in ("from", "to"))
        chosen = chosen_span(on, start, end, zone, last=day_typed(last) if last else None)
        return touched_up(booking.span, chosen, zone)
    except (ValueError, OverflowError) as error:
        raise RuleBroken("request.invalid") from error


def _shown(booking: Booking) -> TimeSpan:
    """The span that the form shows: as it was typed, or the booking's where none was."""
    try:
        return typed(booking)
    except RuleBroken:
        return booking.span


def _in_the_way(session: Session, booking: Booking, span: TimeSpan, error: DomainError) -> InTheWay | None:
    if error.code not in CLASHES and error.facts.get("rule") not in IN_THE_WAY:
        return None
    code = request.form.get("code", "").strip()[:32]
    try:
        space_id = service.space_called(session, code) if code else booking.space_id
        return in_the_way(session, booking, space_id, span, now=now(), hours=settings().hours)
    except NotFound:
        return None
