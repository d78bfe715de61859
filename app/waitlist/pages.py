"""The queue in the browser: one's places in line and what is offered; the numbers of a reception desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, NotFound, RuleBroken
from app.extensions import db
from app.http import identifier, now, settings
from app.texts import inside
from app.timespan import TimeSpan, chosen_span
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import State, Wish
from app.wording import KINDS, explain

A_DAY = 1440
LANES = {"desk", "room"}
# For how long something is asked for, within the time in which one waits.
LENGTHS = [timedelta(minutes=minutes) for minutes in (15, 30, 60, 90, 120, 240)]

pages = Blueprint("queue", __name__, url_prefix="/queue")


@pages.get("")
@allow(*PEOPLE)
def mine() -> str:
    with reading(db.engine) as session:
        shown = service.standing(session, service.list_own(session, asker().id), now=now())
        zones = service.zones_with_rooms(session)
        by_site = service.zones_to_wait_for(session, asker())
        session.expunge_all()
    return render_template(
        "queue.html",
        shown=shown,
        zones=zones,
        by_site=by_site,
        kinds=KINDS,
        lengths=LENGTHS,
        State=State,
        now=now(),
    )


@pages.post("")
@allow(*PEOPLE)
def wait() -> Response:
    def join(session: Session) -> str:
        # Where any seat or any room will do, the form's choice of a kind names the lane.
        lane = request.form.get("lane") or request.form.get("kind")
        site_id, zone_id = _where()
        target = service.target_of(
            session,
            space_id=request.form.get("space_id", type=identifier),
            space_code=request.form.get("code", "").strip()[:32],
            kind=request.form["kind"] if request.form.get("kind") in KINDS else None,
            zone_id=zone_id,
            site_id=site_id,
            lane=lane if lane in LANES else None,
            actor=asker(),
        )
        span = _span()
        wish = Wish(target, span, _length_within(span))
        entry = pipeline.wait(session, wish, actor=asker(), now=now(), office=settings())
        if entry.state is State.OFFERED:
            return str(gettext("Something is free already: it is held for you. Take it or decline."))
        return str(gettext("You stand in line. You are told as soon as something is free."))

    return _done(join)


def _where() -> tuple[int | None, int | None]:
    """The site and the zone of the form."""
    site, _, zone = request.form.get("where", "").partition("/")
    try:
        return identifier(site) if site else None, identifier(zone) if zone else None
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _length_within(span: TimeSpan) -> timedelta | None:
    """So long, whenever it is one's turn within a span, as the form says; None: all of it."""
    text = request.form.get("minutes", "")
    if text and not (text.isascii() and text.isdigit() and len(text) <= 4 and 0 < int(text) <= A_DAY):
        raise RuleBroken("request.invalid")
    length = timedelta(minutes=int(text)) if text else span.length
    return length if length < span.length else None


def _span() -> TimeSpan:
    """The span of the form, in local time; or from now until an instant, which a page chose."""
    try:
        if until := request.form.get("until"):
            return TimeSpan(now(), datetime.fromisoformat(until))
        on = date.fromisoformat(request.form.get("date", ""))
        start = time.fromisoformat(request.form.get("from", ""))
        end = time.fromisoformat(request.form.get("to", ""))
        return chosen_span(on, start, end, settings().timezone)
    except (ValueError, OverflowError) as error:
        raise RuleBroken("request.invalid") from error


@pages.post("/<int:entry_id>/<any('accept', 'decline', 'leave'):verb>")
@allow(*PEOPLE, Role.KIOSK)
def answer(entry_id: int, verb: str) -> Response:
    def act(session: Session) -> str:
        entry = service.get_entry(session, entry_id, actor=asker())
        if verb == "accept":
            there = asker().role is Role.KIOSK
            pipeline.accept_offer(session, entry, actor=asker(), now=now(), is_there=there, office=settings())
            return str(gettext("It is yours."))
        _other(verb)(session, entry, actor=asker(), now=now(), office=settings())
        return str(gettext("Thank you. It goes to the next in line."))

    return _done(act)


def _other(verb: str) -> Callable[..., Entry]:
    return pipeline.decline_offer if verb == "decline" else pipeline.stop_waiting


@pages.get("/numbers")
@allow(*PEOPLE, Role.KIOSK)
def numbers() -> str:
    """The numbers called and waiting for the rooms of a zone, at a kiosk the button that draws one."""
    with reading(db.engine) as session:
        zones = service.zones_with_rooms(session)
        wanted = request.args.get("zone", type=identifier)
        zone = next((one for one in zones if one.id == wanted), zones[0] if zones else None)
        entries = service.numbers(session, zone.id, now=now()) if zone else []
        shown = service.standing(session, entries, now=now())
        session.expunge_all()
    return render_template(
        "numbers.html",
        zones=zones,
        zone=zone,
        called=[one for one in shown if one.entry.state is State.OFFERED],
        waiting=[one for one in shown if one.entry.state is State.WAITING],
        at_kiosk=asker().role is Role.KIOSK,
    )


@pages.post("/numbers")
@allow(*PEOPLE, Role.KIOSK)
def draw() -> Response:
    def take(session: Session) -> str:
        zone_id = request.form.get("zone_id", type=identifier)
        if zone_id is None:
            raise NotFound("zone.unknown")
        wanted = service.Draw(zone_id)
        entry = pipeline.draw_number(session, wanted, actor=asker(), now=now(), office=settings())
        if entry.state is State.OFFERED:
            return str(gettext("Your number is %(number)s. It is your turn now.", number=entry.number))
        return str(gettext("Your number is %(number)s. Please wait until it is called.", number=entry.number))

    return _done(take)


def _done(do: Callable[[Session], str]) -> Response:
    """Do it in one transaction, say how it went, and go where the form says, or to one's places in line, at a kiosk to
    the numbers."""
    try:
        with transaction(db.engine) as session:
            said = do(session)
        flash(said, "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    if asker().role is Role.KIOSK:
        return redirect(url_for("queue.numbers", zone=request.form.get("zone_id", type=identifier)))
    return redirect(inside(request.form.get("then", "")) or url_for("queue.mine"))
