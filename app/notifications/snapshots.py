"""What is kept of an event for the texts that tell it: what was then, not what is by the time somebody reads."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.events import Event
from app.notifications.rules import reason_of
from app.spaces import service as spaces


def booking_id(event: Event) -> int | None:
    """The booking that an event is about."""
    what, _, number = event.subject.partition(":")
    return int(number) if what == "booking" and number.isdigit() else None


def bookings_of(session: Session, ids: Collection[int]) -> dict[int, Booking]:
    """Bookings by id; one query."""
    return {one.id: one for one in session.scalars(select(Booking).where(Booking.id.in_(ids)))}


def codes_of(session: Session, events: Sequence[Event], bookings: Iterable[Booking]) -> dict[int, str]:
    """The codes of all spaces that these events and bookings name, also of those that a booking left; one query."""
    ids = {one.space_id for one in bookings} | {
        one
        for event in events
        for one in (event.data.get("space_id"), *_changed(event).get("space_id", ()))
        if isinstance(one, int)
    }
    return spaces.codes_of(session, ids)


def facts(event: Event, booking: Booking | None, codes: Mapping[int, str]) -> dict[str, Any]:
    """What an event says, without naming anybody: of a booking which space, when, from what it was changed, and why, as
    a code (`reason`) and as the office says it (`notice`)."""
    if booking is None:
        kept = {name: value for name, value in event.data.items() if name != "user_id"}
        return kept | {"space": codes.get(event.data.get("space_id", 0), "")}
    before, now = _sides(event, booking)
    said = {
        **_place(now, codes),
        "reason": reason_of(event.data),
        "notice": event.data.get("notice", ""),
    }
    earlier = {name: value for name, value in _place(before, codes).items() if value != said[name]}
    return said | ({"before": earlier} if earlier else {})


def _changed(event: Event) -> Mapping[str, Sequence[Any]]:
    """From what to what, by the names of a booking's columns."""
    found: Mapping[str, Sequence[Any]] = event.data.get("changes") or {}
    return found


def _sides(event: Event, booking: Booking) -> tuple[dict[str, Any], dict[str, Any]]:
    """Space and times before and after an event; what it did not change is as it is."""
    changed = _changed(event)
    now: dict[str, Any] = {
        "space_id": event.data.get("space_id", booking.space_id),
        "start_at": event.data.get("start", booking.start_at.isoformat()),
        "end_at": event.data.get("end", booking.end_at.isoformat()),
    }
    after = {name: changed.get(name, (value, value))[1] for name, value in now.items()}
    return {name: changed.get(name, (value, value))[0] for name, value in after.items()}, after


def _place(side: Mapping[str, Any], codes: Mapping[int, str]) -> dict[str, Any]:
    return {"space": codes.get(side["space_id"], ""), "start": side["start_at"], "end": side["end_at"]}
