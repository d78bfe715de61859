"""The history of a booking in the reader's language: what happened, from what to what, why."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString

from app.events import Event
from app.formats import day, hours_and_minutes
from app.wording import HAPPENINGS, REASONS, STATUSES

MORE: Mapping[str, LazyString] = {
    "booking.changed": lazy_gettext("was changed"),
    "booking.moved": lazy_gettext("was moved to another space"),
    "booking.kept": lazy_gettext("was kept though nobody had checked in"),
    "booking.completed": lazy_gettext("came to its end"),
    "booking.invited": lazy_gettext("somebody was invited"),
    "booking.declined": lazy_gettext("somebody invited does not come"),
    "booking.uninvited": lazy_gettext("somebody was told that they need not come"),
    "booking.corrected": lazy_gettext("what really happened was corrected"),
    "booking.joined_series": lazy_gettext("became part of a series"),
    "booking.still_coming": lazy_gettext("they are still coming, they said"),
    "booking.release_warned": lazy_gettext("they were told that it would be given to others"),
    "booking.held": lazy_gettext("was held for the next in line"),
    "booking.let_go": lazy_gettext("was no longer held"),
    "booking.explained": lazy_gettext("a reason was given"),
}
# The same of somebody who is known by name.
OF_SOMEBODY: Mapping[str, LazyString] = {
    "booking.invited": lazy_gettext("%(name)s was invited"),
    "booking.declined": lazy_gettext("%(name)s does not come"),
    "booking.uninvited": lazy_gettext("%(name)s need not come any more"),
}
CORRECTIONS: Mapping[str, LazyString] = {
    "sensor_missed": lazy_gettext("the sensor missed somebody"),
    "sensor_stuck": lazy_gettext("the sensor saw somebody who was not there"),
    "somebody_else": lazy_gettext("somebody else sat there"),
    "told": lazy_gettext("as the people told us"),
}
# What a reader wants to know; inner bookkeeping (release_check_at, lane) is left to the API's raw history.
FIELDS: Mapping[str, LazyString] = {
    "space_id": lazy_gettext("Space"),
    "start_at": lazy_gettext("From"),
    "end_at": lazy_gettext("Until"),
    "status": lazy_gettext("State"),
    "reason": lazy_gettext("Why"),
    "title": lazy_gettext("Title"),
    "checked_in_at": lazy_gettext("Checked in"),
    "ended_at": lazy_gettext("Ended"),
}


def sentence(event: Event, names: Mapping[int, str]) -> str:
    """What happened; `names` by user id: an invitation says whose it is, until that is forgotten."""
    kind, name = event.kind, names.get(event.data.get("user_id") or 0)
    if name and kind in OF_SOMEBODY:
        return str(OF_SOMEBODY[kind]) % {"name": name}
    return str(HAPPENINGS.get(kind) or MORE.get(kind) or kind)


def why(event: Event) -> str:
    """Why, as far as no change says so: what brought it about, what the office says of it, the actor's own words."""
    cause = event.data.get("cause")
    if "reason" in (event.data.get("changes") or {}):
        cause = None
    told = (cause and str(REASONS.get(cause, cause)), event.data.get("notice"), event.data.get("why"))
    return str(gettext(", ").join(filter(None, told)))


def changes(event: Event, spaces: Mapping[int, str]) -> list[str]:
    """From what to what, a line for each thing that changed."""
    found = event.data.get("changes") or {}
    told = [
        _line(str(label), _value(name, found[name][0], spaces), _value(name, found[name][1], spaces))
        for name, label in FIELDS.items()
        if name in found
    ]
    if "corrected" in event.data:
        before, after = event.data["corrected"]
        told.append(_line(gettext("Really used"), _span(before), _span(after)))
        told.append(str(CORRECTIONS.get(event.data.get("correction", ""), "")))
    return told


def _line(label: str, before: str, after: str) -> str:
    return str(gettext("%(what)s: %(before)s → %(after)s", what=label, before=before, after=after))


def _value(name: str, value: Any, spaces: Mapping[int, str]) -> str:
    if value in (None, ""):
        return str(gettext("nothing"))
    if name.endswith("_at"):
        at = datetime.fromisoformat(value)
        return f"{day(at)} {hours_and_minutes(at)}"
    if name == "space_id":
        return spaces.get(value, str(value))
    known = {"status": STATUSES, "reason": REASONS}.get(name, {})
    return str(known.get(value, value))


def _span(pair: list[str] | None) -> str:
    if pair is None:
        return str(gettext("nobody"))
    start, end = (datetime.fromisoformat(one) for one in pair)
    return f"{day(start)} {hours_and_minutes(start)}–{hours_and_minutes(end)}"
