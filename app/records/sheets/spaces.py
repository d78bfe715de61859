"""Sites, floors, zones and spaces in one file: a row is a space with its zone, floor and site; a zone without spaces
has an empty `space`. What a row says of its zone, every row of that zone says. A new site is one whose name is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import HOLDS, Booking
from app.bookings.moving import layout as relayout
from app.people.models import Section
from app.records.sheets.rules import (
    Change,
    Diff,
    Key,
    Moving,
    Refusal,
    Values,
    code,
    flag,
    one_of,
    text,
    whole,
)
from app.records.sheets.sheet import Asked, Sheet
from app.spaces.layout import bring_back
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import LANES, Kind
from app.spaces.service import in_layout, list_zones

MOST = 100_000
_kind = one_of(Kind)
# By what it describes: the file's column → the thing's own.
SITE = {"site_name": "name", "timezone": "timezone"}
FLOOR = {"site": "site", "floor_name": "name", "floor_name_en": "name_en"}
ZONE = {
    "floor": "floor",
    "zone_name": "name",
    "zone_name_en": "name_en",
    "section": "section",
    "free_seating": "free_seating",
    "zone_x": "x",
    "zone_y": "y",
    "zone_width": "width",
    "zone_height": "height",
}
SPACE = {name: name for name in ("zone", "kind", "capacity", "x", "y", "width", "height")}
NEEDS: Mapping[str, Sequence[str]] = {
    "site": (),  # a name, without which it is none that is known
    "floor": ("site",),
    "zone": ("floor",),
    "space": ("zone", "kind"),
}
PLACE = ("x", "y", "width", "height")
# What of a thing says who may book there.
DECIDING = {"zone": frozenset({"section", "free_seating"}), "space": frozenset({"zone", "capacity"})}


def _number(cell: str) -> str:
    return whole(0, MOST)(cell) if cell.strip() else ""


def _timezone(cell: str) -> str:
    if cell.strip() and cell.strip() not in available_timezones():
        raise ValueError("csv.choice")
    return cell.strip()


COLUMNS = {
    "site": code(needed=False),
    "site_name": text(80),
    "timezone": _timezone,
    "floor": code(),
    "floor_name": text(80),
    "floor_name_en": text(80),
    "zone": code(needed=False),
    "zone_name": text(80),
    "zone_name_en": text(80),
    "section": code(needed=False),
    "free_seating": flag,
    "zone_x": _number,
    "zone_y": _number,
    "zone_width": _number,
    "zone_height": _number,
    "space": code(needed=False),
    "kind": lambda cell: _kind(cell) if cell.strip() else "",
    "capacity": lambda cell: whole(1, 1000)(cell) if cell.strip() else "",
    **dict.fromkeys(PLACE, _number),
}


def stored(session: Session, _asked: Asked) -> dict[Key, Values]:
    """Sites, floors, zones and spaces, each with what the file says of it."""
    listed = list(session.scalars(select(Site).order_by(Site.code)))
    sites = {site.id: site.code for site in listed}
    sections = {row.id: row.code for row in session.execute(select(Section.id, Section.code))}
    floors = list(session.scalars(select(Floor).order_by(Floor.code)))
    zones = list_zones(session)
    floor_codes = {one.id: one.code for one in floors}
    zone_codes = {one.id: one.code for one in zones}
    found: dict[Key, Values] = {
        ("site", site.code): {"name": site.name, "timezone": site.timezone} for site in listed
    }
    for floor in floors:
        named = {"name": floor.name, "name_en": floor.name_en}
        found["floor", floor.code] = {"site": sites[floor.site_id], **named}
    for zone in zones:
        found["zone", zone.code] = {
            "floor": floor_codes[zone.floor_id],
            "name": zone.name,
            "name_en": zone.name_en,
            "section": sections.get(zone.section_id or 0, ""),
            "free_seating": str(int(zone.free_seating)),
            **{name: str(getattr(zone, name)) for name in PLACE},
        }
    for space in session.scalars(select(Space).where(in_layout(Space)).order_by(Space.code)):
        found["space", space.code] = {
            "zone": zone_codes[space.zone_id],
            "kind": space.kind.value,
            "capacity": str(space.capacity),
            **{name: str(getattr(space, name)) for name in PLACE},
        }
    return found


def rows(found: Mapping[Key, Values]) -> list[Values]:
    """A row for each space, for each zone without one, for each floor without a zone."""
    full_zones = {values["zone"] for (what, _), values in found.items() if what == "space"}
    full_floors = {values["floor"] for (what, _), values in found.items() if what == "zone"}
    made = []
    for (what, key), values in found.items():
        if (
            what == "site"
            or (what == "floor" and key in full_floors)
            or (what == "zone" and key in full_zones)
        ):
            continue
        row = {"space": key} | _columns(SPACE, values) if what == "space" else {"space": ""}
        zone = key if what == "zone" else values.get("zone", "")
        zone_values = found.get(("zone", zone), {})
        floor = key if what == "floor" else zone_values["floor"]
        row |= {"zone": zone} | _columns(ZONE, zone_values)
        row |= {"floor": floor} | _columns(FLOOR, found["floor", floor])
        row |= _columns(SITE, found["site", row["site"]])
        made.append(dict.fromkeys(COLUMNS, "") | row)
    return made


def _columns(names: Mapping[str, str], values: Values) -> Values:
    return {column: values.get(name, "") for column, name in names.items()}


def entities(values: Values) -> list[tuple[str, str, Values]]:
    """The site, the floor, the zone and the space that a row speaks of; an empty number, name or kind says nothing."""
    found = []
    for what, names in (("site", SITE), ("floor", FLOOR), ("zone", ZONE), ("space", SPACE)):
        if key := values.get(what, ""):
            said = {name: values[column] for column, name in names.items() if column in values}
            silent = {*PLACE, "capacity", "kind", "site", "name", "timezone"}
            found.append((what, key, {name: one for name, one in said.items() if one or name not in silent}))
    return found


def check(session: Session, diff: Diff, asked: Asked) -> Iterator[Refusal]:
    """What the lines cannot have: unknown codes, new things without what they need, booked seats turned into rooms."""
    known = {("section", one) for one in session.scalars(select(Section.code))}
    named = [one for one in diff.added if one.what != "site" or one.after.get("name")]
    known |= stored(session, asked).keys() | {(one.what, one.key) for one in named}
    for change in (*diff.added, *diff.changed):
        for name in ("site", "section", "floor", "zone"):
            value = change.after.get(name, "")
            if value and (name, value) not in known:
                yield Refusal(change.line, f"{name}.unknown", name, value)
        if change.before is None:
            for name in NEEDS[change.what]:
                if not change.after.get(name):
                    yield Refusal(change.line, "csv.empty", name)
    yield from _kinds_in_use(session, diff)


def _kinds_in_use(session: Session, diff: Diff) -> Iterator[Refusal]:
    """A booked seat cannot become a room: what is booked keeps its lane."""
    turned = {
        one.key: one
        for one in diff.changed
        if "kind" in one.differs and LANES[Kind(one.differs["kind"][0])] != LANES[Kind(one.after["kind"])]
    }
    query = select(Space.code).join(Booking, Booking.space_id == Space.id).where(HOLDS).distinct()
    for found in session.scalars(query.where(Space.code.in_(turned))):
        yield Refusal(turned[found].line, "space.booked", "kind", turned[found].after["kind"])


def store(session: Session, diff: Diff, asked: Asked) -> None:
    """Add and change sites first, then floors, zones, spaces."""
    for what in ("site", "floor", "zone", "space"):
        for change in (*diff.added, *diff.changed):
            if change.what == what:
                STORES[what](session, change, asked)
                kind = f"{what}.added" if change.before is None else f"{what}.changed"
                told = {name: list(pair) for name, pair in change.differs.items()}
                events.record(
                    session,
                    kind,
                    f"{what}:{change.key}",
                    at=asked.now,
                    actor_id=asked.actor_id,
                    changes=told,
                )


def _store_site(session: Session, change: Change, asked: Asked) -> None:
    site = session.scalar(select(Site).where(Site.code == change.key)) or Site(
        code=change.key, timezone=asked.timezone
    )
    site.name = change.after.get("name", site.name)
    site.timezone = change.after.get("timezone", site.timezone)
    session.add(site)
    session.flush()


def _store_floor(session: Session, change: Change, _asked: Asked) -> None:
    floor = session.scalar(select(Floor).where(Floor.code == change.key)) or Floor(code=change.key)
    if site := change.after.get("site"):
        floor.site_id = session.scalars(select(Site.id).where(Site.code == site)).one()
    _name(floor, change)
    session.add(floor)
    session.flush()


def _store_zone(session: Session, change: Change, _asked: Asked) -> None:
    zone = session.scalar(select(Zone).where(Zone.code == change.key)) or Zone(code=change.key)
    zone.removed_at = None
    if floor := change.after.get("floor"):
        zone.floor_id = session.scalars(select(Floor.id).where(Floor.code == floor)).one()
    if "section" in change.after:
        zone.section_id = session.scalar(select(Section.id).where(Section.code == change.after["section"]))
    if "free_seating" in change.after:
        zone.free_seating = change.after["free_seating"] == "1"
    _name(zone, change)
    _place(zone, change)
    session.add(zone)
    session.flush()


def _store_space(session: Session, change: Change, asked: Asked) -> None:
    bring_back(session, change.key, actor_id=asked.actor_id, now=asked.now)
    space = session.scalar(select(Space).where(Space.code == change.key)) or Space(code=change.key)
    if zone := change.after.get("zone"):
        space.zone_id = session.scalars(select(Zone.id).where(Zone.code == zone)).one()
    if kind := change.after.get("kind"):
        space.kind = Kind(kind)
    if capacity := change.after.get("capacity"):
        space.capacity = int(capacity)
    _place(space, change)
    session.add(space)
    session.flush()


def _name(of: Floor | Zone, change: Change) -> None:
    of.name = change.after.get("name", of.name or change.key)
    of.name_en = change.after.get("name_en", of.name_en or "")


def _place(of: Zone | Space, change: Change) -> None:
    for name in PLACE:
        if change.after.get(name):
            setattr(of, name, int(change.after[name]))


STORES = {"site": _store_site, "floor": _store_floor, "zone": _store_zone, "space": _store_space}


def store_and_settle(session: Session, diff: Diff, asked: Asked) -> None:
    """Store, and move or tell whoever may not be any more where they have booked."""
    sites = session.scalars(select(Site.id)).all() if _decides(diff) else ()
    held = relayout.hold(session, sites)
    store(session, diff, asked)
    diff.moves = [
        Moving(one.booking.id, one.booking.start_at, one.booking.end_at, one.from_code, one.code)
        for one in relayout.settle(session, held, now=asked.now, actor_id=asked.actor_id)
    ]


def _decides(diff: Diff) -> bool:
    """Whether anything changes of what says who may book where."""
    return any(DECIDING.get(one.what, frozenset()) & one.differs.keys() for one in diff.changed)


SPACES = Sheet(
    "spaces", COLUMNS, ("floor",), entities, stored, check, store_and_settle, rows, moves_bookings=True
)
