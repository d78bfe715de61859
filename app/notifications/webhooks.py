"""Webhooks: whose they are, what they ask for, what is told to them; `calling` calls them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import SplitResult

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, Forbidden, NotFound, RuleBroken, Stale
from app.events import Event
from app.notifications.kinds import unknown
from app.notifications.models import HEARS_ALL, Delivery, Mark, Shape, Told, Webhook, WebhookCall
from app.notifications.rules import is_of_the_building, wanted_by
from app.notifications.signing import new_secret, renew, version
from app.people.models import User
from app.people.service import Person
from app.texts import address_parts


def add_webhook(
    session: Session,
    url: str,
    *,
    kinds: Sequence[str],
    shape: Shape,
    actor: Person,
    now: datetime,
) -> Webhook:
    """A new address to call, with a secret of its own. Raises RuleBroken `webhook.invalid`, `webhook.kind` where
    no event is of a kind, Forbidden `webhook.not_allowed` where a kind is not for the actor.

    An office runs on premises and calls its own network: any host is taken, http and https alone, and no redirect is
    followed.
    """
    parts = address_parts(url)
    is_whole = parts.scheme in {"http", "https"} and parts.hostname and not parts.username
    if not is_whole or not _has_possible_port(parts) or not kinds:
        raise RuleBroken("webhook.invalid")
    if mistyped := unknown(kinds):
        raise RuleBroken("webhook.kind", kinds=mistyped)
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


def _has_possible_port(parts: SplitResult) -> bool:
    try:
        return parts.port != 0
    except ValueError:
        return False


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
    """A webhook that is called again, and how many events it was not told: since it was switched off, or its maker
    left."""

    hook: Webhook
    left_out: int
    since: datetime | None


def enable_webhook(session: Session, webhook_id: int, *, actor_id: int, now: datetime) -> Enabled:
    """Call it again from now on, what waited first; what happened while it was off is left out. Raises NotFound
    `webhook.unknown`, Conflict `webhook.maker_left` where it is to be taken over."""
    hook = get_webhook(session, webhook_id, to_change=True)
    if hook.maker_left_at is not None:
        raise Conflict("webhook.maker_left")
    since = hook.disabled_at
    return _call_again(session, hook, "webhook_enabled", since=since, actor_id=actor_id, now=now)


def take_over(session: Session, webhook_id: int, *, actor: Person, now: datetime) -> Enabled:
    """Answer for a webhook whose maker has left: it is told again, switched off or not, as much as the actor may hear,
    what waited first; what happened since they left, or since it was switched off, is left out. Its secret stays.
    Raises NotFound `webhook.unknown`, Forbidden `webhook.not_allowed`, Conflict `webhook.kept` where its maker is
    here."""
    hook = get_webhook(session, webhook_id, to_change=True)
    _require_may_hear(actor, hook.kinds)
    if hook.maker_left_at is None:
        raise Conflict("webhook.kept")
    since = min(hook.maker_left_at, hook.disabled_at or hook.maker_left_at)
    hook.made_by = actor.id
    return _call_again(session, hook, "webhook_taken_over", since=since, actor_id=actor.id, now=now)


def _call_again(
    session: Session, hook: Webhook, kind: str, *, since: datetime | None, actor_id: int, now: datetime
) -> Enabled:
    hook.disabled_at = None
    begin_anew(hook)
    session.flush()
    left_out = _left_out(session, hook, since) if since else 0
    events.record(session, kind, f"webhook:{hook.id}", at=now, actor_id=actor_id, left_out=left_out)
    return Enabled(hook, left_out, since)


def hosts_of(session: Session, user_id: int) -> list[str]:
    """Which hosts the webhooks that somebody made call, for those who see them leave: to know the whole address may be
    to have access."""
    query = select(Webhook.url).where(Webhook.made_by == user_id, Webhook.removed_at.is_(None))
    return [_host(url) for url in session.scalars(query.order_by(Webhook.id))]


def hosts_by_address(session: Session) -> dict[str, list[str]]:
    """The same of everybody who made any, by their mail address; one query."""
    found: dict[str, list[str]] = {}
    query = select(User.email, Webhook.url).join(User, User.id == Webhook.made_by)
    for address, url in session.execute(query.where(Webhook.removed_at.is_(None)).order_by(Webhook.id)):
        found.setdefault(address, []).append(_host(url))
    return found


def _host(url: str) -> str:
    return address_parts(url).hostname or ""


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


def begin_anew(hook: Webhook) -> None:
    """As if no call of it had ever failed."""
    hook.failures, hook.failing_since, hook.probe_at, hook.error = 0, None, None, ""
