"""Where the parts of a problem contradict each other; pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any


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
    yield from (
        ("duties", f"{duty['name']}: the main person and the deputy are the same.")
        for duty in data["duties"]
        if duty["main"] == duty["deputy"]
    )
    yield from (
        ("members", f"{name} is their own mentor.") for name, one in members.items() if one["mentor"] == name
    )


def _named(one: Mapping[str, Any]) -> Iterator[str]:
    """Whom a cover or pool names."""
    yield from one["people"] or ()
    for people in one["people_on"].values():
        yield from people
