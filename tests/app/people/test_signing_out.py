"""A session ends with signing out, wherever its cookie was copied to; an account's sessions end when IT says so."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from freezegun import freeze_time
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from app import jobs
from app.access import SESSION_ID
from app.database import reading
from app.people.models import EndedSession, Role
from tests.app.people.test_signing_in import Browser, give_password, open_door
from tests.fixtures.web import Api
from tests.house import OFFICE, House, at
from tests.statements import counted

__all__ = ["open_door"]
Door = Callable[[], Browser]


def copy(browser: Browser, other: Browser) -> Browser:
    """Another browser with the cookie of one."""
    cookie = browser.client.get_cookie("akiseki")
    assert cookie is not None
    other.client.set_cookie("akiseki", cookie.value)
    return other


def kept(house: House) -> int:
    with reading(house.engine) as session:
        return session.scalar(select(func.count()).select_from(EndedSession)) or 0


def test_a_copied_cookie_ends_with_signing_out_and_with_signing_in_anew(open_door: Door) -> None:
    this = open_door()

    def sign_out() -> TestResponse:
        return this.post("/logout", page="/account")

    for end in (sign_out, this.sign_in):
        this.sign_in()
        copied, once_more = copy(this, open_door()), copy(this, open_door())
        assert copied.is_in()
        end()
        assert not copied.is_in()
        once_more.post("/logout")
        assert not once_more.is_in()
    assert this.is_in()


def test_other_sessions_of_the_person_go_on(open_door: Door) -> None:
    this, other = open_door(), open_door()
    this.sign_in()
    other.sign_in()
    this.post("/logout", page="/account")
    assert (this.is_in(), other.is_in()) == (False, True)


@pytest.mark.parametrize(
    "touch",
    [
        lambda one: one.post("/language", locale="en"),
        lambda one: one.client.get("/no-such-page"),
        lambda one: one.client.post("/language", data={"locale": "en"}),
    ],
    ids=["a page for everybody", "no page", "no form's token"],
)
def test_an_ended_session_is_kept_until_its_cookie_is_over_and_not_made_younger(
    open_door: Door, house: House, touch: Callable[[Any], object]
) -> None:
    this = open_door()
    with freeze_time(at("09:00")) as frozen:
        this.sign_in()
        copied = copy(this, open_door())
        with copied.client.session_transaction() as session:
            session.pop("csrf_token", None)
        this.post("/logout", page="/account")
        frozen.tick(timedelta(hours=11))
        touch(copied)  # what is answered may sign the cookie anew
        jobs.forget(house.engine, at("20:59"), OFFICE)
        assert kept(house) == 1
        jobs.forget(house.engine, at("22:00"), OFFICE)
        assert kept(house) == 0
        frozen.tick(timedelta(hours=2, minutes=5))
        assert not copied.is_in()


def test_a_cookie_of_before_that_has_no_name_is_asked_to_sign_in(open_door: Door) -> None:
    this = open_door()
    this.sign_in()
    with this.client.session_transaction() as session:
        del session[SESSION_ID]
    assert not this.is_in()


def test_whether_a_session_was_ended_is_asked_with_who_it_is(open_door: Door, house: House) -> None:
    this = open_door()
    this.sign_in()
    with counted(house.engine) as statements:
        assert this.client.get("/card").status_code == 200
    (asked,) = [one for one in statements if "ended_sessions" in one]
    assert "memberships" in asked


def test_it_ends_all_sessions_of_an_account_and_nobody_else_does(
    open_door: Door, house: House, api: Api
) -> None:
    give_password(house, "endo", Role.KIOSK)
    kiosk, it, personnel = open_door(), open_door(), open_door()
    kiosk.sign_in(email="endo@example.jp")
    it.sign_in(email="fujii@example.jp")
    personnel.sign_in(email="chiba@example.jp")
    page = f"/office/people/{house.people['endo'].id}"
    assert personnel.post(f"{page}/sign-out", page="/account").status_code == 403
    assert kiosk.client.get("/kiosk").status_code == 200
    assert "Sign out all browsers" in it.client.get(page, headers={"Accept-Language": "en"}).text
    assert "is signed out" in it.post(f"{page}/sign-out", page=page).text
    assert kiosk.client.get("/kiosk").status_code == 302
    assert it.is_in()
