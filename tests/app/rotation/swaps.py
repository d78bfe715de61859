"""Who is asked to come in for whom, and what they answer; for tests."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta

from app import pipeline
from app.database import reading, transaction
from app.rotation import swapping
from app.rotation.models import Rotation, RotationSwap, SwapState
from app.rotation.swapping import Answered
from app.rotation.ways import Absence, Way
from app.telework.rules import Half
from tests.app.rotation import months
from tests.app.rotation.months import (
    FIRST,
    with_own_zone,
)
from tests.app.telework.desk import hire, make_rule
from tests.house import DAY, OFFICE, House, at

SECOND = FIRST + timedelta(days=1)


def seat_section(house: House) -> House:
    """A section with a zone of its own, whose people may work at home all week."""
    return with_own_zone(house, week=10)


def answer(
    house: House, swap_id: int, who: str = "baba", *, accepts: bool = True, now: str = "08:05", day: int = 0
) -> Answered:
    with transaction(house.engine) as session:
        done = pipeline.answer_swap(
            session,
            swap_id,
            accepts=accepts,
            actor=house.people[who].as_of(DAY + timedelta(days=day)),
            office=OFFICE,
            now=at(now, day=day),
        )
        session.expunge_all()
    return done


def state(house: House, swap_id: int) -> SwapState:
    with reading(house.engine) as session:
        return session.get_one(RotationSwap, swap_id).state


def counter(office: House, at_home: tuple[str, ...], in_office: tuple[str, ...]) -> int:
    """A published week; on the first day one of these is wanted at the counter. The rotation's id."""
    hire(office, "kato")
    minded = {who: office.people[who].id for who in (*at_home, *in_office)}
    months.setting(office, covers=[{"name": "窓口", "least": 1, "people": list(minded.values())}])
    rotation_id = months.planned(office)
    on = FIRST.isoformat()
    with transaction(office.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        rotation.plan = {
            **(rotation.plan or {}),
            **{
                str(user_id): {
                    **(rotation.plan or {})[str(user_id)],
                    on: dict.fromkeys(("am", "pm"), "home" if who in at_home else "office"),
                }
                for who, user_id in minded.items()
            },
        }
    months.publish(office, rotation_id)
    return rotation_id


def ask_two(house: House, least: int = 3) -> tuple[int, int, int]:
    """A published week with three of five at the counter, in which two are absent on the first day; baba and kimura are
    asked to come in for them, and to be at home on the second, when kondo is too. The ids of the rotation and swaps."""
    make_rule(house, week=10)
    hire(house, "kato", "kimura", "kondo")
    ids = [house.people[who].id for who in ("aoki", "baba", "kato", "kimura", "kondo")]
    months.setting(house, covers=[{"name": "窓口", "least": least, "people": ids}])
    rotation_id = months.planned(house)
    on_days: dict[str, dict[date, str]] = {
        who: {FIRST: "office", SECOND: "office"} for who in ("aoki", "baba", "kato", "kimura", "kondo")
    }
    on_days["baba"][FIRST] = on_days["kimura"][FIRST] = on_days["kondo"][SECOND] = "home"
    rewrite(house, rotation_id, on_days)
    months.publish(house, rotation_id)
    ways = {
        who: Way(
            months.stored(house, rotation_id).plan or {},
            Absence(house.people[absent].id, FIRST),
            house.people[who].id,
            [{"on": FIRST.isoformat(), "half": half} for half in Half],
            [{"on": SECOND.isoformat(), "half": half} for half in Half],
        )
        for absent, who in (("aoki", "baba"), ("kato", "kimura"))
    }
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        chiba = house.people["chiba"]
        first, second = (
            swapping.offer(session, rotation, way, actor=chiba, now=at("08:03")).id for way in ways.values()
        )
    return rotation_id, first, second


def rewrite(house: House, rotation_id: int, on_days: Mapping[str, Mapping[date, str]]) -> None:
    """The plan of a rotation says so of some people's days, whatever the rules."""
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        plan = dict(rotation.plan or {})
        for who, days in on_days.items():
            person = str(house.people[who].id)
            said = {on.isoformat(): {"am": where, "pm": where} for on, where in days.items()}
            plan[person] = {**plan[person], **said}
        rotation.plan = plan
