"""What the tests of telling share: the job, a message's reader, somebody who books for somebody else."""

from __future__ import annotations

from dataclasses import replace
from datetime import time
from email.message import EmailMessage

import icalendar
from flask import Flask
from sqlalchemy import select

from app.bookings import reserve
from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading, transaction
from app.notifications import service, webhooks
from app.notifications.models import Message, Shape, Webhook
from app.notifications.rules import Topic, Way
from app.people.models import Role, User
from app.settings import Settings
from app.telling import Telling
from tests.house import House, at, span

PUBLIC = "https://akiseki.city.example.jp"


def telling(
    app: Flask, house: House, clock: SteppingClock, smtp: str = "", *, public: str = PUBLIC
) -> Telling:
    settings = Settings(
        database_url=house.engine.url.render_as_string(hide_password=False),
        secret_key="k" * 32,
        clock=clock,
        smtp_url=smtp,
        public_url=public,
    )
    return Telling(app, house.engine, settings)


def book_for(house: House, who: str, where: str = "seat", *, by: str = "chiba", day: int = 0) -> Booking:
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people[by],
            for_user_id=house.people[who].id,
            space_id=house.spaces[where],
            span=span("10:00", "12:00", day=day),
            now=at("08:00"),
            title="打合せ",
        )
        session.expunge(booking)
    return booking


def calendar_of(mail: EmailMessage) -> tuple[str, list[icalendar.cal.Component]]:
    """The method of a mail's calendar, and its events."""
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    calendar = icalendar.Calendar.from_ical(part.get_content())
    return str(calendar["method"]), list(calendar.walk("VEVENT"))


def messages(house: House, who: str | None = None) -> list[Message]:
    with reading(house.engine) as session:
        query = select(Message).order_by(Message.id)
        if who:
            query = query.where(Message.user_id == house.people[who].id)
        found = list(session.scalars(query))
        session.expunge_all()
    return found


def choose(
    house: House, who: str, wanted: set[tuple[Topic, Way]], quiet: tuple[time, time] | None = None
) -> None:
    with transaction(house.engine) as session:
        service.choose(
            session,
            house.people[who].id,
            wanted=wanted,
            quiet_from=quiet[0] if quiet else None,
            quiet_until=quiet[1] if quiet else None,
        )


EVERYTHING = {(topic, way) for topic in Topic for way in Way}


def add_hook(
    house: House,
    url: str,
    *,
    shape: Shape = Shape.PLAIN,
    kinds: tuple[str, ...] = ("booking.*",),
    by: Role = Role.FACILITY,
) -> Webhook:
    """Added by fujii, who is in a role."""
    actor = replace(house.people["fujii"], role=by)

    with transaction(house.engine) as session:
        hook = webhooks.add_webhook(session, url, kinds=kinds, shape=shape, actor=actor, now=at("08:00"))
        session.get_one(User, actor.id).role = by
        session.expunge(hook)
    return hook
