"""The verbs of telework in the house: rules, requests, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, time, timedelta
from typing import Any

from sqlalchemy import select, update

from app.database import reading, transaction
from app.events import Event
from app.people.models import Membership, Role, Section, User
from app.people.service import add_user, get_person
from app.telework import requesting
from app.telework.approval import service as approval
from app.telework.caps import ruling
from app.telework.caps.rules import Rule
from app.telework.models import TeleworkPlan, TeleworkRule
from app.telework.requesting import Requested, Wanted, wanted_between
from app.telework.rules import Half, PlanKind
from tests.house import DAY, OFFICE, House, at

WEDNESDAY = DAY + timedelta(days=1)  # 2026-11-25; the Monday of that week is a holiday
NEXT_MONDAY = DAY + timedelta(days=6)


def whole(*days: date, kind: PlanKind = PlanKind.HOME) -> list[Wanted]:
    """Whole days."""
    return [Wanted(on, half, kind) for on in days for half in Half]


def morning(on: date, kind: PlanKind = PlanKind.HOME) -> Wanted:
    return Wanted(on, Half.AM, kind)


def between(on: date, start: str, end: str) -> list[Wanted]:
    """Home from a time to another."""
    return wanted_between(on, time.fromisoformat(start), time.fromisoformat(end), PlanKind.HOME, OFFICE)


def hire(house: House, *names: str, section: str = "soumu", role: Role = Role.STAFF) -> None:
    with transaction(house.engine) as session:
        for name in names:
            user = add_user(
                session,
                f"{name}@example.jp",
                name=name,
                kana=name,
                section_code=section,
                role=role,
                now=at("00:00"),
                on=date(2026, 4, 1),
            )
            house.people[name] = get_person(session, user.id, DAY)


def become(house: House, who: str, **values: Any) -> None:
    """Somebody's account is changed, as `role=` or `employment=`."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people[who].id).values(**values))
        house.people[who] = get_person(session, house.people[who].id, DAY)


def put_below(house: House, section: str, above: str) -> None:
    """A section lies below another, which is made where there is none."""
    with transaction(house.engine) as session:
        upper = session.scalar(select(Section).where(Section.code == above))
        if upper is None:
            upper = Section(code=above, name=above)
            session.add(upper)
            session.flush()
        session.execute(update(Section).where(Section.code == section).values(parent_id=upper.id))


def section_id(house: House, code: str) -> int:
    with reading(house.engine) as session:
        return session.scalars(select(Section.id).where(Section.code == code)).one()


def make_rule(house: House, *, now: str = "06:00", from_on: date = DAY, **values: Any) -> TeleworkRule:
    """A rule of the office from today on, made by whoever."""
    with transaction(house.engine) as session:
        row = ruling.make_rule(session, Rule(0, from_on, **values), actor=house.people["fujii"], now=at(now))
        session.expunge(row)
    return row


def ask(house: House, who: str, wanted: Sequence[Wanted], *, now: str = "07:00", day: int = 0) -> Requested:
    with transaction(house.engine) as session:
        asked = requesting.request(
            session,
            wanted,
            actor=house.people[who].as_of(DAY + timedelta(days=day)),
            now=at(now, day=day),
            office=OFFICE,
        )
        session.expunge_all()
    return asked


def plan_ids(asked: Requested) -> list[int]:
    return [plan.id for plan in asked.plans]


def approve(house: House, *ids: int, who: str = "chiba", now: str = "07:30", day: int = 0) -> list[int]:
    with transaction(house.engine) as session:
        actor = house.people[who].as_of(DAY + timedelta(days=day))
        done = approval.approve_many(session, ids, actor=actor, now=at(now, day=day))
        return [plan.id for plan in done.approved]


def stored(house: House, plan_id: int) -> TeleworkPlan:
    with reading(house.engine) as session:
        plan = session.get_one(TeleworkPlan, plan_id)
        session.expunge(plan)
    return plan


def told(house: House, prefix: str = "telework.") -> list[Event]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(Event).where(Event.kind.startswith(prefix)).order_by(Event.id)))
        session.expunge_all()
    return found


def move(house: House, who: str, section: str, from_on: date) -> None:
    """Somebody belongs to another section from a day on."""
    with transaction(house.engine) as session:
        was = session.scalars(select(Membership).where(Membership.user_id == house.people[who].id)).one()
        was.until_on = from_on - timedelta(days=1)
        other = session.scalars(select(Section.id).where(Section.code == section)).one()
        session.add(Membership(user_id=was.user_id, section_id=other, from_on=from_on))
