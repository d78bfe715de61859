"""What is done to several days of a series in one step is one message, one mail and one calendar of all of them."""

from __future__ import annotations

import pytest
from flask import Flask

from app.bookings import reserve
from app.bookings.models import Booking
from app.bookings.series import service as series
from app.bookings.series.rules import Every, Recurrence, Scope
from app.clock import SteppingClock
from app.database import transaction
from app.people.models import User
from app.working_days import WorkingDays
from tests.app.bookings.test_walk_in import signed_in
from tests.app.notifications.desk import EVERYTHING, calendar_of, choose, messages, telling
from tests.house import OFFICE, House, at, span
from tests.servers.receivers import Mailbox


def make(house: House, *, by: str) -> list[int]:
    """A seat for aoki on three days."""
    ask = series.Ask(
        house.spaces["seat"],
        span("10:00", "12:00", day=1),
        Recurrence(Every.DAY, count=3),
        {},
        house.people["aoki"].id,
    )
    with transaction(house.engine) as session:
        made = series.make(
            session,
            ask,
            actor=house.people[by],
            calendar=WorkingDays(),
            hours=OFFICE.hours,
            now=at("08:00"),
            possible_ones=False,
        )
        return [one.id for one in made.bookings]


def test_a_series_for_somebody_is_one_mail_and_so_is_its_end(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    chiba = house.people["chiba"]
    ids = make(house, by="chiba")
    job = telling(app, house, clock, post_office.url)

    def mailed() -> tuple[str, str, dict[str, str]]:
        job.tell()
        assert job.send_mail() == 1
        one = post_office.mails[-1]
        method, events = calendar_of(one)
        return one["Subject"], method, {str(event["uid"]): str(event["status"]) for event in events}

    subject, method, days = mailed()
    assert subject == "seatが3日分予約されました。最初は11月25日(水) 10:00–12:00です。"
    assert (method, list(days.values())) == ("PUBLISH", ["CONFIRMED"] * 3)
    text = post_office.mails[0].get_body(("plain",))
    assert text is not None
    assert "11月27日(金) 10:00–12:00" in text.get_content().splitlines()
    with transaction(house.engine) as session:
        second = session.get_one(Booking, ids[1])
        reserve.move(session, second, actor=chiba, now=at("08:10"), span=span("13:00", "14:00", day=2))
    _subject, method, changed = mailed()
    assert (method, len(changed), changed.keys() <= days.keys()) == ("REQUEST", 1, True)
    with transaction(house.engine) as session:
        series.cancel(session, session.get_one(Booking, ids[0]), Scope.ALL, actor=chiba, now=at("08:20"))
    subject, method, ended = mailed()
    assert subject.startswith("繰り返しの予約のうち3日分が取り消されました。")
    assert (method, ended) == ("PUBLISH", dict.fromkeys(days, "CANCELLED"))
    assert len(messages(house, "aoki")) == 3


@pytest.mark.parametrize(
    ("locale", "subject", "day"),
    [
        (
            "ja",
            "繰り返しの予約が変更されました。seat、window、3日分、最初は",
            "11月26日(木) 11:00–13:00 window",
        ),
        ("en", "The series was changed: seat, window, 3 days, first on", "Thu, Nov 26 11:00–13:00 window"),
    ],
)
def test_a_series_at_several_spaces_is_told_and_put_in_the_calendar_with_the_space_of_each_day(
    app: Flask,
    house: House,
    clock: SteppingClock,
    post_office: Mailbox,
    locale: str,
    subject: str,
    day: str,
) -> None:
    aoki = house.people["aoki"]
    choose(house, "aoki", EVERYTHING)
    ids = make(house, by="aoki")
    with transaction(house.engine) as session:
        session.get_one(User, aoki.id).locale = locale
        second = session.get_one(Booking, ids[1])
        reserve.move(session, second, actor=aoki, now=at("08:10"), space_id=house.spaces["window"])
    job = telling(app, house, clock, post_office.url)
    job.tell()
    job.send_mail()
    with transaction(house.engine) as session:
        first = session.get_one(Booking, ids[0])
        series.move(session, first, Scope.ALL, span("11:00", "13:00", day=1), actor=aoki, now=at("08:20"))
    job.tell()
    assert job.send_mail() == 1
    mail = post_office.mails[-1]
    assert mail["Subject"].startswith(subject)
    text = mail.get_body(("plain",))
    assert text is not None
    assert day in text.get_content().splitlines()
    _method, events = calendar_of(mail)
    assert [(event["location"], event["summary"]) for event in events] == [
        (where, where) for where in ("seat", "window", "seat")
    ]
    page = signed_in(app.test_client(), house, "aoki").get("/messages").text
    assert subject in page
    assert f"<li>{day}</li>" in page
