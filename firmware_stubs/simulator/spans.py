"""Half-open spans of time as plain pairs, ordered and disjoint; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

Span = tuple[datetime, datetime]


def merged(spans: Iterable[Span]) -> list[Span]:
    """The same time in order, those that touch as one."""
    found: list[Span] = []
    for start, end in sorted(spans):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        elif start < end:
            found.append((start, end))
    return found


def without(spans: Iterable[Span], removed: Iterable[Span]) -> list[Span]:
    """What of the spans lies in none of those removed."""
    left = merged(spans)
    for start, end in merged(removed):
        left = [
            part
            for one_start, one_end in left
            for part in ((one_start, min(one_end, start)), (max(one_start, end), one_end))
            if part[0] < part[1]
        ]
    return left


def within(spans: Sequence[Span], at: datetime) -> bool:
    """Whether an instant lies in one of the spans."""
    return any(start <= at < end for start, end in spans)
