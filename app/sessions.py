"""How long a browser stays signed in: people for a day's work, a kiosk that nobody minds for as long as it can."""

from __future__ import annotations

from datetime import datetime, timedelta

from flask import Flask, Request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature

from app.clock import system_clock

# In a session that lasts as a kiosk's does.
LASTS = "lasts"
# Browsers keep no cookie for longer (RFC 6265bis, 5.5). Each use that changes the session begins it anew.
LONGEST = timedelta(days=400)


class Sessions(SecureCookieSessionInterface):
    """Flask's, but for sessions that last."""

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> datetime | None:
        """When the browser is to forget it; None: with its window."""
        if session.permanent and session.get(LASTS):
            return system_clock() + LONGEST
        return super().get_expiration_time(app, session)

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """The session of a request's cookie; an empty one where the cookie is none of ours, or too old."""
        signer = self.get_signing_serializer(app)
        if signer is None:
            return None
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        try:
            kept, signed_at = signer.loads(
                cookie, max_age=int(LONGEST.total_seconds()), return_timestamp=True
            )
        except BadSignature:
            return self.session_class()
        is_good = kept.get(LASTS) or system_clock() - signed_at <= app.permanent_session_lifetime
        return self.session_class(kept if is_good else None)
