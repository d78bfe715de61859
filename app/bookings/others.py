"""Others' bookings, for whoever acts for them: a person's or a space's, of some days. Looking leaves a trace."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.service import OwnBooking, look_at, may_act_for
from app.people.lookup import Found, look_up, note_looks, sections_of
from app.people.models import SEES_BOOKINGS, User
from app.people.sections import reach_of
from app.people.service import Person, find_people
from app.spaces.models import Space
from app.spaces.service import in_layout, policies
from app.timespan import TimeSpan

AT_MOST = 200


@dataclass(frozen=True, slots=True)
class Theirs:
    """A booking with whose it is: a colleague's name, or a guest's."""

    row: OwnBooking
    who: str


@dataclass(frozen=True, slots=True)
class OthersPage:
    """Who and what was found, with the bookings of the days asked for. `is_cut`: there are more."""

    people: list[Found]
    space: Space | None
    current: list[Theirs]
    over: list[Theirs]
    is_cut: bool


def sees_all(actor: Person) -> bool:
    """Whether somebody finds everybody here, not only the own section's people."""
    return actor.role in SEES_BOOKINGS


def of_person(session: Session, user_id: int, span: TimeSpan, *, actor: Person, now: datetime) -> OthersPage:
    """A person's bookings that touch a span. Raises as `service.look_at`."""
    look_at(session, user_id, actor=actor, on=actor.on, now=now)
    user = session.get_one(User, user_id)
    sections = sections_of(session, [user_id], actor.on).get(user_id, ())
    found = Found(user.id, user.name, user.kana, user.extension, tuple(sections))
    return _page(session, _of_people([user_id], actor), span, now=now, people=[found])


def found(session: Session, query: str, span: TimeSpan, *, actor: Person, now: datetime) -> OthersPage:
    """The bookings that touch a span: of the space of that code, or else of whose name begins so. A chief finds whoever
    is of the own section or one below it, and at a space their bookings alone."""
    space = session.scalar(
        select(Space).where(func.upper(Space.code) == query.strip().upper(), in_layout(Space))
    )
    among = None if sees_all(actor) else reach_of(session, actor.section_ids)
    if space is None:
        people = look_up(session, query, actor=actor, on=actor.on, now=now, among=among)
        return _page(session, _of_people([one.id for one in people], actor), span, now=now, people=people)
    page = _page(session, Booking.space_id == space.id, span, now=now, space=space)
    whose = {one.row.booking.user_id for one in (*page.current, *page.over)}
    shown = {user_id for user_id in whose if user_id is not None}
    if among is not None:
        known = find_people(session, shown, actor.on)
        shown = {user_id for user_id, person in known.items() if may_act_for(actor, person)}
        page = OthersPage(
            [],
            space,
            [one for one in page.current if _is_of(one, shown, actor)],
            [one for one in page.over if _is_of(one, shown, actor)],
            page.is_cut,
        )
    note_looks(session, sorted(shown), actor=actor, now=now)
    return page


def _is_of(one: Theirs, user_ids: set[int], actor: Person) -> bool:
    booking = one.row.booking
    return booking.made_by == actor.id if booking.guest_name else booking.user_id in user_ids


def _of_people(user_ids: list[int], actor: Person) -> ColumnElement[bool]:
    """Their own; for whoever acts for everybody also those of guests whom they receive."""
    own = Booking.user_id.in_(user_ids)
    if not sees_all(actor):
        return own
    return or_(own, and_(Booking.guest_name != "", Booking.made_by.in_(user_ids)))


def _page(
    session: Session,
    where: ColumnElement[bool],
    span: TimeSpan,
    *,
    now: datetime,
    people: list[Found] | None = None,
    space: Space | None = None,
) -> OthersPage:
    """The bookings `where` this holds that touch a span; two queries."""
    policy_of = policies(session)
    rows = session.execute(
        select(Booking, Space, User.name)
        .join(Space, Space.id == Booking.space_id)
        .join(User, User.id == Booking.user_id, isouter=True)
        .where(where, Booking.start_at < span.end, Booking.end_at > span.start)
        .order_by(Booking.start_at, Booking.id)
        .limit(AT_MOST + 1)
    ).all()
    shown = [
        Theirs(OwnBooking(booking, of, policy_of.of(of.kind, of.zone_id)), booking.guest_name or name or "")
        for booking, of, name in rows[:AT_MOST]
    ]
    current = [one for one in shown if is_current(one.row.booking, now)]
    over = [one for one in shown if one not in current]
    return OthersPage(people or [], space, current, over, len(rows) > AT_MOST)


def is_current(booking: Booking, now: datetime) -> bool:
    """Whether anything can still be done with it: what was released may be taken back until its end."""
    return booking.is_live or (booking.status is Status.RELEASED and booking.end_at > now)
