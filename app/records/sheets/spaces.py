"""Sites, floors, zones and spaces in one file: a row is a space with its zone, floor and site; a zone without spaces
has an empty `space`. What a row says of its zone, every row of that zone says. A new site is one whose name is said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from zoneinfo import available_timezones

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.bookings.models import HOLDS, Booking
from app.bookings.moving import layout as relayout
from app.bookings.moving import others
from app.bulk import among
from app.lots.service import draw_no_more, hold_draws
from app.people.models import Section
from app.records.sheets import storing
from app.records.sheets.rules import (
    Change,
    Diff,
    Key,
    Moving,
    Refusal,
    Said,
    Values,
    code,
    flag,
    one_of,
    text,
    whole,
)
from app.records.sheets.sheet import Asked, Sheet
from app.spaces.layout import bring_back_all
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import LANES, Kind
from app.spaces.service import in_layout, list_zones
from app.waitlist.in_line import follow

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
TABLES: Mapping[str, type[Site | Floor | Zone | Space]] = {
    "site": Site,
    "floor": Floor,
    "zone": Zone,
    "space": Space,
}
# What of a thing says who may book there.
DECIDING = {
    "floor": frozenset({"site"}),
    "zone": frozenset({"floor", "section", "free_seating"}),
    "space": frozenset({"zone", "capacity"}),
}


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
    """Add and change sites first, then floors, zones, spaces; what had been taken out of the layout is back in it. A
    fixed number of statements."""
    changes = [*diff.added, *diff.changed]
    ids = {"section": _ids(session, Section)}
    facts = []
    for what, of in TABLES.items():
        values = {one.key: _values(one, ids) for one in changes if one.what == what}
        if what == "space":
            bring_back_all(session, values, actor_id=asked.actor_id, now=asked.now)
        known = _ids(session, of)
        new = [{**_new(what, key, asked), **row} for key, row in values.items() if key not in known]
        storing.add(session, of, new)
        storing.change(session, of, {known[key]: row for key, row in values.items() if key in known})
        ids[what] = _ids(session, of)
        facts += [_fact(one, asked) for one in changes if one.what == what]
    events.record_many(session, facts)


def _ids(session: Session, of: type[Section | Site | Floor | Zone | Space]) -> dict[str, int]:
    return {row.code: row.id for row in session.execute(select(of.code, of.id))}


def _new(what: str, key: str, asked: Asked) -> dict[str, Any]:
    """What a new thing is where its row says nothing else."""
    if what == "site":
        return {"code": key, "timezone": asked.timezone}
    return {"code": key} if what == "space" else {"code": key, "name": key}


def _values(change: Change, ids: Mapping[str, Mapping[str, int]]) -> dict[str, Any]:
    """What a row says of a thing, as its table stores it. `ids`: by what it is and its code."""
    said = change.after
    found: dict[str, Any] = {name: said[name] for name in ("name", "name_en", "timezone") if name in said}
    found |= {name: int(said[name]) for name in (*PLACE, "capacity") if name in said}
    found |= {f"{name}_id": ids[name][said[name]] for name in ("site", "floor", "zone") if said.get(name)}
    if "section" in said:
        found["section_id"] = ids["section"].get(said["section"])
    if "free_seating" in said:
        found["free_seating"] = said["free_seating"] == "1"
    if "kind" in said:
        found["kind"] = Kind(said["kind"])
    if change.what == "zone":
        found["removed_at"] = None
    return found


def _fact(change: Change, asked: Asked) -> dict[str, Any]:
    return {
        "at": asked.now,
        "kind": f"{change.what}.added" if change.before is None else f"{change.what}.changed",
        "subject": f"{change.what}:{change.key}",
        "actor_id": asked.actor_id,
        "data": {"changes": {name: list(pair) for name, pair in change.differs.items()}},
    }


def take_turns(session: Session, said: Sequence[Said]) -> None:
    """Wait for what `store_and_settle` waits for: whoever changes the layout locks no row of it before that either."""
    turned = [key for _line, what, key, of in said if what == "zone" and of.get("free_seating") == "1"]
    hold_draws(
        session, session.scalars(select(Zone.id).where(among(session, Zone.code, sorted(turned)))).all()
    )
    others.take_turns(session, _ids(session, Site).values())


def store_and_settle(session: Session, diff: Diff, asked: Asked) -> None:
    """Store, and move or tell whoever may not be any more where they have booked. What becomes free seating is drawn no
    more; who waits for what is in another building now waits there."""
    turned = {one.key for one in diff.changed if one.what == "zone" and one.after.get("free_seating") == "1"}
    if turned:
        zone_ids = session.scalars(select(Zone.id).where(Zone.code.in_(turned))).all()
        draw_no_more(session, zone_ids, actor_id=asked.actor_id, now=asked.now)
    held = relayout.hold(session, _ids(session, Site).values() if _decides(diff) else ())
    store(session, diff, asked)
    sites = _ids(session, Site).values()
    diff.moves = [
        Moving(one.booking.id, one.booking.start_at, one.booking.end_at, one.from_code, one.code)
        for one in relayout.settle(session, held, now=asked.now, actor_id=asked.actor_id, site_ids=sites)
    ]
    follow(session)


def _decides(diff: Diff) -> bool:
    """Whether anything changes of what says who may book where."""
    return any(DECIDING.get(one.what, frozenset()) & one.differs.keys() for one in diff.changed)


SPACES = Sheet(
    "spaces",
    COLUMNS,
    ("floor",),
    entities,
    stored,
    check,
    store_and_settle,
    rows,
    moves_bookings=True,
    rows_of={"site": Site.code, "floor": Floor.code, "zone": Zone.code, "space": Space.code},
    take_turns=take_turns,
)
