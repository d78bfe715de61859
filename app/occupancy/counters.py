"""Counters that begin anew under the name they had: of a LoRaWAN device activated by hand (ABP) that lost its power, or
of 16 bits and through. Which run of the counter a reading is of.

Without it, what such a device says bears the names of what it said before, and would be taken for repeated for as long
as that is kept.
"""

from __future__ import annotations

from bisect import bisect_right, insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from app.occupancy.models import StoredReading
from app.occupancy.readings import Reading
from app.spaces.models import Sensor

MARK = "~"


class Numbered(NamedTuple):
    """A reading that is stored: when it was made, its number, and the run that it is of."""

    at: datetime
    seq: int
    boot: str


def run_of(reading: Reading, before: Numbered | None) -> str:
    """The run of a reading whose counter may restart. `before`: the newest numbered one of its sensor that is not
    younger. One without a time of its own may be a copy of any: it begins no run."""
    boot, seq = reading.boot or "", reading.seq or 0
    if before is None or before.boot.partition(MARK)[0] != boot:
        return boot
    goes_on = seq > before.seq or (seq, reading.observed_at) == (before.seq, before.at)
    if goes_on or reading.is_undated:
        return before.boot
    _, _, run = before.boot.partition(MARK)
    return f"{boot}{MARK}{int(run or 0) + 1}"


def with_runs(session: Session, readings: Sequence[Reading]) -> Sequence[Reading]:
    """The readings, those whose counter may restart under the names of their runs; two statements, none where there
    is no such reading. The sensors must be locked: what is stored meanwhile would not be seen."""
    asked = [one for one in readings if one.restarts and one.boot is not None and one.seq is not None]
    if not asked:
        return readings
    stored = _stored(session, asked)
    named = {}
    for one in sorted(asked, key=lambda one: (one.observed_at, one.seq)):
        known = stored[one.sensor_id]
        same = [found for found in known if (found.at, found.seq) == (one.observed_at, one.seq)]
        place = bisect_right(known, one.observed_at, key=lambda found: found.at)
        before = same[0] if same else known[place - 1] if place else None
        named[id(one)] = run = run_of(one, before)
        insort(known, Numbered(one.observed_at, one.seq or 0, run))
    return [one._replace(boot=named[id(one)]) if id(one) in named else one for one in readings]


def _stored(session: Session, asked: Iterable[Reading]) -> dict[str, list[Numbered]]:
    """Of each sensor what is stored of the time of these readings, and the last before them; in the order of time."""
    ids, times = {one.sensor_id for one in asked}, [one.observed_at for one in asked]
    last_before = (
        select(StoredReading.id)
        .where(
            StoredReading.sensor_id == Sensor.id,
            StoredReading.observed_at < min(times),
            StoredReading.seq.is_not(None),
        )
        .order_by(StoredReading.observed_at.desc(), StoredReading.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    within = and_(
        StoredReading.sensor_id.in_(ids),
        StoredReading.observed_at.between(min(times), max(times)),
        StoredReading.seq.is_not(None),
    )
    found: dict[str, list[Numbered]] = defaultdict(list)
    for where in (
        StoredReading.id.in_(select(last_before).select_from(Sensor).where(Sensor.id.in_(ids))),
        within,
    ):
        rows = session.execute(
            select(
                StoredReading.sensor_id, StoredReading.observed_at, StoredReading.seq, StoredReading.boot
            ).where(where)
        )
        for row in rows:
            found[row.sensor_id].append(Numbered(row.observed_at, row.seq or 0, row.boot or ""))
    for known in found.values():
        known.sort()
    return found
