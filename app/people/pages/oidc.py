"""Signing in by the city's own directory: OpenID Connect, authorization code with PKCE, state and nonce (Authlib).

The way there and back is the browser's; what the directory says of a person is read from the signed ID token alone.
"""

from __future__ import annotations

import logging
from typing import Any

from authlib.integrations.base_client import OAuthError
from authlib.integrations.flask_client import FlaskOAuth2App, OAuth
from flask import Blueprint, Flask, abort, current_app, flash, redirect, request, session, url_for
from flask_babel import gettext
from joserfc.errors import JoseError
from requests import RequestException
from werkzeug.wrappers import Response

from app.access import allow, sign_in
from app.database import transaction
from app.errors import DomainError
from app.extensions import db, limiter
from app.http import now, settings
from app.people import signing_in
from app.people.pages import AT_THE_DOOR, refused
from app.settings import Settings
from app.texts import inside

pages = Blueprint("oidc_pages", __name__)
log = logging.getLogger("akiseki.sign_in")
EXTENSION = "akiseki.oidc"
NEXT = "after_sign_in"
STATE_PREFIX = "_state_directory_"
# What goes wrong between us and the directory: its refusal, its silence, an answer that is none.
TROUBLE = (OAuthError, JoseError, RequestException, KeyError, ValueError, RuntimeError)


def register(app: Flask, settings: Settings) -> None:
    """Make the directory known to the application, where the operator named one."""
    if not settings.oidc_issuer:
        return
    oauth = OAuth(app)
    oauth.register(
        "directory",
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret or None,
        server_metadata_url=settings.oidc_issuer.rstrip("/") + "/.well-known/openid-configuration",
        client_kwargs={
            "scope": settings.oidc_scopes,
            "code_challenge_method": "S256",
            "default_timeout": settings.oidc_timeout_seconds,
            # A client without a secret is public: PKCE alone proves that it is the same.
            **({} if settings.oidc_client_secret else {"token_endpoint_auth_method": "none"}),
        },
    )
    app.extensions[EXTENSION] = oauth


def _directory() -> FlaskOAuth2App:
    oauth = current_app.extensions.get(EXTENSION)
    if oauth is None:
        abort(404)
    return oauth.directory


@pages.get("/login/oidc")
@allow()
@limiter.limit(AT_THE_DOOR)
def start() -> Response:
    """Off to the directory, with a state and a nonce that this browser alone knows."""
    for name in [name for name in session if name.startswith(STATE_PREFIX)]:
        del session[name]  # one attempt at a time: a cookie has 4 kB
    back = url_for("oidc_pages.back", _external=True)
    if settings().public_url:
        back = settings().public_url.rstrip("/") + url_for("oidc_pages.back")
    directory = _directory()
    try:
        answer: Response = directory.authorize_redirect(back)
    except TROUBLE as error:
        return _failed(error)
    session[NEXT] = inside(request.args.get("next", ""))
    return answer


@pages.get("/login/oidc/back")
@allow()
@limiter.limit(AT_THE_DOOR)
def back() -> Response:
    """Back from the directory: whoever it vouches for and has an account here is signed in."""
    directory = _directory()
    next_page = session.pop(NEXT, "")
    try:
        claims = _claims(directory)
    except TROUBLE as error:
        return _failed(error)
    try:
        with transaction(db.engine) as found:
            user = signing_in.by_directory(
                found,
                issuer=settings().oidc_issuer,
                subject=claims["sub"],
                email=str(claims.get("email", "")),
                # Of what a directory says nothing, the operator may: some never do. What it denies stays denied.
                email_verified=claims.get("email_verified", settings().oidc_emails_verified) is True,
                now=now(),
            )
            address, key = request.remote_addr or "", settings().secret_key
            signing_in.note_done(found, user, address, now(), by="oidc", secret_key=key)
            signed_in = user.id, user.session_epoch, user.role
    except DomainError as error:
        refused(error)
        return redirect(url_for("people_pages.login"))
    sign_in(*signed_in)
    return redirect(inside(next_page) or url_for("boards_pages.start"))


def _claims(directory: FlaskOAuth2App) -> dict[str, Any]:
    """The claims of the ID token, checked: signature, issuer, audience, nonce, time. Raises one of TROUBLE."""
    expected = {
        "iss": {"essential": True, "value": settings().oidc_issuer},
        "aud": {"essential": True, "value": settings().oidc_client_id},
    }
    token = directory.authorize_access_token(claims_options=expected)
    claims: dict[str, Any] | None = token.get("userinfo")
    if claims is None or not isinstance(claims.get("sub"), str) or not 0 < len(claims["sub"]) <= 255:
        raise ValueError("the directory sent no ID token with a subject")
    if "email" in claims:
        return claims
    more = directory.userinfo(token=token)
    if more.get("sub") != claims["sub"]:  # OpenID Connect Core 5.3.2: else it is somebody else's
        raise ValueError("the directory's userinfo is of another subject")
    return {**more, **claims}


def _failed(error: Exception) -> Response:
    # The reason is for the operator: what a directory says of itself may help whoever attacks it.
    log.warning("signing in by the directory failed: %s: %s", type(error).__name__, error)
    flash(
        gettext("The city's directory did not sign you in. Try again, or sign in with a password."), "error"
    )
    return redirect(url_for("people_pages.login"))
