"""What the facility staff decide about a site and a zone: hours, guests, overflow."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import and_, delete, select
from sqlalchemy.orm import Session

from app import events
from app.database import lock_rows
from app.errors import NotFound, RuleBroken
from app.people.models import Section
from app.spaces.models import Floor, Site, Zone, ZoneGuest, ZoneOverflow
from app.spaces.rules import GuestDay, Opening
from app.spaces.service import get_floor, get_zone, in_layout, list_zones


def list_sites(session: Session) -> list[Site]:
    """All sites, in the order of their codes."""
    return list(session.scalars(select(Site).order_by(Site.code)))


def zones_by_site(session: Session) -> list[tuple[Site, list[Zone]]]:
    """Each site with the zones of its floors, sites and zones in the order of their codes; three queries."""
    floors = dict(session.execute(select(Floor.id, Floor.site_id)).all())
    zones = list_zones(session)
    return [(site, [one for one in zones if floors[one.floor_id] == site.id]) for site in list_sites(session)]


def get_site(session: Session, site_id: int) -> Site:
    """A site; raises NotFound `site.unknown`."""
    site = session.get(Site, site_id)
    if site is None:
        raise NotFound("site.unknown", site_id=site_id)
    return site


def site_of_zone(session: Session, zone_id: int) -> Site:
    """The site of a zone; raises NotFound `zone.unknown`."""
    return site_of_floor(session, get_zone(session, zone_id).floor_id)


def site_of_floor(session: Session, floor_id: int) -> Site:
    """The site of a floor; raises NotFound `floor.unknown`."""
    return get_site(session, get_floor(session, floor_id).site_id)


def home_site(session: Session, own: Collection[int], within: Collection[int]) -> Site | None:
    """The site where the people of some sections are at home: that of the first zone of their own, else of those that
    they lie within, else of the floor that the pages begin with; None in an office without floors. One query."""
    theirs = and_(Zone.floor_id == Floor.id, Zone.section_id.in_(within), in_layout(Zone))
    query = (
        select(Site)
        .join(Floor, Floor.site_id == Site.id)
        .join(Zone, theirs, isouter=True)
        .order_by(Zone.id.is_(None), Zone.section_id.not_in(own), Zone.code, Floor.code)
        .limit(1)
    )
    return session.scalar(query)


def set_opening(
    session: Session, site_id: int, opening: Opening, *, actor_id: int | None, now: datetime
) -> Site:
    """When the spaces of a site may be booked from now on; what is booked stays.

    Raises NotFound `site.unknown`, RuleBroken `site.hours` where it would close before it opens.
    """
    site = get_site(session, site_id)
    if opening.opens is not None and opening.closes is not None and opening.closes <= opening.opens:
        raise RuleBroken("site.hours", opens=opening.opens.isoformat(), closes=opening.closes.isoformat())
    site.opens, site.closes, site.working_days_only = (
        opening.opens,
        opening.closes,
        opening.working_days_only,
    )
    session.flush()
    events.record(
        session,
        "site.hours_set",
        f"site:{site_id}",
        at=now,
        actor_id=actor_id,
        opens=opening.opens.isoformat() if opening.opens else None,
        closes=opening.closes.isoformat() if opening.closes else None,
        working_days_only=opening.working_days_only,
    )
    return site


def hold(session: Session, *, zone_id: int) -> None:
    """Wait until nobody else changes a zone's guests and overflow; held until the transaction ends."""
    lock_rows(session, "zone", [zone_id])


def guests_of(session: Session, zone_id: int) -> list[GuestDay]:
    """The guest days of a zone, in the order in which they were given."""
    query = select(ZoneGuest).where(ZoneGuest.zone_id == zone_id).order_by(ZoneGuest.id)
    return [GuestDay(one.section_id, one.weekday, one.on_date) for one in session.scalars(query)]


def set_guests(
    session: Session, zone_id: int, guests: Sequence[GuestDay], *, actor_id: int | None, now: datetime
) -> None:
    """Make these the guest days of a zone. Raises NotFound `zone.unknown` or `section.unknown`, RuleBroken
    `zone.guest_day` for one that names no day, or two."""
    get_zone(session, zone_id)
    hold(session, zone_id=zone_id)
    known = set(session.scalars(select(Section.id)))
    for guest in guests:
        if guest.section_id is not None and guest.section_id not in known:
            raise NotFound("section.unknown", section_id=guest.section_id)
        if (guest.weekday is None) == (guest.on is None):
            raise RuleBroken("zone.guest_day")
    session.execute(delete(ZoneGuest).where(ZoneGuest.zone_id == zone_id))
    session.add_all(
        ZoneGuest(zone_id=zone_id, section_id=one.section_id, weekday=one.weekday, on_date=one.on)
        for one in dict.fromkeys(guests)
    )
    session.flush()
    events.record(
        session,
        "zone.guests_set",
        f"zone:{zone_id}",
        at=now,
        actor_id=actor_id,
        guests=[[one.section_id, one.weekday, one.on.isoformat() if one.on else None] for one in guests],
    )


def change_guests(
    session: Session,
    zone_id: int,
    *,
    actor_id: int | None,
    now: datetime,
    add: Sequence[GuestDay] = (),
    remove: Sequence[GuestDay] = (),
) -> None:
    """Add and remove guest days, whatever others do to the rest at this moment. Raises as `set_guests`."""
    hold(session, zone_id=zone_id)
    kept = [one for one in guests_of(session, zone_id) if one not in remove]
    set_guests(session, zone_id, [*kept, *add], actor_id=actor_id, now=now)


def overflow_of(session: Session, zone_id: int) -> list[Zone]:
    """The zones that take in a zone's people when it is full, in order."""
    query = (
        select(Zone)
        .join(ZoneOverflow, ZoneOverflow.overflow_id == Zone.id)
        .where(ZoneOverflow.zone_id == zone_id)
        .order_by(ZoneOverflow.position)
    )
    return list(session.scalars(query))


def set_overflow(
    session: Session, zone_id: int, overflow_ids: Sequence[int], *, actor_id: int | None, now: datetime
) -> None:
    """Make these, in this order, the zones that take in a zone's people when it is full.

    Raises NotFound `zone.unknown`, RuleBroken `zone.overflow` for the zone itself.
    """
    get_zone(session, zone_id)
    hold(session, zone_id=zone_id)
    wanted = list(dict.fromkeys(overflow_ids))
    if zone_id in wanted:
        raise RuleBroken("zone.overflow")
    for overflow_id in wanted:
        get_zone(session, overflow_id)
    session.execute(delete(ZoneOverflow).where(ZoneOverflow.zone_id == zone_id))
    session.add_all(
        ZoneOverflow(zone_id=zone_id, overflow_id=overflow_id, position=position)
        for position, overflow_id in enumerate(wanted)
    )
    session.flush()
    events.record(session, "zone.overflow_set", f"zone:{zone_id}", at=now, actor_id=actor_id, overflow=wanted)
