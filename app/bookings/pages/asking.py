"""What the API and the pages ask for alike: what is wanted now, by the office's hours, and somebody's bookings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.access import asker
from app.bookings import service
from app.bookings.models import Booking
from app.bookings.now.asking import Named, ask_of
from app.bookings.now.service import Ask
from app.database import reading, transaction
from app.extensions import db
from app.http import now, settings, today


def ask(session: Session, named: Named) -> Ask:
    """What the asker named, by the office's hours. Raises as `ask_of`."""
    office = settings()
    return ask_of(session, named, person=asker(), now=now(), hours=office.hours, timezone=office.timezone)


@contextmanager
def looking_at(user_id: int) -> Iterator[Session]:
    """To look at somebody's bookings, one's own or of whom one may act for. Raises as `service.look_at`.

    Whoever looks at another's leaves a trace, which takes a writing transaction.
    """
    with (reading if user_id == asker().id else transaction)(db.engine) as session:
        service.look_at(session, user_id, actor=asker(), on=today(), now=now())
        yield session


def looked_at(user_id: int) -> None:
    """Somebody's bookings were answered to the asker by what left no trace of its own: a rehearsal, which takes back
    what it noted, or a step that changed nothing."""
    with looking_at(user_id):
        pass


def has_seen(booking: Booking) -> None:
    """The same of one booking as it stands."""
    if service.is_look(booking, asker()):
        with transaction(db.engine) as session:
            service.note_seen(session, booking, actor=asker(), now=now())
