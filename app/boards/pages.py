"""The floor as people see it: map, table, a space's panel, live."""

from __future__ import annotations

from datetime import time

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import READERS, Person, Role, allow, asker, visitor
from app.boards import service
from app.boards.rules import hours_of, suggested_span
from app.boards.service import FloorPage, Plan
from app.calendar import working_days
from app.database import reading
from app.errors import NotFound
from app.extensions import db
from app.fields import day_typed
from app.formats import hours_and_minutes
from app.http import identifier, now, settings
from app.timespan import TimeSpan, chosen_span
from app.working_days import WorkingDays

pages = Blueprint("boards_pages", __name__)
NO_CHANGE = 204
# Who is asked for whom a booking is: the chief for the section, facility staff for everybody, both for guests.
BOOKS_FOR = frozenset({Role.CHIEF, Role.FACILITY})


@pages.get("/")
@allow()
def start() -> Response:
    """The floor; in the demo, the day happening, to whoever has not signed in."""
    if visitor() is None:
        return redirect(url_for("boards_pages.demo" if settings().demo else "people_pages.login"))
    with reading(db.engine) as session:
        floor_id = service.first_floor_id(session)
    if floor_id is None:
        return make_response(render_template("empty.html"))
    return redirect(url_for("boards_pages.floor", floor_id=floor_id))


@pages.get("/floors/<int:floor_id>")
@allow(*READERS, Role.KIOSK)
def floor(floor_id: int) -> str:
    page = _load(floor_id, asker())
    if len(page.asked) < len(_named()):
        flash(gettext("Choose a day, and an end after the start."), "error")
    space = page.view_of(request.args.get("space", type=identifier))
    return render_template("floor.html", page=page, space=space, books_for=asker().role in BOOKS_FOR)


@pages.get("/floors/<int:floor_id>/live")
@allow(*READERS, Role.KIOSK)
def live(floor_id: int) -> Response:
    """The moving part of the floor page, or 204 where nothing moved since the version the page has."""
    page = _load(floor_id, asker())
    if request.args.get("v") == page.version:
        return make_response("", NO_CHANGE)
    return make_response(render_template("_floor_live.html", page=page))


@pages.get("/floors/<int:floor_id>/spaces/<int:space_id>")
@allow(*READERS, Role.KIOSK)
def panel(floor_id: int, space_id: int) -> str:
    """A space's panel alone, for the page that swaps it in."""
    page = _load(floor_id, asker())
    space = page.view_of(space_id)
    if space is None:
        raise NotFound("space.unknown", space_id=space_id)
    return render_template("_space_panel.html", page=page, space=space, books_for=asker().role in BOOKS_FOR)


@pages.get("/demo")
@allow()
def demo() -> Response:
    """The demo's first page: the day happening, and who can sign in. Exists in the demo only."""
    if not settings().demo:
        raise NotFound("request.unknown")
    with reading(db.engine) as session:
        floor_id = service.first_floor_id(session)
    if floor_id is None:
        raise NotFound("request.unknown")
    page = _load(floor_id, None)
    if request.args.get("v") == page.version:
        return make_response("", NO_CHANGE)
    template = "_demo_live.html" if request.headers.get("HX-Request") else "demo.html"
    return make_response(render_template(template, page=page))


@pages.get("/demo/clock")
@allow()
def demo_clock() -> str:
    """The time of the shown day, which every page of the demo asks for each second."""
    if not settings().demo:
        raise NotFound("request.unknown")
    return hours_and_minutes(now())


def _load(floor_id: int, person: Person | None) -> FloorPage:
    with reading(db.engine) as session:
        plan = service.get_plan(session, floor_id)
        span, asked = _span(plan, working_days(session, now().year))
        return service.floor_page(session, plan, span, asked=asked, person=person, now=now())


def _named() -> dict[str, str]:
    """What the address says of the span."""
    return {name: request.args[name] for name in ("date", "from", "to") if name in request.args}


def _span(plan: Plan, calendar: WorkingDays) -> tuple[TimeSpan, dict[str, str]]:
    """The span that the address names, by the clock that every page shows, and what names it; the suggested one, by the
    hours of the floor's site, and nothing where none or no span is."""
    opens, closes = hours_of(settings().hours.start, settings().hours.end, plan.opening)
    suggested = suggested_span(now(), zone=plan.timezone, opens=opens, closes=closes, calendar=calendar)
    asked = _named()
    if not asked:
        return suggested, {}
    clock = settings().timezone
    start, end = suggested.start.astimezone(clock), suggested.end.astimezone(clock)
    try:
        on = day_typed(asked.get("date", start.date().isoformat()))
        begins = time.fromisoformat(asked.get("from", start.time().isoformat()))
        ends = time.fromisoformat(asked.get("to", end.time().isoformat()))
        return chosen_span(on, begins, ends, clock), asked
    except (ValueError, OverflowError):
        return suggested, {}
