"""From confirmed changes to sessions of real use (RULES 15); pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from app.occupancy.rules import Occupancy
from app.timespan import TimeSpan, merged

SESSION_GAP = timedelta(minutes=10)
# A correction may reach so far beyond what was booked: somebody stayed on, or came early.
CORRECTION_REACH = timedelta(hours=12)


class Reason(StrEnum):
    """Why the facility staff set another span beside what the sensor said."""

    SENSOR_MISSED = "sensor_missed"
    SENSOR_STUCK = "sensor_stuck"
    SOMEBODY_ELSE = "somebody_else"
    TOLD = "told"


@dataclass(frozen=True, slots=True)
class Edge:
    """A confirmed change of one space: since when, and the newest occupied signal before it."""

    state: Occupancy
    since_at: datetime
    last_hit_at: datetime | None = None


def session_end(edge: Edge, opened_at: datetime) -> datetime:
    """When a session ends that `edge` closes: at its last signal, not when the hold or the silence ran out."""
    at = edge.since_at if edge.state is Occupancy.VACANT else edge.last_hit_at or edge.since_at
    return max(at, opened_at)


def may_correct(booked: TimeSpan, real: TimeSpan | None, now: datetime) -> bool:
    """Whether a span can be what really happened of a booking: over by now, and near to what was booked."""
    return real is None or (
        real.end <= now
        and real.start >= booked.start - CORRECTION_REACH
        and real.end <= booked.end + CORRECTION_REACH
    )


def sessions(edges: Iterable[Edge], *, gap: timedelta, until: datetime) -> list[TimeSpan]:
    """The spans of use that a space's changes tell, in order and disjoint; those at most `gap` apart are one.

    One still open at `until` ends there.
    """
    found: list[TimeSpan] = []
    opened_at: datetime | None = None
    for edge in edges:
        if edge.state is Occupancy.OCCUPIED:
            opened_at = opened_at or edge.since_at
        elif opened_at is not None:
            end = session_end(edge, opened_at)
            if end > opened_at:
                found.append(TimeSpan(opened_at, end))
            opened_at = None
    if opened_at is not None and opened_at < until:
        found.append(TimeSpan(opened_at, until))
    return merged(found, gap)
