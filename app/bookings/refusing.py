"""What a refusal says besides no: the rule, its value, what would be allowed, and whom it is about."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.errors import Conflict, DomainError, Forbidden, RuleBroken
from app.people.models import Section
from app.people.service import Person
from app.spaces.models import Floor, Space, Zone
from app.spaces.rules import LANES, Door
from app.spaces.service import Place, in_layout
from app.timespan import TimeSpan

AT_MOST = 3
ANOTHER = "another time or space"


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a booking is for: somebody with an account, or a guest whom the actor receives. `sections`: those that they
    lie within, of whose zones they are at home; `name`: where it is not the actor."""

    user_id: int | None
    sections: frozenset[int]
    guest_name: str = ""
    name: str = ""


@contextmanager
def about(holder: Holder) -> Iterator[None]:
    """A refusal inside says whom it is about, where that is not the actor: nobody is told of their own bookings who
    books for somebody else."""
    try:
        yield
    except DomainError as error:
        if holder.name:
            error.facts["person"] = holder.name
            if holder.user_id is not None:
                error.facts["for_user_id"] = holder.user_id
        raise


@contextmanager
def named(start: datetime) -> Iterator[None]:
    """What is refused inside is of the occurrence of a series that begins then."""
    try:
        yield
    except DomainError as error:
        error.facts |= {"start": start.isoformat(), "of_series": True}
        raise


def acting(why: str, actor: Person) -> Forbidden:
    """The actor may not book for somebody else (`on_behalf`), or for a guest (`guest`)."""
    allowed = "a chief for the own section, facility" if why == "on_behalf" else "chief, facility"
    return Forbidden("booking.not_allowed", why=why, rule=why, value=actor.role.value, allowed=allowed)


def overlap(clash: str, span: TimeSpan | None, **facts: Any) -> Conflict:
    """What is asked is held already: the `space`, or the `person` in its lane. `span`: what was asked."""
    value = f"{span.start.isoformat()}/{span.end.isoformat()}" if span else ""
    return Conflict("booking.overlap", clash=clash, rule=clash, value=value, allowed=ANOTHER, **facts)


def check_takes_bookings(place: Place) -> None:
    """That the zone is not one for free seating; raises RuleBroken `zone.free_seating`."""
    if place.zone.free_seating:
        code = place.zone.code
        raise RuleBroken("zone.free_seating", zone=code, rule="free_seating", value=code, allowed="a claim")


class Whose(NamedTuple):
    """Whose a zone is, and which zones of the site are open to somebody."""

    section: Section | None
    zones: Sequence[Zone]


def read_whose(session: Session, place: Place, sections: frozenset[int]) -> Whose:
    """Of a place's zone, for people of these sections; two queries."""
    zones = session.scalars(_open_zones(place, sections)).all()
    return Whose(session.get(Section, place.zone.section_id), zones)


def of_zone(
    place: Place, door: Door, whose: Whose, sections: frozenset[int], on: date, *, now: datetime
) -> Forbidden:
    """The zone is another section's: whose it is, on which of the next days it takes these people in as guests, and
    which zones of the site are open to them."""
    section, zones = whose
    today = now.astimezone(place.timezone).date()
    days = door.guest_days(sections, today, today + place.policy.horizon)[:AT_MOST]
    can = [
        *([f"as a guest on {', '.join(day.isoformat() for day in days)}"] if days else []),
        *([f"in the zones {', '.join(zone.code for zone in zones)}"] if zones else []),
    ]
    return Forbidden(
        "booking.not_allowed",
        why="zone",
        zone=place.zone.code,
        on=on.isoformat(),
        rule="zone",
        value=section.code if section else "",
        allowed="; ".join(can) or "a zone of the own section",
        section=_named(section) if section else None,
        guest_days=[day.isoformat() for day in days],
        zones=[_named(zone) for zone in zones],
    )


def _open_zones(place: Place, sections: frozenset[int]) -> Any:
    """The first zones of the site that take bookings of people of these sections, and have a space of the lane."""
    site = select(Floor.site_id).where(Floor.id == place.zone.floor_id).scalar_subquery()
    kinds = [kind for kind, lane in LANES.items() if lane is place.space.lane]
    spaces = select(Space.id).where(Space.zone_id == Zone.id, Space.kind.in_(kinds), in_layout(Space))
    return (
        select(Zone)
        .join(Floor, Floor.id == Zone.floor_id)
        .where(
            Floor.site_id == site,
            in_layout(Zone),
            Zone.free_seating.is_(False),
            or_(Zone.section_id.is_(None), Zone.section_id.in_(sections)),
            spaces.exists(),
        )
        .order_by(Zone.code)
        .limit(AT_MOST)
    )


def _named(one: Section | Zone) -> dict[str, Any]:
    return {"id": one.id, "code": one.code, "name": one.name, "name_en": one.name_en}
