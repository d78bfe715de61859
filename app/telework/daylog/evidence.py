"""What a half-day's class rests on, as it is kept beside it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.telework.daylog.rules import PLANNED_AS, CheckIns, minutes
from app.telework.models import HalfDay, TeleworkPlan
from app.telework.rules import Classified
from app.timespan import TimeSpan


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was known of a half-day. `holiday`: its name, where the day is one. `telework_minutes`: approved."""

    plan: TeleworkPlan | None
    check_ins: CheckIns
    holiday: str
    telework_minutes: int


def write(half_day: HalfDay, result: Classified, facts: Facts) -> bool:
    """Write a class and what it rests on; whether anything is other than it was."""
    values = {
        "day_class": result.day_class,
        "reason": result.reason,
        "conflict": result.conflict,
        "form": PLANNED_AS.get(facts.plan.kind) if facts.plan else None,
        "telework_minutes": facts.telework_minutes,
        "evidence": _evidence(facts),
        "check_ins": _times(facts.check_ins),
    }
    changed = {name: value for name, value in values.items() if getattr(half_day, name) != value}
    for name, value in changed.items():
        setattr(half_day, name, value)
    return bool(changed)


def spans_of(stored: Mapping[str, Any] | None, name: str) -> list[TimeSpan]:
    """The times kept under a name; none once they are erased."""
    return [TimeSpan(*map(datetime.fromisoformat, pair)) for pair in (stored or {}).get(name, ())]


def _evidence(facts: Facts) -> dict[str, Any]:
    found: dict[str, Any] = {
        "minutes_by_hand": minutes(facts.check_ins.by_hand),
        "minutes_inferred": minutes(facts.check_ins.inferred),
        "holiday": facts.holiday,
    }
    if (plan := facts.plan) is not None:
        found["plan"] = {
            "kind": plan.kind.value,
            "approved_by": plan.approved_by,
            "approved_at": _instant(plan.approved_at),
            "reported_at": _instant(plan.reported_at),
        }
    return found


def _times(check_ins: CheckIns) -> dict[str, Any] | None:
    if not check_ins.by_hand and not check_ins.inferred:
        return None
    return {"by_hand": _pairs(check_ins.by_hand), "inferred": _pairs(check_ins.inferred)}


def _pairs(spans: Iterable[TimeSpan]) -> list[list[str]]:
    return [[span.start.isoformat(), span.end.isoformat()] for span in spans]


def _instant(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
