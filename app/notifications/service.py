"""From events to messages: told once each, whatever order their ids become visible in; reading, choosing."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.bookings.attendees import attendee_ids
from app.bookings.models import Booking
from app.database import lock_rows
from app.errors import RuleBroken
from app.events import Event
from app.notifications import snapshots
from app.notifications.models import (
    HEARS_ALL,
    Delivery,
    Mark,
    Message,
    NotificationChoices,
    Told,
    Webhook,
    WebhookCall,
)
from app.notifications.rules import (
    DECLINED,
    INVITED,
    OF_SERIES,
    Choices,
    Fact,
    Topic,
    Way,
    recipients,
    wanted_by,
)
from app.people.models import Role, User
from app.people.service import names

log = logging.getLogger("akiseki.telling")
AT_ONCE = 500
# No transaction lives that long: what was newest then has nothing below it that is still to appear.
SETTLED = timedelta(minutes=5)
# News older than this is no news: after a long stop the jobs tell nobody of last week, but of bookings to come.
NEWS = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Ways:
    """How people can be told besides on the page. `zone`: the office's, for quiet hours."""

    mail: bool
    zone: ZoneInfo


def tell(session: Session, now: datetime, ways: Ways) -> int:
    """Turn the events that nobody was told of into messages and calls; a fixed number of statements for AT_ONCE events.

    Returns how many events there were.
    """
    mark = session.scalar(select(Mark).with_for_update())
    if mark is None:
        mark = Mark(id=1)
        session.add(mark)
        session.flush()
    events = session.scalars(
        select(Event)
        .where(Event.id > mark.event_id, ~select(Told.event_id).where(Told.event_id == Event.id).exists())
        .order_by(Event.id)
        .limit(AT_ONCE)
    ).all()
    about = {event.id: snapshots.booking_id(event) or 0 for event in events}
    bookings = snapshots.bookings_of(session, {one for one in about.values() if one})
    told = [(event, bookings.get(about[event.id])) for event in events]
    news = [(event, booking) for event, booking in told if _is_news(event, booking, now)]
    if len(news) < len(told):
        log.warning("%d events are too old to be told to anybody", len(told) - len(news))
    _write_messages(session, news, now, ways)
    _write_calls(session, [event for event, _booking in news], now)
    if events:
        session.execute(insert(Told), [{"event_id": event.id} for event in events])
    if len(events) < AT_ONCE:
        _move(session, mark, now)
    return len(events)


def _move(session: Session, mark: Mark, now: datetime) -> None:
    """Move the mark up to what was the newest event long enough ago, and forget what lies below it."""
    if mark.next_at is not None and mark.next_at > now - SETTLED:
        return
    if mark.next_at is not None and mark.next_id > mark.event_id:
        mark.event_id = mark.next_id
        session.execute(delete(Told).where(Told.event_id <= mark.event_id))
    mark.next_id, mark.next_at = session.scalar(select(func.max(Event.id))) or 0, now
    session.flush()


def _is_news(event: Event, booking: Booking | None, now: datetime) -> bool:
    """Whether an event is young, or about a booking that is to come."""
    return event.at > now - NEWS or (booking is not None and booking.end_at > now)


def _write_messages(
    session: Session, news: Sequence[tuple[Event, Booking | None]], now: datetime, ways: Ways
) -> None:
    """`news`: events, each with the booking that it is about."""
    events = [event for event, _booking in news]
    bookings = {booking.id: booking for _event, booking in news if booking}
    invited = attendee_ids(session, list(bookings))
    codes = snapshots.codes_of(session, events, bookings.values())
    # Who was invited in the same step is told of that, and not of the change besides.
    fresh = {
        (event.subject, event.at, event.data.get("user_id")) for event in events if event.kind == INVITED
    }
    wanted: list[tuple[Event, Booking | None, int, Topic]] = []
    for event, booking in news:
        listed = invited.get(booking.id, ()) if booking else ()
        coming = [one for one in listed if (event.subject, event.at, one) not in fresh]
        host_id = booking.host_id if booking else None
        fact = Fact(event.kind, event.actor_id, event.data, coming, host_id)
        wanted += [(event, booking, user_id, topic) for user_id, topic in sorted(recipients(fact).items())]
    people = {user_id for *_, user_id, _topic in wanted}
    choices = choices_of(session, people)
    reachable = set(
        session.scalars(
            select(User.id).where(
                User.id.in_(people), User.left_at.is_(None), User.role.not_in((Role.KIOSK, Role.SERVICE))
            )
        )
    )
    named = {one for event, *_ in wanted for one in (event.actor_id, event.data.get("user_id")) if one}
    names_of = names(session, named)
    rows: dict[tuple[object, ...], list[dict[str, Any]]] = defaultdict(list)
    for event, booking, user_id, topic in wanted:
        chosen = choices.get(user_id, Choices())
        on_page = chosen.wants(topic, Way.PAGE)
        by_mail = ways.mail and chosen.wants(topic, Way.MAIL)
        if user_id not in reachable or not (on_page or by_mail):
            continue
        row = {
            "user_id": user_id,
            "event_id": event.id,
            "kind": event.kind,
            "topic": topic,
            "data": snapshots.facts(event, booking, codes) | _as_told(event, booking, user_id, names_of),
            "made_at": now,
            "on_page": on_page,
            "status": Delivery.DUE if by_mail else Delivery.OFF,
            "due_at": chosen.mail_at(now, ways.zone) if by_mail else None,
        }
        rows[user_id, *_at_once(event, booking)].append(row)
    if rows:
        session.execute(insert(Message), [_together(told) for told in rows.values()])


