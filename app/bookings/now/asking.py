"""What somebody asks for now, by the hours of where they are."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.bookings.now.service import Ask, target_named
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces.models import Site
from app.spaces.zones import get_site, home_site, site_of_floor, site_of_zone
from app.timespan import day_span


@dataclass(frozen=True, slots=True)
class Named:
    """What is named: a kind or a lane, for how long, in a zone, or at a site and no other. `floor_id`: the floor that
    they look at. `replace`: what clashes of one's own ends for it."""

    kind: str | None
    lane: str | None
    minutes: int | None
    replace: bool
    zone_id: int | None = None
    site_id: int | None = None
    floor_id: int | None = None


def ask_of(
    session: Session, named: Named, *, person: Person, now: datetime, hours: OfficeHours, timezone: ZoneInfo
) -> Ask:
    """A desk is asked for until the office closes today; what is free next is looked for until midnight. `timezone`:
    the office's, where no site is known.

    Raises NotFound `zone.unknown`, `site.unknown` or `floor.unknown`.
    """
    site = _site(session, named, person)
    zone = ZoneInfo(site.timezone) if site is not None else timezone
    on = now.astimezone(zone).date()
    return Ask(
        target_named(named.kind, named.lane, named.zone_id, named.site_id),
        timedelta(minutes=named.minutes) if named.minutes else None,
        closes_at=max(day_span(on, zone, hours.start, hours.end).end, now),
        day_ends_at=day_span(on, zone).end,
        replace=named.replace,
        near_site_id=site.id if site is not None else None,
    )


def _site(session: Session, named: Named, person: Person) -> Site | None:
    """Where they are: at what they name, or look at, or at home."""
    if named.zone_id is not None:
        return site_of_zone(session, named.zone_id)
    if named.site_id is not None:
        return get_site(session, named.site_id)
    if named.floor_id is not None:
        return site_of_floor(session, named.floor_id)
    return home_site(session, person.section_ids, person.within)
