"""Signing in by the city's directory: a browser goes there and back, over HTTP, to a real provider."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.test import TestResponse

from app.access import EPOCH, USER
from app.clock import SteppingClock
from app.database import reading, transaction
from app.events import Event
from app.extensions import db
from app.factory import create_app
from app.people.models import Identity, User
from app.settings import Settings
from tests.house import House, at
from tests.servers import directory as provider
from tests.servers.directory import CLIENT_ID, CLIENT_SECRET, Directory

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture
def directory() -> Iterator[Directory]:
    with provider.running() as found:
        yield found


@dataclass
class Browser:
    """Walks between our pages and the directory's as a browser does."""

    client: FlaskClient

    def go(self, next_page: str = "/bookings") -> str:
        """To the directory; returns the address to which it sends back."""
        started = self.client.get("/login/oidc", query_string={"next": next_page})
        assert started.status_code == 302
        there = requests.get(started.location, allow_redirects=False, timeout=5)
        assert there.status_code == 302
        return there.headers["Location"]

    def come_back(self, address: str) -> TestResponse:
        parts = urlsplit(address)
        return self.client.get(f"{parts.path}?{parts.query}", headers=ENGLISH)

    def sign_in(self, next_page: str = "/bookings") -> TestResponse:
        return self.come_back(self.go(next_page))

    def words(self) -> str:
        return self.client.get("/login", headers=ENGLISH).text

    def is_signed_in(self) -> bool:
        return self.client.get("/bookings").status_code == 200


@pytest.fixture
def start(house: House, clock: SteppingClock, directory: Directory) -> Iterator[Callable[..., Browser]]:
    """What opens a browser on an application of its own, with more settings where they are given."""
    made = []

    def open_browser(**more: object) -> Browser:
        settings = Settings(
            database_url=house.engine.url.render_as_string(hide_password=False),
            secret_key="k" * 32,
            clock=clock,
            oidc_issuer=directory.issuer,
            oidc_client_id=CLIENT_ID,
            oidc_client_secret=CLIENT_SECRET,
        )
        made.append(create_app(replace(settings, **more)))  # type: ignore[arg-type]
        return Browser(made[-1].test_client())

    yield open_browser
    for app in made:
        with app.app_context():
            db.engine.dispose()


@pytest.fixture
def browser(start: Callable[..., Browser]) -> Browser:
    return start()


def identities(house: House) -> list[tuple[int, str]]:
    with reading(house.engine) as session:
        return [(one.user_id, one.subject) for one in session.scalars(select(Identity))]


def test_a_verified_address_binds_once_and_the_subject_counts_from_then_on(
    browser: Browser, directory: Directory, house: House
) -> None:
    answer = browser.sign_in()
    assert (answer.status_code, answer.location) == (302, "/bookings")
    assert browser.is_signed_in()
    assert identities(house) == [(house.people["aoki"].id, "s-0001")]
    directory.claims = {"email": "baba@example.jp", "email_verified": True}
    browser.client.delete_cookie("akiseki")
    browser.sign_in()
    with browser.client.session_transaction() as session:
        assert session[USER] == house.people["aoki"].id
    with reading(house.engine) as found:
        kinds = list(found.scalars(select(Event.kind).where(Event.kind.like("%i%n%")).order_by(Event.id)))
    assert kinds == ["identity.bound", "sign_in.done", "sign_in.done"]


def test_each_attempt_has_a_challenge_a_state_and_a_nonce_of_its_own(
    browser: Browser, directory: Directory
) -> None:
    browser.go()
    browser.go()
    first, second = directory.asked
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 20
        assert first[name] != second[name]
    assert "code_verifier" not in first
    assert first["scope"] == "openid email profile"


def test_the_old_browser_session_does_not_become_the_new_one(browser: Browser) -> None:
    with browser.client.session_transaction() as session:
        session["planted"] = "by somebody else"
    browser.sign_in()
    with browser.client.session_transaction() as session:
        assert "planted" not in session
        assert session[EPOCH] == 0
        assert not any(name.startswith("_state") for name in session)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
def test_it_never_leads_to_another_site(browser: Browser, elsewhere: str) -> None:
    assert browser.sign_in(elsewhere).location == "/"


@pytest.mark.parametrize(
    ("claims", "word"),
    [
        ({"email": "nobody@example.jp", "email_verified": True}, "have no account here"),
        ({"email": "aoki@example.jp", "email_verified": False}, "has not verified"),
        ({"email": "aoki@example.jp", "email_verified": "true"}, "has not verified"),
        ({"email": "aoki@example.jp"}, "has not verified"),
        ({"email": ""}, "have no account here"),
    ],
)
def test_who_cannot_be_matched_is_told_so_in_plain_words(
    browser: Browser, directory: Directory, house: House, claims: dict[str, object], word: str
) -> None:
    directory.claims = claims
    assert browser.sign_in().location == "/login"
    assert word in browser.words()
    assert not browser.is_signed_in()
    assert identities(house) == []


