"""What the pages of the facility staff show of the office and of a zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.people.models import Section
from app.people.sections import tree
from app.people.service import names
from app.spaces import barriers, fixed_seats, outages, service, watching, zones
from app.spaces.models import Closure, FixedSeat, Floor, Sensor, Site, Space, Zone
from app.spaces.rules import LANES, Box, GuestDay, Kind, Lane, Policy, free_box


@dataclass(frozen=True, slots=True)
class OfficeOverview:
    """`spaces`: how many each zone has, by its id."""

    by_site: list[tuple[Site, list[Zone]]]
    floors: list[Floor]
    sections: dict[int, Section]
    closures: list[Closure]
    outages: list[outages.Listed]
    spaces: dict[int, int]

    @property
    def sites(self) -> list[Site]:
        return [site for site, _zones in self.by_site]

    @property
    def zones(self) -> list[Zone]:
        """Site after site."""
        return [zone for _site, listed in self.by_site for zone in listed]


def office_overview(session: Session, now: datetime) -> OfficeOverview:
    """Sites, floors, zones with their sections, closures and outages that are not over."""
    counts = select(Space.zone_id, func.count()).where(service.in_layout(Space)).group_by(Space.zone_id)
    return OfficeOverview(
        zones.zones_by_site(session),
        service.list_floors(session),
        {one.section.id: one.section for one in tree(session, now.date())},
        barriers.list_closures(session, now=now),
        outages.list_outages(session, now=now),
        dict(session.execute(counts).all()),
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
    floors: list[Floor]
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
        service.list_floors(session),
        [one for one in service.list_zones(session) if one.id != zone_id],
        [one.section for one in tree(session, on)],
        zones.guests_of(session, zone_id),
        zones.overflow_of(session, zone_id),
        spaces,
        [Kept(one, codes[one.space_id], known[one.user_id]) for one in kept],
        dict(service.policies(session).kinds),
        service.zone_values(session, zone_id),
    )


@dataclass(frozen=True, slots=True)
class SpaceOverview:
    """A space with the zones that it could be in, and the sensors that watch it. `kept`: for somebody."""

    space: Space
    zone: Zone
    zones: list[Zone]
    sensors: list[Sensor]
    kept: bool


def space_overview(session: Session, space_id: int, on: date) -> SpaceOverview:
    """A space as of a day; raises NotFound `space.unknown`."""
    place = service.get_place(session, space_id)
    return SpaceOverview(
        place.space,
        place.zone,
        service.list_zones(session),
        watching.sensors_of(session, [space_id]).get(space_id, []),
        any(one.space_id == space_id for one in fixed_seats.list_kept(session, on)),
    )


TITLE = 35  # what a zone's name takes at its top
ZONE_SIZES = ((390, 290), (290, 190), (190, 140), (120, 100))
SPACE_SIZES = {Lane.DESK: (70, 54), Lane.ROOM: (100, 90)}


def place_on_floor(session: Session, floor_id: int) -> dict[str, int]:
    """Where a new zone stands free on a floor's plan, as large as fits. Raises NotFound `floor.unknown`."""
    floor = service.get_floor(session, floor_id)
    taken = [_box(one) for one in service.list_zones(session, floor_id)]
    plan = Box(0, 0, floor.width, floor.height)
    found = [free_box(*size, plan, taken) for size in ZONE_SIZES]
    return _values(next((one for one in found if one.y + one.height <= floor.height), found[-1]))


def place_in_zone(session: Session, zone_id: int, kind: Kind) -> dict[str, int]:
    """Where a space stands free in a zone, as large as those of its kind there. Raises NotFound `zone.unknown`."""
    zone = service.get_zone(session, zone_id)
    spaces = service.list_spaces(session, zone_id=zone_id)
    size = next(((one.width, one.height) for one in spaces if one.kind is kind), SPACE_SIZES[LANES[kind]])
    inside = Box(zone.x, zone.y + TITLE, zone.width, zone.height - TITLE)
    return _values(free_box(*size, inside, [_box(one) for one in spaces]))


def _box(of: Zone | Space) -> Box:
    return Box(of.x, of.y, of.width, of.height)


def _values(box: Box) -> dict[str, int]:
    return {"x": box.x, "y": box.y, "width": box.width, "height": box.height}
