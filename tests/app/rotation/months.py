"""A section's month, planned, searched, published and taken back; for tests."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from sqlalchemy import select, update

from app import pipeline
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading, transaction
from app.rotation import service, swapping, working
from app.rotation.models import OPEN, Rotation, RotationBooking, RotationSwap, State, SwapState
from app.rotation.publishing import Withdrawn
from app.rotation.seats import Published
from app.rotation.standing import look
from app.rotation.ways import Absence, find_way
from app.spaces.models import Zone
from app.telework.models import HalfDay, TeleworkPlan
from app.telework.rules import DayClass, Half
from tests.app.telework.desk import hire, make_rule, section_id
from tests.house import DAY, OFFICE, House, at

FIRST, LAST = DAY + timedelta(days=6), DAY + timedelta(days=10)  # 30 November to 4 December 2026
LIMITS = {"seconds": 20, "work": 200, "seed": 1}


def furnish(house: House) -> House:
    """Six people in a section with a zone of its own, who may work at home for two half-days a week."""
    hire(house, "kato", "kimura", "kondo")
    return with_own_zone(house, week=2)


def with_own_zone(house: House, *, week: int) -> House:
    """The section has a zone of its own, and its people may work at home for so many half-days a week."""
    make_rule(house, week=week)
    return give_zone(house)


def give_zone(house: House) -> House:
    """The section has a zone of its own."""
    own = section_id(house, "soumu")
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.code == "A").values(section_id=own))
    return house


def log(house: House, who: str, on: date, day_class: DayClass, *halves: Half) -> list[int]:
    """Somebody's half-days of a day, as the log has them."""
    with transaction(house.engine) as session:
        rows = [
            HalfDay(
                user_id=house.people[who].id,
                on_date=on,
                half=half,
                day_class=day_class,
                reason="no_evidence",
                classified_at=at("09:00"),
            )
            for half in halves or Half
        ]
        session.add_all(rows)
        session.flush()
        return [one.id for one in rows]


def setting(house: House, **data: Any) -> None:
    empty: dict[str, Any] = {"people": [], "covers": [], "duties": [], "meetings": []}
    with transaction(house.engine) as session:
        service.put_setting(
            session,
            section_id(house, "soumu"),
            {**empty, **data},
            actor=house.people["chiba"],
            now=at("08:00"),
        )


def plan_month(
    house: House,
    who: str = "chiba",
    now: str = "08:00",
    first: date = FIRST,
    last: date = LAST,
    *,
    day: int = 0,
) -> int:
    """Ask for the days to be planned, at a time of the house's day, or of one so many days later."""
    with transaction(house.engine) as session:
        return service.ask(
            session,
            actor=house.people[who],
            section_id=section_id(house, "soumu"),
            first=first,
            last=last,
            limits=LIMITS,
            office=OFFICE,
            now=at(now, day=day),
        ).id


def search(house: House, rotation_id: int) -> Rotation:
    working.search(house.engine, rotation_id, lambda: at("08:01"))
    return stored(house, rotation_id)


def stored(house: House, rotation_id: int) -> Rotation:
    with reading(house.engine) as session:
        found = session.get_one(Rotation, rotation_id)
        session.expunge(found)
    return found


def publish(house: House, rotation_id: int, who: str = "chiba") -> Published:
    with transaction(house.engine) as session:
        rotation = service.get_rotation(session, rotation_id, house.people[who], to_change=True)
        done = pipeline.publish_rotation(
            session, rotation, actor=house.people[who], office=OFFICE, now=at("08:02")
        )
        session.expunge_all()
    return done


def withdraw(house: House, rotation_id: int) -> Withdrawn:
    with transaction(house.engine) as session:
        rotation = service.get_rotation(session, rotation_id, house.people["chiba"], to_change=True)
        done = pipeline.withdraw_rotation(
            session, rotation, actor=house.people["chiba"], office=OFFICE, now=at("08:03")
        )
        session.expunge_all()
    return done


