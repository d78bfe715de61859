"""Over the API at a desk and at a kiosk: what a code leads to, sitting down, checking in by card; invitations."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.events import Event
from app.people import cards
from app.people.lookup import LOOKED_UP
from app.people.models import Role, User
from app.spaces.models import Space
from tests.app.bookings.rooms import meeting
from tests.fixtures.web import Api, problem
from tests.house import House, at


def code(house: House, where: str) -> str:
    with reading(house.engine) as session:
        return session.get_one(Space, house.spaces[where]).desk_code


def status(house: House, booking_id: int) -> Status:
    with reading(house.engine) as session:
        return session.get_one(Booking, booking_id).status


def test_a_desks_code_leads_to_the_space_and_to_what_one_can_do_there(api: Api, house: House) -> None:
    mine = house.book("aoki", "seat", "10:00", "12:00").id
    elsewhere = house.book("baba", "window", "09:00", "12:00").id
    found = api.call("aoki", "GET", f"/desks/{code(house, 'seat').lower()}").get_json()
    assert (found["space_id"], found["space"], found["kind"]) == (house.spaces["seat"], "seat", "seat")
    assert (found["mine"]["id"], found["check_in_opens_at"]) == (mine, at("09:45").isoformat())
    assert (found["claim_until"], found["refused"]) == (at("10:00").isoformat(), None)
    other = api.call("baba", "GET", f"/desks/{code(house, 'seat')}").get_json()
    assert (other["mine"], other["elsewhere_space_id"]) == (None, house.spaces["window"])
    taken = api.call("aoki", "GET", f"/desks/{code(house, 'window')}").get_json()
    assert (taken["claim_until"], taken["refused"]["code"]) == (None, "booking.overlap")
    assert taken["refused"]["detail"]
    assert str(elsewhere) not in str(taken["mine"])
    assert problem(api.call("aoki", "GET", "/desks/none")) == (404, "desk.unknown")


def test_a_claim_lasts_until_when_it_says_and_leaves_another_seat_where_it_says_so(
    api: Api, house: House, clock: SteppingClock
) -> None:
    seat, window = (f"/spaces/{house.spaces[where]}/claim" for where in ("seat", "window"))
    first = api.call("aoki", "POST", seat, {"until": at("09:30").isoformat()})
    assert (first.status_code, first.get_json()["end"]) == (201, at("09:30").isoformat())
    assert problem(api.call("aoki", "POST", window)) == (409, "booking.overlap")
    clock.at = at("09:10")
    second = api.call("aoki", "POST", window, {"replace": True})
    assert second.status_code == 201
    assert status(house, first.get_json()["id"]) is Status.ENDED_EARLY
    past = api.call("baba", "POST", seat, {"until": at("08:59").isoformat()})
    assert problem(past) == (422, "request.invalid")


@pytest.fixture
def kiosk(house: House, api: Api) -> House:
    """Endo is a kiosk; aoki and baba have cards."""
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["endo"].id).values(role=Role.KIOSK))
        for who in ("aoki", "baba"):
            person = house.people[who]
            cards.set_card(
                session, person, f"{who}0001", secret_key="k" * 32, actor_id=person.id, now=at("08:00")
            )
    return house


def test_a_card_checks_its_owner_in_by_their_own_hand_and_nobody_else(kiosk: House, api: Api) -> None:
    mine = kiosk.book("aoki", "seat", "09:10", "12:00").id
    kiosk.book("aoki", "seat", "10:00", "12:00", day=1)
    read = api.call("endo", "POST", "/kiosk/card", {"card": "aoki0001"}).get_json()
    assert (read["name"], [one["id"] for one in read["bookings"]]) == ("aoki", [mine])
    assert read["bookings"][0]["check_in_opens_at"] == at("08:55").isoformat()
    asked = {"card": "baba0001", "booking_id": mine}
    assert problem(api.call("endo", "POST", "/kiosk/check-in", asked)) == (403, "booking.not_allowed")
    done = api.call("endo", "POST", "/kiosk/check-in", asked | {"card": "AOKI 0001"}).get_json()
    assert (done["status"], done["checked_in_by"]) == (Status.CHECKED_IN.value, By.HAND.value)
    unknown = api.call("endo", "POST", "/kiosk/card", {"card": "chiba0001"})
    assert problem(unknown) == (404, "card.unknown")
    assert problem(api.call("aoki", "POST", "/kiosk/card", {"card": "aoki0001"})) == (403, "access.denied")


def test_a_cards_owner_sits_down_and_leaves_the_seat_before(kiosk: House, api: Api) -> None:
    before = kiosk.claim("aoki", "window", "08:30")
    sat = api.call("endo", "POST", "/kiosk/sit", {"card": "aoki0001", "desk": code(kiosk, "seat")})
    assert (sat.status_code, sat.get_json()["user_id"]) == (201, kiosk.people["aoki"].id)
    assert kiosk.get(before).status is Status.ENDED_EARLY
    nowhere = api.call("endo", "POST", "/kiosk/sit", {"card": "aoki0001", "desk": "none"})
    assert problem(nowhere) == (404, "desk.unknown")


def test_ones_card_is_set_and_taken_away(kiosk: House, api: Api) -> None:
    assert api.call("chiba", "GET", "/me/card").get_json() == {"has_card": False}
    taken = api.call("chiba", "PUT", "/me/card", {"card": "aoki0001"})
    assert problem(taken) == (409, "card.taken")
    assert problem(api.call("chiba", "PUT", "/me/card", {"card": "?"})) == (422, "card.invalid")
    assert api.call("chiba", "PUT", "/me/card", {"card": "chiba0001"}).get_json() == {"has_card": True}
    read = api.call("endo", "POST", "/kiosk/card", {"card": "chiba0001"})
    assert read.get_json()["name"] == "chiba"
    assert api.call("chiba", "DELETE", "/me/card").status_code == 204
    assert api.call("chiba", "GET", "/me/card").get_json() == {"has_card": False}


def test_who_is_invited_finds_it_and_sees_it_without_its_history(
    api: Api, house: House, clock: SteppingClock
) -> None:
    first, second = (meeting(house, "chiba", "aoki", hour=hour) for hour in (10, 11))
    page = api.call("aoki", "GET", "/bookings/invitations?limit=1").get_json()
    (shown,) = page["items"]
    assert (shown["id"], shown["invited_by"]) == (first.id, "chiba")
    rest = api.call("aoki", "GET", f"/bookings/invitations?cursor={page['next_cursor']}").get_json()
    assert [one["id"] for one in rest["items"]] == [second.id]
    assert api.call("baba", "GET", "/bookings/invitations").get_json()["items"] == []
    seen = api.call("aoki", "GET", f"/bookings/{first.id}")
    assert seen.status_code == 200
    assert (seen.get_json()["attendees"], seen.get_json()["history"]) == ([house.people["aoki"].id], [])
    assert api.call("chiba", "GET", f"/bookings/{first.id}").get_json()["history"]
    assert problem(api.call("baba", "GET", f"/bookings/{first.id}")) == (403, "booking.not_allowed")
    with reading(house.engine) as session:
        assert session.scalars(select(Event.id).where(Event.kind == LOOKED_UP)).all() == []
    clock.advance(timedelta(hours=8))
    assert api.call("aoki", "GET", "/bookings/invitations").get_json()["items"] == []


def test_who_is_invited_does_not_read_whose_guest_it_is(api: Api, house: House) -> None:
    with transaction(house.engine) as session:
        session.get_one(Space, house.spaces["booth"]).capacity = 4
    body = {
        "space_id": house.spaces["booth"],
        "start": at("10:00").isoformat(),
        "end": at("11:00").isoformat(),
        "guest_name": "北さん",
        "attendees": [house.people["aoki"].id],
    }
    made = api.call("chiba", "POST", "/bookings", body).get_json()["id"]
    assert api.call("aoki", "GET", f"/bookings/{made}").get_json()["guest_name"] == ""
    assert api.call("chiba", "GET", f"/bookings/{made}").get_json()["guest_name"] == "北さん"
