"""At the desk: its code, the seat that the sensor has just seen taken, the staff card at the kiosk."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from werkzeug.test import TestResponse

from app import pipeline
from app.bookings import walk_in
from app.bookings.models import Booking
from app.bookings.rules import By, Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import Conflict, DomainError, NotFound, RuleBroken
from app.people import cards
from app.people import service as people
from app.people.models import Role, User
from app.spaces import fixed_seats
from app.spaces.desk_codes import ALPHABET, LENGTH, as_typed, new_desk_code
from app.spaces.models import Space
from app.spaces.rules import Lane, Target
from app.waitlist.rules import Wish
from tests.app.test_pages import PASSWORD, token_in
from tests.house import DAY, OFFICE, House, at, span

KEY = "k" * 32


def code(house: House, where: str) -> str:
    with reading(house.engine) as session:
        return session.get_one(Space, house.spaces[where]).desk_code


def desk(house: House, who: str, where: str, now: str) -> walk_in.Desk:
    with reading(house.engine) as session:
        return walk_in.desk(session, code(house, where), person=house.people[who], now=at(now))


def seen(house: House, who: str, now: str) -> list[str]:
    with reading(house.engine) as session:
        return [one.code for one in walk_in.just_seen(session, person=house.people[who], now=at(now))]


# Codes


def test_a_new_code_is_of_its_letters_alone() -> None:
    made = new_desk_code()
    assert len(made) == LENGTH
    assert set(made) <= set(ALPHABET)


@given(st.text(ALPHABET, min_size=LENGTH, max_size=LENGTH))
def test_a_code_is_read_however_it_is_typed(made: str) -> None:
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in made)
    for typed in (made, made.lower(), f" {made[:3]} {made[3:]}", f"{made[:3]}-{made[3:]}", wide):
        assert as_typed(typed) == made


def test_every_space_has_a_code_of_its_own_and_an_unknown_one_is_not_found(house: House) -> None:
    codes = [code(house, where) for where in house.spaces]
    assert len(set(codes)) == len(house.spaces)
    for typed in ("ZZZZZZ", "", "😀", "x" * 200):
        with reading(house.engine) as session, pytest.raises(NotFound, match=r"desk\.unknown"):
            walk_in.desk(session, typed, person=house.people["aoki"], now=at("09:00"))


# What the desk's page knows


def test_a_free_desk_can_be_claimed_until_the_next_booking_and_says_nothing_of_it(house: House) -> None:
    house.book("baba", "seat", "14:00", "15:00")
    found = desk(house, "aoki", "seat", "09:00")
    assert found.mine is None
    assert found.claim is not None
    assert (found.claim.start, found.claim.end) == (at("09:00"), at("14:00"))


def test_ones_own_booking_is_shown_and_anothers_only_as_taken(house: House) -> None:
    booking = house.book("aoki", "seat", "09:00", "12:00")
    mine = desk(house, "aoki", "seat", "08:50")
    assert mine.mine is not None
    assert mine.mine.id == booking.id
    assert mine.opens_at() == at("08:45")
    theirs = desk(house, "baba", "seat", "09:30")
    assert (theirs.mine, theirs.claim) == (None, None)
    assert isinstance(theirs.refused, Conflict)


def test_another_sections_desk_is_refused_with_its_reason(house: House) -> None:
    found = desk(house, "aoki", "taxes", "09:00")
    assert found.claim is None
    assert isinstance(found.refused, DomainError)
    assert found.refused.facts["why"] == "zone"


def test_a_desk_that_its_claimant_left_can_be_claimed(house: House) -> None:
    house.hear("seat", ("09:00", True), ("09:02", True))
    house.claim("aoki", "seat", "09:05")
    house.hear_beats("seat", "09:10", "09:50", occupied=True)
    assert desk(house, "baba", "seat", "09:55").claim is None
    house.hear_beats("seat", "10:00", "10:30", occupied=False)
    assert desk(house, "baba", "seat", "10:31").claim is not None


def test_whoever_sits_down_elsewhere_gives_the_old_seat_back_in_the_same_step(house: House) -> None:
    first = house.claim("aoki", "seat", "09:00")
    found = desk(house, "aoki", "window", "10:00")
    assert found.elsewhere is not None
    assert found.elsewhere.code == "seat"
    with transaction(house.engine) as session:
        second = pipeline.change_seat(
            session,
            actor=house.people["aoki"],
            space_id=house.spaces["window"],
            now=at("10:00"),
            until=at("10:30"),
            office=OFFICE,
        )
        session.expunge(second)
    assert (house.get(first).status, house.get(first).ended_at) == (Status.ENDED_EARLY, at("10:00"))
    assert (second.status, second.checked_in_by, second.end_at) == (Status.CHECKED_IN, By.HAND, at("10:30"))


def test_a_seat_that_cannot_be_taken_leaves_the_old_one_as_it_was(house: House) -> None:
    first = house.claim("aoki", "seat", "09:00")
    house.book("baba", "window", "09:00", "12:00")
    with pytest.raises(Conflict), transaction(house.engine) as session:
        pipeline.change_seat(
            session,
            actor=house.people["aoki"],
            space_id=house.spaces["window"],
            now=at("10:00"),
            office=OFFICE,
        )
    assert house.get(first).status is Status.CHECKED_IN


# What the sensors have just seen


def test_the_seat_that_the_sensor_has_just_seen_taken_is_offered_and_no_other(house: House) -> None:
    house.book("baba", "window", "09:00", "12:00")
    for where in ("seat", "window", "taxes"):
        house.hear(where, ("09:00", True), ("09:02", True))
    assert seen(house, "aoki", "09:05") == ["seat"]
    assert seen(house, "endo", "09:05") == ["seat", "taxes"]
    assert seen(house, "aoki", "09:30") == []
    house.claim("aoki", "seat", "09:05")
    assert seen(house, "endo", "09:06") == ["taxes"]


def test_a_seat_that_is_kept_for_another_or_left_the_layout_is_not_offered(house: House) -> None:
    for where in ("seat", "window"):
        house.hear(where, ("09:00", True), ("09:02", True))
    with transaction(house.engine) as session:
        fixed_seats.keep_for(
            session,
            house.spaces["window"],
            house.people["baba"].id,
            first=DAY,
            last=None,
            actor_id=None,
            now=at("09:03"),
        )
    assert (seen(house, "aoki", "09:05"), seen(house, "baba", "09:05")) == (["seat"], ["seat", "window"])
    with transaction(house.engine) as session:
        pipeline.remove_space(session, house.spaces["seat"], actor=house.people["fujii"], now=at("09:06"))
    assert seen(house, "aoki", "09:07") == []


def test_nothing_is_offered_to_whoever_holds_a_desk_already(house: House) -> None:
    house.claim("aoki", "bare", "09:00")
    house.hear("seat", ("09:00", True), ("09:02", True))
    assert seen(house, "aoki", "09:05") == []
    assert seen(house, "baba", "09:05") == ["seat"]


# Cards


def let_card(house: House, who: str, number: str) -> None:
    with transaction(house.engine) as session:
        person = house.people[who]
        cards.set_card(session, person, number, secret_key=KEY, actor_id=person.id, now=at("09:00"))


def holder(house: House, number: str) -> int | None:
    with reading(house.engine) as session:
        found = cards.find_by_card(session, number, DAY, at("09:00"), secret_key=KEY)
    return found.id if found else None


def test_a_card_is_known_by_its_keyed_digest_and_belongs_to_one(house: House) -> None:
    let_card(house, "aoki", "0123 4567 89ab")
    with reading(house.engine) as session:
        stored = session.get_one(User, house.people["aoki"].id).card_digest
        assert "0123456789" not in stored
        assert cards.find_by_card(session, "0123456789AB", DAY, at("09:00"), secret_key="another" * 4) is None
    assert holder(house, "0123456789AB") == house.people["aoki"].id
    with pytest.raises(Conflict, match=r"card\.taken"):
        let_card(house, "baba", "0123456789AB")
    let_card(house, "aoki", "")
    assert holder(house, "0123456789AB") is None
    let_card(house, "baba", "0123456789AB")


@pytest.mark.parametrize("number", ["12345", "x" * 65, "カード番号です", "12;34567"])
def test_what_is_no_card_is_refused(house: House, number: str) -> None:
    with pytest.raises(RuleBroken, match=r"card\.invalid"):
        let_card(house, "aoki", number)


# The pages


def signed_in(client: FlaskClient, house: House, who: str) -> FlaskClient:
    with transaction(house.engine) as session:
        user = session.scalars(select(User).where(User.email == f"{who}@example.jp")).one()
        people.set_password(user, PASSWORD)
    form = {
        "csrf_token": token_in(client.get("/login").text),
        "email": f"{who}@example.jp",
        "password": PASSWORD,
    }
    assert client.post("/login", data=form).status_code == 302
    return client


def post(client: FlaskClient, page: str, path: str, **form: str) -> TestResponse:
    data = {"csrf_token": token_in(client.get(page).text), **form}
    return client.post(path, data=data, follow_redirects=True)


def latest(house: House) -> Booking:
    with reading(house.engine) as session:
        found = session.scalars(select(Booking).order_by(Booking.id.desc()).limit(1)).one()
        session.expunge(found)
    return found


def test_a_desks_page_leads_a_stranger_to_the_door_and_lets_staff_sit_down(
    app: Flask, house: House, clock: SteppingClock
) -> None:
    path = f"/s/{code(house, 'seat').lower()}"
    stranger = app.test_client()
    assert f"next={path}" in stranger.get(path).location
    client = signed_in(stranger, house, "aoki")
    assert "seat" in client.get(path).text
    post(client, path, f"{path}/sit", minutes="30")
    made = latest(house)
    assert (made.status, made.end_at - made.start_at) == (Status.CHECKED_IN, timedelta(minutes=30))
    clock.advance(timedelta(minutes=10))
    assert "window" in post(client, path, f"/s/{code(house, 'window')}/sit", leave="1").text
    assert latest(house).space_id == house.spaces["window"]
    assert house.get(made).status is Status.ENDED_EARLY


@pytest.mark.parametrize(
    ("verb", "becomes", "says"),
    [("accept", Status.BOOKED, "チェックイン"), ("decline", Status.CANCELLED, "ここに座っています")],
)
def test_what_is_held_for_somebody_is_theirs_to_take_at_its_door(
    app: Flask, house: House, verb: str, becomes: Status, says: str
) -> None:
    with transaction(house.engine) as session:
        wish = Wish(Target(Lane.ROOM, space_id=house.spaces["booth"]), span("09:00", "10:00"))
        entry_id = pipeline.wait(session, wish, actor=house.people["aoki"], now=at("09:00"), office=OFFICE).id
    found = desk(house, "aoki", "booth", "09:00")
    assert (found.mine, found.claim, found.refused) == (None, None, None)
    assert isinstance(desk(house, "baba", "booth", "09:00").refused, Conflict)
    client, page = signed_in(app.test_client(), house, "aoki"), f"/s/{code(house, 'booth')}"
    shown = client.get(page)
    assert "09:05 まで確保しています" in shown.text
    path = f"/queue/{entry_id}/{verb}"
    assert path in shown.text
    answered = post(client, page, path, then=page)
    assert answered.request.path == page
    assert says in answered.text
    assert latest(house).status is becomes


def test_the_desks_page_names_nobody(app: Flask, house: House) -> None:
    house.book("baba", "seat", "09:00", "17:00")
    shown = signed_in(app.test_client(), house, "aoki").get(f"/s/{code(house, 'seat')}").text
    assert "baba" not in shown
    assert "17:00" not in shown


def test_a_code_that_no_desk_has_is_said(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "aoki")
    assert "このコードの席はありません" in client.get("/s?code=ZZZZZZ", follow_redirects=True).text


@pytest.fixture
def kiosk(app: Flask, house: House) -> FlaskClient:
    with transaction(house.engine) as session:
        user = User(email="kiosk@example.jp", name="受付端末", role=Role.KIOSK)
        session.add(user)
    let_card(house, "aoki", "0123456789AB")
    return signed_in(app.test_client(), house, "kiosk")


def pass_in(page: str) -> str:
    return page.partition('name="pass" value="')[2].partition('"')[0]


def test_a_card_at_the_kiosk_checks_its_owner_in_by_hand(kiosk: FlaskClient, house: House) -> None:
    mine = house.book("aoki", "seat", "09:10", "12:00")
    theirs = house.book("baba", "window", "09:10", "12:00")
    shown = post(kiosk, "/kiosk", "/kiosk", card="0123456789ab").text
    assert "seat" in shown
    assert "window" not in shown
    given = pass_in(shown)
    post(kiosk, "/kiosk", "/kiosk/check-in", **{"pass": given, "booking_id": str(theirs.id)})
    assert house.get(theirs).status is Status.BOOKED
    post(kiosk, "/kiosk", "/kiosk/check-in", **{"pass": given, "booking_id": str(mine.id)})
    assert (house.get(mine).status, house.get(mine).checked_in_by) == (Status.CHECKED_IN, By.HAND)


def test_the_kiosk_shows_todays_bookings_up_to_midnight_and_what_is_open(house: House) -> None:
    evening, night, tomorrow = (
        house.book("aoki", "seat", "22:00", "23:00"),
        house.book("aoki", "seat", "00:10", "01:00", day=1),
        house.book("aoki", "seat", "08:30", "17:15", day=1),
    )

    def shown(now: str, *, day: int = 0) -> list[int]:
        with reading(house.engine) as session:
            rows = walk_in.todays(session, house.people["aoki"], at(now, day=day))
        return [row.booking.id for row in rows]

    assert shown("17:00") == [evening.id]
    house.sweep("23:30")
    assert shown("23:54") == []
    assert shown("23:55") == [night.id]
    assert shown("00:05", day=1) == [night.id, tomorrow.id]


def test_a_card_and_a_desks_code_take_the_seat(kiosk: FlaskClient, house: House) -> None:
    given = pass_in(post(kiosk, "/kiosk", "/kiosk", card="0123456789AB").text)
    post(kiosk, "/kiosk", "/kiosk/sit", **{"pass": given, "code": code(house, "seat")})
    made = latest(house)
    assert (made.user_id, made.space_id, made.status) == (
        house.people["aoki"].id,
        house.spaces["seat"],
        Status.CHECKED_IN,
    )


def test_an_unknown_card_and_a_forged_pass_do_nothing(
    kiosk: FlaskClient, house: House, clock: SteppingClock
) -> None:
    assert "このカードは登録されていません" in post(kiosk, "/kiosk", "/kiosk", card="999999999").text
    booking = house.book("aoki", "seat", "09:10", "12:00")
    forged = post(kiosk, "/kiosk", "/kiosk/check-in", **{"pass": "x.y.z", "booking_id": str(booking.id)})
    assert "もう一度カードをかざしてください" in forged.text
    assert house.get(booking).status is Status.BOOKED


def test_the_kiosk_is_the_kiosks_alone(app: Flask, house: House) -> None:
    client = signed_in(app.test_client(), house, "aoki")
    assert client.get("/kiosk").status_code == 403


def test_the_sheet_of_codes_is_for_the_facility_staff_and_holds_every_desk(app: Flask, house: House) -> None:
    sheet = signed_in(app.test_client(), house, "fujii").get("/office/desk-codes").text
    codes = [code(house, where) for where in house.spaces]
    assert all(f"{one[:4]} {one[4:]}" in sheet for one in codes)
    assert sheet.count("<svg") == len(house.spaces)
    assert signed_in(app.test_client(), house, "aoki").get("/office/desk-codes").status_code == 403
