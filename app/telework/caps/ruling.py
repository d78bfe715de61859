"""Making and ending the rules of telework, and who would break one before it is made."""

from __future__ import annotations

from dataclasses import asdict, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.calendar import working_days
from app.database import lock_rows
from app.errors import Conflict, NotFound, RuleBroken
from app.people.models import Section
from app.people.service import Person
from app.telework.caps.rules import Rule
from app.telework.caps.service import Breaker, breakers, rulebook
from app.telework.models import TeleworkRule
from app.telework.service import Office

OFFICE_LOCK = "telework_rules"


def hold_rules(session: Session, **_ids: int) -> None:
    """Wait until nobody else makes or ends a rule; held until the transaction ends."""
    lock_rows(session, OFFICE_LOCK, [0])


def list_rules(session: Session) -> list[TeleworkRule]:
    """Every rule that was ever made and not dropped before it began; in the order of their dates of effect."""
    return list(session.scalars(select(TeleworkRule).order_by(TeleworkRule.from_on, TeleworkRule.id)))


def make_rule(session: Session, wanted: Rule, *, actor: Person, now: datetime) -> TeleworkRule:
    """A rule takes effect on a day to come or today; `wanted.id` says nothing. What holds already for the same people
    steps back from that day on, for as long as the new one holds.

    Raises RuleBroken `telework.rule_dates`, NotFound `section.unknown`, Conflict `telework.rule_exists`.
    """
    if wanted.from_on < actor.on or (wanted.until_on is not None and wanted.until_on < wanted.from_on):
        raise RuleBroken("telework.rule_dates")
    if wanted.section_id is not None and session.get(Section, wanted.section_id) is None:
        raise NotFound("section.unknown", section_id=wanted.section_id)
    hold_rules(session)
    for one in list_rules(session):
        if (one.section_id, one.employment, one.from_on) == (
            wanted.section_id,
            wanted.employment,
            wanted.from_on,
        ):
            raise Conflict("telework.rule_exists", rule_id=one.id)
    values = {name: value for name, value in asdict(wanted).items() if name != "id"}
    row = TeleworkRule(**values, made_at=now, made_by=actor.id)
    session.add(row)
    session.flush()
    _record(session, "telework_rule.made", row, actor, now, **_plain(values))
    return row


def end_rule(session: Session, rule_id: int, *, actor: Person, now: datetime) -> TeleworkRule | None:
    """A rule holds to the end of today; one that began today or has not begun is dropped (None).

    Raises NotFound `telework.no_rule`, Conflict `telework.rule_over`.
    """
    hold_rules(session)
    row = session.get(TeleworkRule, rule_id, populate_existing=True)
    if row is None:
        raise NotFound("telework.no_rule", rule_id=rule_id)
    if row.until_on is not None and row.until_on < actor.on:
        raise Conflict("telework.rule_over")
    if row.from_on >= actor.on:
        _record(session, "telework_rule.dropped", row, actor, now, first=row.from_on.isoformat())
        session.delete(row)
        session.flush()
        return None
    row.until_on = actor.on
    session.flush()
    _record(session, "telework_rule.ended", row, actor, now, last=actor.on.isoformat())
    return row


def would_break(session: Session, wanted: Rule, office: Office) -> list[Breaker]:
    """Who would break the office's rules with what they have planned, were this one among them, from its day on."""
    book = rulebook(session, also=[replace(wanted, id=0)])
    calendar = working_days(session, wanted.from_on.year)
    return breakers(session, book, wanted.from_on, office, calendar)


def breaks_now(session: Session, on: date, office: Office) -> list[Breaker]:
    """Who breaks a rule with what they have planned, in periods that end on the day `on` or later."""
    return breakers(session, rulebook(session), on, office, working_days(session, on.year))


def in_effect(rows: list[TeleworkRule], on: date) -> set[int]:
    """Which of the rules say something on a day: those that hold and that no later one of the same people precedes."""
    latest: dict[tuple[Any, Any], TeleworkRule] = {}
    for row in rows:
        if row.value.holds(on):
            latest[row.section_id, row.employment] = row
    return {row.id for row in latest.values()}


def succeeded_on(rows: list[TeleworkRule], rule: TeleworkRule) -> date | None:
    """The last day before another rule takes a rule's place; None: none does."""
    later = [
        row.from_on
        for row in rows
        if (row.section_id, row.employment) == (rule.section_id, rule.employment)
        and row.from_on > rule.from_on
        and (rule.until_on is None or row.from_on <= rule.until_on)
    ]
    return min(later) - timedelta(days=1) if later else None


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if hasattr(value, "isoformat") else value for name, value in values.items()
    }


def _record(
    session: Session, kind: str, row: TeleworkRule, actor: Person, now: datetime, **data: Any
) -> None:
    events.record(session, kind, f"telework_rule:{row.id}", at=now, actor_id=actor.id, **data)
