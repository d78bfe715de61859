"""The door: attempts counted, sessions that end together."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from argon2 import PasswordHasher, Type, extract_parameters
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.clock import SteppingClock
from app.database import reading, transaction
from app.errors import Forbidden
from app.events import Event
from app.letters import Act, Links
from app.people import cards, service, signing_in, staffing
from app.people.digests import digest
from app.people.models import ApiToken, Role, User
from app.people.signing_in import AT_MOST_FROM_ANYWHERE, AT_MOST_FROM_ONE_ADDRESS, blocked_until
from app.settings import Settings
from tests.app.test_pages import PASSWORD, token_in
from tests.fixtures.web import Api
from tests.house import DAY, House, at

KEY = "k" * 32
HERE, THERE = "192.0.2.7", "192.0.2.8"


@dataclass
class Browser:
    client: FlaskClient

    def post(self, path: str, *, page: str = "/login", **form: str) -> TestResponse:
        """Send a form with the token of a page; the answer's page is in English."""
        token = token_in(self.client.get(page).text)
        return self.client.post(
            path, data={"csrf_token": token, **form}, headers={"Accept-Language": "en"}, follow_redirects=True
        )

    def sign_in(self, password: str = PASSWORD, email: str = "aoki@example.jp") -> TestResponse:
        return self.post("/login", email=email, password=password)

    def is_in(self) -> bool:
        return self.client.get("/account").status_code == 200


def test_argon2id_keeps_passwords_at_its_own_cost(product_hasher: PasswordHasher) -> None:
    """RFC 9106, the second recommended option: 64 MiB, three passes, four lanes."""
    cost = extract_parameters(product_hasher.hash(PASSWORD))
    assert (cost.type, cost.memory_cost, cost.time_cost, cost.parallelism) == (Type.ID, 65_536, 3, 4)


def give_password(house: House, who: str, role: Role | None = None) -> None:
    with transaction(house.engine) as session:
        user = session.scalars(select(User).where(User.email == f"{who}@example.jp")).one()
        service.set_password(user, PASSWORD)
        user.role = role or user.role


@pytest.fixture
def open_door(app: Flask, house: House) -> Callable[[], Browser]:
    give_password(house, "aoki")
    give_password(house, "fujii", Role.IT)
    give_password(house, "chiba", Role.PERSONNEL)
    return lambda: Browser(app.test_client())


def fail(house: House, times: int, address: str, now: str, email: str = "aoki@example.jp") -> None:
    with transaction(house.engine) as session:
        for _ in range(times):
            signing_in.note_failed(session, email, address, at(now), secret_key=KEY)


def test_attempts_are_counted_for_an_account_from_an_address(house: House) -> None:
    fail(house, AT_MOST_FROM_ONE_ADDRESS - 1, HERE, "09:00")
    with reading(house.engine) as session:
        assert blocked_until(session, "aoki@example.jp", HERE, at("09:01"), secret_key=KEY) is None
    fail(house, 1, HERE, "09:01")
    with reading(house.engine) as session:
        assert blocked_until(session, " AOKI@example.jp", HERE, at("09:02"), secret_key=KEY) == at("09:15")
        assert blocked_until(session, "aoki@example.jp", THERE, at("09:02"), secret_key=KEY) is None
        assert blocked_until(session, "baba@example.jp", HERE, at("09:02"), secret_key=KEY) is None
        assert blocked_until(session, "aoki@example.jp", HERE, at("09:15"), secret_key=KEY) is None


