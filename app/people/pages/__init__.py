"""Signing in and out by password, choosing a language, the card for the kiosk."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from marshmallow import Schema, ValidationError
from werkzeug.wrappers import Response

from app.access import LOCALE, PEOPLE, READERS, allow, asker, sign_in, sign_out, visitor
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db, limiter
from app.formats import hours_and_minutes
from app.http import now, settings
from app.people import cards, passwords, service, signing_in, staffing
from app.settings import LOCALES
from app.texts import inside
from app.wording import explain

pages = Blueprint("people_pages", __name__)
# Of one address, which may be a whole office's in the morning: it guards the machine, which works on each password. Far
# fewer are wrong, unless somebody tries many accounts; how often one is tried is counted by itself (`signing_in`).
AT_THE_DOOR, WRONG = "300 per minute", "60 per minute"


def refused(error: DomainError) -> None:
    """Say on the next page why not."""
    flash(explain(error.code, error.facts), "error")


def loaded(schema: Schema, given: Mapping[str, object]) -> dict[str, Any]:
    """A form by the API's own rules; raises RuleBroken `request.invalid`."""
    try:
        body: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        raise RuleBroken("request.invalid", fields=sorted(error.messages_dict)) from error
    return body


@pages.get("/login")
@allow()
def login() -> str:
    return _login(email="", next_page=inside(request.args.get("next", "")))


@pages.post("/login")
@allow()
@limiter.limit(AT_THE_DOOR)
@limiter.limit(WRONG, deduct_when=lambda answer: answer.status_code == 401)
def log_in() -> Response | tuple[str, int]:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    next_page = inside(request.form.get("next", ""))
    address, key = request.remote_addr or "", settings().secret_key
    with reading(db.engine) as found:
        blocked = signing_in.blocked_until(found, email, address, now(), secret_key=key)
        user = None if blocked else service.find_by_password(found, email, password, now())
    if blocked:
        flash(
            gettext(
                "Too many attempts for this address. Try again at %(time)s, or ask your IT staff.",
                time=hours_and_minutes(blocked),
            ),
            "error",
        )
        return _login(email=email, next_page=next_page), 429
    with transaction(db.engine) as found:
        if user is None:
            signing_in.note_failed(found, email, address, now(), secret_key=key)
        else:
            signing_in.note_done(found, user, address, now(), by="password", secret_key=key)
    if user is None:
        flash(gettext("The address or the password is not right."), "error")
        return _login(email=email, next_page=next_page), 401
    sign_in(user.id, user.session_epoch, user.role)
    return redirect(next_page or url_for("boards_pages.start"))


def _login(*, email: str, next_page: str) -> str:
    return render_template("login.html", email=email, next=next_page)


@pages.post("/logout")
@allow()
def log_out() -> Response:
    sign_out()
    return redirect(url_for("people_pages.login"))


@pages.get("/password/new")
@allow()
def password_code() -> str:
    """Choose a password with a code from IT."""
    return render_template("password_code.html", least=passwords.SHORTEST)


@pages.post("/password/new")
@allow()
@limiter.limit(AT_THE_DOOR)
def choose_password() -> Response | tuple[str, int]:
    new = request.form.get("new", "")
    try:
        if new != request.form.get("again", ""):
            raise passwords.not_the_same()
        with transaction(db.engine) as found:
            passwords.choose(found, request.form.get("code", ""), new, now=now())
    except DomainError as error:
        refused(error)
        return password_code(), 422
    sign_out()
    flash(gettext("Your password is set. Sign in with it."), "done")
    return redirect(url_for("people_pages.login"))


@pages.post("/language")
@allow()
def language() -> Response:
    """In this browser; and, of whoever is signed in, on the account: mail and calendar follow it. Of a kiosk's account
    there are several, each with its own language."""
    chosen = request.form.get("locale", "")
    if chosen in LOCALES:
        session[LOCALE] = chosen
        session.permanent = True
        person = visitor()
        if person is not None and person.role in READERS:
            with transaction(db.engine) as found:
                staffing.choose_language(found, person.id, chosen)
    return redirect(inside(request.form.get("next", "")) or url_for("boards_pages.start"))


@pages.get("/card")
@allow(*PEOPLE)
def card() -> str:
    """One's staff card for the kiosk."""
    with reading(db.engine) as found:
        return render_template("card.html", has_card=cards.has_card(found, asker()))


@pages.post("/card")
@allow(*PEOPLE)
@limiter.limit("20 per minute")
def set_card() -> Response:
    number = request.form.get("card", "") if not request.form.get("remove") else ""
    try:
        with transaction(db.engine) as found:
            cards.set_card(
                found,
                asker(),
                number,
                secret_key=settings().secret_key,
                actor_id=asker().id,
                now=now(),
            )
        flash(
            gettext("This card checks you in at the kiosk.") if number.strip() else gettext("Removed."),
            "done",
        )
    except DomainError as error:
        refused(error)
    return redirect(url_for("people_pages.card"))
