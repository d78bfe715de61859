"""The staff card that checks in at a kiosk. A reader types its number like a keyboard; only a keyed digest is kept."""

from __future__ import annotations

import unicodedata
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, RuleBroken
from app.people.digests import keyed_digest
from app.people.models import User
from app.people.service import Person, find_person

SHORTEST, LONGEST = 6, 64


def card_number(text: str) -> str:
    """A card's number as typed or read; raises RuleBroken `card.invalid`."""
    number = "".join(unicodedata.normalize("NFKC", text).upper().split())
    if not number.isascii() or not number.isalnum() or not SHORTEST <= len(number) <= LONGEST:
        raise RuleBroken("card.invalid", least=SHORTEST, most=LONGEST)
    return number


def _digest(number: str, secret_key: str) -> str:
    # Keyed, since numbers of cards are few enough to try them all.
    return keyed_digest(number, secret_key, of="card")


def set_card(
    session: Session, person: Person, text: str, *, secret_key: str, actor_id: int, now: datetime
) -> None:
    """Let a card check a person in; an empty text takes it away.

    Raises RuleBroken `card.invalid`, Conflict `card.taken` where it is somebody else's.
    """
    digest = _digest(card_number(text), secret_key) if text.strip() else ""
    taken = session.scalar(select(User.id).where(User.card_digest == digest, User.id != person.id))
    if digest and taken is not None:
        raise Conflict("card.taken")
    session.get_one(User, person.id).card_digest = digest
    session.flush()
    events.record(
        session, "card.set" if digest else "card.removed", f"user:{person.id}", at=now, actor_id=actor_id
    )


def has_card(session: Session, person: Person) -> bool:
    """Whether a card checks this person in."""
    return bool(session.get_one(User, person.id).card_digest)


def find_by_card(session: Session, text: str, on: date, at: datetime, *, secret_key: str) -> Person | None:
    """Whose card it is, as of a day, while they have not left. Raises RuleBroken `card.invalid`."""
    digest = _digest(card_number(text), secret_key)
    user_id = session.scalar(select(User.id).where(User.card_digest == digest))
    return find_person(session, user_id, on, at) if user_id is not None else None
