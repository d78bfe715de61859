"""A guest has no account: whoever receives them is told what becomes of the booking, and acts on it from the mail."""

from __future__ import annotations

from collections.abc import Callable

import icalendar
import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import transaction
from app.letters import Act, Links
from app.notifications.rules import Topic
from app.settings import Settings
from app.spaces.barriers import Closing, Outage
from app.spaces.models import Floor, Space, Zone
from tests.app.notifications.desk import PUBLIC, messages, telling
from tests.app.test_pages import token_in
from tests.house import OFFICE, House, at, span
from tests.servers.receivers import Mailbox

GUEST = "来客の田中"


def receive(house: House, where: str = "seat", start: str = "10:00", end: str = "12:00") -> Booking:
    """The chief books for a guest."""
    with transaction(house.engine) as session:
        booking = reserve.reserve(
            session,
            actor=house.people["chiba"],
            space_id=house.spaces[where],
            span=span(start, end),
            now=at("08:00"),
            guest_name=GUEST,
        )
        session.expunge(booking)
    return booking


def change(session: Session, house: House, booking: Booking) -> None:
    reserve.move(session, booking, actor=house.people["fujii"], now=at("08:10"), span=span("13:00", "14:00"))


def cancel(session: Session, house: House, booking: Booking) -> None:
    pipeline.cancel(session, booking, actor=house.people["fujii"], now=at("08:10"), office=OFFICE)


def break_down(session: Session, house: House, booking: Booking) -> None:
    outage = Outage(booking.space_id, at("08:10"), None, "椅子の故障")
    pipeline.take_out_of_order(session, outage, actor=house.people["fujii"], now=at("08:10"))


def close(session: Session, house: House, booking: Booking) -> None:
    zone = session.get_one(Zone, session.get_one(Space, booking.space_id).zone_id)
    site_id = session.get_one(Floor, zone.floor_id).site_id
    wanted = Closing(site_id, None, span("08:10", "18:00"), "台風接近")
    pipeline.close_office(session, wanted, actor=house.people["fujii"], now=at("08:10"))


def end(session: Session, house: House, booking: Booking) -> None:
    release.give_back(session, booking, actor=house.people["fujii"], now=at("10:30"))


@pytest.mark.parametrize(
    ("do", "kind", "method"),
    [
        (change, "booking.changed", "REQUEST"),
        (cancel, "booking.cancelled", "CANCEL"),
        (break_down, "booking.moved", "REQUEST"),
        (close, "booking.cancelled", "CANCEL"),
        (end, "booking.ended_early", "REQUEST"),
    ],
)
def test_a_guests_host_is_told_what_others_do_and_their_calendar_follows(
    app: Flask,
    house: House,
    clock: SteppingClock,
    post_office: Mailbox,
    do: Callable[[Session, House, Booking], None],
    kind: str,
    method: str,
) -> None:
    booking = receive(house)
    with transaction(house.engine) as session:
        do(session, house, session.get_one(Booking, booking.id))
    job = telling(app, house, clock, post_office.url)
    job.tell()
    (told,) = messages(house)
    assert (told.user_id, told.kind, told.topic) == (house.people["chiba"].id, kind, Topic.BY_OTHERS)
    assert told.data["guest"] == GUEST
    assert job.send_mail() == 1
    (mail,) = post_office.mails
    assert mail["To"] == "chiba <chiba@example.jp>"
    body = mail.get_body(("plain",))
    assert body is not None
    assert GUEST in body.get_content()
    assert "fujii" in body.get_content()
    part = next(part for part in mail.walk() if part.get_content_type() == "text/calendar")
    calendar = icalendar.Calendar.from_ical(part.get_content())
    (event,) = calendar.walk("VEVENT")
    assert (str(calendar["method"]), str(event["uid"]).partition("@")[0]) == (method, f"booking-{booking.id}")


def test_a_guests_host_is_warned_told_of_the_release_and_can_say_that_the_guest_is_coming(
    app: Flask, house: House, clock: SteppingClock, post_office: Mailbox
) -> None:
    booking = receive(house, start="09:00", end="17:00")
    house.hear_beats("seat", "08:00", "09:50", occupied=False)
    house.sweep("09:55")
    clock.at = at("09:56")
    job = telling(app, house, clock, post_office.url)
    job.tell()
    assert [(one.kind, one.topic) for one in messages(house, "chiba")] == [
        ("booking.release_warned", Topic.RELEASE)
    ]
    job.send_mail()
    body = post_office.mails[0].get_body(("plain",))
    assert body is not None
    (link,) = [line for line in body.get_content().splitlines() if "これから行きます" in line]
    path = link.partition(": ")[2].removeprefix(PUBLIC)
    stranger = app.test_client()
    stranger.post(path, data={"csrf_token": token_in(stranger.get(path).text)})
    assert house.get(booking).coming_at == at("09:56")
    house.hear_beats("seat", "10:00", "11:00", occupied=False)
    house.sweep("11:05")
    assert house.get(booking).status is Status.RELEASED
    job.tell()
    assert messages(house, "chiba")[-1].kind == "booking.released"


def test_a_host_is_told_when_a_sensor_saw_the_guest_leave(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    receive(house, "booth", "10:00", "12:00")
    house.hear("booth", ("10:00", True), ("10:03", True))
    house.sweep("10:05")
    house.hear("booth", ("10:20", False))
    house.sweep("10:31")
    house.hear("booth", ("10:45", False))
    house.sweep("10:50")
    telling(app, house, clock).tell()
    assert [(one.kind, one.topic) for one in messages(house, "chiba")] == [
        ("booking.ended_early", Topic.RELEASE)
    ]


def test_what_a_host_does_for_the_guest_is_their_own_doing(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    booking = receive(house)
    with transaction(house.engine) as session:
        release.cancel(
            session, session.get_one(Booking, booking.id), actor=house.people["chiba"], now=at("08:10")
        )
    telling(app, house, clock).tell()
    assert messages(house) == []


def test_a_link_acts_for_the_guest_by_the_hosts_hand_and_for_nobody_else(app: Flask, house: House) -> None:
    booking = receive(house)
    links = Links(Settings(secret_key="k" * 32, public_url=PUBLIC))
    good = links.act(Act(house.people["chiba"].id, booking.id, "give-up")).removeprefix(PUBLIC)
    bad = links.act(Act(house.people["aoki"].id, booking.id, "give-up")).removeprefix(PUBLIC)
    stranger = app.test_client()
    assert stranger.get(bad).status_code == 404
    stranger.post(good, data={"csrf_token": token_in(stranger.get(good).text)})
    assert house.get(booking).status is Status.CANCELLED
