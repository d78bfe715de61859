"""Webhooks: events told to other systems of the office, signed, tried again, switched off when they fail for long.

While one fails it is called once in a while, and all else waits: an outage costs no event its tries, and no other
webhook its turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from sqlalchemy import Engine, Row, func, or_, select, update
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import Booking
from app.clock import Clock
from app.database import transaction
from app.errors import Forbidden, NotFound, RuleBroken, Stale
from app.events import Event
from app.notifications import snapshots
from app.notifications.models import HEARS_ALL, Delivery, Mark, Shape, Told, Webhook, WebhookCall
from app.notifications.rules import is_dead, is_of_the_building, next_probe, next_try, wanted_by
from app.notifications.signing import SIGNATURE, forget_old, new_secret, renew, secrets_of, signature, version
from app.people.models import Role, User
from app.people.service import Person
from app.punctual import PunctualHttp, PunctualHttps
from app.texts import address_parts

AT_ONCE = 50
# For connecting, and as long again for the whole answer, however slowly it comes.
TIMEOUT_S = 5
WHILE_MARKING = timedelta(minutes=5)
# What people write to those whom it concerns: why they do something, and what they meet for.
WRITTEN = frozenset({"why", "title"})


Sentence = Callable[[Event, Mapping[str, Any]], str]


@dataclass(frozen=True, slots=True)
class Call:
    """One event for one address; `facts`: of what it is about, for the sentence that a chat takes. `hears_all`: also
    what people wrote to those whom it concerns."""

    id: int
    webhook_id: int
    url: str
    secrets: tuple[str, ...]
    shape: Shape
    event: Event
    facts: dict[str, Any]
    hears_all: bool


def add_webhook(
    session: Session,
    url: str,
    *,
    kinds: Sequence[str],
    shape: Shape,
    actor: Person,
    now: datetime,
) -> Webhook:
    """A new address to call, with a secret of its own. Raises RuleBroken `webhook.invalid`, Forbidden
    `webhook.not_allowed` where a kind is not for the actor.

    An office runs on premises and calls its own network: any host is taken, http and https alone, and no redirect is
    followed.
    """
    parts = address_parts(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username or not kinds:
        raise RuleBroken("webhook.invalid")
    _require_may_hear(actor, kinds)
    hook = Webhook(
        url=url,
        secret=new_secret(),
        kinds=list(kinds),
        shape=shape,
        made_at=now,
        made_by=actor.id,
    )
    session.add(hook)
    session.flush()
    events.record(session, "webhook_added", f"webhook:{hook.id}", at=now, actor_id=actor.id, url=url)
    return hook


def _require_may_hear(actor: Person, kinds: Sequence[str]) -> None:
    if actor.role not in HEARS_ALL and not all(map(is_of_the_building, kinds)):
        raise Forbidden("webhook.not_allowed", kinds=[one for one in kinds if not is_of_the_building(one)])


def renew_secret(
    session: Session, webhook_id: int, *, actor: Person, now: datetime, seen: str | None = None
) -> Webhook:
    """Sign with a new secret, and for a day with the old one too; for whoever may add such a webhook. `seen`: the
    `signing.version` that it is to be the next of. Raises NotFound `webhook.unknown`, Forbidden `webhook.not_allowed`,
    Stale `request.stale`."""
    hook = get_webhook(session, webhook_id, to_change=True)
    _require_may_hear(actor, hook.kinds)
    if seen is not None and seen != version(hook):
        raise Stale("request.stale")
    renew(session, hook, actor_id=actor.id, now=now)
    return hook


def list_webhooks(session: Session) -> list[Webhook]:
    """All that were not removed, the oldest first."""
    return list(session.scalars(select(Webhook).where(Webhook.removed_at.is_(None)).order_by(Webhook.id)))


def waiting(session: Session) -> dict[int, int]:
    """By webhook, how many calls wait for it; absent where none does."""
    query = select(WebhookCall.webhook_id, func.count()).where(WebhookCall.status == Delivery.DUE)
    return dict(session.execute(query.group_by(WebhookCall.webhook_id)).all())


def get_webhook(session: Session, webhook_id: int, *, to_change: bool = False) -> Webhook:
    """One that was not removed; locked for a change. Raises NotFound `webhook.unknown`."""
    query = select(Webhook).where(Webhook.id == webhook_id)
    if to_change:
        # Not FOR UPDATE: calls that are being written refer to the row.
        query = query.with_for_update(key_share=True).execution_options(populate_existing=True)
    hook = session.scalar(query)
    if hook is None or hook.removed_at is not None:
        raise NotFound("webhook.unknown", webhook_id=webhook_id)
    return hook


def remove_webhook(session: Session, webhook_id: int, *, actor_id: int, now: datetime) -> None:
    """Call it no more; raises NotFound `webhook.unknown`."""
    hook = get_webhook(session, webhook_id)
    hook.removed_at = now
    session.execute(
        update(WebhookCall)
        .where(WebhookCall.webhook_id == webhook_id, WebhookCall.status == Delivery.DUE)
        .values(status=Delivery.OFF, due_at=None)
    )
    session.flush()
    events.record(session, "webhook_removed", f"webhook:{webhook_id}", at=now, actor_id=actor_id)


@dataclass(frozen=True, slots=True)
class Enabled:
    """A webhook that is called again, and how many events it was not told: since it was switched off."""

    hook: Webhook
    left_out: int
    since: datetime | None


def enable_webhook(session: Session, webhook_id: int, *, actor_id: int, now: datetime) -> Enabled:
    """Call it again from now on, what waited first; what happened while it was off is left out. Raises NotFound
    `webhook.unknown`."""
    hook = get_webhook(session, webhook_id)
    since, hook.disabled_at = hook.disabled_at, None
    left_out = _left_out(session, hook, since) if since else 0
    _begin_anew(hook)
    session.flush()
    events.record(
        session,
        "webhook_enabled",
        f"webhook:{webhook_id}",
        at=now,
        actor_id=actor_id,
        left_out=left_out,
    )
    return Enabled(hook, left_out, since)


def _left_out(session: Session, hook: Webhook, since: datetime) -> int:
    """How many events that it asks for have been told to others since it was switched off; two queries."""
    mark = session.scalar(select(Mark.event_id)) or 0
    told = or_(Event.id <= mark, Event.id.in_(select(Told.event_id)))
    called = select(WebhookCall.event_id).where(WebhookCall.webhook_id == hook.id)
    of_kinds = select(Event.kind, func.count()).group_by(Event.kind)
    of_kinds = of_kinds.where(Event.at > since, told, Event.id.not_in(called))
    maker = session.scalar(select(User.role).where(User.id == hook.made_by))
    return sum(
        count
        for kind, count in session.execute(of_kinds)
        if wanted_by(hook.kinds, kind, hears_all=maker in HEARS_ALL)
    )


def _begin_anew(hook: Webhook) -> None:
    hook.failures, hook.failing_since, hook.probe_at, hook.error = 0, None, None, ""


def call_due(engine: Engine, clock: Clock, sentence: Sentence) -> int:
    """Make the calls that are due, AT_ONCE at most; returns how many were taken."""
    with transaction(engine) as session:
        forget_old(session, clock())
    taken = 0
    for _ in range(AT_ONCE):
        call = _claim(engine, clock())
        if call is None:
            break
        error = _post(call, body_of(call, sentence), clock())
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
        return str(getattr(error, "reason", error))[:200] or type(error).__name__
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
    return Call(call.id, hook.id, hook.url, secrets_of(hook, now), hook.shape, event, facts, hears_all)


def _next_due(session: Session, now: datetime) -> Row[WebhookCall, Webhook, Event, Role] | None:
    """The next call that is due, with its webhook, the event, and the role of who made the webhook."""
    return session.execute(
        select(WebhookCall, Webhook, Event, User.role)
        .join(Webhook, Webhook.id == WebhookCall.webhook_id)
        .join(Event, Event.id == WebhookCall.event_id)
        .join(User, User.id == Webhook.made_by, isouter=True)
        .where(
            WebhookCall.status == Delivery.DUE,
            WebhookCall.due_at <= now,
            Webhook.disabled_at.is_(None),
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
            _begin_anew(hook)
            return
        if next_try(row.attempts, now) is None:
            row.status, row.due_at = Delivery.FAILED, None
        hook.failures, hook.error = hook.failures + 1, error[:200]
        hook.failing_since = hook.failing_since or now
        hook.probe_at = next_probe(hook.failures, now)
        if is_dead(hook.failures, hook.failing_since, now) and hook.disabled_at is None:
            hook.disabled_at, hook.probe_at = now, None
            events.record(
                session, "webhook.disabled", f"webhook:{hook.id}", at=now, user_id=hook.made_by, url=hook.url
            )