def _at_once(event: Event, booking: Booking | None) -> tuple[object, ...]:
    """What is the same of events that one message tells: what was done to a series in one step."""
    if booking is None or booking.series_id is None or event.kind not in OF_SERIES:
        return (event.id,)
    return (event.kind, event.at, event.actor_id, booking.series_id)


def _together(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One message of all: of the earliest day, with all the bookings, and where and when each of them is
    (`by_day`)."""
    if len(rows) == 1:
        return rows[0]
    in_order = sorted(rows, key=lambda row: str(row["data"]["start"]))
    days = [row["data"] for row in in_order]
    said = {
        "bookings": [day["booking_id"] for day in days],
        "by_day": [{name: day[name] for name in ("space", "start", "end")} for day in days],
    }
    return in_order[0] | {"data": days[0] | said}


def _as_told(
    event: Event, booking: Booking | None, user_id: int, names_of: Mapping[int, str]
) -> dict[str, Any]:
    """Who did it and what is for this reader alone: nobody is told that they did what they did, nor of a guest but whom
    the guest comes to."""
    by, about = event.actor_id or 0, event.data.get("user_id") or 0
    if booking is None:
        return {"actor": names_of.get(by, "")}
    is_declined = event.kind == DECLINED
    said: dict[str, Any] = {
        "booking_id": booking.id,
        "actor": names_of.get(by, "") if by != user_id and not (is_declined and by == about) else "",
        "title": booking.title,
        "guest": booking.guest_name if booking.host_id == user_id else "",
        "why": event.data.get("why", ""),
    }
    return said | ({"who": names_of.get(about, "")} if is_declined else {})


def _write_calls(session: Session, events: Sequence[Event], now: datetime) -> None:
    hooks = session.execute(
        select(Webhook, User.role)
        .join(User, User.id == Webhook.made_by, isouter=True)
        .where(Webhook.disabled_at.is_(None), Webhook.removed_at.is_(None), User.is_here(now))
    ).all()
    rows = [
        {"webhook_id": hook.id, "event_id": event.id, "status": Delivery.DUE, "due_at": now}
        for hook, maker in hooks
        for event in events
        if wanted_by(hook.kinds, event.kind, hears_all=maker in HEARS_ALL)
    ]
    if rows:
        session.execute(insert(WebhookCall), rows)


# Reading and choosing


def unread(session: Session, user_id: int) -> int:
    """How many messages a person has not read."""
    query = (
        select(func.count())
        .select_from(Message)
        .where(Message.user_id == user_id, Message.read_at.is_(None), Message.on_page)
    )
    return session.scalar(query) or 0


def list_messages(
    session: Session, user_id: int, *, before_id: int | None = None, limit: int = 50
) -> list[Message]:
    """A person's messages, the newest first."""
    query = select(Message).where(Message.user_id == user_id, Message.on_page)
    if before_id:
        query = query.where(Message.id < before_id)
    return list(session.scalars(query.order_by(Message.id.desc()).limit(limit)))


def mark_read(session: Session, user_id: int, *, up_to: int, now: datetime) -> None:
    """The person has seen their messages up to an id."""
    session.execute(
        update(Message)
        .where(Message.user_id == user_id, Message.id <= up_to, Message.read_at.is_(None))
        .values(read_at=now)
    )


def choices_of(session: Session, user_ids: Collection[int]) -> dict[int, Choices]:
    """What people chose; absent who chose nothing."""
    rows = session.scalars(select(NotificationChoices).where(NotificationChoices.user_id.in_(user_ids)))
    return {one.user_id: _choices(one) for one in rows}


def _choices(row: NotificationChoices) -> Choices:
    switched = (text.partition("/") for text in row.switched)
    return Choices(
        frozenset((Topic(topic), Way(way)) for topic, _, way in switched), row.quiet_from, row.quiet_until
    )


def hold_choices(session: Session, user_id: int) -> None:
    """Wait until nobody else writes what a person chose; held until the transaction ends."""
    lock_rows(session, "choices", [user_id])


def choose(
    session: Session,
    user_id: int,
    *,
    wanted: Collection[tuple[Topic, Way]],
    quiet_from: time | None,
    quiet_until: time | None,
) -> None:
    """Make these the ways and topics a person is told on, and these their quiet hours.

    Raises RuleBroken `notification.quiet` where one end of the quiet hours is missing.
    """
    if (quiet_from is None) != (quiet_until is None):
        raise RuleBroken("notification.quiet")
    hold_choices(session, user_id)
    row = _row(session, user_id)
    plain = Choices()
    row.switched = sorted(
        f"{topic.value}/{way.value}"
        for topic in Topic
        for way in Way
        if plain.wants(topic, way) != ((topic, way) in wanted)
    )
    row.quiet_from, row.quiet_until = quiet_from, quiet_until
    session.flush()


def _row(session: Session, user_id: int) -> NotificationChoices:
    row = session.get(NotificationChoices, user_id)
    if row is None:
        row = NotificationChoices(user_id=user_id, switched=[], calendar_version=0)
        session.add(row)
        session.flush()
    return row


def calendar_version(session: Session, user_id: int) -> int:
    """Which of a person's calendar addresses is good."""
    row = session.get(NotificationChoices, user_id)
    return row.calendar_version if row else 0


def renew_calendar(session: Session, user_id: int) -> None:
    """Take the calendar's address back: the old one shows nothing any more."""
    _row(session, user_id).calendar_version += 1
    session.flush()
