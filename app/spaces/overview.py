"""What the pages of the facility staff show of the office and of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy.orm import Session

from app.people.models import Section
from app.people.service import list_sections, names
from app.spaces import barriers, fixed_seats, service, zones
from app.spaces.models import Closure, FixedSeat, Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Policy


@dataclass(frozen=True, slots=True)
class OfficeOverview:
    by_site: list[tuple[Site, list[Zone]]]
    sections: dict[int, Section]
    closures: list[Closure]

    @property
    def sites(self) -> list[Site]:
        return [site for site, _zones in self.by_site]

    @property
    def zones(self) -> list[Zone]:
        """Site after site."""
        return [zone for _site, listed in self.by_site for zone in listed]


def office_overview(session: Session, now: datetime) -> OfficeOverview:
    """Sites, zones with their sections, and closures that are not over."""
    return OfficeOverview(
        zones.zones_by_site(session),
        {one.id: one for one in list_sections(session)},
        barriers.list_closures(session, now=now),
    )


@dataclass(frozen=True, slots=True)
class Kept:
    """A fixed seat with the space's code and its holder's name: for the facility staff alone."""

    fixed: FixedSeat
    code: str
    name: str


@dataclass(frozen=True, slots=True)
class ZoneOverview:
    """A zone with all that is decided about it. `own`: the rules it has for itself; `policies`: those of the kinds."""

    zone: Zone
    others: list[Zone]
    sections: list[Section]
    guests: list[GuestDay]
    overflow: list[Zone]
    spaces: list[Space]
    kept: list[Kept]
    policies: dict[Kind, Policy]
    own: dict[Kind, dict[str, str]]

    @property
    def kinds(self) -> list[Kind]:
        """The kinds of space that the zone has."""
        return [kind for kind in Kind if any(one.kind is kind for one in self.spaces)]


def zone_overview(session: Session, zone_id: int, on: date) -> ZoneOverview:
    """A zone as of a day; raises NotFound `zone.unknown`."""
    zone = service.get_zone(session, zone_id)
    spaces = service.list_spaces(session, zone_id=zone_id)
    codes = {one.id: one.code for one in spaces}
    kept = [one for one in fixed_seats.list_kept(session, on) if one.space_id in codes]
    known = names(session, [one.user_id for one in kept])
    return ZoneOverview(
        zone,
        [one for one in service.list_zones(session) if one.id != zone_id],
        list_sections(session),
        zones.guests_of(session, zone_id),
        zones.overflow_of(session, zone_id),
        spaces,
        [Kept(one, codes[one.space_id], known[one.user_id]) for one in kept],
        dict(service.policies(session).kinds),
        service.zone_values(session, zone_id),
    )