def test_many_addresses_together_are_stopped_too(house: House) -> None:
    for n in range(AT_MOST_FROM_ANYWHERE // 5):
        fail(house, 5, f"192.0.2.{n}", "09:00")
    with reading(house.engine) as session:
        assert blocked_until(session, "aoki@example.jp", "198.51.100.1", at("09:01"), secret_key=KEY) == at(
            "09:15"
        )


def test_a_password_known_here_forgives_what_was_mistyped_here_and_nothing_elsewhere(house: House) -> None:
    fail(house, AT_MOST_FROM_ONE_ADDRESS, THERE, "09:00")
    fail(house, AT_MOST_FROM_ONE_ADDRESS - 1, HERE, "09:00")
    with transaction(house.engine) as session:
        user = session.get_one(User, house.people["aoki"].id)
        signing_in.note_done(session, user, HERE, at("09:01"), by="password", secret_key=KEY)
    fail(house, AT_MOST_FROM_ONE_ADDRESS - 1, HERE, "09:02")
    with reading(house.engine) as session:
        assert blocked_until(session, "aoki@example.jp", HERE, at("09:03"), secret_key=KEY) is None
        assert blocked_until(session, "aoki@example.jp", THERE, at("09:03"), secret_key=KEY) is not None


def test_who_mistyped_too_often_is_told_until_when_and_even_the_right_password_waits(
    open_door: Callable[[], Browser], house: House, clock: SteppingClock
) -> None:
    browser = open_door()
    for _ in range(AT_MOST_FROM_ONE_ADDRESS):
        assert browser.sign_in("wrong").status_code == 401
    answer = browser.sign_in()
    assert answer.status_code == 429
    assert "Try again at 09:15, or ask your IT staff" in answer.text
    with reading(house.engine) as session:
        failed = session.scalars(select(Event).where(Event.kind == signing_in.FAILED)).all()
        assert len(failed) == AT_MOST_FROM_ONE_ADDRESS
        assert "aoki" not in f"{failed[0].subject} {failed[0].data}"
    clock.advance(timedelta(minutes=15))
    assert browser.sign_in().status_code == 200


def test_a_whole_office_signs_in_from_one_address_where_guessing_is_slowed_down_whatever_the_account(
    app: Flask, open_door: Callable[[], Browser]
) -> None:
    app.config["WTF_CSRF_ENABLED"] = False
    client = open_door().client

    def sign_in(email: str, password: str) -> int:
        return client.post("/login", data={"email": email, "password": password}).status_code

    assert [sign_in("aoki@example.jp", PASSWORD) for _ in range(30)] == [302] * 30
    assert [sign_in(f"u{n}@example.jp", "wrong") for n in range(61)] == [401] * 60 + [429]


def test_signing_in_leaves_nothing_of_the_session_that_was_there(open_door: Callable[[], Browser]) -> None:
    browser = open_door()
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    before = token_in(browser.client.get("/login").text)
    browser.sign_in()
    with browser.client.session_transaction() as session:
        assert "planted" not in session
    # The token of a form from before is the old session's: it opens nothing any more.
    assert browser.client.post("/card", data={"csrf_token": before, "card": "123456"}).status_code == 422


FORMS = (
    "/login",
    "/password/new",
    "/account/password",
    "/account/tokens",
    "/tokens/1/revoke",
    "/office/people",
    "/office/people/1",
    "/office/people/1/sections",
    "/office/people/1/leave",
    "/office/people/1/stay",
    "/office/people/1/return",
    "/office/people/1/password",
    "/office/people/1/tokens",
    "/office/people/1/unbind",
)


def test_no_form_works_without_its_token(open_door: Callable[[], Browser]) -> None:
    browser = open_door()
    browser.sign_in(email="fujii@example.jp")
    found = {
        path: browser.client.post(path, data={"email": "x", "confirmed": "1"}).status_code for path in FORMS
    }
    assert found == dict.fromkeys(FORMS, 422)


def test_a_changed_password_ends_the_other_browsers_and_keeps_this_one(
    open_door: Callable[[], Browser],
) -> None:
    this, other = open_door(), open_door()
    this.sign_in()
    other.sign_in()
    form = {"page": "/account", "new": "another password", "again": "another password"}
    assert "not your present password" in this.post("/account/password", old="wrong", **form).text
    assert "not the same" in this.post("/account/password", **{**form, "old": PASSWORD, "again": "x"}).text
    assert other.is_in()
    assert "is changed" in this.post("/account/password", old=PASSWORD, **form).text
    assert (this.is_in(), other.is_in()) == (True, False)
    assert other.sign_in().status_code == 401
    assert other.sign_in("another password").status_code == 200


def test_it_makes_a_code_and_the_person_chooses_the_password(open_door: Callable[[], Browser]) -> None:
    it, person = open_door(), open_door()
    it.sign_in(email="fujii@example.jp")
    shown = it.post("/office/people/1/password", page="/office/people/1").text
    found = re.search(r"<code>([A-Z0-9-]{19})</code>", shown)
    assert found
    assert found[1] not in it.client.get("/office/people/1").text
    form = {"page": "/password/new", "code": found[1], "new": "chosen by me", "again": "chosen by me"}
    assert "not the same" in person.post("/password/new", **{**form, "again": "chosen"}).text
    assert "Sign in with it" in person.post("/password/new", **form).text
    assert person.sign_in("chosen by me").status_code == 200
    assert "wrong, was used already" in open_door().post("/password/new", **form).text


def test_personnel_make_no_code(open_door: Callable[[], Browser]) -> None:
    browser = open_door()
    browser.sign_in(email="chiba@example.jp")
    assert browser.post("/office/people/1/password", page="/office/people/1").status_code == 403


def test_a_leaver_is_out_at_the_next_click_and_an_old_cookie_stays_dead(
    open_door: Callable[[], Browser], house: House
) -> None:
    browser, personnel = open_door(), open_door()
    browser.sign_in()
    personnel.sign_in(email="chiba@example.jp")
    booking = house.book("aoki", "seat", "10:00", "11:00")
    page = "/office/people/1"
    shown = personnel.post(f"{page}/leave", page=page)
    assert "1 bookings are freed" in shown.text
    assert browser.is_in()
    assert house.get(booking).is_live
    old = personnel.post(f"{page}/leave", page=page, confirmed="1", version="0")
    assert "Somebody changed it" in old.text
    assert 'name="version" value="1"' in shown.text
    assert browser.is_in()
    assert "They have left. 1 bookings" in personnel.post(f"{page}/leave", page=page, confirmed="1").text
    assert not browser.is_in()
    assert not house.get(booking).is_live
    assert "here again" in personnel.post(f"{page}/return", page=page).text
    assert not browser.is_in()
    assert browser.sign_in().status_code == 200


def test_whoever_was_to_leave_is_out_at_that_instant_without_any_sweep(
    open_door: Callable[[], Browser], api: Api, house: House, clock: SteppingClock
) -> None:
    aoki = house.people["aoki"]
    booking = house.book("aoki", "seat", "09:00", "11:00")
    known = {"issuer": "https://login.example", "email": aoki.email, "email_verified": True, "subject": "one"}
    with transaction(house.engine) as session:
        cards.set_card(session, aoki, "123456", secret_key="k" * 32, actor_id=aoki.id, now=at("08:00"))
        signing_in.by_directory(session, now=at("08:00"), **known)  # type: ignore[arg-type]
        session.get_one(User, aoki.id).leaves_at = at("09:30")
    browser, links = open_door(), Links(Settings(secret_key="k" * 32))
    browser.sign_in()
    feed = links.feed(aoki.id, 0)
    link = links.act(Act(aoki.id, booking.id, "check-in"))

    def doors() -> dict[str, bool]:
        """Which open."""
        with transaction(house.engine) as session:
            card = cards.find_by_card(session, "123456", DAY, clock(), secret_key="k" * 32)
            by_address = service.find_by_address(session, aoki.email, DAY, clock())
            try:
                signing_in.by_directory(session, now=clock(), **known)  # type: ignore[arg-type]
                by_directory = True
            except Forbidden:
                by_directory = False
        return {
            "session": browser.is_in(),
            "token": api.call("aoki", "GET", "/me").status_code == 200,
            "password": open_door().sign_in().status_code == 200,
            "proxy": by_address is not None,
            "directory": by_directory,
            "card": card is not None,
            "calendar": browser.client.get(feed).status_code == 200,
            "link": "no such" not in browser.post(link, page=link).text.lower(),
        }

    clock.at = at("09:29")
    assert set(doors().values()) == {True}
    clock.at = at("09:30")
    assert set(doors().values()) == {False}, doors()


def test_personnel_add_move_and_plan_in_the_pages(open_door: Callable[[], Browser], house: House) -> None:
    browser = open_door()
    browser.sign_in(email="chiba@example.jp")
    new = {"name": "新人", "kana": "しんじん", "email": "New@example.jp", "section": "zei", "role": "staff"}
    assert "Make a code below" in browser.post("/office/people", page="/office/people", **new).text
    assert "already" in browser.post("/office/people", page="/office/people", **new).text
    assert (
        "may not give" in browser.post("/office/people", page="/office/people", **{**new, "role": "it"}).text
    )
    with reading(house.engine) as session:
        user = service.get_by_email(session, "new@example.jp")
        page, version = f"/office/people/{user.id}", str(user.version)
    changed = browser.post(page, page=page, version=version, name="新人", kana="", extension="3199")
    assert "Saved" in changed.text
    stale = browser.post(page, page=page, version=version, name="x", kana="", extension="")
    assert "Somebody changed it" in stale.text
    both = browser.post(f"{page}/sections", page=page, from_on="2026-12-01", section="1")
    assert "2026-12-01" in both.text
    planned = browser.post(f"{page}/leave", page=page, at="2027-03-31T17:15")
    assert "They leave then" in planned.text
    assert "They stay" in browser.post(f"{page}/stay", page=page).text
    assert "Something in the request" in browser.post(f"{page}/leave", page=page, at="never").text


def test_a_token_is_shown_once_and_revoked_by_its_owner(
    open_door: Callable[[], Browser], house: House
) -> None:
    browser = open_door()
    browser.sign_in()
    shown = browser.post("/account/tokens", page="/account", label="script", expires_on="2026-12-31").text
    found = re.search(r"aks_[\w-]{43}", shown)
    assert found
    again = browser.client.get("/account").text
    assert found[0] not in again
    assert "script" in again
    with reading(house.engine) as session:
        number = session.scalars(select(ApiToken.id).where(ApiToken.token_hash == digest(found[0]))).one()
    assert "is dead" in browser.post(f"/tokens/{number}/revoke", page="/account").text
    with reading(house.engine) as session:
        assert service.find_by_token(session, found[0], DAY, at("09:00")) is None
    assert "wrong or missing" in browser.post("/account/tokens", page="/account", label="").text


def test_a_colleague_is_found_by_kana_and_sees_who_looked(
    open_door: Callable[[], Browser], house: House
) -> None:
    with transaction(house.engine) as session:
        session.execute(
            update(User)
            .where(User.id == house.people["baba"].id)
            .values(kana="やまだ はなこ", extension="3177")
        )
    browser = open_door()
    browser.sign_in()
    page = browser.client.get("/people?q=ヤマ").text
    assert "3177" in page
    assert "baba@example.jp" not in page
    give_password(house, "baba")
    found = open_door()
    found.sign_in(email="baba@example.jp")
    assert "aoki" in found.client.get("/account").text


def test_a_token_notes_the_day_of_its_use_once(api: Api, house: House, clock: SteppingClock) -> None:
    def used() -> list[object]:
        with reading(house.engine) as session:
            query = select(ApiToken.last_used_on).where(ApiToken.user_id == house.people["aoki"].id)
            return list(session.scalars(query))

    assert used() == [None]
    api.call("aoki", "GET", "/me")
    assert used() == [DAY]
    clock.advance(timedelta(days=1))
    api.call("aoki", "GET", "/me")
    assert used() == [DAY + timedelta(days=1)]


def test_the_directory_can_be_unbound_by_it(house: House) -> None:
    with transaction(house.engine) as session:
        known = {"issuer": "https://login.example", "email": "aoki@example.jp", "email_verified": True}
        signing_in.by_directory(session, subject="one", now=at("09:00"), **known)  # type: ignore[arg-type]
        signing_in.unbind(session, house.people["aoki"].id, actor_id=None, now=at("09:01"))
        user = signing_in.by_directory(session, subject="two", now=at("09:02"), **known)  # type: ignore[arg-type]
        assert user.id == house.people["aoki"].id
        assert staffing.get_account(session, user.id).left_at is None
