"""Reserving a space, moving a reservation, sitting down without one."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from app import events
from app.bookings.guards import overlap_refused, queue_up
from app.bookings.models import HOLDS, Booking
from app.bookings.rules import (
    Booked,
    By,
    Origin,
    Status,
    effective_span,
    refusal,
    release_deadline,
)
from app.bookings.service import change, may_act_for
from app.errors import Conflict, Forbidden, RuleBroken
from app.people.models import Role
from app.people.service import Person, get_person
from app.spaces.service import Place, get_place
from app.timespan import TimeSpan, day_span


def reserve(
    session: Session,
    *,
    actor: Person,
    space_id: int,
    span: TimeSpan,
    now: datetime,
    for_user_id: int | None = None,
    title: str = "",
) -> Booking:
    """Book a space for a person.

    Raises NotFound `space.unknown` or `user.unknown`, Forbidden `booking.not_allowed`, RuleBroken
    `booking.rule` or `zone.free_seating`, Conflict `booking.overlap`.
    """
    place = get_place(session, space_id)
    span = effective_span(span, now)
    person = _booked_for(session, actor, for_user_id, place, span)
    _check_space(place, person, actor)
    _check_rules(place, span, actor, now)
    return _insert(session, place, person, span, actor=actor, now=now, title=title)


def move(
    session: Session,
    booking: Booking,
    *,
    actor: Person,
    now: datetime,
    space_id: int | None = None,
    span: TimeSpan | None = None,
    title: str | None = None,
) -> Booking:
    """Change a live booking's space, span or title in one step; what is not given stays.

    Shortening one's own is always allowed. Raises as `reserve`, and Conflict `booking.state` or Stale.
    """
    if booking.status not in {Status.BOOKED, Status.CHECKED_IN}:
        raise Conflict("booking.state", status=booking.status.value)
    place = get_place(session, booking.space_id if space_id is None else space_id)
    wanted = span or booking.span
    elsewhere = place.space.id != booking.space_id
    if elsewhere:
        if booking.status is Status.CHECKED_IN:
            raise Conflict("booking.state", status=booking.status.value)
        person = get_person(session, booking.user_id or 0, now.astimezone(place.timezone).date())
        _check_space(place, person, actor)
    if wanted.start != booking.start_at:
        wanted = effective_span(wanted, now)
    shorter = wanted.start == booking.start_at and now < wanted.end <= booking.end_at
    begun = wanted.start == booking.start_at <= now < wanted.end
    if begun and elsewhere:
        # Nobody can have come to the other space before: there it begins now, and so does its grace.
        wanted = TimeSpan(now, wanted.end)
    if elsewhere or not shorter:
        _check_rules(place, wanted, actor, wanted.start if begun else now)
    queue_up(session, user_ids=[booking.user_id], space_ids=[booking.space_id, place.space.id])
    facts = Booked(status=booking.status, span=wanted, made_at=booking.made_at)
    is_watched = booking.status is Status.BOOKED and not booking.reclaimed
    with overlap_refused(session, space_id=place.space.id):
        change(
            session,
            booking,
            "booking.changed",
            now=now,
            actor_id=actor.id,
            space_id=place.space.id,
            lane=place.space.lane,
            start_at=wanted.start,
            end_at=wanted.end,
            title=booking.title if title is None else title,
            release_check_at=release_deadline(facts, place.policy) if is_watched else None,
        )
    return booking


def claim(session: Session, *, actor: Person, space_id: int, now: datetime) -> Booking:
    """ "I am sitting here": a booking born checked in, until the day's end or the next booking, of the space or of
    the person in its lane (RULES 12).

    Another's claim that the sensor has seen empty past the hold is ended first, by `pipeline.claim`.
    Raises as `reserve`.
    """
    place = get_place(session, space_id)
    if not place.policy.walk_in:
        raise RuleBroken("booking.rule", rule="walk_in", value="off", allowed="a booking")
    person = get_person(session, actor.id, now.astimezone(place.timezone).date())
    _check_space(place, person, actor, claiming=True)
    until = day_span(now.astimezone(place.timezone).date(), place.timezone).end
    following = session.scalar(
        select(Booking.start_at)
        .where(
            or_(
                Booking.space_id == space_id,
                and_(Booking.user_id == person.id, Booking.lane == place.space.lane),
            ),
            HOLDS,
            Booking.start_at > now,
            Booking.start_at < until,
        )
        .order_by(Booking.start_at)
        .limit(1)
    )
    until = min(until, following or until, now + place.policy.max_duration)
    span = TimeSpan(now, until)
    return _insert(session, place, person, span, actor=actor, now=now, origin=Origin.CLAIM)


def _booked_for(
    session: Session, actor: Person, for_user_id: int | None, place: Place, span: TimeSpan
) -> Person:
    on = span.start.astimezone(place.timezone).date()
    person = get_person(session, actor.id if for_user_id is None else for_user_id, on)
    if not may_act_for(actor, person):
        raise Forbidden("booking.not_allowed", why="on_behalf")
    return person


def _check_space(place: Place, person: Person, actor: Person, *, claiming: bool = False) -> None:
    section_id = place.zone.section_id
    if section_id is not None and section_id not in person.section_ids and actor.role is not Role.FACILITY:
        raise Forbidden("booking.not_allowed", why="zone", zone=place.zone.code)
    if place.space.out_of_order:
        raise RuleBroken("booking.rule", rule="out_of_order", value=place.space.code, allowed="another space")
    if place.zone.free_seating and not claiming:
        raise RuleBroken("zone.free_seating", zone=place.zone.code)


def _check_rules(place: Place, span: TimeSpan, actor: Person, now: datetime) -> None:
    policy = place.policy
    horizon = policy.horizon_facility if actor.role is Role.FACILITY else policy.horizon
    refused = refusal(span, now=now, policy=policy, horizon=horizon)
    if refused:
        raise RuleBroken("booking.rule", **asdict(refused))


def _insert(
    session: Session,
    place: Place,
    person: Person,
    span: TimeSpan,
    *,
    actor: Person,
    now: datetime,
    title: str = "",
    origin: Origin = Origin.BOOKED,
) -> Booking:
    born_checked_in = origin is Origin.CLAIM
    status = Status.CHECKED_IN if born_checked_in else Status.BOOKED
    facts = Booked(status=status, span=span, made_at=now)
    booking = Booking(
        space_id=place.space.id,
        user_id=person.id,
        lane=place.space.lane,
        start_at=span.start,
        end_at=span.end,
        status=status,
        origin=origin,
        title=title,
        made_at=now,
        made_by=actor.id,
        checked_in_at=now if born_checked_in else None,
        checked_in_by=By.HAND if born_checked_in else None,
        release_check_at=None if born_checked_in else release_deadline(facts, place.policy),
    )
    queue_up(session, user_ids=[person.id], space_ids=[place.space.id])
    with overlap_refused(session, space_id=place.space.id, space=place.space.code):
        session.add(booking)
    events.record(
        session,
        "booking.claimed" if born_checked_in else "booking.made",
        f"booking:{booking.id}",
        at=now,
        actor_id=actor.id,
        space_id=place.space.id,
        user_id=person.id,
        start=span.start.isoformat(),
        end=span.end.isoformat(),
    )
    return booking
