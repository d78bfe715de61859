"""How long what is linked to a person is kept, and what of a fact remains without its people (RULES 19); pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from app.working_days import FIRST_MONTH, fiscal_year

# What of an event's data says nothing of a person. Whatever is not named here goes.
FACTS = frozenset(
    {"space_id", "zone_id", "site_id", "kind", "key", "value", "start", "end", "status", "cause"}
)
CHANGES = frozenset(
    {
        "space_id",
        "lane",
        "start_at",
        "end_at",
        "ended_at",
        "status",
        "reason",
        "origin",
        "checked_in_at",
        "checked_in_by",
        "reclaimed",
        "release_check_at",
    }
)
# What an event may still be about by its number, or its name, once its people are gone. Whatever is not named here, a
# person or a sign-in, loses it.
THINGS = frozenset(
    {
        "booking",
        "closure",
        "day",
        "floor",
        "gateway",
        "lots",
        "month",
        "policy",
        "rotation",
        "section",
        "sensor",
        "series",
        "site",
        "space",
        "telework_rule",
        "waitlist",
        "webhook",
        "zone",
    }
)


# As long as the broker keeps what it has for a gateway that is away (sensor_gateway.broker).
GATEWAY_AWAY = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Limits:
    """What is older than these instants, or than this day, is erased. `gateways`: who has not beaten since then was
    given up. `timezone`: of the office's days."""

    readings: datetime
    gateways: datetime
    presence: datetime
    lookups: datetime
    telework: date
    timezone: ZoneInfo


def limits(
    now: datetime,
    today: date,
    *,
    readings: timedelta,
    presence: timedelta,
    lookups: timedelta,
    telework_years: int,
    timezone: ZoneInfo,
) -> Limits:
    """The limits at an instant of an office day. A fiscal year is kept for so many whole ones after it has ended."""
    return Limits(
        readings=now - readings,
        gateways=now - GATEWAY_AWAY,
        presence=now - presence,
        lookups=now - lookups,
        telework=date(fiscal_year(today) - telework_years, FIRST_MONTH, 1),
        timezone=timezone,
    )


def without_people(data: Mapping[str, Any]) -> dict[str, Any]:
    """An event's data without what says who: spaces, times and states stay, so that figures can be told again."""
    kept = {name: value for name, value in data.items() if name in FACTS}
    changes = data.get("changes")
    if isinstance(changes, Mapping):
        kept["changes"] = {name: value for name, value in changes.items() if name in CHANGES}
    return kept


def subject_without_person(subject: str) -> str:
    """What an event was about: a booking or a space keeps its number, a person does not."""
    kind, _, _number = subject.partition(":")
    return subject if kind in THINGS else kind
