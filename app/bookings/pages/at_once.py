"""Now, in the browser: one click books the best space; what stands in the way is shown with what can be done."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, allow, asker
from app.bookings.now.asking import Named
from app.bookings.pages import asking
from app.database import reading, transaction
from app.errors import Conflict, DomainError
from app.extensions import db
from app.formats import times
from app.http import identifier, now, settings
from app.timespan import TimeSpan
from app.wording import KINDS, explain

pages = Blueprint("now", __name__)
MOST_MINUTES = 24 * 60
# On what ground "now" proposes a space.
GROUNDS = {
    "fixed_seat": lazy_gettext("it is kept for you"),
    "near_group": lazy_gettext("near your group today"),
    "usual": lazy_gettext("you often sit there"),
    "own_zone": lazy_gettext("in your section's zone"),
    "free": lazy_gettext("the first that is free"),
    "overflow": lazy_gettext("your own zone is full"),
    "other_site": lazy_gettext("in another building, since nothing is free in yours"),
}


@pages.post("/now/<any('desk', 'room'):lane>")
@allow(*PEOPLE)
def take(lane: str) -> Response | str:
    """Book now; where one's own booking clashes or nothing is free, say so and offer the next step."""
    minutes = request.form.get("minutes", type=int)
    kind = request.form.get("kind")
    floor_id = request.form.get("floor_id", type=identifier)
    named = Named(
        kind=kind if kind in KINDS else None,
        lane=lane,
        minutes=minutes if minutes and 0 < minutes <= MOST_MINUTES else None,
        replace=bool(request.form.get("replace")),
        floor_id=floor_id,
    )
    try:
        with reading(db.engine) as session:
            ask = asking.ask(session, named)
        with transaction(db.engine) as session:
            taken = pipeline.book_now(session, ask, actor=asker(), now=now(), office=settings())
            session.expunge_all()
    except Conflict as error:
        if error.code not in {"booking.own_clash", "booking.none_free"}:
            flash(explain(error.code, error.facts), "error")
            return redirect(url_for("bookings_pages.mine"))
        wait_length, wait_until = ask.wait(now())
        return render_template(
            "now.html",
            lane=lane,
            kind=ask.target.kind.value if ask.target.kind else "",
            site_id=ask.near_site_id or "",
            floor_id=floor_id or "",
            minutes=minutes,
            error=error,
            wait_minutes=wait_length // timedelta(minutes=1) if wait_length else None,
            wait_until=wait_until,
            own=_span(error, "start", "end"),
            following=_span(error, "next_start", "next_end"),
        )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("bookings_pages.mine"))
    flash(
        gettext(
            "%(space)s is yours, %(times)s. Why this one: %(why)s.",
            space=taken.proposal.option.code,
            times=times(taken.booking.span),
            why=GROUNDS[taken.proposal.ground.reason],
        ),
        "done",
    )
    return redirect(url_for("bookings_pages.mine"))


def _span(error: Conflict, start: str, end: str) -> TimeSpan | None:
    """A span that a refusal names."""
    if start not in error.facts:
        return None
    return TimeSpan(datetime.fromisoformat(error.facts[start]), datetime.fromisoformat(error.facts[end]))
