"""Messages that nobody could read, kept so that they are seen."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from app.occupancy.models import DeadLetter

DEAD_LETTER_BYTES = 4096
_UNHOLDABLE = re.compile("[\x00\ud800-\udfff]")


def keep_dead_letters(session: Session, letters: Iterable[tuple[str, bytes, str]], *, now: datetime) -> None:
    """Keep (topic, payload, reason) of messages that could not be taken."""
    kept = [
        {
            "received_at": now,
            # PostgreSQL's text refuses the null character, UTF-8 half a pair; a webhook's name may hold both.
            "topic": _UNHOLDABLE.sub("\N{REPLACEMENT CHARACTER}", topic)[:512],
            "reason": reason,
            "size": len(payload),
            "payload": payload[:DEAD_LETTER_BYTES],
        }
        for topic, payload, reason in letters
    ]
    if kept:
        session.execute(insert(DeadLetter), kept)


def kept_dead_letters(session: Session, topics: str) -> set[tuple[str, str, int]]:
    """(topic, reason, size) of the dead letters whose topic begins so."""
    rows = session.execute(
        select(DeadLetter.topic, DeadLetter.reason, DeadLetter.size).where(
            DeadLetter.topic.startswith(topics, autoescape=True)
        )
    )
    return {(topic, reason, size) for topic, reason, size in rows}
