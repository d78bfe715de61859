"""Reading the layout; reading and changing the policies. What sensors watch: `app.spaces.watching`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    delete,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session

from app import events
from app.database import lock_rows
from app.errors import NotFound, RuleBroken
from app.spaces.models import (
    Floor,
    PolicyValue,
    Site,
    Space,
    Zone,
    ZoneGuest,
    ZoneOverflow,
    ZonePolicyValue,
)
from app.spaces.rules import DEFAULTS, Door, GuestDay, Kind, Opening, Policies, Policy, value_text, with_value


def in_layout(of: type[Zone | Space]) -> ColumnElement[bool]:
    """What has not been taken out of the layout."""
    return of.removed_at.is_(None)


# Asked with every booking, so put together once: building a statement costs as much as running it.
_POLICIES = union_all(
    select(ZonePolicyValue.zone_id, ZonePolicyValue.kind, ZonePolicyValue.key, ZonePolicyValue.value),
    select(literal(None, BigInteger()), PolicyValue.kind, PolicyValue.key, PolicyValue.value),
)
# The same for who joins them to what is asked anyway: those of all zones (NULL) and of one's own.
SET_VALUES = _POLICIES.subquery()
_PLACES = (
    select(Space, Zone, Site, *SET_VALUES.c)
    .join(Zone, Zone.id == Space.zone_id)
    .join(Floor, Floor.id == Zone.floor_id)
    .join(Site, Site.id == Floor.site_id)
    .join(
        SET_VALUES,
        and_(
            SET_VALUES.c.kind == Space.kind,
            or_(SET_VALUES.c.zone_id.is_(None), SET_VALUES.c.zone_id == Zone.id),
        ),
        isouter=True,
    )
    .where(in_layout(Space))
)
_PLACE = _PLACES.where(Space.id == bindparam("space_id"))


@dataclass(frozen=True, slots=True)
class Place:
    """A space with what governs it: its zone, its site's zone of time and hours, its policy.

    `own_keys`: for which keys of the policy the zone has a value of its own, be it the same as the kind's elsewhere.
    """

    space: Space
    zone: Zone
    timezone: ZoneInfo
    opening: Opening
    policy: Policy
    own_keys: frozenset[str] = frozenset()


def policies(session: Session) -> Policies:
    """The policy of every kind, and of kinds in zones: the defaults with what the office set; one query."""
    return policies_from(session.execute(_POLICIES).all())


def policies_from(rows: Iterable[Any]) -> Policies:
    """The policies that (zone, kind, key, value), each at least once, make of the defaults."""
    kinds = dict(DEFAULTS)
    zones: dict[tuple[int, Kind], Policy] = {}
    keys: dict[tuple[int, Kind], frozenset[str]] = {}
    # The kinds' own first: a zone's policy begins with its kind's.
    for zone_id, kind, key, value in sorted(rows, key=lambda row: row[0] or 0):
        if zone_id is None:
            kinds[kind] = with_value(kinds[kind], key, value)
        else:
            zones[zone_id, kind] = with_value(zones.get((zone_id, kind), kinds[kind]), key, value)
            keys[zone_id, kind] = keys.get((zone_id, kind), frozenset()) | {key}
    return Policies(kinds, zones, keys)


def hold_policies(session: Session, **_ids: Any) -> None:
    """Wait until nobody else changes a policy; held until the transaction ends. One lock for all: what holds for a
    kind is shown of its zones too."""
    lock_rows(session, "policy", [0])


def set_policy(
    session: Session,
    kind: Kind,
    key: str,
    value: str,
    *,
    now: datetime,
    actor_id: int | None,
    zone_id: int | None = None,
) -> None:
    """Set one policy of a kind, everywhere or in one zone; raises RuleBroken `policy.invalid` saying what would be
    right, NotFound `zone.unknown`."""
    try:
        # Written back as the rule understood it: short, and the same for `60m` and `1h`.
        value = value_text(getattr(with_value(DEFAULTS[kind], key, value), key))
    except ValueError as error:
        raise RuleBroken("policy.invalid", detail=str(error), key=key, value=value) from error
    hold_policies(session)
    if zone_id is None:
        session.merge(PolicyValue(kind=kind, key=key, value=value))
    else:
        get_zone(session, zone_id)
        session.merge(ZonePolicyValue(zone_id=zone_id, kind=kind, key=key, value=value))
    session.flush()
    events.record(
        session,
        "policy.set",
        f"policy:{kind.value}",
        at=now,
        actor_id=actor_id,
        key=key,
        value=value,
        zone_id=zone_id,
    )


def clear_policy(
    session: Session, kind: Kind, key: str, *, now: datetime, actor_id: int | None, zone_id: int | None
) -> None:
    """Let a zone follow what holds for the kind elsewhere, or a kind (`zone_id` None) the default."""
    hold_policies(session)
    if zone_id is None:
        session.execute(delete(PolicyValue).where(PolicyValue.kind == kind, PolicyValue.key == key))
    else:
        session.execute(
            delete(ZonePolicyValue).where(
                ZonePolicyValue.zone_id == zone_id, ZonePolicyValue.kind == kind, ZonePolicyValue.key == key
            )
        )
    events.record(
        session, "policy.cleared", f"policy:{kind.value}", at=now, actor_id=actor_id, key=key, zone_id=zone_id
    )


def set_or_clear_policy(
    session: Session,
    kind: Kind,
    key: str,
    value: str | None,
    *,
    zone_id: int | None,
    actor_id: int | None,
    now: datetime,
) -> None:
    """As `set_policy`; None: as it would be without."""
    if value is not None:
        set_policy(session, kind, key, value, now=now, actor_id=actor_id, zone_id=zone_id)
    elif key in Policy.__dataclass_fields__:
        clear_policy(session, kind, key, now=now, actor_id=actor_id, zone_id=zone_id)
    else:
        raise RuleBroken("policy.invalid", detail=f"'{key}' is no policy")


def reset_policy(
    session: Session, kind: Kind, *, zone_id: int | None, actor_id: int | None, now: datetime
) -> None:
    """All values of a kind as they would be without. Raises NotFound `zone.unknown`."""
    hold_policies(session)
    if zone_id is not None:
        get_zone(session, zone_id)
        keys = list(zone_values(session, zone_id).get(kind, {}))
    else:
        keys = list(session.scalars(select(PolicyValue.key).where(PolicyValue.kind == kind)))
    for key in keys:
        clear_policy(session, kind, key, now=now, actor_id=actor_id, zone_id=zone_id)


@dataclass(frozen=True, slots=True)
class Policied:
    """What holds for a kind of space, in a zone or (None) elsewhere, as the texts that are set."""

    kind: Kind
    zone_id: int | None
    values: dict[str, str]


def kind_of(text: str) -> Kind:
    """A kind by its name; raises NotFound `policy.unknown`."""
    try:
        return Kind(text)
    except ValueError as error:
        raise NotFound("policy.unknown", kind=text) from error


def policy_of(session: Session, kind: Kind, zone_id: int | None) -> Policied:
    """What holds for a kind; one query."""
    return _policied(kind, zone_id, policies(session).of(kind, zone_id))


def policy_list(session: Session) -> list[Policied]:
    """Every kind, then the kinds of zones that have values of their own; one query."""
    found = policies(session)
    kinds = [_policied(kind, None, policy) for kind, policy in found.kinds.items()]
    return kinds + [_policied(kind, zone_id, policy) for (zone_id, kind), policy in found.zones.items()]


def _policied(kind: Kind, zone_id: int | None, policy: Policy) -> Policied:
    values = {key: value_text(getattr(policy, key)) for key in Policy.__dataclass_fields__}
    return Policied(kind, zone_id, values)


def zone_values(session: Session, zone_id: int) -> dict[Kind, dict[str, str]]:
    """What a zone has set for itself, by kind and key."""
    found: dict[Kind, dict[str, str]] = defaultdict(dict)
    for row in session.scalars(select(ZonePolicyValue).where(ZonePolicyValue.zone_id == zone_id)):
        found[row.kind][row.key] = row.value
    return dict(found)


def get_place(session: Session, space_id: int, *, anew: bool = False) -> Place:
    """A space of the layout and what governs it; one query. `anew`: whatever the session has read of it before, which
    under its lock may be no longer so. Raises NotFound `space.unknown`."""
    options = {"populate_existing": anew}
    rows: Sequence[Any] = session.execute(_PLACE, {"space_id": space_id}, execution_options=options).all()
    if not rows:
        raise NotFound("space.unknown", space_id=space_id)
    return _place(rows)


def codes_of(session: Session, space_ids: Iterable[int | None]) -> dict[int, str]:
    """The codes of spaces, also of those that have left the layout; no query where there are none."""
    ids = {one for one in space_ids if one is not None}
    query = select(Space.id, Space.code).where(Space.id.in_(ids))
    return dict(session.execute(query).all()) if ids else {}


def timezones(session: Session, space_ids: Collection[int]) -> dict[int, ZoneInfo]:
    """The zones of time that spaces are in; one query."""
    rows = session.execute(
        select(Space.id, Site.timezone)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(Space.id.in_(space_ids))
    )
    return {row.id: ZoneInfo(row.timezone) for row in rows}


def get_places(session: Session, space_ids: Collection[int]) -> dict[int, Place]:
    """The same of several, anew, by id; one query. Raises NotFound `space.unknown`."""
    rows: dict[int, list[Any]] = defaultdict(list)
    anew = {"populate_existing": True}
    for row in session.execute(_PLACES.where(Space.id.in_(space_ids)), execution_options=anew):
        rows[row[0].id].append(row)
    missing = sorted(set(space_ids) - rows.keys())
    if missing:
        raise NotFound("space.unknown", space_id=missing[0])
    return {space_id: _place(found) for space_id, found in rows.items()}


def _place(rows: Sequence[Any]) -> Place:
    """A place of a row for each value of a policy."""
    space, zone, site, *_ = rows[0]
    found = policies_from(row[3:] for row in rows if row.key is not None)
    return Place(
        space,
        zone,
        ZoneInfo(site.timezone),
        Opening(site.opens, site.closes, site.working_days_only),
        found.of(space.kind, zone.id),
        found.own_keys(space.kind, zone.id),
    )


def doors(session: Session, zones: Iterable[Zone]) -> dict[int, Door]:
    """Who may enter each of these zones; two queries."""
    listed = {zone.id: zone for zone in zones}
    guests: dict[int, list[GuestDay]] = defaultdict(list)
    for one in session.scalars(select(ZoneGuest).where(ZoneGuest.zone_id.in_(listed)).order_by(ZoneGuest.id)):
        guests[one.zone_id].append(GuestDay(one.section_id, one.weekday, one.on_date))
    homes: dict[int, list[tuple[int, int | None]]] = defaultdict(list)
    ahead: dict[int, list[int]] = defaultdict(list)
    leading_here = select(ZoneOverflow.zone_id).where(ZoneOverflow.overflow_id.in_(listed))
    for overflow_id, zone_id, section_id in session.execute(
        select(ZoneOverflow.overflow_id, Zone.id, Zone.section_id)
        .join(Zone, Zone.id == ZoneOverflow.zone_id)
        .where(ZoneOverflow.zone_id.in_(leading_here))
        .order_by(Zone.id, ZoneOverflow.position)
    ):
        # Its own zone first, then those that come before this one in its order.
        homes[overflow_id] += [(one, section_id) for one in (zone_id, *ahead[zone_id])]
        ahead[zone_id].append(overflow_id)
    return {
        zone.id: Door(zone.section_id, tuple(guests[zone.id]), tuple(homes[zone.id]))
        for zone in listed.values()
    }


def get_zone(session: Session, zone_id: int) -> Zone:
    """A zone; raises NotFound `zone.unknown`."""
    zone = session.get(Zone, zone_id)
    if zone is None or zone.removed_at is not None:
        raise NotFound("zone.unknown", zone_id=zone_id)
    return zone


def list_floors(session: Session) -> list[Floor]:
    """All floors, in the order of their codes."""
    return list(session.scalars(select(Floor).order_by(Floor.code)))


def get_floor(session: Session, floor_id: int) -> Floor:
    """A floor; raises NotFound `floor.unknown`."""
    floor = session.get(Floor, floor_id)
    if floor is None:
        raise NotFound("floor.unknown", floor_id=floor_id)
    return floor


def floor_timezone(session: Session, floor_id: int) -> ZoneInfo:
    """The zone of time that a floor's days are computed in; raises NotFound `floor.unknown`."""
    query = select(Site.timezone).join(Floor, Floor.site_id == Site.id).where(Floor.id == floor_id)
    timezone = session.scalar(query)
    if timezone is None:
        raise NotFound("floor.unknown", floor_id=floor_id)
    return ZoneInfo(timezone)


