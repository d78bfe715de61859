"""Who is invited to a booking, is told once, may decline, and is nobody who has left."""

from __future__ import annotations

from datetime import timedelta

import icalendar
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app import pipeline
from app.bookings import attendees
from app.bookings.models import Booking
from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import Conflict, NotFound
from app.notifications.rules import Topic
from app.people.models import Role, User
from app.people.service import get_person
from app.spaces.models import Space
from app.spaces.rules import Kind
from tests.app.bookings import rooms
from tests.app.bookings.test_walk_in import post, signed_in
from tests.app.notifications.desk import EVERYTHING, PUBLIC, book_for, choose, messages, telling
from tests.app.test_pages import token_in
from tests.app.test_pages_words import form_of
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at
from tests.servers.receivers import Mailbox, mail_server


@pytest.fixture
def meeting(house: House) -> Booking:
    """aoki's, to which baba is invited."""
    return rooms.meeting(house, "aoki", "baba")


def invite(house: House, booking: Booking, *who: str, now: str = "08:00") -> None:
    with transaction(house.engine) as session:
        attendees.set_attendees(
            session,
            session.get_one(Booking, booking.id),
            [house.people[one].id for one in who],
            actor=house.people["aoki"],
            now=at(now),
        )


def coming(house: House, booking: Booking) -> set[str]:
    with reading(house.engine) as session:
        ids = attendees.attendee_ids(session, [booking.id]).get(booking.id, [])
    return {name for name, person in house.people.items() if person.id in ids}


def leave(house: House, who: str) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["fujii"].id).role = Role.PERSONNEL
    with transaction(house.engine) as session:
        actor = get_person(session, house.people["fujii"].id, DAY)
        pipeline.leave(session, house.people[who].id, actor=actor, now=at("09:00"))


def test_whoever_has_left_is_invited_to_nothing_and_comes_to_nothing(
    app: Flask, house: House, clock: SteppingClock, meeting: Booking
) -> None:
    leave(house, "baba")
    assert coming(house, meeting) == set()
    declined = house.events(meeting)[-1]
    assert (declined.kind, declined.data["cause"]) == ("booking.declined", "left")
    telling(app, house, clock).tell()
    (told,) = messages(house, "aoki")
    assert (told.kind, told.topic) == ("booking.declined", Topic.INVITATION)
    with pytest.raises(NotFound, match=r"user\.unknown"):
        invite(house, meeting, "baba")
    assert coming(house, meeting) == set()


def test_the_sweep_lets_go_of_those_who_leave_by_the_clock(house: House, meeting: Booking) -> None:
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).leaves_at = at("09:00")
    house.sweep("09:01")
    assert coming(house, meeting) == set()


def test_what_is_over_keeps_who_was_there(house: House, meeting: Booking) -> None:
    house.sweep("11:01")
    with transaction(house.engine) as session:
        session.get_one(User, house.people["baba"].id).leaves_at = at("11:02")
    house.sweep("11:03")
    assert coming(house, meeting) == {"baba"}


def test_who_is_invited_declines_and_the_host_is_told(
    app: Flask, api: Api, house: House, clock: SteppingClock, meeting: Booking
) -> None:
    telling(app, house, clock).tell()
    path = f"/bookings/{meeting.id}/decline"
    assert problem(api.call("endo", "POST", path)) == (404, "invitation.unknown")
    assert problem(api.call("aoki", "POST", path)) == (404, "invitation.unknown")
    assert api.call("baba", "POST", f"{path}?why=出張のため").status_code == 204
    assert problem(api.call("baba", "POST", path)) == (404, "invitation.unknown")
    assert coming(house, meeting) == set()
    telling(app, house, clock).tell()
    (told,) = api.call("aoki", "GET", "/messages").get_json()["items"]
    assert told["text"] == "欠席: baba(booth、11月24日(火) 10:00–11:00)。理由: 出張のため。"
    assert {one.kind for one in messages(house, "baba")} == {"booking.invited"}
    invite(house, meeting, "baba", now="09:10")
    assert coming(house, meeting) == {"baba"}


def test_what_is_over_is_not_declined(house: House, meeting: Booking) -> None:
    with transaction(house.engine) as session:
        invited = attendees.get_invitation(session, meeting.id, actor=house.people["baba"])
        with pytest.raises(Conflict, match=r"booking\.state"):
            attendees.decline(session, invited, actor=house.people["baba"], now=at("11:00"))


