"""The form of a problem narrowed to one of its days; pure."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import date
from typing import Any


def of_day(form: Mapping[str, Any], on: date) -> dict[str, Any]:
    """A problem's form, as JSON has it, with one of its days alone: whatever is of another day, in whatever part, is
    left out. What is of no single day, such as a cap, stays as it is."""
    found: dict[str, Any] = _narrowed(form, on.isoformat())
    return {**found, "days": [on.isoformat()]}


def _narrowed(part: Any, on: str) -> Any:
    if isinstance(part, Mapping):
        return {key: _narrowed(one, on) for key, one in part.items() if key == on or not _is_day(key)}
    if isinstance(part, list):
        return [
            _narrowed(one, on) for one in part if not isinstance(one, Mapping) or one.get("day", on) == on
        ]
    return part


def _is_day(key: str) -> bool:
    """Whether a key is a day as JSON has it; Python reads `20261124` and `2026-W48-2` as days too."""
    with suppress(ValueError):
        return date.fromisoformat(key).isoformat() == key
    return False