def floor_opening(session: Session, floor_id: int) -> tuple[ZoneInfo, Opening]:
    """The same, and when the spaces of the floor's site may be booked; raises NotFound `floor.unknown`."""
    query = select(Site).join(Floor, Floor.site_id == Site.id).where(Floor.id == floor_id)
    site = session.scalar(query)
    if site is None:
        raise NotFound("floor.unknown", floor_id=floor_id)
    return ZoneInfo(site.timezone), Opening(site.opens, site.closes, site.working_days_only)


def zone_opening(session: Session, zone: Zone) -> Opening:
    """When the spaces of a zone's site may be booked."""
    query = select(Site).join(Floor, Floor.site_id == Site.id).where(Floor.id == zone.floor_id)
    site = session.scalars(query).one()
    return Opening(site.opens, site.closes, site.working_days_only)


def list_zones(session: Session, floor_id: int | None = None) -> list[Zone]:
    """Zones in the order of their codes, of one floor where it is given."""
    query = select(Zone).where(in_layout(Zone)).order_by(Zone.code)
    return list(session.scalars(query if floor_id is None else query.where(Zone.floor_id == floor_id)))


def list_spaces(
    session: Session,
    *,
    floor_id: int | None = None,
    zone_id: int | None = None,
    kind: Kind | None = None,
    after_id: int = 0,
    limit: int | None = None,
) -> list[Space]:
    """Spaces in the order of their id, at most `limit` after `after_id`."""
    query = select(Space).where(Space.id > after_id, in_layout(Space)).order_by(Space.id)
    if floor_id is not None:
        query = query.join(Zone, Zone.id == Space.zone_id).where(Zone.floor_id == floor_id)
    if zone_id is not None:
        query = query.where(Space.zone_id == zone_id)
    if kind is not None:
        query = query.where(Space.kind == kind)
    return list(session.scalars(query.limit(limit)))