def test_an_invitation_is_declined_on_the_page_with_a_reason(
    app: Flask, house: House, meeting: Booking
) -> None:
    client = signed_in(app.test_client(), house, "baba")
    assert "欠席する" in client.get("/bookings").text
    answer = post(client, "/bookings", f"/bookings/{meeting.id}/decline", why="出張のため")
    assert "欠席を主催者に知らせました。" in answer.text
    assert coming(house, meeting) == set()
    assert house.events(meeting)[-1].data["why"] == "出張のため"
    again = post(client, "/bookings", f"/bookings/{meeting.id}/decline")
    assert "招待されていないか" in again.text


def mailed(box: Mailbox, address: str) -> list[tuple[str, str, str, str]]:
    """(subject, method, PARTSTAT, text) of the mails with an invitation to somebody."""
    found = []
    for mail in box.mails:
        if address not in mail["To"]:
            continue
        body = mail.get_body(("plain",))
        part = next((one for one in mail.walk() if one.get_content_type() == "text/calendar"), None)
        assert body is not None
        if part is not None:
            calendar = icalendar.Calendar.from_ical(part.get_content())
            (event,) = calendar.walk("VEVENT")
            answered = event["attendee"].params["partstat"]
            found.append((mail["Subject"], str(calendar["method"]), answered, body.get_content()))
    return found


def test_nobody_has_accepted_before_they_did_and_a_link_of_the_mail_declines(
    app: Flask, house: House, clock: SteppingClock, meeting: Booking
) -> None:
    choose(house, "aoki", EVERYTHING)
    book_for(house, "endo", "taxes", by="fujii")
    client = app.test_client()
    with mail_server() as box:
        job = telling(app, house, clock, box.url)
        job.tell()
        job.send_mail()
        ((_subject, method, answered, text),) = mailed(box, "baba@")
        assert (method, answered) == ("REQUEST", "NEEDS-ACTION")
        (own,) = mailed(box, "aoki@")
        assert own[2] == "ACCEPTED"
        (for_another,) = mailed(box, "endo@")
        assert for_another[2] == "NEEDS-ACTION"
        (link,) = [line for line in text.splitlines() if "欠席する" in line]
        path = link.partition(": ")[2].removeprefix(PUBLIC)
        assert coming(house, meeting) == {"baba"}
        client.post(path, data={"csrf_token": token_in(client.get(path).text)})
        assert coming(house, meeting) == set()
        assert client.get(path).status_code == 404
        box.mails.clear()
        clock.advance(timedelta(minutes=1))
        job.tell()
        job.send_mail()
        (mail,) = box.mails
        assert mail["Subject"].startswith("欠席: baba")
        assert mailed(box, "aoki@") == []  # it stays in the host's calendar as it is


def test_who_declines_and_keeps_a_calendar_by_mail_is_sent_its_end(
    app: Flask, house: House, clock: SteppingClock, meeting: Booking
) -> None:
    choose(house, "baba", EVERYTHING)
    with mail_server() as box:
        job = telling(app, house, clock, box.url)
        job.tell()
        job.send_mail()
        with transaction(house.engine) as session:
            invited = attendees.get_invitation(session, meeting.id, actor=house.people["baba"])
            attendees.decline(session, invited, actor=house.people["baba"], now=at("08:10"))
        clock.advance(timedelta(minutes=1))
        job.tell()
        job.send_mail()
        assert [method for _subject, method, *_ in mailed(box, "baba@")] == ["REQUEST", "CANCEL"]


def change(api: Api, booking: Booking, **body: object) -> None:
    version = api.call("aoki", "GET", f"/bookings/{booking.id}").headers["ETag"]
    answer = api.call("aoki", "PATCH", f"/bookings/{booking.id}", body, If_Match=version)
    assert answer.status_code == 200, answer.text


def test_of_a_change_only_what_differs_is_written_and_told(
    app: Flask, api: Api, house: House, clock: SteppingClock, meeting: Booking
) -> None:
    job = telling(app, house, clock)
    job.tell()
    ids = {name: person.id for name, person in house.people.items()}
    change(api, meeting)
    change(api, meeting, attendees=[ids["baba"]], title="", space_id=meeting.space_id)
    assert house.get(meeting).version == meeting.version
    assert [one.kind for one in house.events(meeting)] == ["booking.made", "booking.invited"]
    # Only who comes: nobody else is told of a change.
    change(api, meeting, attendees=[ids["baba"], ids["chiba"]])
    job.tell()
    assert [one.kind for one in messages(house, "chiba")] == ["booking.invited"]
    assert [one.kind for one in messages(house, "baba")] == ["booking.invited"]
    # The time and who comes in one step: who is new is told once, of the time that it has now.
    change(
        api,
        meeting,
        start=at("13:00").isoformat(),
        end=at("14:00").isoformat(),
        attendees=[ids["chiba"], ids["endo"]],
    )
    job.tell()
    assert [one.kind for one in messages(house, "endo")] == ["booking.invited"]
    assert messages(house, "endo")[0].data["start"] == at("13:00").isoformat()
    assert [one.kind for one in messages(house, "chiba")] == ["booking.invited", "booking.changed"]
    assert [one.kind for one in messages(house, "baba")] == ["booking.invited", "booking.uninvited"]


