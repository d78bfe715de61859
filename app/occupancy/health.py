"""How sensors are: for those who look after them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, ScalarSelect, Subquery, and_, case, delete, func, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from app.occupancy.flapping import flapping
from app.occupancy.models import SensorGap, SensorState, SensorTrouble, StoredReading
from app.occupancy.rules import HEARTBEATS_UNTIL_OFFLINE, Occupancy, looks_stuck
from app.spaces.models import Floor, Sensor, SensorBinding, Site, Space, Zone
from app.texts import plain

LOW_BATTERY_PCT = 15
# 64 random bits in hex, as devices of the native wire name their boots (RULES 3); no other wire's names are as long.
BOOT_DIGITS = 16
# It lives, but does not say that a space is empty when it counts; found where the bookings are, and kept.
UNTOLD = "untold"
# What may be wrong with a sensor, the worst first: gaps are nothing that one can mend at a sensor.
WORST = ("silent", "clock", "suspect", "flapping", UNTOLD, "battery", "gaps")


@dataclass(frozen=True, slots=True)
class Gaps:
    """How many readings of a sensor never came, of those that are kept, and how often it restarted among them: what it
    said last before may be lost, too, and nobody can know how much of it there was."""

    missing: int = 0
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Health:
    """What a sensor says, of which spaces (none: a spare), when it was last heard, how many of its readings never came,
    and how often it restarted.

    `behind`: it is heard, but by its own clock so late that it counts as silent. `suspect`: it has said occupied for
    over 12 hours, or all night; shown and told, no evidence (RULES 4). `flapping`: it turned over sixty times within an
    hour, not longer ago than a day. `untold`: for want of its word no no-show was released, as the jobs
    found last. `low`: its battery is at 15 per cent or less.
    """

    sensor_id: str
    model: str
    space_ids: Sequence[int]
    space_codes: Sequence[str]
    state: Occupancy
    last_seen_at: datetime | None
    battery_pct: int | None
    missing: int
    restarts: int
    suspect: bool
    flapping: bool
    behind: bool
    untold: bool

    @property
    def low(self) -> bool:
        return self.battery_pct is not None and self.battery_pct <= LOW_BATTERY_PCT

    @property
    def troubles(self) -> list[str]:
        """What is wrong with it, the worst first (WORST). A spare may be silent; so is one for its clock alone."""
        is_quiet = self.state is Occupancy.OFFLINE or self.last_seen_at is None
        silent = bool(self.space_ids) and is_quiet and not self.behind
        found = {
            "silent": silent,
            "clock": self.behind,
            "suspect": self.suspect,
            "flapping": self.flapping,
            UNTOLD: self.untold,
            "battery": self.low,
            "gaps": self.missing > 0,
        }
        return [name for name in WORST if found[name]]


def is_like(one: Health, text: str) -> bool:
    """Whether a sensor's name, model, or the code of a space that it watches has this text in it, however written."""
    wanted = plain(text)
    return any(wanted in plain(name) for name in (one.sensor_id, one.model, *one.space_codes))


