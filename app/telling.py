"""The jobs that tell people: events → messages, mails out, webhooks called; each at its own pace."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask
from flask_babel import force_locale
from sqlalchemy import Engine

from app.database import transaction
from app.events import Event
from app.letters import Writer, event_sentence
from app.notifications import calling, mail
from app.notifications.service import Ways, tell
from app.settings import Settings

log = logging.getLogger("akiseki.telling")


class Telling:
    """What the jobs' process does to tell people; `app` lends its translations and templates."""

    def __init__(self, app: Flask, engine: Engine, settings: Settings) -> None:
        self._app, self._engine, self._settings = app, engine, settings
        self._server = mail.Server(settings.smtp_url) if settings.smtp_url else None
        if self._server is None:
            log.info("AKISEKI_SMTP_URL is not set: people are told on the page only")
        elif not settings.public_url:
            log.info("AKISEKI_PUBLIC_URL is not set: mails carry no links")

    @property
    def jobs(self) -> dict[str, Callable[[], object]]:
        """By name, what is to be done every few seconds."""
        found: dict[str, Callable[[], object]] = {"tell": self.tell, "webhooks": self.call_webhooks}
        return found | ({"mail": self.send_mail} if self._server else {})

    def tell(self) -> int:
        """Events → messages and calls."""
        with transaction(self._engine) as session:
            return tell(
                session,
                self._settings.clock(),
                Ways(mail=self._server is not None, zone=self._settings.timezone),
            )

    def send_mail(self) -> int:
        """Send what is due."""
        if self._server is None:
            return 0
        write = Writer(self._settings, self._server.sender, self._settings.clock)
        with self._app.app_context():
            return mail.send_due(
                self._engine, self._settings.clock, self._server, write, self._settings.timezone
            )

    def call_webhooks(self) -> int:
        """Make the calls that are due."""

        def sentence(event: Event, facts: Mapping[str, Any]) -> str:
            with force_locale(self._settings.locale):
                return event_sentence(event, facts)

        with self._app.app_context():
            return calling.call_due(self._engine, self._settings.clock, sentence)
