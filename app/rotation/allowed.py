"""What the rules of telework allow a section's people on the days planned, as the form of a problem has it; pure."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any, NamedTuple

from app.rotation.rules import HalfDay
from app.telework.caps.rules import Cell, Limit, Measure, Rule, RuleOn, Unit, period, used
from app.telework.caps.service import Governed, Rulebook
from app.telework.rules import Half
from app.telework.service import Office
from app.working_days import WorkingDays

KINDS = {Limit.WEEK: "week", Limit.MONTH: "month", Limit.FISCAL_YEAR: "year"}


def allowed(
    days: Sequence[date], cells: Collection[Cell], rule_on: RuleOn, calendar: WorkingDays, office: Office
) -> dict[str, Any]:
    """What the rules say of a person. Where one follows another within the days, each day has its own eligibility; a
    row and the unit go by the strictest, a period by the strictest that has any left."""
    rules = {on: rule for on in days if (rule := rule_on(on)) is not None}
    barred = [on for on, rule in rules.items() if not rule.eligible]
    return {
        "eligible": len(barred) < len(days),
        "barred": [on.isoformat() for on in barred] if len(barred) < len(days) else [],
        "whole_days": any(rule.unit is Unit.DAY for rule in rules.values()),
        "caps": {
            "row": min((one.in_a_row for one in rules.values() if one.in_a_row is not None), default=None)
        },
        "quotas": list(_quotas(days, cells, rules, calendar, office)),
    }


def _quotas(
    days: Sequence[date],
    cells: Collection[Cell],
    rules: Mapping[date, Rule],
    calendar: WorkingDays,
    office: Office,
) -> Iterator[dict[str, Any]]:
    """The caps of each week, month and fiscal year that the days lie in, each in its rule's measure, of those in one
    measure the strictest. A rule of which no half-day is left in a period closes its own days alone, and leaves those
    of another to that one's cap."""
    minutes = {half.value: office.hours_of(half).minutes for half in Half}
    planned = set(days)
    others = [cell for cell in cells if cell.on not in planned or not cell.fills]
    for limit, kind in KINDS.items():
        for span, found in groupby(days, lambda on: period(limit, on)):  # noqa: B023 - used up at once
            within = list(found)
            caps = {}
            for rule in {rules[on] for on in within if on in rules}:
                cap = rule.cap(limit)
                if cap is not None:
                    left = max(0, cap - used(others, rule.measure, span, calendar))
                    caps[rule] = _Cap(left, cap, minutes if rule.measure is Measure.MINUTES else None)
            for measure in (Measure.HALF_DAYS, Measure.MINUTES):
                open_ones = [one for rule, one in caps.items() if rule.measure is measure and one.is_open]
                if open_ones:
                    yield _quota(kind, span, min(open_ones, key=lambda one: (one.left, one.most)))
            of_day = {on: caps[rule] for on, rule in rules.items() if rule in caps}
            for said, run in groupby(within, of_day.get):
                theirs = list(run)
                if said is not None and not said.is_open:
                    yield _quota(kind, span if theirs == within else (theirs[0], theirs[-1]), said)


class _Cap(NamedTuple):
    """What a rule leaves of a cap, in half-days or, of which `minutes` says how many each has, in minutes."""

    left: int
    most: int
    minutes: Mapping[str, int] | None

    @property
    def is_open(self) -> bool:
        """Whether a half-day is left of it."""
        return self.left >= min(self.minutes.values() if self.minutes else [1])


def _quota(kind: str, span: tuple[date, date], cap: _Cap) -> dict[str, Any]:
    first, last = (on.isoformat() for on in span)
    settled = cap.most - cap.left
    said = {"kind": kind, "first": first, "last": last, "most": cap.most, "settled": settled}
    return said if cap.minutes is None else {**said, "minutes": dict(cap.minutes)}


def pools(
    days: Sequence[date],
    people: Mapping[int, Governed],
    book: Rulebook,
    at_home: Collection[tuple[Governed, date, str]],
) -> list[dict[str, Any]]:
    """The terminals that each rule of the section's people has to lend, on the days on which it is anybody's, to all
    whom `Rulebook.lends` names; `at_home`: the half-days of others, who use some of them."""
    asked: dict[Rule, set[date]] = defaultdict(set)
    for rule_on in map(book.rule_on, people.values()):
        for on in days:
            rule = rule_on(on)
            if rule is not None and rule.terminals is not None:
                asked[rule].add(on)
    found = []
    for rule, ours in asked.items():
        lent = {
            on: [str(one) for one, person in people.items() if on in ours and book.lends(rule, person, on)]
            for on in days
        }
        gone = Counter((on, half) for one, on, half in at_home if on in ours and book.lends(rule, one, on))
        found.append(_pool(rule, lent, gone))
    return found


def _pool(rule: Rule, lent: Mapping[date, Collection[str]], gone: Mapping[HalfDay, int]) -> dict[str, Any]:
    most = rule.terminals or 0
    return {
        "name": f"rule {rule.id}",
        "most": most,
        "most_on": [
            {"day": on.isoformat(), "half": half, "most": max(0, most - count)}
            for (on, half), count in gone.items()
        ],
        **by_day(lent),
    }


def by_day(of: Mapping[date, Collection[str]]) -> dict[str, Any]:
    """People by day as the form has them: those of the first day, and of the days on which they are others."""
    first = next(iter(of.values()))
    people_on = {on.isoformat(): list(people) for on, people in of.items() if set(people) != set(first)}
    return {"people": list(first), "people_on": people_on}
