"""Signing in and out, choosing a language."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import LOCALE, PEOPLE, allow, asker, sign_in, sign_out
from app.database import reading, transaction
from app.errors import DomainError
from app.extensions import db, limiter
from app.http import now, settings
from app.people import cards, service
from app.settings import LOCALES
from app.wording import explain

pages = Blueprint("people_pages", __name__)


@pages.get("/login")
@allow()
def login() -> str:
    return render_template("login.html", email="", next=request.args.get("next", ""))


@pages.post("/login")
@allow()
@limiter.limit("20 per minute")
def log_in() -> Response | tuple[str, int]:
    email, password = request.form.get("email", ""), request.form.get("password", "")
    with reading(db.engine) as found:
        user = service.find_by_password(found, email, password)
    if user is None:
        flash(gettext("The address or the password is not right."), "error")
        return render_template("login.html", email=email, next=request.form.get("next", "")), 401
    sign_in(user.id)
    return redirect(_inside(request.form.get("next", "")) or url_for("boards_pages.start"))


@pages.post("/logout")
@allow()
def log_out() -> Response:
    sign_out()
    return redirect(url_for("people_pages.login"))


@pages.post("/language")
@allow()
def language() -> Response:
    chosen = request.form.get("locale", "")
    if chosen in LOCALES:
        session[LOCALE] = chosen
        session.permanent = True
    return redirect(_inside(request.form.get("next", "")) or url_for("boards_pages.start"))


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
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("people_pages.card"))


def _inside(address: str) -> str:
    """The address if it stays on this site, else nothing: no redirect may lead elsewhere."""
    parts = urlsplit(address)
    plain = not parts.scheme and not parts.netloc and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else ""
