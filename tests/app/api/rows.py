"""What the matrix says, as values."""

from __future__ import annotations

from dataclasses import dataclass

from app.people.models import Role
from tests.app.api.matrix import MATRIX

LETTERS = dict(zip("SCFPIAKV", Role, strict=True))
# In the order of how far they reach; the actor is aoki of the general affairs section.
OWNERS = {"own": "aoki", "section": "baba", "all": "endo"}
# The owners whom each word of the matrix reaches.
REACH = {
    "none": frozenset[str](),
    "own": frozenset({"own"}),
    "section": frozenset({"own", "section"}),
    "theirs": frozenset({"section"}),
    "headless": frozenset({"all"}),
    "headless_own": frozenset({"own", "all"}),
    "others": frozenset({"section", "all"}),
    "all": frozenset(OWNERS),
}


@dataclass(frozen=True)
class Row:
    """What the matrix says of a route: its roles, None for everybody; how far each reaches into people's data."""

    roles: frozenset[Role] | None
    reach: dict[Role, str]


def rows() -> dict[str, Row]:
    found = {}
    for line in filter(None, MATRIX.splitlines()):
        route, _, said = line.partition(" | ")
        found[route.strip()] = _row(said.strip())
    return found


def _row(said: str) -> Row:
    if said == "everybody":
        return Row(None, {})
    if ":" not in said:
        return Row(frozenset(LETTERS[letter] for letter in said), {})
    reach = {LETTERS[one[0]]: one[2:] for one in said.split()}
    assert set(reach.values()) <= REACH.keys()
    return Row(frozenset(reach), reach)


ROWS = rows()
PERSONAL = {route: row.reach for route, row in ROWS.items() if row.reach}

# What is somebody else's is refused, or is not there for who asks, so that nobody can count it.
REFUSED = {403, 404}
