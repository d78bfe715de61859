"""Others' bookings in the browser, for whoever acts for them: a chief for the own section, the facility staff for
everybody; an auditor reads."""

from __future__ import annotations

from datetime import date, timedelta

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext

from app.access import Role, allow, asker
from app.bookings import others
from app.database import transaction
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, now, settings, today
from app.texts import is_storable
from app.timespan import TimeSpan, day_span

pages = Blueprint("others", __name__)
QUERY_MOST = 40
# So many days from the one that is chosen.
LENGTHS = (1, 7, 31)


@pages.get("/bookings/others")
@allow(Role.CHIEF, Role.FACILITY, Role.AUDITOR)
def listed() -> str:
    """What `?q=` finds, or `?person=`, of `?days=` days from `?on=`."""
    on, days = _day(), request.args.get("days", type=int)
    days = days if days in LENGTHS else LENGTHS[0]
    span = TimeSpan(
        day_span(on, settings().timezone).start,
        day_span(on + timedelta(days=days - 1), settings().timezone).end,
    )
    query = request.args.get("q", "").strip()[:QUERY_MOST]
    person = request.args.get("person", type=identifier)
    asked: dict[str, str | int] = {"on": on.isoformat(), "days": days}
    page = None
    if person is not None or (query and is_storable(query)):
        asked |= {"person": person} if person is not None else {"q": query}
        # Whoever is found is told who looked, which takes a writing transaction.
        with transaction(db.engine) as session:
            if person is not None:
                page = others.of_person(session, person, span, actor=asker(), now=now())
            else:
                page = others.found(session, query, span, actor=asker(), now=now())
            session.expunge_all()
    return render_template(
        "others.html",
        page=page,
        query=query or (page.people[0].name if page and page.people else ""),
        on=on,
        days=days,
        asked=asked,
        sees_all=others.sees_all(asker()),
        at_most=others.AT_MOST,
    )


def _day() -> date:
    text = request.args.get("on")
    try:
        return day_typed(text) if text else today()
    except ValueError:
        flash(gettext("That is not a day. Showing today."), "error")
        return today()
