"""What is shown of draws: to whoever may wish, their page; to everybody, the record that can be checked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.errors import Conflict
from app.lots.models import LotDraw, LotWish, State
from app.lots.rules.record import published
from app.lots.service import belongs, count_wishes, desks, get_draw, who_belongs
from app.people.models import User
from app.people.service import Person, find_person
from app.spaces.barriers import CLOSED
from app.spaces.fixed_seats import list_kept
from app.spaces.models import Space, Zone

SHOWN = timedelta(days=14)


def record_of(draw: LotDraw) -> dict[str, Any]:
    """The published record of a draw; raises Conflict `lots.not_drawn` before it took place."""
    if draw.state is not State.DRAWN or draw.inputs is None or draw.result is None:
        raise Conflict("lots.not_drawn", draw_id=draw.id)
    return published(
        zone=draw.zone_code,
        on=draw.on_date,
        seed=draw.seed,
        nonce=draw.nonce,
        committed=draw.commitment,
        inputs=draw.inputs,
        result=draw.result,
    )


@dataclass(frozen=True, slots=True)
class Chance:
    """An open draw in which a person may wish: what they wish, what can be wished for, who wishes to sit with them.

    `kept`: a seat of the zone is kept for them, so that they need no lot.
    """

    draw: LotDraw
    zone: Zone
    wish: LotWish | None
    desks: list[Space]
    colleagues: list[User]
    named_by: list[int]
    wishes: int
    kept: Space | None


@dataclass(frozen=True, slots=True)
class Past:
    """A draw that is over, with what became of the person's own wish in it."""

    draw: LotDraw
    zone: Zone
    wish: LotWish
    seat: Space | None


@dataclass(frozen=True, slots=True)
class LotsPage:
    chances: list[Chance]
    past: list[Past]
    recent: list[tuple[LotDraw, Zone]]


def lots_page(session: Session, *, person: Person, on: date, now: datetime) -> LotsPage:
    """The page "Tomorrow's seats" of a person; a handful of queries for each zone that they may wish in."""
    chances = []
    open_draws = session.execute(
        select(LotDraw, Zone)
        .join(Zone, Zone.id == LotDraw.zone_id)
        .where(LotDraw.state == State.OPEN, LotDraw.draw_at > now)
        .order_by(LotDraw.draw_at, Zone.code)
    ).all()
    counts = count_wishes(session, [draw.id for draw, _zone in open_draws])
    for draw, zone in open_draws:
        then = find_person(session, person.id, draw.on_date)
        if then is not None and belongs(zone, then):
            chances.append(_chance(session, draw, zone, person.id, counts.get(draw.id, 0)))
    return LotsPage(chances, _past(session, person.id, on), _recent(session, on - SHOWN))


def _chance(session: Session, draw: LotDraw, zone: Zone, user_id: int, wishes: int) -> Chance:
    kept = {
        one.space_id: one.user_id for one in list_kept(session, draw.on_date) if one.from_on <= draw.on_date
    }
    everything = desks(session, zone.id)
    others = session.scalars(
        select(LotWish).where(LotWish.draw_id == draw.id, LotWish.user_id != user_id)
    ).all()
    return Chance(
        draw,
        zone,
        session.get(LotWish, (draw.id, user_id)),
        [one for one in everything if one.id not in kept],
        [one for one in who_belongs(session, zone, draw.on_date) if one.id != user_id]
        if zone.lots_together
        else [],
        [one.user_id for one in others if user_id in one.beside],
        wishes,
        next((one for one in everything if kept.get(one.id) == user_id), None),
    )


def _past(session: Session, user_id: int, on: date) -> list[Past]:
    """Of the draws for today and later, and the last ones before."""
    rows = session.execute(
        select(LotDraw, Zone, LotWish, Space)
        .join(LotWish, LotWish.draw_id == LotDraw.id)
        .join(Zone, Zone.id == LotDraw.zone_id)
        .outerjoin(Booking, Booking.id == LotWish.booking_id)
        .outerjoin(Space, Space.id == Booking.space_id)
        .where(
            LotWish.user_id == user_id,
            LotDraw.state.in_((State.DRAWN, State.MISSED)),
            LotDraw.on_date > on - SHOWN,
        )
        .order_by(LotDraw.on_date.desc(), LotDraw.id)
        .limit(20)
    )
    return [Past(*row) for row in rows]


def _recent(session: Session, since: date) -> list[tuple[LotDraw, Zone]]:
    rows = session.execute(
        select(LotDraw, Zone)
        .join(Zone, Zone.id == LotDraw.zone_id)
        .where(LotDraw.on_date > since, LotDraw.state != State.CANCELLED)
        .order_by(LotDraw.on_date.desc(), Zone.code)
        .limit(30)
    )
    return [(draw, zone) for draw, zone in rows]


@dataclass(frozen=True, slots=True)
class DrawPage:
    """One draw as everybody sees it. `number`: the reader's own in it, None where they did not wish. `is_closed`: who
    wished was told that the office is closed on that day."""

    draw: LotDraw
    zone: Zone
    wishes: int
    number: int | None
    is_closed: bool

    @property
    def result(self) -> Sequence[Any]:
        return self.draw.result or ()


def draw_page(session: Session, draw_id: int, user_id: int) -> DrawPage:
    """A draw with how many wish in it; raises NotFound `lots.unknown`."""
    draw = get_draw(session, draw_id)
    own = session.get(LotWish, (draw_id, user_id))
    closed = select(LotWish.draw_id).where(LotWish.draw_id == draw_id, LotWish.reason == CLOSED).limit(1)
    return DrawPage(
        draw,
        session.get_one(Zone, draw.zone_id),
        count_wishes(session, [draw_id]).get(draw_id, 0),
        own.number if own else None,
        session.scalar(closed) is not None,
    )
