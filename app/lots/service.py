"""Which zones are drawn, opening their draws, and what people wish for in them."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from app import events
from app.bookings.moving import layout as relayout
from app.bookings.moving.service import Move
from app.calendar import working_days
from app.database import lock_rows
from app.errors import Conflict, Forbidden, NotFound, RuleBroken
from app.lots.models import LotDraw, LotWish, State
from app.lots.rules.record import commitment
from app.people.models import User
from app.people.sections import people_within
from app.people.service import Person, find_person, list_people
from app.settings import OfficeHours
from app.spaces import layout
from app.spaces.fixed_seats import list_kept
from app.spaces.lots import drawn_at
from app.spaces.models import Floor, Site, Space, Zone
from app.spaces.rules import Lane
from app.spaces.service import floor_timezone, get_zone, in_layout, list_spaces
from app.timespan import TimeSpan, day_span

MOST_PREFERRED = 5
MOST_BESIDE = 4
MOST_NO_REPEAT = 20
FIRST_NUMBER, NUMBERS = 100_000, 900_000


@dataclass(frozen=True, slots=True)
class LotRule:
    """Whether and how a zone is drawn: at which local hour (None: not), for how many working days nobody gets the same
    desk again, whether colleagues may ask to sit near each other."""

    at: time | None
    no_repeat_days: int = 0
    together: bool = True

    @classmethod
    def of(cls, zone: Zone) -> LotRule:
        return cls(zone.lots_at, zone.lots_no_repeat, zone.lots_together)


def get_rule(session: Session, zone_id: int) -> LotRule:
    """How a zone is drawn; raises NotFound `zone.unknown`."""
    return LotRule.of(get_zone(session, zone_id))


def are_drawn(session: Session) -> bool:
    """Whether the office draws anything at present."""
    return session.scalar(select(LotDraw.id).where(LotDraw.state == State.OPEN).limit(1)) is not None


def hold_zone(session: Session, *, zone_id: int) -> None:
    """Wait until nobody else changes how a zone is drawn; held until the transaction ends."""
    lock_rows(session, "lots", [zone_id])


def hold_draw(session: Session, *, draw_id: int) -> None:
    """Wait until nobody else wishes in a draw, or draws; held until the transaction ends."""
    lock_rows(session, "lot", [draw_id])


def set_lots(session: Session, zone_id: int, rule: LotRule, *, actor_id: int | None, now: datetime) -> Zone:
    """Let a zone be drawn from the next draw on, or no more; what is booked stays.

    Raises NotFound `zone.unknown`, RuleBroken `lots.free_seating` for a zone that needs no booking.
    """
    hold_zone(session, zone_id=zone_id)
    zone = get_zone(session, zone_id)
    if rule.at is not None and zone.free_seating:
        raise RuleBroken("lots.free_seating", zone=zone.code)
    zone.lots_at, zone.lots_no_repeat, zone.lots_together = rule.at, rule.no_repeat_days, rule.together
    session.flush()
    events.record(
        session,
        "lots.set",
        f"zone:{zone_id}",
        at=now,
        actor_id=actor_id,
        hour=rule.at.isoformat() if rule.at else None,
        no_repeat_days=rule.no_repeat_days,
        together=rule.together,
    )
    if rule.at is None:
        call_off(session, zone, actor_id=actor_id, now=now)
    else:
        open_next(session, zone, rule.at, now=now)
    return zone


def call_off(session: Session, zone: Zone, *, actor_id: int | None, now: datetime) -> None:
    """A zone is drawn no more; what is still to be drawn of it never is."""
    zone.lots_at = None
    for pending in session.scalars(_pending(zone.id)):
        pending.state = State.CANCELLED
        events.record(session, "lots.cancelled", f"lots:{pending.id}", at=now, actor_id=actor_id)
    session.flush()


def change_zone(
    session: Session, zone_id: int, values: Mapping[str, Any], *, actor: Person, now: datetime
) -> tuple[Zone, list[Move]]:
    """A zone changes; one that becomes free seating is drawn no more. Raises as `relayout.change_zone`."""
    if values.get("free_seating"):
        draw_no_more(session, [zone_id], actor_id=actor.id, now=now)
    return relayout.change_zone(session, zone_id, values, actor=actor, now=now)


def remove_zone(session: Session, zone_id: int, *, actor_id: int | None, now: datetime) -> None:
    """A zone leaves the layout, and is drawn no more. Raises as `layout.remove_zone`."""
    draw_no_more(session, [zone_id], actor_id=actor_id, now=now)
    layout.remove_zone(session, zone_id, actor_id=actor_id, now=now)


def hold_draws(session: Session, zone_ids: Collection[int]) -> None:
    """Wait for the draws of zones. Before any space's turn, which a draw waits for in its own."""
    lock_rows(session, "lots", zone_ids)


