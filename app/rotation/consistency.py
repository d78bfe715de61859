"""Where the parts of a problem contradict each other; pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from app.rotation.rules import HALVES


def contradictions(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Where and how a form contradicts itself."""
    members = {one["id"]: one for one in data["members"]}
    days = set(data["days"])
    named = {
        "members": [one["id"] for one in data["members"]],
        "days": data["days"],
        **{where: [one["name"] for one in data[where]] for where in ("covers", "duties", "pools")},
    }
    yield from (
        (where, "It names something twice.")
        for where, all_of in named.items()
        if len(set(all_of)) < len(all_of)
    )
    cells = ("fixed", "satellites", "called_in", "wishes", "published")
    people = [
        *((where, one["person"]) for where in cells for one in data[where]),
        *(("duties", duty[who]) for duty in data["duties"] for who in ("main", "deputy")),
        *((where, person) for where in ("covers", "pools") for one in data[where] for person in _named(one)),
        *(("members", one["mentor"]) for one in data["members"] if one["mentor"] is not None),
    ]
    yield from (
        (where, f"{person} is none of the members.") for where, person in people if person not in members
    )
    for where in cells:
        yield from (
            (where, f"{one['day']} is none of the days.") for one in data[where] if one["day"] not in days
        )
    yield from (
        ("members", f"{day} is one of the days, not around them.")
        for one in data["members"]
        for day in one["around"]
        if day in days
    )
    yield from _twice(data)
    yield from _of_spans(data)
    yield from (
        ("duties", f"{duty['name']}: the main person and the deputy are the same.")
        for duty in data["duties"]
        if duty["main"] == duty["deputy"]
    )
    yield from (
        ("members", f"{name} is their own mentor.") for name, one in members.items() if one["mentor"] == name
    )


def _twice(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Half-days of which something is said twice."""
    for where in ("fixed", "wishes", "published"):
        cells = Counter((one["person"], *half_day) for one in data[where] for half_day in _half_days(one))
        for (person, day, half), count in cells.items():
            if count > 1:
                yield where, f"{person} on {day} ({half}) stands there twice."
    others = [("seats_on", data["seats_on"]), *(("pools", pool["most_on"]) for pool in data["pools"])]
    for where, listed in others:
        for (day, half), count in Counter(each for one in listed for each in _half_days(one)).items():
            if count > 1:
                yield where, f"{day} ({half}) stands there twice."


def _half_days(one: Mapping[str, Any]) -> list[tuple[date, str]]:
    """The half-days that a part is about: both halves of the day where none is named."""
    return [(one["day"], half) for half in HALVES if one["half"] in {None, half}]


def _of_spans(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Days and counts that cannot be."""
    for where in ("covers", "pools"):
        for one in data[where]:
            for day in sorted(one["people_on"].keys() - set(data["days"])):
                yield where, f"{one['name']}: {day} is none of the days."
    for one in data["members"]:
        for what in ("quotas", "targets"):
            for span in one[what]:
                if span["first"] > span["last"]:
                    said = f"from {span['first']} to {span['last']} ends before it begins"
                    yield "members", f"{one['id']}: what {what} says {said}."
        for what in ("mondays", "fridays"):
            if one[what] and one[what]["granted"] > one[what]["available"]:
                yield "members", f"{one['id']}: of {what}, more are granted than were available."


def _named(one: Mapping[str, Any]) -> Iterator[str]:
    """Whom a cover or pool names."""
    yield from one["people"] or ()
    for people in one["people_on"].values():
        yield from people
