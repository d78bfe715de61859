"""Spaces out of order, in the browser: taken out after a look at who would move, and mended; outages to come taken
back."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import reading
from app.errors import RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.formats import by_clock
from app.http import now
from app.spaces import outages, service
from app.spaces.pages import typed
from app.spaces.pages.layout import done
from app.spaces.schemas import moves_shown
from app.timespan import day_span

pages = Blueprint("outage_pages", __name__, url_prefix="/office")


@pages.post("/spaces/<int:space_id>/outage")
@allow(Role.FACILITY)
def break_down(space_id: int) -> Response | str:
    """First who would go where, then, confirmed, the outage: from now or a day of the site on, to the end of another,
    or until it is mended."""
    with reading(db.engine) as session:
        place = service.get_place(session, space_id)
    try:
        first, last = request.form.get("first", ""), request.form.get("last", "")
        start = max(now(), day_span(day_typed(first), place.timezone).start) if first else now()
        end = day_span(day_typed(last), place.timezone).end if last else None
        if end is not None and end <= start:
            raise ValueError
        outage = pipeline.Outage(space_id, start, end, typed("reason", 120))
    except (ValueError, OverflowError, RuleBroken):
        flash(gettext("Choose a last day that is not over nor before the first, or none."), "error")
        return redirect(url_for("boards_pages.start"))
    if request.form.get("confirmed"):
        return _done(
            lambda session: pipeline.take_out_of_order(session, outage, actor=asker(), now=now()),
            gettext("Out of order. Whoever had booked it was moved or told."),
            "boards_pages.start",
        )
    with reading(db.engine) as session:
        moves = moves_shown(pipeline.moves_of(session, outage, now=now()))["moves"]
    with by_clock(place.timezone):
        return render_template(
            "outage.html",
            space=place.space,
            outage=outage,
            moves=moves,
            clock=place.timezone,
            form=request.form,
        )


@pages.post("/spaces/<int:space_id>/mend")
@allow(Role.FACILITY)
def mend(space_id: int) -> Response:
    def change(session: Session) -> object:
        found = service.get_place(session, space_id).space.id
        return outages.mend(session, [found], actor_id=asker().id, now=now())

    return _done(change, gettext("In order again."), "boards_pages.start")


@pages.post("/outages/<int:outage_id>/lift")
@allow(Role.FACILITY)
def lift(outage_id: int) -> Response:
    """End one now, or take back one to come; the space's others stay."""
    return _done(
        lambda session: outages.lift(session, outage_id, actor_id=asker().id, now=now()),
        gettext("This outage stands in nobody's way any more."),
        "spaces_pages.office",
    )


def _done(do: Callable[[Session], object], said: str, back: str) -> Response:
    """Do it in one transaction, say how it went, and go back to a page."""
    then = redirect(url_for(back))

    def change(session: Session) -> Response:
        do(session)
        return then

    return done(change, said, otherwise=then)