def draw_no_more(session: Session, zone_ids: Collection[int], *, actor_id: int | None, now: datetime) -> None:
    """Of these zones those that are drawn are so no more. When `hold_draws` is."""
    hold_draws(session, zone_ids)
    drawn = select(Zone).where(Zone.id.in_(zone_ids), Zone.lots_at.is_not(None), in_layout(Zone))
    for zone in session.scalars(drawn.execution_options(populate_existing=True)).all():
        set_lots(session, zone.id, replace(LotRule.of(zone), at=None), actor_id=actor_id, now=now)


def _pending(zone_id: int) -> Select[LotDraw]:
    return select(LotDraw).where(LotDraw.zone_id == zone_id, LotDraw.state == State.OPEN)


def open_next(session: Session, zone: Zone, hour: time, *, now: datetime) -> LotDraw:
    """The zone's open draw: for the next working day whose hour has not passed. Its commitment is public before the
    first wish can be made."""
    timezone = floor_timezone(session, zone.floor_id)
    pending = session.scalar(_pending(zone.id))
    if pending is not None:
        pending.draw_at = drawn_at(session, pending.on_date, hour, timezone)
        session.flush()
        return pending
    on = _next_day(session, zone, hour, timezone, now)
    again = session.scalar(select(LotDraw).where(LotDraw.zone_id == zone.id, LotDraw.on_date == on))
    if again is not None:
        # Called off before, and now on again: with the seed that was committed to.
        again.state, again.draw_at = State.OPEN, drawn_at(session, on, hour, timezone)
        session.flush()
        return again
    seed, nonce = secrets.token_hex(32), secrets.token_hex(16)
    made = LotDraw(
        zone_id=zone.id,
        zone_code=zone.code,
        on_date=on,
        draw_at=drawn_at(session, on, hour, timezone),
        opened_at=now,
        commitment=commitment(zone.code, on, seed, nonce),
        seed=seed,
        nonce=nonce,
    )
    session.add(made)
    session.flush()
    events.record(
        session,
        "lots.opened",
        f"lots:{made.id}",
        at=now,
        zone_id=zone.id,
        on=on.isoformat(),
        commitment=made.commitment,
    )
    return made


def _next_day(session: Session, zone: Zone, hour: time, timezone: ZoneInfo, now: datetime) -> date:
    on = now.astimezone(timezone).date() + timedelta(days=1)
    while True:
        on = working_days(session, on.year).next_working(on)
        if drawn_at(session, on, hour, timezone) > now and (
            zone.lots_drawn_on is None or on > zone.lots_drawn_on
        ):
            return on
        on += timedelta(days=1)


def get_draw(session: Session, draw_id: int) -> LotDraw:
    """A draw; raises NotFound `lots.unknown`."""
    found = session.get(LotDraw, draw_id)
    if found is None:
        raise NotFound("lots.unknown", draw_id=draw_id)
    return found


