"""Signing in and out, choosing a language."""

from urllib.parse import urlsplit

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import LOCALE, allow, sign_in, sign_out
from app.database import reading
from app.extensions import db, limiter
from app.people import service
from app.settings import LOCALES

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


def _inside(address: str) -> str:
    """The address if it stays on this site, else nothing: no redirect may lead elsewhere."""
    parts = urlsplit(address)
    plain = not parts.scheme and not parts.netloc and "\\" not in address
    return address if plain and address.startswith("/") and not address.startswith("//") else ""
