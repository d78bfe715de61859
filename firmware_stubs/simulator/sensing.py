"""How a sensor sees a person: a presence sensor as they sit, a movement sensor only while they move; pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from random import Random

from firmware_stubs.simulator.spans import Span, merged

# How long a movement sensor keeps saying occupied after the last movement that it saw.
PIR_HOLD = timedelta(seconds=120)
MOVES_EVERY_S = 40.0
SITS_STILL = 0.03
STILL_MINUTES = (2.0, 12.0)


def by_movement(rng: Random, present: Iterable[Span]) -> list[Span]:
    """When a movement sensor says occupied while somebody is there: from each movement for `PIR_HOLD`.

    Whoever comes moves, and so does whoever goes; in between people move about every 40 seconds, and now and then not
    for up to twelve minutes.
    """
    found: list[Span] = []
    for start, end in present:
        at = start
        while at < end:
            found.append((at, at + PIR_HOLD))
            still = rng.random() < SITS_STILL
            seconds = 60 * rng.uniform(*STILL_MINUTES) if still else rng.expovariate(1 / MOVES_EVERY_S)
            at += timedelta(seconds=round(seconds) + 1)
        found.append((end, end + PIR_HOLD))
    return merged(found)
