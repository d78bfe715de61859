"""A day's booked against actual, for oneself; for facility staff, of all spaces."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext

from app.access import READERS, Role, allow, asker
from app.database import reading
from app.extensions import db
from app.http import now, settings, today
from app.timespan import day_span
from app.usage import service

pages = Blueprint("usage_pages", __name__)
SEES_ALL = frozenset({Role.FACILITY, Role.AUDITOR})


@pages.get("/day")
@allow(*READERS)
def day() -> str:
    on = _asked_day()
    span = day_span(on, settings().timezone)
    everything = asker().role in SEES_ALL and request.args.get("mine") is None
    with reading(db.engine) as session:
        rows = service.ledger(session, span, now=now(), user_id=None if everything else asker().id)
    return render_template(
        "day.html",
        on=on,
        before=on - timedelta(days=1),
        after=on + timedelta(days=1),
        span=span,
        rows=rows,
        everything=everything,
        may_see_all=asker().role in SEES_ALL,
        hours=settings().hours,
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
