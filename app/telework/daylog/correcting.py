"""People say what a half-day was: the person, the chief who confirms it, personnel. Every word stays (RULES 18)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.people.models import Membership, Role
from app.people.sections import reach_of
from app.people.service import Person
from app.telework.daylog.models import HalfDayCorrection
from app.telework.daylog.rules import Voice, needs_why, refusal, sayable
from app.telework.guards import hold_month, is_closed
from app.telework.models import HalfDay
from app.telework.rules import DayClass


def hold_half_day(session: Session, *, half_day_id: int) -> None:
    """Wait until nobody else writes or closes the month of a half-day; held until the transaction ends."""
    on = session.scalar(select(HalfDay.on_date).where(HalfDay.id == half_day_id))
    if on is not None:
        hold_month(session, on)


def correct(
    session: Session, half_day_id: int, to: DayClass, *, why: str, actor: Person, now: datetime
) -> HalfDayCorrection:
    """Somebody says what a half-day was; what it was before stays beside it. To say what it is already confirms it.

    In an open month the person of the own days, then a chief of the section of that day or of one above, then
    personnel; each outranks the one before. In a closed month personnel alone, and nobody their own days.
    Raises NotFound `telework.day_unknown`, Forbidden `telework.not_allowed`, Conflict `telework.month_closed` or
    `telework.settled`, RuleBroken `telework.why`.
    """
    half_day = get_half_day(session, half_day_id)
    frozen = hold_month(session, half_day.on_date)
    session.refresh(half_day, with_for_update=True)
    voice = voice_of(session, half_day, actor)
    if voice is None:
        raise Forbidden("telework.not_allowed", why="correction")
    last = last_word(session, half_day.id)
    if refused := refusal(voice, last.voice if last else None, frozen=frozen):
        raise Conflict(f"telework.{refused}")
    if to not in sayable(voice):
        raise RuleBroken("request.invalid")
    before = last.to_class if last else half_day.day_class
    if not why and needs_why(voice, before, to):
        raise RuleBroken("telework.why")
    made = HalfDayCorrection(
        half_day_id=half_day.id,
        user_id=half_day.user_id,
        from_class=before,
        to_class=to,
        voice=voice,
        why=why,
        made_at=now,
        made_by=actor.id,
    )
    session.add(made)
    session.flush()
    events.record(
        session,
        "telework.corrected",
        f"user:{half_day.user_id}",
        at=now,
        actor_id=actor.id,
        user_id=half_day.user_id,
        half_day_id=half_day.id,
        on=half_day.on_date.isoformat(),
        halves=[half_day.half],
        to=to,
    )
    return made


def may_correct(session: Session, half_day: HalfDay, actor: Person) -> bool:
    """Whether the page offers it: as `correct` would decide."""
    voice = voice_of(session, half_day, actor)
    if voice is None:
        return False
    last = last_word(session, half_day.id)
    return not refusal(voice, last.voice if last else None, frozen=is_closed(session, half_day.on_date))


def get_half_day(session: Session, half_day_id: int) -> HalfDay:
    """A half-day of the log; raises NotFound `telework.day_unknown`."""
    found = session.get(HalfDay, half_day_id)
    if found is None:
        raise NotFound("telework.day_unknown", half_day_id=half_day_id)
    return found


def last_word(session: Session, half_day_id: int) -> HalfDayCorrection | None:
    """What was said last of a half-day."""
    return session.scalar(
        select(HalfDayCorrection)
        .where(HalfDayCorrection.half_day_id == half_day_id)
        .order_by(HalfDayCorrection.id.desc())
        .limit(1)
    )


def voice_of(session: Session, half_day: HalfDay, actor: Person) -> Voice | None:
    """As whom somebody speaks of a half-day; None: they do not."""
    if actor.id == half_day.user_id:
        return Voice.OWN
    if actor.role is Role.PERSONNEL:
        return Voice.PERSONNEL
    if actor.role is Role.CHIEF and is_of_section(session, half_day, actor):
        return Voice.CHIEF
    return None


def is_of_section(session: Session, half_day: HalfDay, actor: Person) -> bool:
    """Whether a half-day's person belonged on that day to a section that the actor, a chief, speaks for."""
    query = select(Membership.id).where(
        Membership.user_id == half_day.user_id,
        Membership.section_id.in_(reach_of(session, actor.section_ids)),
        Membership.from_on <= half_day.on_date,
        Membership.until_on.is_(None) | (Membership.until_on >= half_day.on_date),
    )
    return session.scalar(query.limit(1)) is not None