def test_of_a_directory_that_says_nothing_the_operator_may_say_that_its_addresses_are_verified(
    start: Callable[..., Browser], directory: Directory, house: House
) -> None:
    browser = start(oidc_emails_verified=True)
    directory.claims = {"email": "aoki@example.jp", "email_verified": False}
    assert browser.sign_in().location == "/login"
    assert "has not verified" in browser.words()
    directory.claims = {"email": "aoki@example.jp"}
    assert browser.sign_in().location == "/bookings"
    assert identities(house) == [(house.people["aoki"].id, "s-0001")]


def test_an_address_that_the_directory_gave_to_another_does_not_open_the_account(
    browser: Browser, directory: Directory, house: House
) -> None:
    browser.sign_in()
    browser.client.delete_cookie("akiseki")
    directory.subject = "s-0002"
    assert browser.sign_in().location == "/login"
    assert "another person of the directory" in browser.words()
    assert not browser.is_signed_in()


def test_a_leaver_is_refused_by_subject_and_by_address(browser: Browser, house: House) -> None:
    browser.sign_in()
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.id == house.people["aoki"].id).values(left_at=at("08:30")))
    assert not browser.is_signed_in()
    assert browser.sign_in().location == "/login"
    assert "have no account here, or have left" in browser.words()


@pytest.mark.parametrize(
    "lie",
    [
        {"iss": "http://127.0.0.1:1"},
        {"aud": "another"},
        {"aud": [CLIENT_ID, "another"], "azp": "another"},
        {"nonce": "another"},
        {"exp": 1},
        {"sub": ""},
    ],
    ids=str,
)
def test_a_token_that_is_wrong_in_one_way_signs_nobody_in(
    browser: Browser, directory: Directory, house: House, lie: dict[str, object]
) -> None:
    directory.lie = lie
    assert browser.sign_in().location == "/login"
    assert "did not sign you in" in browser.words()
    assert not browser.is_signed_in()
    assert identities(house) == []


def test_a_token_signed_by_a_stranger_signs_nobody_in(browser: Browser, directory: Directory) -> None:
    directory.forged = True
    assert browser.sign_in().location == "/login"
    assert not browser.is_signed_in()


def test_a_way_back_that_began_in_another_browser_signs_nobody_in(browser: Browser) -> None:
    address = browser.go()
    browser.client.delete_cookie("akiseki")
    assert browser.come_back(address).location == "/login"
    assert not browser.is_signed_in()


def test_a_way_back_is_good_once(browser: Browser) -> None:
    address = browser.go()
    assert browser.come_back(address).location == "/bookings"
    browser.client.delete_cookie("akiseki")
    assert browser.come_back(address).location == "/login"


def test_a_state_that_is_another_signs_nobody_in(browser: Browser) -> None:
    parts = urlsplit(browser.go())
    code = parse_qs(parts.query)["code"][0]
    assert browser.come_back(f"{parts.path}?code={code}&state=another").location == "/login"
    assert browser.come_back(f"{parts.path}?code={code}").location == "/login"
    assert not browser.is_signed_in()


def test_claims_that_only_userinfo_tells_are_read_there_if_they_are_of_the_same_person(
    browser: Browser, directory: Directory, house: House
) -> None:
    directory.in_userinfo_only = True
    assert browser.sign_in().location == "/bookings"
    assert identities(house) == [(house.people["aoki"].id, "s-0001")]


def test_a_directory_that_refuses_is_silent_or_is_gone_leaves_the_password(
    start: Callable[..., Browser], browser: Browser, directory: Directory
) -> None:
    directory.refuses = True
    assert browser.sign_in().location == "/login"
    directory.silent_s = 1
    other = start(oidc_timeout_seconds=0.2)
    assert other.client.get("/login/oidc", headers=ENGLISH).location == "/login"
    assert "did not sign you in" in other.words()


def test_without_a_directory_there_is_no_such_page(house: House, clock: SteppingClock) -> None:
    url = house.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, secret_key="k" * 32, clock=clock))
    assert app.test_client().get("/login/oidc").status_code == 404
    assert app.test_client().get("/login/oidc/back?code=x&state=y").status_code == 404
    assert "/login/oidc" not in app.test_client().get("/login").text
    with app.app_context():
        db.engine.dispose()