def locked_draw(session: Session, draw_id: int) -> LotDraw:
    """A draw as it is once it is this transaction's turn; raises NotFound `lots.unknown`."""
    hold_draw(session, draw_id=draw_id)
    found = session.get(LotDraw, draw_id, populate_existing=True)
    if found is None:
        raise NotFound("lots.unknown", draw_id=draw_id)
    return found


def list_draws(
    session: Session, *, zone_id: int | None = None, after_id: int = 0, limit: int | None = None
) -> list[LotDraw]:
    """Draws in the order of their id, of one zone where it is given."""
    query = select(LotDraw).where(LotDraw.id > after_id).order_by(LotDraw.id).limit(limit)
    return list(session.scalars(query if zone_id is None else query.where(LotDraw.zone_id == zone_id)))


def belongs(zone: Zone, person: Person) -> bool:
    """Whether a person, as of the draw's day, may wish for a desk of the zone: the people of its section and of those
    below it, or everybody."""
    return zone.section_id is None or zone.section_id in person.within


def who_belongs(session: Session, zone: Zone, on: date) -> list[User]:
    """Everybody of whom `belongs` holds on a day, in the order of their kana."""
    if zone.section_id is None:
        return list_people(session, on=on)
    return people_within(session, zone.section_id, on)


def desks(session: Session, zone_id: int) -> list[Space]:
    """The spaces that a draw gives away, in the order of their codes."""
    return sorted(
        (one for one in list_spaces(session, zone_id=zone_id) if one.lane is Lane.DESK),
        key=lambda one: one.code,
    )


def find_wish(session: Session, draw_id: int, user_id: int) -> LotWish | None:
    """What a person wishes for in a draw, if anything."""
    return session.get(LotWish, (draw_id, user_id))


def wish(
    session: Session,
    draw_id: int,
    *,
    actor: Person,
    now: datetime,
    prefers: Sequence[int] = (),
    beside: Sequence[int] = (),
) -> LotWish:
    """Wish for a desk, or change the wish. `prefers`: spaces, the best first; `beside`: colleagues to sit with, if they
    name the actor too.

    Raises NotFound `lots.unknown`, Conflict `lots.closed` or `lots.kept`, Forbidden `lots.not_yours`, RuleBroken
    `lots.seat` or `lots.colleague`.
    """
    draw = locked_draw(session, draw_id)
    if not _is_open(draw, now):
        raise Conflict("lots.closed", draw_id=draw_id)
    zone = get_zone(session, draw.zone_id)
    person = find_person(session, actor.id, draw.on_date)
    if person is None or not belongs(zone, person):
        raise Forbidden("lots.not_yours", zone=zone.code)
    _check_wish(session, zone, draw.on_date, actor_id=actor.id, prefers=prefers, beside=beside)
    made = find_wish(session, draw_id, actor.id)
    if made is None:
        made = LotWish(draw_id=draw_id, user_id=actor.id, number=_number(session, draw_id), made_at=now)
        session.add(made)
    made.prefers, made.beside = list(prefers), list(beside)
    session.flush()
    events.record(session, "lots.wished", f"lots:{draw_id}", at=now, actor_id=actor.id, user_id=actor.id)
    return made


def _check_wish(
    session: Session, zone: Zone, on: date, *, actor_id: int, prefers: Sequence[int], beside: Sequence[int]
) -> None:
    known = {one.id for one in desks(session, zone.id)}
    if actor_id in who_has_kept(session, known, on):
        raise Conflict("lots.kept")
    if len(prefers) > MOST_PREFERRED or len(set(prefers)) < len(prefers) or not known.issuperset(prefers):
        raise RuleBroken("lots.seat", most=MOST_PREFERRED)
    if not beside:
        return
    people = {one.id for one in who_belongs(session, zone, on)}
    if not zone.lots_together:
        raise RuleBroken("lots.colleague", most=0)
    if len(beside) > MOST_BESIDE or not people.issuperset(beside) or actor_id in beside:
        raise RuleBroken("lots.colleague", most=MOST_BESIDE)