def seats(house: House) -> list[Booking]:
    """What rotations have booked and nobody has given up."""
    with reading(house.engine) as session:
        query = select(Booking).join(RotationBooking, RotationBooking.booking_id == Booking.id)
        found = list(session.scalars(query.where(Booking.status == Status.BOOKED).order_by(Booking.start_at)))
        session.expunge_all()
    return found


def plans(house: House) -> dict[tuple[int, date, str], TeleworkPlan]:
    with reading(house.engine) as session:
        found = list(session.scalars(select(TeleworkPlan)))
        session.expunge_all()
    return {(one.user_id, one.on_date, one.half.value): one for one in found}


def cell(rotation: Rotation, house: House, who: str, on: date, half: str) -> str:
    assert rotation.plan is not None
    return str(rotation.plan[str(house.people[who].id)][on.isoformat()][half])


def send_home(house: House, rotation_id: int, who: str, *days: date) -> None:
    """The plan of a rotation says home for somebody on these days, whatever the rules."""
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        plan, person = rotation.plan or {}, str(house.people[who].id)
        at_home = {on.isoformat(): {"am": "home", "pm": "home"} for on in days}
        rotation.plan = {**plan, person: {**plan[person], **at_home}}


def end_searches(house: House) -> None:
    """Nothing is searched any more: one at a time is, and here nobody does the jobs."""
    with transaction(house.engine) as session:
        session.execute(
            update(Rotation)
            .where(Rotation.state.in_(OPEN))
            .values(state=State.CANCELLED, ended_at=at("09:00"))
        )


def planned(house: House, *, to: str = "find") -> int:
    """A rotation of a week: waiting, found or published."""
    end_searches(house)
    rotation_id = plan_month(house)
    if to != "wait":
        search(house, rotation_id)
    if to == "publish":
        publish(house, rotation_id)
    return rotation_id


def to_swap(house: House) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """A published week in which aoki minds the counter on the first day, and only baba could; who is absent, and who
    could be asked, as a request has it: path, query, body."""
    with transaction(house.engine) as session:
        session.execute(
            update(RotationSwap)
            .where(RotationSwap.state == SwapState.OFFERED)
            .values(state=SwapState.WITHDRAWN, answered_at=at("08:00"))
        )
    aoki, baba = house.people["aoki"].id, house.people["baba"].id
    setting(house, covers=[{"name": "窓口", "least": 1, "people": [aoki, baba]}])
    rotation_id = planned(house)
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        on = FIRST.isoformat()
        days = rotation.plan or {}
        office, home = ({"am": where, "pm": where} for where in ("office", "home"))
        rotation.plan = {
            **days,
            str(aoki): {**days[str(aoki)], on: office},
            str(baba): {**days[str(baba)], on: home},
        }
        given = {(str(aoki), on), (str(baba), on)}
        rotation.problem = {
            **rotation.problem,
            "fixed": [one for one in rotation.problem["fixed"] if (one["person"], one["day"]) not in given],
        }
    publish(house, rotation_id)
    return {"rotation_id": rotation_id}, {}, {"user_id": aoki, "on": FIRST.isoformat(), "person_id": baba}


def swap(house: House) -> int:
    """Baba is asked to come in for aoki."""
    path, _query, body = to_swap(house)
    return offer(house, path["rotation_id"], Absence(body["user_id"], FIRST), body["person_id"])


def offer(house: House, rotation_id: int, absence: Absence, person_id: int, now: str = "08:03") -> int:
    """Somebody is asked to come in; the id of the swap."""
    with transaction(house.engine) as session:
        chiba = house.people["chiba"]
        rotation = service.get_rotation(session, rotation_id, chiba, to_change=True)
        way = find_way(look(session, rotation, OFFICE), absence, person_id)
        return swapping.offer(session, rotation, way, actor=chiba, now=at(now)).id
