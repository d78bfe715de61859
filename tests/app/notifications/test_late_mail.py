"""A mail that gets out late, behind a later one: its calendar says what is so now, since calendars keep the newest."""

from __future__ import annotations

from flask import Flask

from app.bookings import attendees, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.bookings.service import Words
from app.clock import SteppingClock
from app.database import transaction
from app.letters import Writer
from app.notifications.mail import About, Letter
from app.notifications.models import Message
from app.settings import Settings
from app.spaces.models import Space
from tests.app.notifications.desk import PUBLIC, book_for, calendar_of, telling
from tests.house import House, at, span
from tests.servers.receivers import Mailbox

LATER = "451 4.7.1 greylisted"


def meeting(house: House) -> Booking:
    """In a booth for four, so that others can be invited."""
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    return house.book("aoki", "booth", "10:00", "11:00")


def test_an_invitation_that_comes_behind_a_change_shows_the_space_and_the_title_of_now(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    booking = book_for(house, "aoki")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    post_office.refusals["aoki@example.jp"] = LATER
    job.send_mail()
    post_office.refusals.clear()
    with transaction(house.engine) as session:
        reserve.move(
            session,
            session.get_one(Booking, booking.id),
            actor=house.people["chiba"],
            now=at("09:00"),
            space_id=house.spaces["window"],
            words=Words("面談"),
        )
    job.tell()
    job.send_mail()
    clock.at = at("09:05")
    job.send_mail()
    change, late = post_office.mails
    assert ("window" in change["Subject"], "seat" in late["Subject"]) == (True, True)
    for mail in (change, late):
        method, (event,) = calendar_of(mail)
        assert (method, event["location"], event["summary"], event.decoded("sequence")) == (
            "REQUEST",
            "window",
            "面談",
            2,
        )


def test_an_invitation_that_comes_behind_its_end_for_one_attendee_stays_cancelled(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    aoki, baba = house.people["aoki"], house.people["baba"]
    booking = meeting(house)
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        attendees.invite(session, found, [baba.id], actor=aoki, now=at("08:05"))
    job = telling(app, house, clock, post_office.url)
    job.tell()
    post_office.refusals["baba@example.jp"] = LATER
    job.send_mail()
    post_office.refusals.clear()

    def set_attendees(*user_ids: int) -> None:
        with transaction(house.engine) as session:
            found = session.get_one(Booking, booking.id)
            attendees.set_attendees(session, found, user_ids, actor=aoki, now=at("09:00"))
        job.tell()
        job.send_mail()

    set_attendees()
    clock.at = at("09:05")
    job.send_mail()
    told = [(mail["Subject"], calendar_of(mail)) for mail in post_office.mails]
    assert [(method, str(event["status"])) for _subject, (method, (event,)) in told] == [
        ("CANCEL", "CANCELLED"),
        ("CANCEL", "CANCELLED"),
    ]
    assert told[-1][0].startswith("会議の案内")
    text = post_office.mails[-1].get_body(("plain",))
    assert text is not None
    assert f"{PUBLIC}/a/" not in text.get_content()  # nothing to decline
    set_attendees(baba.id)
    assert calendar_of(post_office.mails[-1])[0] == "REQUEST"


def test_who_was_uninvited_is_not_told_when_it_is_now(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    aoki, baba = house.people["aoki"], house.people["baba"]
    booking = meeting(house)
    job = telling(app, house, clock, post_office.url)
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        attendees.set_attendees(session, found, [baba.id], actor=aoki, now=at("08:05"))
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        attendees.set_attendees(session, found, [], actor=aoki, now=at("08:10"))
    job.tell()
    with transaction(house.engine) as session:
        found = session.get_one(Booking, booking.id)
        reserve.move(session, found, actor=aoki, now=at("08:20"), span=span("14:00", "16:00"))
    job.tell()
    job.send_mail()
    mails = [mail for mail in post_office.mails if mail["To"].endswith("<baba@example.jp>")]
    assert len(mails) == 2
    for mail in mails:
        method, (event,) = calendar_of(mail)
        assert (method, event.decoded("dtstart"), event.decoded("dtend")) == (
            "CANCEL",
            at("10:00"),
            at("11:00"),
        )


def test_of_a_series_that_is_no_more_the_readers_each_day_is_where_it_was_told_to_be(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    days = [("seat", "10:00", 1), ("window", "13:00", 2)]
    by_day = [
        {"space": space, "start": at(start, day=day).isoformat(), "end": at("15:00", day=day).isoformat()}
        for space, start, day in days
    ]
    told = Message(
        user_id=1,
        kind="booking.cancelled",
        made_at=at("08:00"),
        mail_id="<1@example.jp>",
        data={**by_day[0], "bookings": [7, 8], "by_day": by_day},
    )
    about = [
        About(
            Booking(id=number, start_at=at("16:00"), end_at=at("17:00"), version=2, status=Status.CANCELLED),
            "booth",
            is_readers=False,
        )
        for number in (7, 8)
    ]
    settings = Settings(database_url="sqlite://", secret_key="k" * 32)
    with app.test_request_context():
        write = Writer(settings, "office@example.jp", clock)
        mail = write(Letter(told, "baba@example.jp", "baba", "ja", about, "example.jp"))
    _method, events = calendar_of(mail)
    assert [(one["location"], one["summary"], one.decoded("dtstart")) for one in events] == [
        (space, space, at(start, day=day)) for space, start, day in days
    ]
    text = mail.get_body(("plain",))
    assert text is not None
    assert ("booth" in text.get_content(), "16:00" in text.get_content()) == (False, False)


def test_a_mail_that_tells_nothing_of_a_booking_goes_out_all_the_same(
    app: Flask, clock: SteppingClock
) -> None:
    told = Message(
        user_id=1, kind="lots.seated", made_at=at("08:00"), mail_id="<1@example.jp>", data={"booking_id": 7}
    )
    gone = Booking(id=7, start_at=at("16:00"), end_at=at("17:00"), version=2, status=Status.BOOKED)
    settings = Settings(database_url="sqlite://", secret_key="k" * 32)
    with app.test_request_context():
        write = Writer(settings, "office@example.jp", clock)
        about = [About(gone, "booth", is_readers=False)]
        mail = write(Letter(told, "baba@example.jp", "baba", "ja", about, "example.jp"))
    text = mail.get_body(("plain",))
    assert text is not None
    assert "booth" not in text.get_content()
