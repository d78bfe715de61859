"""Standing in line: waiting, drawing a number, answering; what comes free by it is offered in the same step. What
somebody waits for may go to another building."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.people.service import Person
from app.settings import OfficeClock
from app.spaces.models import Floor, Space, Zone
from app.waitlist import offers, service
from app.waitlist.models import Entry
from app.waitlist.rules import Wish
from app.waitlist.service import Draw


def wait(session: Session, wish: Wish, *, actor: Person, now: datetime, office: OfficeClock) -> Entry:
    """A person stands in line; where something is free already, it is offered at once."""
    entry = service.join(session, wish, actor=actor, now=now)
    offers.offer(session, now, freed=(), office=office)
    return entry


def draw_number(session: Session, draw: Draw, *, actor: Person, now: datetime, office: OfficeClock) -> Entry:
    """A walk-in draws a number; where a room is free already, it is called at once."""
    entry = service.draw(session, draw, actor=actor, now=now)
    offers.offer(session, now, freed=(), office=office)
    return entry


def accept_offer(
    session: Session,
    entry: Entry,
    *,
    actor: Person,
    now: datetime,
    office: OfficeClock,
    is_there: bool = False,
) -> Booking:
    """What is held becomes a booking; what clashed of one's own ends and is offered to the next."""
    accepted = offers.accept(session, entry, actor=actor, now=now, is_there=is_there)
    offers.offer(session, now, freed={one.space_id for one in accepted.ended}, only_freed=True, office=office)
    return accepted.booking


def decline_offer(
    session: Session, entry: Entry, *, actor: Person, now: datetime, office: OfficeClock
) -> Entry:
    """An offer is refused and goes to the next in line."""
    let_go = offers.decline(session, entry, actor=actor, now=now)
    offers.offer(session, now, freed={one.space_id for one in let_go}, only_freed=True, office=office)
    return entry


def stop_waiting(
    session: Session, entry: Entry, *, actor: Person, now: datetime, office: OfficeClock
) -> Entry:
    """A person waits no longer; what was held for them goes to the next in line."""
    let_go = offers.leave(session, entry, actor=actor, now=now)
    offers.offer(session, now, freed={one.space_id for one in let_go}, only_freed=True, office=office)
    return entry


def follow(session: Session) -> None:
    """The layout has changed: who waits for a space or a zone waits at the site where that is now; one statement."""
    of_space = select(Space.zone_id).where(Space.id == Entry.space_id).scalar_subquery()
    zone_id = func.coalesce(Entry.zone_id, of_space)
    site_id = (
        select(Floor.site_id)
        .join(Zone, Zone.floor_id == Floor.id)
        .where(Zone.id == zone_id)
        .correlate(Entry)
        .scalar_subquery()
    )
    session.execute(update(Entry).where(service.in_line(), Entry.site_id != site_id).values(site_id=site_id))
