"""The search of a stored rotation, in a process of its own: HiGHS keeps a core busy, and pages must answer meanwhile.

What it finds is written as it finds it, so that whoever kills the process loses a second of it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Engine

from app.database import transaction
from app.rotation import service
from app.rotation.form import plan_form
from app.rotation.milp import Limits
from app.rotation.models import State
from app.rotation.rules import Cell, Problem
from app.rotation.rules import State as Where
from app.rotation.search import Observer
from app.rotation.solving import Solved, solve

BEAT_SECONDS = 1.0
Clock = Callable[[], datetime]


class _Writer(Observer):
    """Writes the best plan so far once a second, and hears whether somebody has cancelled."""

    def __init__(self, engine: Engine, rotation_id: int, clock: Clock) -> None:
        self._engine, self._rotation_id, self._clock = engine, rotation_id, clock
        self._news: dict[str, Any] = {}
        self._plan: Callable[[], dict[Cell, Where]] | None = None
        self._last = 0.0
        self.is_cancelled = False

    def better(self, level: str, best: int, bound: int, plan: Callable[[], dict[Cell, Where]]) -> None:
        self._news["progress"] = {"level": level, "best": best, "bound": bound}
        self._plan = plan

    def is_over(self) -> bool:
        if monotonic() - self._last >= BEAT_SECONDS:
            self._last = monotonic()
            news, self._news = self._news, {}
            if self._plan is not None:
                news["plan"], self._plan = plan_form(self._plan()), None
            with transaction(self._engine) as session:
                self.is_cancelled = not service.beat(session, self._rotation_id, self._clock(), **news)
        return self.is_cancelled


def search(engine: Engine, rotation_id: int, clock: Clock) -> State | None:
    """Search a rotation to its end; None where somebody else does."""
    with transaction(engine) as session:
        rotation = service.begin(session, rotation_id, clock())
        if rotation is None:
            return None
        problem = service.problem(rotation)
        limits = Limits(float(rotation.seconds), rotation.work, rotation.seed)
    writer = _Writer(engine, rotation_id, clock)
    solved = solve(problem, limits, writer)
    state, found = _outcome(problem, solved, is_cancelled=writer.is_cancelled)
    with transaction(engine) as session:
        service.end(session, rotation_id, state, clock(), **found)
    return state


def _outcome(problem: Problem, solved: Solved, *, is_cancelled: bool) -> tuple[State, dict[str, Any]]:
    if solved.plan is not None:
        return State.FOUND, {"plan": plan_form(solved.plan), "figures": solved.figures}
    if solved.conflict is not None:
        return State.IMPOSSIBLE, {"conflict": solved.conflict.told(problem)}
    return State.CANCELLED if is_cancelled else State.NOTHING, {}