def who_has_kept(session: Session, space_ids: Container[int], on: date) -> set[int]:
    """Those for whom one of these spaces is kept on a day: they need no lot."""
    return {one.user_id for one in list_kept(session, on) if one.from_on <= on and one.space_id in space_ids}


def _number(session: Session, draw_id: int) -> int:
    """A number that nobody else has in this draw, and that says nothing about who has it."""
    taken = set(session.scalars(select(LotWish.number).where(LotWish.draw_id == draw_id)))
    while (number := FIRST_NUMBER + secrets.randbelow(NUMBERS)) in taken:
        pass
    return number


def withdraw(session: Session, draw_id: int, *, actor: Person, now: datetime) -> None:
    """Wish for nothing any more. Raises NotFound `lots.unknown` or `lots.no_wish`, Conflict `lots.closed`."""
    if not _is_open(locked_draw(session, draw_id), now):
        raise Conflict("lots.closed", draw_id=draw_id)
    if not _withdraw(session, draw_id, actor.id, actor=actor, now=now):
        raise NotFound("lots.no_wish", draw_id=draw_id)


def wished(session: Session, user_id: int, *, now: datetime) -> list[tuple[LotDraw, ZoneInfo]]:
    """The draws to come in which a person wishes for a desk, the nearest day first, each with the clock of its zone;
    one query."""
    query = (
        select(LotDraw, Site.timezone)
        .join(LotWish, LotWish.draw_id == LotDraw.id)
        .join(Zone, Zone.id == LotDraw.zone_id)
        .join(Floor, Floor.id == Zone.floor_id)
        .join(Site, Site.id == Floor.site_id)
        .where(LotWish.user_id == user_id, LotDraw.state == State.OPEN, LotDraw.draw_at > now)
        .order_by(LotDraw.on_date, LotDraw.id)
    )
    return [(one, ZoneInfo(timezone)) for one, timezone in session.execute(query)]


def wished_within(
    session: Session, user_id: int, span: TimeSpan, *, now: datetime, hours: OfficeHours
) -> list[LotDraw]:
    """Those of them whose day's office hours lie within a span: of a part of the day a desk is needed still."""
    days = (
        (one, day_span(one.on_date, timezone, hours.start, hours.end))
        for one, timezone in wished(session, user_id, now=now)
    )
    return [one for one, day in days if span.start <= day.start and day.end <= span.end]


def withdraw_from(
    session: Session, draws: Sequence[LotDraw], user_id: int, *, actor: Person, now: datetime
) -> list[LotDraw]:
    """A person wishes for nothing any more in these draws, as far as they are open; returns those where they did.

    Waits for the turn of the draws: before anybody's and any space's, which a draw waits for in its own.
    """
    lock_rows(session, "lot", [one.id for one in draws])
    for one in draws:
        session.refresh(one)
    return [
        one
        for one in draws
        if _is_open(one, now) and _withdraw(session, one.id, user_id, actor=actor, now=now)
    ]


def _is_open(draw: LotDraw, now: datetime) -> bool:
    return draw.state is State.OPEN and now < draw.draw_at


def _withdraw(session: Session, draw_id: int, user_id: int, *, actor: Person, now: datetime) -> bool:
    """Whether there was a wish to take back."""
    found = find_wish(session, draw_id, user_id)
    if found is None:
        return False
    session.delete(found)
    session.flush()
    events.record(session, "lots.withdrawn", f"lots:{draw_id}", at=now, actor_id=actor.id, user_id=user_id)
    return True


def count_wishes(session: Session, draw_ids: Sequence[int]) -> dict[int, int]:
    """How many people wish in each of these draws; absent where nobody does."""
    query = (
        select(LotWish.draw_id, func.count()).where(LotWish.draw_id.in_(draw_ids)).group_by(LotWish.draw_id)
    )
    return dict(session.execute(query).all())