def test_a_reason_alone_is_kept_in_the_history(api: Api, house: House, meeting: Booking) -> None:
    change(api, meeting, why="予算会議のため")
    assert house.get(meeting).version == meeting.version
    said = house.events(meeting)[-1]
    assert (said.kind, said.data["why"]) == ("booking.explained", "予算会議のため")


def test_the_history_names_who_was_invited_and_who_declined(
    app: Flask, house: House, meeting: Booking
) -> None:
    with transaction(house.engine) as session:
        invited = attendees.get_invitation(session, meeting.id, actor=house.people["baba"])
        attendees.decline(session, invited, actor=house.people["baba"], now=at("08:10"), why="出張のため")
    client: FlaskClient = signed_in(app.test_client(), house, "aoki")
    shown = client.get(f"/bookings/{meeting.id}/history").text
    assert "babaさんが招待されました" in shown
    assert "babaさんが欠席になりました" in shown
    assert "理由: 出張のため" in shown
    assert '<th scope="col">操作した人</th>' in shown
    assert "対象" not in shown


def test_who_comes_is_of_the_bookings_version(api: Api, house: House, meeting: Booking) -> None:
    path, ids = f"/bookings/{meeting.id}", {name: person.id for name, person in house.people.items()}
    tag = api.call("aoki", "GET", path).headers["ETag"]

    def set_to(*who: str) -> TestResponse:
        return api.call("aoki", "PATCH", path, {"attendees": [ids[one] for one in who]}, If_Match=tag)

    first = set_to("baba", "chiba")
    assert (first.status_code, first.headers["ETag"]) == (200, '"2"')
    assert problem(set_to("endo")) == (412, "request.stale")
    assert coming(house, meeting) == {"baba", "chiba"}
    tag = first.headers["ETag"]
    assert api.call("baba", "POST", f"{path}/decline").status_code == 204
    assert problem(set_to("baba", "endo")) == (412, "request.stale")
    assert coming(house, meeting) == {"chiba"}
    leave(house, "chiba")
    assert house.get(meeting).version == 4


def test_a_page_that_was_open_before_does_not_undo_who_comes(
    app: Flask, house: House, meeting: Booking
) -> None:
    client = signed_in(app.test_client(), house, "aoki")
    form = form_of(client.get("/bookings").text, f"/bookings/{meeting.id}/change")
    invite(house, meeting, "baba", "chiba")
    path = f"/bookings/{meeting.id}/change"
    answer = post(client, "/bookings", path, **form | {"attendees": "endo@example.jp"})
    assert answer.status_code == 409
    assert coming(house, meeting) == {"baba", "chiba"}


@pytest.fixture
def small(house: House) -> str:
    """A room for one."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["booth"]).zone_id
        space = Space(zone_id=zone_id, code="small", kind=Kind.BOOTH, capacity=1)
        session.add(space)
        session.flush()
        house.spaces["small"] = space.id
    return "small"


def test_a_smaller_room_and_fewer_people_are_one_change(
    app: Flask, api: Api, house: House, meeting: Booking, small: str
) -> None:
    path = f"/bookings/{meeting.id}"
    tag = api.call("aoki", "GET", path).headers["ETag"]
    wanted = {"space_id": house.spaces[small]}
    for too_many in (wanted, wanted | {"attendees": [house.people["baba"].id]}):
        refused = api.call("aoki", "PATCH", path, too_many, If_Match=tag)
        assert (problem(refused), refused.get_json()["rule"]) == ((422, "booking.rule"), "capacity")
    assert house.get(meeting).space_id == house.spaces["booth"]
    change(api, meeting, **wanted, attendees=[])
    assert (house.get(meeting).space_id, coming(house, meeting)) == (house.spaces[small], set())
    back = {"space_id": house.spaces["booth"], "attendees": [house.people["baba"].id]}
    change(api, meeting, **back)
    client = signed_in(app.test_client(), house, "aoki")
    form = form_of(client.get("/bookings").text, f"{path}/change")
    answer = post(client, "/bookings", f"{path}/change", **form | {"code": small, "attendees": ""})
    assert "変更しました。" in answer.text
    assert (house.get(meeting).space_id, coming(house, meeting)) == (house.spaces[small], set())
