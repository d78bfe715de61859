"""Telework in the sample office: its rules, what some have taken this year, and what waits for next week."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime, time, timedelta

from sqlalchemy.orm import Session

from app.calendar import public_holidays
from app.demo.office import DOMAIN
from app.people import service as people
from app.people.service import Person
from app.telework.approval.deputies import name_deputy
from app.telework.approval.rules import Deputy
from app.telework.approval.service import approve_many
from app.telework.caps.rules import Limit, OverCap, Rule, period
from app.telework.caps.ruling import make_rule
from app.telework.rules import Half, PlanKind
from app.telework.service import put_plan

# Whole days of home taken this fiscal year by the staff who try the demo; 10 are the cap.
TAKEN = 6
# Who asks for which half-days of the week after, its Monday being 0. One asks for more than a week allows.
WAITING = {
    "kobayashi": (PlanKind.HOME, ("1am", "1pm")),
    "watanabe": (PlanKind.HOME, ("0am", "0pm", "3pm")),
    "yamamoto": (PlanKind.TRIP, ("2am", "2pm")),
    "kato": (PlanKind.HOME, ("0am", "0pm", "1am", "1pm", "4am", "4pm")),
    "yoshida": (PlanKind.SATELLITE, ("4am",)),
    "kimura": (PlanKind.HOME, ("2am", "2pm")),
    "okada": (PlanKind.HOME, ("3am", "3pm")),
    "sato": (PlanKind.LEAVE, ("3am", "3pm")),
}
OFFICE_RULE = Rule(
    id=0,
    from_on=date.min,
    week=4,
    fiscal_year=20,
    in_a_row=3,
    terminals=12,
    deadline_days=1,
    deadline_at=time(17, 15),
    over_cap=OverCap.ASK,
)


def year_began(on: date) -> date:
    """The first day of the fiscal year, since which the people of the sample office belong to their sections."""
    return period(Limit.FISCAL_YEAR, on)[0]


def plan(session: Session, *, now: datetime, on: date) -> None:
    """Give the sample office rules from the day `on`, and plans before and after it."""
    calendar = public_holidays(on.year)

    def person(romaji: str) -> Person:
        found = people.get_by_email(session, f"{romaji}@{DOMAIN}")
        return people.get_person(session, found.id, on)

    _rules(session, person("takahashi"), person("maeda"), on, now)
    chief, staff = person("sato"), person("kobayashi")
    past = list(calendar.between(max(year_began(on), on - timedelta(days=80)), on))[::-8]
    taken = []
    for day in past[:TAKEN]:
        for half in Half:
            made = put_plan(session, actor=staff, on=day, half=half, kind=PlanKind.HOME, now=now)
            taken.append(made)
    approve_many(session, [one.id for one in taken], actor=chief, now=now)
    for one in taken[2:]:
        one.reported_at, one.report = now, "要綱の改正案を作成"
    monday = on + timedelta(days=7 - on.weekday())
    for romaji, (kind, cells) in WAITING.items():
        for cell in cells:
            day = monday + timedelta(days=int(cell[0]))
            if calendar.is_working(day):
                actor = person(romaji)
                put_plan(session, actor=actor, on=day, half=Half(cell[1:]), kind=kind, now=now)
    deputy = Deputy(chief.id, person("suzuki").id, on, None, when_away=True)
    name_deputy(session, deputy, actor=chief, now=now)


def _rules(session: Session, personnel: Person, of_counters: Person, on: date, now: datetime) -> None:
    """The office's rule; and one for the section with the counters, which allows a day a week."""
    (counters,) = of_counters.section_ids
    rule = replace(OFFICE_RULE, from_on=on)
    for one in (rule, replace(rule, section_id=counters, week=2)):
        make_rule(session, one, actor=personnel, now=now)
