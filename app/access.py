"""Who asks, in which role. Every route carries its declaration; one without is refused to everybody."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Flask, current_app, g, redirect, request, session, url_for
from werkzeug.exceptions import Forbidden, Unauthorized
from werkzeug.wrappers import Response

from app import errors
from app.bearer import bearer_token
from app.database import reading, transaction
from app.extensions import db
from app.http import is_api, now, settings, today
from app.people import signing_out
from app.people.models import SEES_ALL, Role
from app.people.service import Person, find_by_address, find_by_token, find_signed_in
from app.people.tokens import UseOfTheDay, note_use
from app.reverse_proxy import is_proxy
from app.sessions import LASTS, LONGEST
from app.texts import address_parts

__all__ = [
    "PEOPLE",
    "READERS",
    "SEES_ALL",
    "Person",
    "Role",
    "allow",
    "asker",
    "declared",
    "guard",
    "identify",
    "may",
    "sign_in",
    "sign_out",
    "visitor",
    "vouched_for",
]
View = TypeVar("View", bound=Callable[..., Any])
# Whoever works here and holds a seat; the auditor reads, the kiosk and the service do what is theirs alone.
PEOPLE = frozenset({Role.STAFF, Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.IT})
READERS = PEOPLE | {Role.AUDITOR}
USER = "user_id"
EPOCH = "epoch"
# Its own random name: what a session is ended by, since a cookie can be copied.
SESSION_ID = "id"
LOCALE = "locale"


def allow(*roles: Role) -> Callable[[View], View]:
    """Declare who may call a route; `allow()` with no role: everybody, signed in or not."""

    def declare(view: View) -> View:
        view.__dict__["access"] = frozenset(roles)
        return view

    return declare


def declared(app: Flask, endpoint: str) -> frozenset[Role] | None:
    """The roles that an endpoint declares: empty for public ones, None where it declares nothing."""
    found: frozenset[Role] | None = getattr(app.view_functions.get(endpoint), "access", None)
    return found


def visitor() -> Person | None:
    """Who asks, if they said so: for public routes."""
    person: Person | None = g.get("person")
    return person


def asker() -> Person:
    """Who asks; only for routes that are not public."""
    person = visitor()
    if person is None:
        raise Unauthorized
    return person


def sign_in(user_id: int, epoch: int, role: Role) -> None:
    """Begin a browser session under the user's `session_epoch`: it ends when that changes; a kiosk's lasts. Whatever
    the old session held is gone, but for the language."""
    sign_out()
    session[USER] = user_id
    session[SESSION_ID] = secrets.token_urlsafe(16)
    session[EPOCH] = epoch
    if role is Role.KIOSK:
        session[LASTS] = True
    session.permanent = True


def sign_out() -> None:
    """End the browser session, also where its cookie was copied to; the language chosen in this browser stays."""
    known = session.get(SESSION_ID)
    lifetime = LONGEST if LASTS in session else current_app.permanent_session_lifetime
    _forget()
    if known:
        with transaction(db.engine) as found:
            signing_out.end(found, known, lifetime, now=now())


def _forget() -> None:
    locale = session.get(LOCALE)
    session.clear()
    if locale:
        session[LOCALE] = locale


def may(person: Person | None, endpoint: str) -> bool:
    """Whether a page is for somebody, so that nobody is shown what would be refused."""
    roles = declared(current_app, endpoint)
    return roles is not None and (not roles or (person is not None and person.role in roles))


def _identify() -> Person | None:
    """The API knows bearer tokens only, so that no cookie can be abused for it; pages know the session, and whom the
    office's own proxy vouches for."""
    if is_api():
        token = bearer_token(request.headers.get("Authorization", ""))
        return _by_token(token) if token else None
    vouched = vouched_for()
    if vouched:
        with reading(db.engine) as found:
            return find_by_address(found, vouched, today(), now())
    if USER not in session:
        return None
    person = _signed_in()
    if person is None:
        # Or a page that everybody may use would sign the cookie of an ended session anew, and it outlived its end.
        for name in (USER, SESSION_ID, EPOCH, LASTS):
            session.pop(name, None)
    return person


def _signed_in() -> Person | None:
    """Whose session it is that the browser tells of, if it still is one."""
    if SESSION_ID not in session:
        return None
    with reading(db.engine) as found:
        person = find_signed_in(found, session[USER], session[SESSION_ID], today(), now())
    if person is None or person.session_epoch != session.get(EPOCH, 0):
        return None
    # What was a kiosk's and is a person's now does not last as long.
    return person if person.role is Role.KIOSK or LASTS not in session else None


def _by_token(token: str) -> Person | None:
    with reading(db.engine) as found:
        person = find_by_token(found, token, today(), now())
    if person is not None:
        used: UseOfTheDay = current_app.extensions.setdefault("akiseki.tokens", UseOfTheDay())
        used.once(token, today(), lambda: _note_use(token))
    return person


def _note_use(token: str) -> None:
    with transaction(db.engine) as found:
        note_use(found, token, today())


def vouched_for() -> str:
    """Whose address the office's proxy gives; "" where none does. Believed from the proxy's own addresses alone:
    from the peer of the connection, never from what a header says the peer was."""
    name = settings().proxy_user_header
    if not name:
        return ""
    if not is_proxy(request.environ, settings().proxy_addresses):
        return ""
    return request.headers.get(name, "").strip()


def _to_the_door() -> Response:
    """Lead to the sign-in and back; a live page whose session has ended is led there as a whole."""
    if "HX-Request" in request.headers:
        shown = address_parts(request.headers.get("HX-Current-URL", ""))
        back = f"{shown.path}?{shown.query}" if shown.query else shown.path
        return Response(headers={"HX-Redirect": url_for("people_pages.login", next=back)})
    return redirect(
        url_for("people_pages.login", next=request.full_path if request.method == "GET" else None)
    )


def identify() -> None:
    """Before every request, before it is counted and before anything may refuse it: who asks. Also where there is
    nothing: a page that says so could sign the cookie of an ended session anew."""
    g.person = _identify() if request.endpoint != "static" else None


def guard() -> Response | None:
    """Before every request: whether the route is for who asks."""
    if request.endpoint is None or request.endpoint == "static":
        return None
    roles = declared(current_app, request.endpoint)
    if roles is None:
        raise Forbidden
    if not roles:
        return None
    if g.person is None:
        if is_api():
            raise Unauthorized
        if vouched_for():
            raise errors.Forbidden("sign_in.unknown")
        return _to_the_door()
    if g.person.role not in roles:
        raise Forbidden
    return None
