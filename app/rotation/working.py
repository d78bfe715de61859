"""The search of a stored rotation, in a process of its own: HiGHS keeps a core busy, and pages must answer meanwhile.

What it finds is written as it finds it, so that whoever kills the process loses a second of it. Others wait for their
turn: whatever it was asked for, it ends after the longest time that one may ask for, and says so.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from time import monotonic
from typing import Any

from sqlalchemy import Engine

from app.database import transaction
from app.errors import DomainError, RuleBroken
from app.rotation import turns
from app.rotation.form import plan_form, put_together
from app.rotation.milp import Limits
from app.rotation.models import State
from app.rotation.rules import Cell, Problem
from app.rotation.rules import State as Where
from app.rotation.search import Observer
from app.rotation.solving import EXPLAIN_SECONDS, MOST_SECONDS, SearchError, Solved, solve

BEAT_SECONDS = 1.0
ENDS_AFTER_SECONDS = MOST_SECONDS + EXPLAIN_SECONDS
Clock = Callable[[], datetime]


class _Writer(Observer):
    """Writes the best plan so far once a second, and hears whether somebody has cancelled, or it takes too long."""

    def __init__(self, engine: Engine, rotation_id: int, clock: Clock, ends_after: float) -> None:
        self._engine, self._rotation_id, self._clock = engine, rotation_id, clock
        self._news: dict[str, Any] = {}
        self._plan: Callable[[], dict[Cell, Where]] | None = None
        self._last, self._ends_at = 0.0, monotonic() + ends_after
        self.progress: dict[str, Any] = {}
        self.is_cancelled = self.is_late = False

    def better(self, level: str, best: int, bound: int, plan: Callable[[], dict[Cell, Where]]) -> None:
        self._news["progress"] = self.progress = {"level": level, "best": best, "bound": bound}
        self._plan = plan

    def is_over(self) -> bool:
        if monotonic() - self._last >= BEAT_SECONDS:
            self._last = monotonic()
            news, self._news = self._news, {}
            if self._plan is not None:
                news["plan"], self._plan = plan_form(self._plan()), None
            with transaction(self._engine) as session:
                self.is_cancelled = not turns.beat(session, self._rotation_id, self._clock(), **news)
        self.is_late = monotonic() >= self._ends_at
        return self.is_cancelled or self.is_late


def search(
    engine: Engine, rotation_id: int, clock: Clock, *, ends_after: float = ENDS_AFTER_SECONDS
) -> State | None:
    """Search a rotation to its end, or for so many seconds of a real clock; None where somebody else does.

    Raises SearchError where the search gave no plan that can be shown, and may be tried again.
    """
    with transaction(engine) as session:
        rotation = turns.begin(session, rotation_id, clock())
        if rotation is None:
            return None
        session.expunge(rotation)
    try:
        problem = put_together(rotation.problem)
    except RuleBroken as error:
        return _fail(engine, rotation_id, clock, error)
    limits = Limits(float(rotation.seconds), rotation.work, rotation.seed)
    writer = _Writer(engine, rotation_id, clock, ends_after)
    try:
        solved = solve(problem, limits, writer)
    except SearchError as error:
        if rotation.attempts < turns.ATTEMPTS:
            raise  # whoever comes next begins it again, as one that died
        return _fail(engine, rotation_id, clock, DomainError("rotation.defect", said=str(error)))
    state, found = _outcome(problem, solved, is_cancelled=writer.is_cancelled)
    if writer.is_late:
        found["progress"] = {**writer.progress, "ended_after": ends_after}
    with transaction(engine) as session:
        turns.end(session, rotation_id, state, clock(), **found)
    return state


def _fail(engine: Engine, rotation_id: int, clock: Clock, why: DomainError) -> State:
    """End a search that can come to nothing, and say why: nobody else need wait for it."""
    with transaction(engine) as session:
        progress = {"failed": why.code, **why.facts}
        turns.end(session, rotation_id, State.FAILED, clock(), progress=progress)
    return State.FAILED


def _outcome(problem: Problem, solved: Solved, *, is_cancelled: bool) -> tuple[State, dict[str, Any]]:
    if solved.plan is not None:
        return State.FOUND, {"plan": plan_form(solved.plan), "figures": solved.figures}
    if solved.conflict is not None:
        return State.IMPOSSIBLE, {"conflict": solved.conflict.told(problem)}
    return State.CANCELLED if is_cancelled else State.NOTHING, {}
