"""At the desk: the page behind its code, and the kiosk where a staff card checks in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, Person, Role, allow, asker
from app.bookings import later, walk_in
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.errors import DomainError, Forbidden
from app.extensions import db, limiter
from app.fields import zone_typed
from app.formats import by_clock
from app.http import identifier, now, settings, today
from app.wording import explain

pages = Blueprint("desks", __name__)
STAY = timedelta(minutes=30)
# How long somebody may stand at the kiosk before their page is nobody's again.
AT_KIOSK_S = 90


@pages.get("/s")
@allow(*PEOPLE)
def find() -> Response:
    """From a code as typed to its desk."""
    code = request.args.get("code", "").strip()
    if not code:
        return redirect(url_for("bookings_pages.mine"))
    return redirect(url_for("desks.show", code=code))


@pages.get("/s/<code>")
@allow(*PEOPLE)
def show(code: str) -> str | Response:
    try:
        with reading(db.engine) as session:
            desk = walk_in.desk(session, code, person=asker(), now=now())
            offer = pipeline.offer_of(session, desk.held.id) if desk.held else None
            free = later.free_times(session, desk.place, person=asker(), now=now(), hours=settings().hours)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("bookings_pages.mine"))
    with by_clock(desk.place.timezone):
        return render_template(
            "desk.html",
            desk=desk,
            offer=offer,
            free=free,
            why=explain(desk.refused.code, desk.refused.facts) if desk.refused else "",
            stay=now() + STAY,
            Status=Status,
        )


@pages.post("/s/<code>/sit")
@allow(*PEOPLE)
def sit(code: str) -> Response:
    """Sit down; what was held elsewhere is given back where the form says so."""

    def take(session: Session) -> Booking:
        place = walk_in.find_desk(session, code)
        change = partial(pipeline.change_seat, office=settings())
        verb = change if request.form.get("leave") else pipeline.claim
        return verb(session, actor=asker(), space_id=place.space.id, now=now(), until=_until())

    return _done(take, gettext("This seat is yours until you leave."), url_for("desks.show", code=code))


def _until() -> datetime | None:
    """The end that the form asks for; None: as long as it can be."""
    minutes = request.form.get("minutes", type=int)
    return now() + timedelta(minutes=minutes) if minutes and 0 < minutes <= 24 * 60 else None


@pages.get("/kiosk")
@allow(Role.KIOSK)
def kiosk() -> str:
    return render_template("kiosk.html")


@pages.post("/kiosk")
@allow(Role.KIOSK)
@limiter.limit("60 per minute")
def enter() -> Response | str:
    """A card was read: its owner's bookings of today."""
    try:
        with reading(db.engine) as session:
            person = walk_in.card_holder(
                session, request.form.get("card", ""), today(), now(), secret_key=settings().secret_key
            )
            rows = walk_in.todays(session, person, now())
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("desks.kiosk"))
    return render_template(
        "kiosk_person.html",
        name=person.name,
        rows=rows,
        pass_=_passes().dumps(person.id),
        seconds=AT_KIOSK_S,
        Status=Status,
    )


@pages.post("/kiosk/check-in")
@allow(Role.KIOSK)
def kiosk_check_in() -> Response:
    def check_in(session: Session) -> Booking:
        booking_id = request.form.get("booking_id", 0, type=identifier)
        return walk_in.check_in(session, booking_id, person=_standing_there(session), now=now())

    return _done(check_in, gettext("Checked in. Welcome."), url_for("desks.kiosk"))


@pages.post("/kiosk/sit")
@allow(Role.KIOSK)
def kiosk_sit() -> Response:
    def take(session: Session) -> Booking:
        place = walk_in.find_desk(session, request.form.get("code", ""))
        return pipeline.change_seat(
            session, actor=_standing_there(session), space_id=place.space.id, now=now(), office=settings()
        )

    return _done(take, gettext("This seat is yours until you leave."), url_for("desks.kiosk"))


def _passes() -> URLSafeTimedSerializer:
    """What the kiosk's page hands back instead of the card: whose card was read, for a minute and a half."""
    return URLSafeTimedSerializer(str(current_app.secret_key), salt="kiosk")


def _standing_there(session: Session) -> Person:
    try:
        user_id = _passes().loads(request.form.get("pass", ""), max_age=AT_KIOSK_S)
    except BadSignature as error:
        raise Forbidden("kiosk.too_late") from error
    return walk_in.card_holder_again(session, user_id, today(), now())


def _done(do: Callable[[Session], Booking], said: str, then: str) -> Response:
    """Do it in one transaction, say how it went, and go on."""
    try:
        with transaction(db.engine) as session:
            do(session)
        flash(said, "done")
    except DomainError as error:
        with by_clock(zone_typed(request.form.get("clock", ""))):
            flash(explain(error.code, error.facts), "error")
    return redirect(then)
