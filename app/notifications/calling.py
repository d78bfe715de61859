"""Calling webhooks: events told to other systems, signed, tried again, switched off when they fail for long.

While one fails it is called once in a while, and all else waits: an outage costs no event its tries, and no other
webhook its turn.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sqlalchemy import Engine, Row, or_, select
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import Booking
from app.clock import Clock
from app.database import transaction
from app.events import Event
from app.notifications import snapshots
from app.notifications.models import HEARS_ALL, Delivery, Shape, Webhook, WebhookCall
from app.notifications.rules import is_dead, is_of_the_building, next_probe, next_try
from app.notifications.signing import SIGNATURE, forget_old, secrets_of, signature
from app.notifications.webhooks import begin_anew
from app.people.models import Role, User
from app.punctual import PunctualHttp, PunctualHttps

log = logging.getLogger("akiseki.webhooks")
AT_ONCE = 50
# For connecting, and as long again for the whole answer, however slowly it comes.
TIMEOUT_S = 5
MOST_ERROR = 200
WHILE_MARKING = timedelta(minutes=5)
# What people write to those whom it concerns: why they do something, and what they meet for.
WRITTEN = frozenset({"why", "title"})


Sentence = Callable[[Event, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Call:
    """One event for one address; `facts`: of what it is about, for the sentence that a chat takes. `hears_all`: also
    what people wrote to those whom it concerns. `error`: of the call before, where it was not
    taken."""

    id: int
    webhook_id: int
    url: str
    secrets: tuple[str, ...]
    shape: Shape
    event: Event
    facts: dict[str, Any]
    hears_all: bool
    error: str


def call_due(engine: Engine, clock: Clock, sentence: Sentence) -> int:
    """Make the calls that are due, AT_ONCE at most; returns how many were taken."""
    with transaction(engine) as session:
        forget_old(session, clock())
    taken = 0
    for _ in range(AT_ONCE):
        call = _claim(engine, clock())
        if call is None:
            break
        error = _try(call, sentence, clock())
        _mark(engine, call, error, clock())
        taken += not error
    return taken


def body_of(call: Call, sentence: Sentence) -> bytes:
    """The body of a call in the form that the receiver takes."""
    said: dict[str, Any]
    event = call.event
    match call.shape:
        case Shape.SLACK:
            said = {"text": sentence(event, call.facts)}
        case Shape.TEAMS:
            card = {
                "type": "AdaptiveCard",
                "version": "1.4",
                "body": [{"type": "TextBlock", "text": sentence(event, call.facts), "wrap": True}],
            }
            said = {
                "type": "message",
                "attachments": [{"contentType": "application/vnd.microsoft.card.adaptive", "content": card}],
            }
        case Shape.PLAIN:
            said = {
                "id": event.id,
                "kind": event.kind,
                "at": event.at.isoformat(),
                "subject": event.subject,
                "actor_id": event.actor_id,
                "data": _told(call),
            }
    return json.dumps(said, ensure_ascii=False).encode()


def _told(call: Call) -> dict[str, Any]:
    """What an event says; without what people wrote, where that is not for the receiver."""
    data = call.event.data
    if call.hears_all:
        return data
    told = {name: value for name, value in data.items() if name not in WRITTEN}
    if "changes" in told:
        told["changes"] = {name: pair for name, pair in data["changes"].items() if name not in WRITTEN}
    return told


class _NoRedirect(HTTPRedirectHandler):
    def redirect_request(self, *_args: Any, **_options: Any) -> None:
        return None


_opener = build_opener(_NoRedirect, PunctualHttp, PunctualHttps)


def _try(call: Call, sentence: Sentence, at: datetime) -> str:
    """Make one call; "" where it was taken, else what went wrong. Whatever it is, it is this webhook's own failure: no
    other loses its turn."""
    try:
        return _post(call, body_of(call, sentence), at)
    except Exception as error:
        told = f"{type(error).__name__}: {error}"[:MOST_ERROR]
        if told != call.error:
            log.exception("webhook %d failed as none should", call.webhook_id)
        return told


def _post(call: Call, body: bytes, at: datetime) -> str:
    """Make one call; "" where it was taken, else what went wrong."""
    request = Request(  # noqa: S310  http and https alone, see add_webhook
        call.url,
        data=body,
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": "akiseki",
            SIGNATURE: signature(call.secrets, at, body),
        },
    )
    try:
        with _opener.open(request, timeout=TIMEOUT_S) as answer:
            answer.read(1024)
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (URLError, OSError, HTTPException, ValueError) as error:
        return str(getattr(error, "reason", error))[:MOST_ERROR] or type(error).__name__
    return ""


def _claim(engine: Engine, now: datetime) -> Call | None:
    """The next call that is due: counted as tried, and due again later, before it is made. What its webhook may not be
    told, or not any more, is given up on the way."""
    with transaction(engine) as session:
        while True:
            row = _next_due(session, now)
            if row is None:
                return None
            call, hook, event, maker = row
            hears_all = maker in HEARS_ALL
            if hears_all or is_of_the_building(event.kind):
                break
            call.status, call.due_at = Delivery.OFF, None
            session.flush()
        call.attempts += 1
        # After the last try it stays due for a while, until the outcome is marked.
        call.due_at = next_try(call.attempts, now) or now + WHILE_MARKING
        session.flush()
        about = session.get(Booking, snapshots.booking_id(event) or 0)
        codes = snapshots.codes_of(session, [event], [about] if about else [])
        facts = snapshots.facts(event, about, codes)
        session.expunge_all()
    return Call(
        call.id,
        hook.id,
        hook.url,
        secrets_of(hook, now),
        hook.shape,
        event,
        facts,
        hears_all=hears_all,
        error=hook.error,
    )


def _next_due(session: Session, now: datetime) -> Row[WebhookCall, Webhook, Event, Role] | None:
    """The next call that is due, with its webhook, the event, and the role of who made the webhook; of those who left
    all waits."""
    return session.execute(
        select(WebhookCall, Webhook, Event, User.role)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .join(Event, Event.id == WebhookCall.event_id)
        .join(User, User.id == Webhook.made_by, isouter=True)
        .where(
            WebhookCall.status == Delivery.DUE,
            WebhookCall.due_at <= now,
            Webhook.disabled_at.is_(None),
            User.is_here(now),
            or_(Webhook.probe_at.is_(None), Webhook.probe_at <= now),
        )
        .order_by(WebhookCall.due_at, WebhookCall.id)
        .limit(1)
        .with_for_update(skip_locked=True, of=WebhookCall)
    ).one_or_none()


def _mark(engine: Engine, call: Call, error: str, now: datetime) -> None:
    with transaction(engine) as session:
        hook = session.get_one(Webhook, call.webhook_id, with_for_update=True)
        row = session.get_one(WebhookCall, call.id)
        row.error = error
        if not error:
            row.status, row.due_at = Delivery.SENT, None
            begin_anew(hook)
            return
        if next_try(row.attempts, now) is None:
            row.status, row.due_at = Delivery.FAILED, None
        hook.failures, hook.error = hook.failures + 1, error
        hook.failing_since = hook.failing_since or now
        hook.probe_at = next_probe(hook.failures, now)
        if is_dead(hook.failures, hook.failing_since, now) and hook.disabled_at is None:
            hook.disabled_at, hook.probe_at = now, None
            events.record(
                session, "webhook.disabled", f"webhook:{hook.id}", at=now, user_id=hook.made_by, url=hook.url
            )
