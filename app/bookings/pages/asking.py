"""What somebody asks for now: the API and the page say the same."""

from __future__ import annotations

from sqlalchemy.orm import Session

from app.access import asker
from app.bookings.now.asking import Named, ask_of
from app.bookings.now.service import Ask
from app.http import now, settings


def ask(session: Session, named: Named) -> Ask:
    """What the asker named, by the office's hours. Raises as `ask_of`."""
    office = settings()
    return ask_of(session, named, person=asker(), now=now(), hours=office.hours, timezone=office.timezone)
