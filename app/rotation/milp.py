"""A mixed-integer linear programme, put together column by column and row by row; HiGHS solves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from highspy import Highs, HighsModelStatus, HighsVarType, ObjSense
from highspy.highs import HighsCallbackEvent

INFINITY = float("inf")
ROUNDING = 1e-6

Terms = Mapping[int, float]  # column → coefficient


@dataclass(frozen=True, slots=True)
class Linear:
    """A sum over columns and a constant."""

    terms: Terms
    constant: float = 0.0

    def of(self, values: Sequence[float]) -> int:
        """What it comes to; all that we count is whole."""
        return round(self.constant + sum(factor * values[column] for column, factor in self.terms.items()))


@dataclass(frozen=True, slots=True)
class Limits:
    """How long to search. `work`: nodes of the search tree instead of seconds, so that the same input and seed give the
    same plan on every machine."""

    seconds: float = 60.0
    work: int | None = None
    seed: int = 1


class Status(StrEnum):
    """OPTIMAL: nothing better exists. FEASIBLE: found, not proven. UNKNOWN: the limit came first."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    IMPOSSIBLE = "impossible"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`values` by column, `best` and its proven `bound`; no values where nothing was found. `effort`: iterations of the
    simplex method, a measure of time that is the same on every machine."""

    status: Status
    values: Sequence[float] = ()
    best: int = 0
    bound: int = 0
    effort: int = 0

    @property
    def is_found(self) -> bool:
        return self.status in {Status.OPTIMAL, Status.FEASIBLE}


class Watcher:
    """Hears of each better answer while HiGHS searches, and may end it. This one listens to nothing."""

    def better(self, values: Sequence[float], best: int, bound: int) -> None:
        """A better answer than before was found."""

    def is_over(self) -> bool:
        """Whether to stop with what was found; asked often."""
        return False


@dataclass(slots=True)
class _Pending:
    """Rows that HiGHS has not been given yet, in its compressed form."""

    low: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)
    starts: list[int] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    factors: list[float] = field(default_factory=list)


class _Quiet(Highs):
    """HiGHS without a word: it prints its name at the first thing that is done with it."""

    def enableCallbacks(self) -> None:  # noqa: N802 - its name there
        options = self.getOptions()
        options.output_flag = False
        self.passOptions(options)
        super().enableCallbacks()  # type: ignore[no-untyped-call]


class Milp:
    """The programme. Columns are numbers from 0 on, whole ones between 0 and 1 unless said otherwise.

    `sub_searches`: HiGHS's heuristics that solve smaller programmes, which pass over the time limit by seconds.
    """

    def __init__(self, *, seed: int = 1, sub_searches: bool = True) -> None:
        self._highs = _Quiet()  # type: ignore[no-untyped-call]
        # One thread: the other core answers the pages, and nothing depends on which thread was first.
        options: dict[str, float | int | bool] = {
            "random_seed": seed,
            "threads": 1,
            "mip_rel_gap": 0.0,
            "mip_abs_gap": 0.99,
            "mip_heuristic_run_rens": sub_searches,
            "mip_heuristic_run_rins": sub_searches,
            "mip_heuristic_run_root_reduced_cost": sub_searches,
        }
        for name, value in options.items():
            self._highs.setOptionValue(name, value)
        self._low: list[float] = []
        self._high: list[float] = []
        self._whole: list[bool] = []
        self._given = 0
        self._rows = _Pending()
        self._watcher = Watcher()
        self._goal = Linear({})
        self._is_watched = False

    @property
    def seconds(self) -> float:
        """How long HiGHS has searched so far."""
        return float(self._highs.getRunTime())

    @property
    def columns(self) -> int:
        """How many there are."""
        return len(self._low)

    def column(self, low: float = 0.0, high: float = 1.0, *, whole: bool = True) -> int:
        """A further column; its number."""
        self._low.append(low)
        self._high.append(high)
        self._whole.append(whole)
        return len(self._low) - 1

    def row(self, terms: Terms, *, low: float = -INFINITY, high: float = INFINITY) -> None:
        """low ≤ terms ≤ high."""
        rows = self._rows
        rows.starts.append(len(rows.columns))
        rows.columns += terms
        rows.factors += terms.values()
        rows.low.append(low)
        rows.high.append(high)

    def at_most(self, goal: Linear, most: float) -> None:
        """Hold what was reached; half a unit of room, since solvers round and what is counted is whole."""
        self.row(goal.terms, high=most - goal.constant + 0.5)

    def bound(self, columns: Sequence[int], low: Sequence[float], high: Sequence[float]) -> None:
        """Set the bounds of columns anew."""
        self._give()
        self._highs.changeColsBounds(
            len(columns), np.array(columns, np.int32), np.array(low, float), np.array(high, float)
        )

    def minimize(
        self,
        goal: Linear,
        *,
        seconds: float | None = None,
        nodes: int | None = None,
        start: Mapping[int, float] | None = None,
        watcher: Watcher | None = None,
    ) -> Outcome:
        """The least of `goal`. `start`: the values of some columns that an answer is known to have."""
        self._give()
        highs, every = self._highs, np.arange(self.columns, dtype=np.int32)
        costs = np.zeros(self.columns)
        for column, factor in goal.terms.items():
            costs[column] = factor
        highs.changeColsCost(self.columns, every, costs)
        highs.changeObjectiveOffset(goal.constant)
        highs.changeObjectiveSense(ObjSense.kMinimize)
        highs.setOptionValue(
            "time_limit", INFINITY if seconds is None else highs.getRunTime() + max(0.05, seconds)
        )
        highs.setOptionValue("mip_max_nodes", 2**31 - 1 if nodes is None else nodes)
        if start:
            highs.setSolution(
                len(start), np.array(list(start), np.int32), np.array(list(start.values()), float)
            )
        self._watch(watcher, goal)
        highs.run()
        outcome = self._outcome(goal)
        if start and outcome.is_found and abs(outcome.best - highs.getInfo().objective_function_value) > 0.75:
            # HiGHS 1.16 hands back the start, beside the worth of what is better, where it solves all by presolving.
            highs.clearSolver()
            highs.run()
            outcome = self._outcome(goal)
        return outcome

    def _give(self) -> None:
        """Hand over what was added since the last time."""
        new = self.columns - self._given
        if new:
            none = np.array([], np.int32)
            low, high = (np.array(one[self._given :], float) for one in (self._low, self._high))
            self._highs.addCols(new, np.zeros(new), low, high, 0, none, none, np.array([], float))
            whole = [number for number in range(self._given, self.columns) if self._whole[number]]
            kinds = np.full(len(whole), HighsVarType.kInteger.value, np.uint8)
            self._highs.changeColsIntegrality(len(whole), np.array(whole, np.int32), kinds)
            self._given = self.columns
        rows, self._rows = self._rows, _Pending()
        if rows.low:
            self._highs.addRows(
                len(rows.low),
                np.array(rows.low),
                np.array(rows.high),
                len(rows.columns),
                np.array(rows.starts, np.int32),
                np.array(rows.columns, np.int32),
                np.array(rows.factors, float),
            )

    def _watch(self, watcher: Watcher | None, goal: Linear) -> None:
        self._goal = goal
        self._watcher = watcher or Watcher()
        if watcher is not None and not self._is_watched:
            self._highs.cbMipImprovingSolution.subscribe(self._improved)
            self._highs.cbMipInterrupt.subscribe(self._asked)
            self._is_watched = True

    def _improved(self, event: HighsCallbackEvent) -> None:
        found = event.data_out
        values = list(found.mip_solution)
        self._watcher.better(values, self._goal.of(values), _up(found.mip_dual_bound))

    def _asked(self, event: HighsCallbackEvent) -> None:
        if self._watcher.is_over():
            event.interrupt()

    def _outcome(self, goal: Linear) -> Outcome:
        status, info = self._highs.getModelStatus(), self._highs.getInfo()
        if status in {HighsModelStatus.kInfeasible, HighsModelStatus.kUnboundedOrInfeasible}:
            return Outcome(Status.IMPOSSIBLE)
        if abs(info.objective_function_value) == INFINITY:
            return Outcome(Status.UNKNOWN)
        values = list(self._highs.getSolution().col_value)
        best = goal.of(values)
        is_optimal = status == HighsModelStatus.kOptimal
        return Outcome(
            Status.OPTIMAL if is_optimal else Status.FEASIBLE,
            values,
            best,
            best if is_optimal else min(best, _up(info.mip_dual_bound)),
            info.simplex_iteration_count,
        )


def _up(bound: float) -> int:
    """The least whole number that is not below a bound; a bound that is none yet says nothing."""
    if not -1e15 < bound < 1e15:
        return -(10**15)
    return -int(-(bound - ROUNDING) // 1)


def total(columns: Iterable[int], factor: float = 1.0) -> dict[int, float]:
    """The sum of columns, each times `factor`."""
    return dict.fromkeys(columns, factor)
