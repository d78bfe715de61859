"""Telework in the sample office: its rules, and what waits for next week."""

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
from app.telework.caps.rules import Limit, OverCap, Rule, period
from app.telework.caps.ruling import make_rule
from app.telework.rules import Half, PlanKind
from app.telework.service import put_plan

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
WEEK, COUNTERS_WEEK = 4, 2  # half-days at home
OFFICE_RULE = Rule(
    id=0,
    from_on=date.min,
    week=WEEK,
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


def _person(session: Session, romaji: str, on: date) -> Person:
    found = people.get_by_email(session, f"{romaji}@{DOMAIN}")
    return people.get_person(session, found.id, on)


def rules(session: Session, *, now: datetime, on: date) -> None:
    """From the day `on`: the office's rule, and one for the section with the counters, which allows a day a week."""
    personnel, of_counters = _person(session, "takahashi", on), _person(session, "maeda", on)
    (counters,) = of_counters.section_ids
    rule = replace(OFFICE_RULE, from_on=on)
    for one in (rule, replace(rule, section_id=counters, week=COUNTERS_WEEK)):
        make_rule(session, one, actor=personnel, now=now)


def plan(session: Session, *, now: datetime, on: date) -> None:
    """What waits for next week, and who decides when the chief is away."""
    calendar = public_holidays(on.year)
    chief = _person(session, "sato", on)
    monday = on + timedelta(days=7 - on.weekday())
    for romaji, (kind, cells) in WAITING.items():
        for cell in cells:
            day = monday + timedelta(days=int(cell[0]))
            if calendar.is_working(day):
                actor = _person(session, romaji, on)
                put_plan(session, actor=actor, on=day, half=Half(cell[1:]), kind=kind, now=now)
    deputy = Deputy(chief.id, _person(session, "suzuki", on).id, on, None, when_away=True)
    name_deputy(session, deputy, actor=chief, now=now)