def health(
    session: Session,
    now: datetime,
    *,
    after: str = "",
    limit: int | None = None,
    count_gaps: bool = True,
    spares: bool = False,
) -> list[Health]:
    """The sensors that watch a space, in the order of their ids, at most `limit` after `after`; five queries. `spares`:
    those that watch none, too.

    `count_gaps`: count what was lost, which reads all that is kept of these sensors, not for every sensor of a large
    office; else it is as the jobs counted it last.
    """
    query = (
        select(
            Sensor.id,
            Sensor.model,
            Sensor.heartbeat_s,
            SensorState.state,
            SensorState.signal_at,
            _newest(StoredReading.observed_at).label("told_at"),
            _newest(StoredReading.received_at).label("arrived_at"),
            SensorState.battery_pct,
            SensorState.since_at,
        )
        .join(SensorState, SensorState.sensor_id == Sensor.id, isouter=True)
        .where(Sensor.id > after)
        .order_by(Sensor.id)
        .limit(limit)
    )
    if not spares:
        query = query.where(
            Sensor.id.in_(select(SensorBinding.sensor_id).where(SensorBinding.until_at.is_(None)))
        )
    rows = session.execute(query).all()
    ids = [row.id for row in rows]
    spaces: dict[str, list[tuple[int, str]]] = defaultdict(list)
    zones: dict[str, ZoneInfo] = {}
    for sensor_id, space_id, code, timezone in session.execute(
        select(SensorBinding.sensor_id, Space.id, Space.code, Site.timezone)
        .join(Space, Space.id == SensorBinding.space_id)
        .join(Zone, Zone.id == Space.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(SensorBinding.until_at.is_(None), SensorBinding.sensor_id.in_(ids))
        .order_by(Space.code)
    ):
        spaces[sensor_id].append((space_id, code))
        zones[sensor_id] = ZoneInfo(timezone)
    gaps = sequence_gaps(session, ids) if count_gaps else kept_gaps(session)
    restless = flapping(session, now)
    untold = set(session.scalars(select(SensorTrouble.sensor_id).where(SensorTrouble.trouble == UNTOLD)))
    return [
        Health(
            row.id,
            row.model,
            [space_id for space_id, _code in spaces[row.id]],
            [code for _space_id, code in spaces[row.id]],
            # By its own clock it said nothing since it watches its space.
            row.state or (Occupancy.OFFLINE if row.arrived_at else Occupancy.UNKNOWN),
            row.arrived_at or row.signal_at,
            row.battery_pct,
            gaps.get(row.id, Gaps()).missing,
            gaps.get(row.id, Gaps()).restarts,
            looks_stuck(row.state, row.since_at, now, zones.get(row.id)),
            row.id in restless,
            is_behind(row.told_at, row.arrived_at, now, timedelta(seconds=row.heartbeat_s)),
            row.id in untold,
        )
        for row in rows
    ]


def _newest(column: InstrumentedAttribute[datetime]) -> ScalarSelect[datetime]:
    """Of what is stored of a sensor and is no history the newest; of what came again the first. Also of what it said
    before it watched its space, by its own clock."""
    return (
        select(column)
        .where(StoredReading.sensor_id == Sensor.id, StoredReading.history.is_(False))
        .order_by(StoredReading.observed_at.desc(), StoredReading.id)
        .limit(1)
        .correlate(Sensor)
        .scalar_subquery()
    )


def is_behind(
    told_at: datetime | None, arrived_at: datetime | None, now: datetime, heartbeat: timedelta
) -> bool:
    """Whether the newest reading came so late after the time it gives itself that its sensor would have been offline
    by then, and not so long ago that it is offline."""
    if told_at is None or arrived_at is None:
        return False
    limit = heartbeat * HEARTBEATS_UNTIL_OFFLINE
    return arrived_at - told_at > limit > now - arrived_at


def sequence_gaps(session: Session, sensor_ids: Sequence[str] | None = None) -> dict[str, Gaps]:
    """How many readings each sensor numbered that never came, and how often it began to number anew: a loss before the
    gateway shows here. Those with neither are left out.

    Counted from what is stored, so a gap that a device fills by publishing again heals by itself. A boot's own first
    readings are missed where an earlier boot was heard: before it the sensor may not have been known, and of the oldest
    they may be erased. Of all sensors where none are named.

    What is numbered in one go is a boot of the native wire; of LoRaWAN what follows a join, or a counter that begins
    anew without one. Where each message has a name of its own and the number nought (Disruptive), nothing restarts.
    """
    is_run = or_(func.length(StoredReading.boot) == BOOT_DIGITS, func.max(StoredReading.seq) > 0)
    per_boot = (
        select(
            StoredReading.sensor_id,
            StoredReading.boot,
            func.min(StoredReading.seq).label("first"),
            (func.max(StoredReading.seq) - func.min(StoredReading.seq) + 1 - func.count()).label("missing"),
            case((is_run, 1), else_=0).label("runs"),
        )
        .where(StoredReading.seq.is_not(None))
        .group_by(StoredReading.sensor_id, StoredReading.boot)
    )
    if sensor_ids is not None:
        per_boot = per_boot.where(StoredReading.sensor_id.in_(sensor_ids))
    found = per_boot.subquery()
    missing, runs = func.sum(found.c.missing + _missing_before(found)), func.sum(found.c.runs)
    rows = session.execute(
        select(found.c.sensor_id, missing, runs)
        .group_by(found.c.sensor_id)
        .having(or_(missing > 0, runs > 1))
    )
    return {sensor_id: Gaps(int(lost), max(0, int(begun) - 1)) for sensor_id, lost, begun in rows}


def _missing_before(found: Subquery) -> ColumnElement[int]:
    """How many readings of a boot, found as (sensor_id, boot, first), never came before its first: the native wire
    counts from nought."""
    began_at = (
        select(StoredReading.observed_at)
        .where(
            StoredReading.sensor_id == found.c.sensor_id,
            StoredReading.boot == found.c.boot,
            StoredReading.seq == found.c.first,
        )
        .correlate(found)
        .scalar_subquery()
    )
    earlier = aliased(StoredReading)
    is_heard_before = (
        select(earlier.id)
        .where(
            earlier.sensor_id == found.c.sensor_id,
            earlier.boot != found.c.boot,
            earlier.observed_at < began_at,
        )
        .correlate(found)
        .exists()
    )
    is_native = func.length(found.c.boot) == BOOT_DIGITS
    return case((and_(found.c.first > 0, is_native, is_heard_before), found.c.first), else_=0)


def keep_gaps(session: Session, gaps: Mapping[str, Gaps]) -> None:
    """Keep what `sequence_gaps` counted of all sensors: it reads all that is kept, too much for whoever asks often."""
    session.execute(delete(SensorGap))
    if gaps:
        rows = [{"sensor_id": sensor_id, **asdict(one)} for sensor_id, one in sorted(gaps.items())]
        session.execute(insert(SensorGap), rows)


def kept_gaps(session: Session, sensor_ids: Sequence[str] | None = None) -> dict[str, Gaps]:
    """The same as it was counted last."""
    query = select(SensorGap.sensor_id, SensorGap.missing, SensorGap.restarts)
    if sensor_ids is not None:
        query = query.where(SensorGap.sensor_id.in_(sensor_ids))
    return {sensor_id: Gaps(missing, restarts) for sensor_id, missing, restarts in session.execute(query)}
