"""The secrets of webhooks, and what they sign; a new one is signed with beside the old one for a day."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from app import events
from app.notifications.models import Webhook

SIGNATURE = "Akiseki-Signature"
# For so long after a renewal a receiver may still know the old secret alone.
BOTH_FOR = timedelta(days=1)


def new_secret() -> str:
    """A secret that nobody knows."""
    return secrets.token_urlsafe(32)


def signature(known: Sequence[str], at: datetime, body: bytes) -> str:
    """`t=…,v1=…`, a `v1` for each secret: HMAC-SHA256 of the time in seconds, a dot and the body, so that no call can
    be forged or replayed later."""
    seconds = str(int(at.timestamp()))
    signed = seconds.encode() + b"." + body
    digests = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest() for secret in known]
    return ",".join([f"t={seconds}", *(f"v1={digest}" for digest in digests)])


def secrets_of(hook: Webhook, now: datetime) -> tuple[str, ...]:
    """With what a webhook's calls are signed: the secret, and the one before it for a day."""
    is_old_good = hook.old_secret_until is not None and now < hook.old_secret_until
    return (hook.secret, hook.old_secret) if is_old_good else (hook.secret,)


def version(hook: Webhook) -> str:
    """Another one after each renewal; it tells nothing of the secret, of which nobody can guess anything."""
    return hashlib.sha256(hook.secret.encode()).hexdigest()[:16]


def renew(session: Session, hook: Webhook, *, actor_id: int, now: datetime) -> None:
    """A new secret; the present one signs beside it for a day, one before that no more. What waits is not lost."""
    hook.old_secret, hook.old_secret_until = hook.secret, now + BOTH_FOR
    hook.secret = new_secret()
    session.flush()
    events.record(session, "webhook_secret_renewed", f"webhook:{hook.id}", at=now, actor_id=actor_id)


def forget_old(session: Session, now: datetime) -> None:
    """Secrets that sign no more are not kept."""
    over = Webhook.old_secret_until <= now
    session.execute(update(Webhook).where(over).values(old_secret="", old_secret_until=None))
