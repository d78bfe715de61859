"""Events → messages, mails that reach a real server, webhooks that reach a real receiver; told once, whatever fails."""

from __future__ import annotations

import multiprocessing
import os
import signal
from datetime import time, timedelta

import icalendar
import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.bookings import attendees, release, reserve
from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import create_engine, reading, transaction
from app.events import Event
from app.notifications import mail, service
from app.notifications.mail import Server
from app.notifications.models import Delivery, Mark, Told
from app.notifications.rules import Topic
from app.people.models import User
from app.settings import Settings
from app.spaces.models import Space
from tests.app.bookings.test_walk_in import signed_in
from tests.app.notifications.desk import EVERYTHING, PUBLIC, book_for, choose, messages, telling
from tests.app.test_pages import token_in
from tests.house import TOKYO, House, at, span
from tests.servers.receivers import Mailbox, mail_server

# Events → messages


def test_an_event_is_told_once_however_often_the_job_runs(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    book_for(house, "aoki")
    job = telling(app, house, clock)
    assert job.tell() == 1
    assert job.tell() == 0
    (message,) = messages(house)
    assert (message.user_id, message.kind, message.topic) == (
        house.people["aoki"].id,
        "booking.made",
        Topic.BY_OTHERS,
    )
    assert (message.data["space"], message.data["title"]) == ("seat", "打合せ")
    assert message.status is Delivery.OFF


def test_an_event_that_becomes_visible_late_is_told_all_the_same(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    """Its id is lower than those told already: a bare cursor would have passed over it."""
    job = telling(app, house, clock)
    booking = book_for(house, "aoki")
    assert job.tell() == 1
    with reading(house.engine) as session:
        (event,) = session.scalars(select(Event).where(Event.subject == f"booking:{booking.id}"))
        late = {name: getattr(event, name) for name in ("at", "kind", "subject", "actor_id", "data")}
        event_id = event.id
    for number in (10, 3):
        with transaction(house.engine) as session:
            session.execute(insert(Event), [late | {"id": event_id + number, "at": at("08:30")}])
        assert job.tell() == 1
    assert len(messages(house)) == 3


def test_what_was_told_long_ago_is_forgotten_and_not_told_again(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    job = telling(app, house, clock)
    for day in range(3):
        book_for(house, "aoki", day=day)
        job.tell()
        clock.advance(timedelta(minutes=6))
    job.tell()
    clock.advance(timedelta(minutes=6))
    assert job.tell() == 0
    with reading(house.engine) as session:
        mark = session.scalars(select(Mark)).one()
        assert mark.event_id > 0
        assert all(one.event_id > mark.event_id for one in session.scalars(select(Told)))
    assert len(messages(house)) == 3


def test_old_news_is_told_to_nobody(app: Flask, house: House, clock: SteppingClock) -> None:
    book_for(house, "aoki")
    clock.advance(timedelta(days=3))
    job = telling(app, house, clock)
    assert job.tell() == 1
    assert messages(house) == []


def test_what_is_to_come_is_told_however_long_the_jobs_stood_still(
    app: Flask, house: House, clock: SteppingClock, caplog: pytest.LogCaptureFixture
) -> None:
    book_for(house, "aoki", day=7)
    book_for(house, "aoki", "window", day=1)
    clock.advance(timedelta(days=3))
    assert telling(app, house, clock).tell() == 2
    (message,) = messages(house)
    assert (message.kind, message.data["start"]) == ("booking.made", at("10:00", day=7).isoformat())
    assert "1 events are too old" in caplog.text


def test_whoever_wants_nothing_is_told_nothing_and_whoever_left_neither(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    choose(house, "aoki", set())
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).left_at = at("08:30")
    book_for(house, "aoki")
    with transaction(house.engine) as session:
        booking = session.scalars(select(Booking)).one()
        attendees.invite(session, booking, [], actor=house.people["chiba"], now=at("08:00"))
    telling(app, house, clock).tell()
    assert messages(house) == []


# Mail


def test_a_mail_carries_the_invitation_its_change_and_its_end(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    job = telling(app, house, clock, post_office.url)
    booking = book_for(house, "aoki")
    job.tell()
    assert job.send_mail() == 1
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        reserve.move(
            session, found, actor=house.people["chiba"], now=at("08:10"), span=span("13:00", "14:00")
        )
    job.tell()
    job.send_mail()
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, booking.id), actor=house.people["chiba"], now=at("08:20")
        )
    job.tell()
    job.send_mail()
    invitations = []
    for one in post_office.mails:
        assert one["To"] == "aoki <aoki@example.jp>"
        assert "seat" in one["Subject"]
        part = next(part for part in one.walk() if part.get_content_type() == "text/calendar")
        calendar = icalendar.Calendar.from_ical(part.get_content())
        (event,) = calendar.walk("VEVENT")
        invitations.append(
            (str(calendar["method"]), str(event["uid"]), event.decoded("sequence"), event.decoded("dtstart"))
        )
    assert [method for method, *_ in invitations] == ["REQUEST", "REQUEST", "CANCEL"]
    assert len({uid for _method, uid, *_ in invitations}) == 1
    sequences = [sequence for _method, _uid, sequence, _start in invitations]
    assert sequences == sorted(set(sequences))
    assert [start for *_, start in invitations] == [at("10:00"), at("13:00"), at("13:00")]
    text = post_office.mails[0].get_body(("plain",))
    assert text is not None
    assert f"{PUBLIC}/bookings" in text.get_content()
    assert {one.status for one in messages(house)} == {Delivery.SENT}


def test_a_mail_is_written_in_its_readers_language(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    browser = signed_in(app.test_client(), house, "baba")
    browser.post("/language", data={"csrf_token": token_in(browser.get("/bookings").text), "locale": "en"})
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    job.send_mail()
    assert [mail_["Subject"].partition("(")[0].strip() for mail_ in post_office.mails] == [
        "seatが予約されました",
        "window is booked: Tue, Nov 24 10:00–12:00.",
    ]


def test_a_server_that_is_down_delays_and_loses_nothing(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    with mail_server() as box:
        url, port = box.url, int(box.url.split(":")[2].split("?")[0])
    book_for(house, "aoki")
    job = telling(app, house, clock, url)
    job.tell()
    assert job.send_mail() == 0
    (message,) = messages(house)
    assert (message.status, message.attempts) == (Delivery.DUE, 0)
    assert message.error
    with mail_server(port) as box:
        assert job.send_mail() == 1
        assert len(box.mails) == 1


def test_a_server_that_takes_nothing_now_is_asked_again_later_and_not_for_ever(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    post_office.answer = "451 try later"
    book_for(house, "aoki")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    for _ in range(8):
        assert job.send_mail() == 0
        clock.advance(timedelta(days=1))
    (message,) = messages(house)
    assert message.status is Delivery.FAILED
    assert "451" in message.error
    assert post_office.mails == []


def test_an_address_that_is_refused_stops_no_other(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    post_office.refusals["aoki@example.jp"] = "550 no such user"
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 1
    assert [one.status for one in messages(house)] == [Delivery.FAILED, Delivery.SENT]


def test_quiet_hours_hold_the_mail_back_and_not_the_page(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    choose(house, "aoki", EVERYTHING, (time(8), time(10)))
    book_for(house, "aoki")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert job.send_mail() == 0
    with reading(house.engine) as session:
        assert service.unread(session, house.people["aoki"].id) == 1
    clock.at = at("10:00")
    assert job.send_mail() == 1


def test_a_warning_that_the_quiet_hours_or_the_server_held_back_is_dropped_once_past(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    for who, quiet in (("aoki", None), ("baba", (time(9), time(12)))):
        choose(house, who, EVERYTHING, quiet)
    house.book("aoki", "seat", "09:00", "17:00")
    house.book("baba", "window", "09:00", "17:00")
    for where in ("seat", "window"):
        house.hear_beats(where, "08:00", "09:50", occupied=False)
    job = telling(app, house, clock, post_office.url)
    job.tell()
    house.sweep("09:55")
    clock.at = at("09:56")
    job.tell()
    assert job.send_mail() == 2  # of the booking, and the warning, to aoki
    clock.at = at("12:00")
    assert job.send_mail() == 1
    told = {one.kind: one for one in messages(house, "baba")}
    assert told["booking.made"].status is Delivery.SENT
    warned = told["booking.release_warned"]
    assert (warned.status, warned.error) == (Delivery.FAILED, "past")


def _send_and_die(url: str, smtp: str) -> None:
    """Take a mail, send it, and be killed before its outcome is marked."""
    engine = create_engine(url)
    clock = SteppingClock(at("09:00"))
    server = Server(smtp)
    letter = mail._claim(engine, clock(), server.sender, TOKYO)  # noqa: SLF001
    assert letter is not None
    from app.factory import create_app  # noqa: PLC0415
    from app.letters import Writer  # noqa: PLC0415

    settings = Settings(database_url=url, secret_key="k" * 32, clock=clock)
    with create_app(settings).app_context(), server.connected() as send:
        send(Writer(settings, server.sender, clock)(letter))
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_job_that_is_killed_between_sending_and_marking_repeats_one_mail_once_under_the_same_id(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    book_for(house, "aoki")
    book_for(house, "baba", "window")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    url = house.engine.url.render_as_string(hide_password=False)
    process = multiprocessing.get_context("spawn").Process(target=_send_and_die, args=(url, post_office.url))
    process.start()
    process.join(90)
    assert process.exitcode == -signal.SIGKILL
    assert len(post_office.mails) == 1
    for _ in range(3):
        job.send_mail()
        clock.advance(timedelta(minutes=2))
    ids = [one["Message-ID"] for one in post_office.mails]
    assert len(ids) == 3
    assert len(set(ids)) == 2
    assert {one.status for one in messages(house)} == {Delivery.SENT}


# Attendees are told too


def test_whoever_is_invited_is_told_of_the_invitation_and_of_what_becomes_of_it(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    booking = house.book("aoki", "booth", "10:00", "11:00")
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        attendees.invite(
            session, found, [house.people["baba"].id], actor=house.people["aoki"], now=at("08:05")
        )
    job = telling(app, house, clock)
    job.tell()
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, booking.id), actor=house.people["aoki"], now=at("08:10")
        )
    job.tell()
    assert [one.kind for one in messages(house, "baba")] == ["booking.invited", "booking.cancelled"]
    assert messages(house, "aoki") == []


def test_mail_is_a_job_only_where_a_server_is_named(app: Flask, house: House, clock: SteppingClock) -> None:
    assert set(telling(app, house, clock).jobs) == {"tell", "webhooks"}
    assert set(telling(app, house, clock, "smtp://127.0.0.1:25").jobs) == {"tell", "webhooks", "mail"}
