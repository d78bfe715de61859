"""What the broker kept while the gateway was away and nothing dates: of each sensor the last word alone counts."""

from __future__ import annotations

from collections.abc import Sequence

from app.occupancy.readings import Reading
from sensor_gateway.messages import Envelope

# A message and what it says.
Said = tuple[Envelope, Reading]


def last_alone(said: Sequence[Said]) -> list[Said]:
    """The same, with what waited and bears no time of its own marked so. All but the last word of a sensor tells only
    that it lives: how long it held nobody knows, and it holds no more."""
    kept: list[Said] = []
    heard: set[str] = set()
    for envelope, one in reversed(said):
        if not (envelope.waited and one.is_undated):
            kept.append((envelope, one))
            continue
        occupied = None if one.sensor_id in heard else one.occupied
        if one.occupied is not None or one.online is False:
            heard.add(one.sensor_id)
        kept.append((envelope, one._replace(occupied=occupied, waited=True)))
    kept.reverse()
    return kept
