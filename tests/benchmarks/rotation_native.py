"""How soon a made-up section of so many people has a plan, and how near to the best each of its wishes comes."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic
from typing import Any

from app.rotation.milp import Limits
from app.rotation.rules import Cell, State, check
from app.rotation.search import Found, Observer, search
from tests.app.rotation.problems import office

DAYS = 22


class _Stopwatch(Observer):
    """When the first plan was there, and the last better one of each level."""

    def __init__(self) -> None:
        self.began = monotonic()
        self.first: float | None = None
        self.last: dict[str, float] = {}

    def better(self, level: str, _best: int, _bound: int, _plan: Callable[[], dict[Cell, State]]) -> None:
        self.last[level] = round(self.passed, 1)
        self.first = self.passed if self.first is None else self.first

    @property
    def passed(self) -> float:
        return monotonic() - self.began


def native(people: int, seconds: float, *, days: int = DAYS, seed: int = 1) -> dict[str, Any]:
    """Search a section's days with every rule and wish, and say what came of it.

    `first_plan`, `seconds`: after how many seconds. `levels`: the wishes in their order, each with its value, the bound
    that was proven with those before it held, and when its last better plan was found (None: the one before was the
    best). `broken`: musts that the plan breaks, by a check that shares nothing with the search.
    """
    watch = _Stopwatch()
    asked = office(seed, people=people, days=days)
    found = search(asked, Limits(seconds=seconds, seed=seed), watch)
    said: dict[str, Any] = {
        "people": people,
        "days": days,
        "first_plan": None,
        "seconds": round(watch.passed, 1),
        "levels": {},
        "broken": None,
    }
    if not isinstance(found, Found):
        return said
    levels = {
        name: {
            "value": value,
            "bound": bound,
            "proven": value == bound,
            "found_after": watch.last.get(name),
        }
        for name, (value, bound) in found.levels.items()
    }
    first = watch.passed if watch.first is None else watch.first
    return {
        **said,
        "first_plan": round(first, 1),
        "levels": levels,
        "broken": len(check(asked, found.plan)),
    }
