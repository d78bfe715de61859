"""The web process over its socket: what it is told under which name, and what it reads."""

from __future__ import annotations

import asyncio
import http.client
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from urllib.parse import urlencode

import pytest
from sqlalchemy import select

from app import rsgi
from app.database import reading, transaction
from app.factory import create_app
from app.people.models import Role, User
from app.people.service import add_user, issue_token
from app.rsgi import Rsgi
from app.settings import Settings
from tests.app.test_pages import token_in
from tests.house import DAY, House, at
from tests.servers.web import web_processes

TRUSTED = {"PROXY_USER_HEADER": "X-Remote-User", "PROXY_ADDRESSES": "127.0.0.1"}
AOKI, FUJII = "X-Remote-User: aoki@example.jp", "X_Remote_User: fujii@example.jp"


@pytest.fixture
def port(house: House, tmp_path: Path) -> Iterator[int]:
    url = house.engine.url.render_as_string(hide_password=False)
    with web_processes(1, url, tmp_path, TRUSTED) as (port,):
        yield port


def ask(port: int, *lines: str, what: str = "GET /account", body: str = "") -> str:
    """What is answered to exactly these header lines, sent at once."""
    head = "\r\n".join([f"{what} HTTP/1.1", "Host: seats.example", "Connection: close", *lines])
    with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as line:
        line.sendall(f"{head}\r\n\r\n{body}".encode())
        return b"".join(iter(lambda: line.recv(65536), b"")).decode()


def test_nobody_gets_past_the_proxy_by_a_name_with_underscores_or_by_saying_it_twice(port: int) -> None:
    mixed = "X-Remote_User: fujii@example.jp", "x_remote-user: fujii@example.jp"
    for lines in ((FUJII, AOKI), (AOKI, FUJII), (AOKI, *mixed)):
        answer = ask(port, *lines)
        assert answer.startswith("HTTP/1.1 200"), lines
        assert "aoki@example.jp" in answer
        assert "fujii@example.jp" not in answer
    assert ask(port, FUJII).startswith("HTTP/1.1 302")
    for name in ("fujii", "aoki"):
        assert ask(port, AOKI, f"X-Remote-User: {name}@example.jp").startswith("HTTP/1.1 403"), name


def test_what_is_sent_in_parts_is_read_whole_and_what_is_too_much_not_at_all(port: int) -> None:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=20)) as line:
        line.request("GET", "/login")
        page = line.getresponse()
        cookie = (page.getheader("Set-Cookie") or "").partition(";")[0]
        form = {
            "csrf_token": token_in(page.read().decode()),
            "email": "nobody@example.jp",
            "password": "x" * 40_000,
        }
        said = urlencode(form).encode()
        kind = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        length = {"Content-Length": str(len(said))}
        for body, more, status in (
            (said, {}, 401),
            (iter([said[:9], said[9:30_000], said[30_000:]]), length, 401),
        ):
            line.request("POST", "/login", body, kind | more)
            answer = line.getresponse()
            answer.read()
            assert answer.status == status
        line.request("HEAD", "/static/akiseki.css")
        sheet = line.getresponse()
        assert (sheet.status, sheet.read()) == (200, b"")
        assert int(sheet.getheader("Content-Length") or 0) > 0
        line.request("POST", "/login", b"", kind | {"Content-Length": "9999999"})
        assert line.getresponse().status == 413
    # Its end looks like that of a broken connection.
    lines = [f"{name}: {value}" for name, value in kind.items()]
    parts = "7\r\nemail=a\r\n0\r\n\r\n"
    chunked = ask(port, *lines, "Transfer-Encoding: chunked", what="POST /login", body=parts)
    assert chunked.startswith("HTTP/1.1 411")


def test_what_breaks_off_on_its_way_is_not_taken_for_the_whole(house: House, port: int) -> None:
    with transaction(house.engine) as session:
        jinji = add_user(
            session,
            "jinji@example.jp",
            name="jinji",
            section_code="zei",
            role=Role.PERSONNEL,
            now=at("08:00"),
            on=DAY,
        )
        token = issue_token(session, jinji, now=at("08:00"))
    sheet = b"email,role,sections,name\nnew@example.jp,staff,zei,Yamada Taro\n"
    head = (
        "POST /api/v1/imports/people HTTP/1.1\r\nHost: seats.example\r\nContent-Type: text/csv\r\n"
        f"Authorization: Bearer {token}\r\nContent-Length: {len(sheet)}\r\nConnection: close\r\n\r\n"
    ).encode()

    def send(body: bytes) -> bytes:
        with closing(socket.create_connection(("127.0.0.1", port), timeout=20)) as line:
            line.sendall(head + body)
            if len(body) < len(sheet):
                line.shutdown(socket.SHUT_WR)
            return b"".join(iter(lambda: line.recv(65536), b""))

    def names() -> set[str]:
        with reading(house.engine) as session:
            return set(session.scalars(select(User.name)))

    before = names()
    send(sheet[: sheet.index(b" Taro")].replace(b"new@", b"cut@"))
    assert b" 200 " in send(sheet).partition(b"\r\n")[0]
    assert names() - before == {"Yamada Taro"}


class Sent:
    """A request of granian's in parts, one of them empty, as its trailers are; keeps what is answered."""

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._parts()

    async def _parts(self) -> AsyncIterator[bytes]:
        for part in (b"one\ntwo", b"", b" three", b""):
            yield part

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.answer = status, headers, body


class Stuck(Sent):
    """One of which the rest never comes."""

    async def _parts(self) -> AsyncIterator[bytes]:
        yield b"email=a"
        await asyncio.sleep(3600)


def scope_of(method: str, path: str, sent: list[tuple[str, str]]) -> SimpleNamespace:
    """A request's head as granian tells it."""
    return SimpleNamespace(
        method=method,
        path=path,
        query_string="a=%20",
        server="[::1]:443",
        client="[2001:db8::1]:50000",
        http_version="2",
        scheme="https",
        authority="seats.example",
        headers=SimpleNamespace(items=lambda: sent),
    )


def test_an_application_sees_what_wsgi_promises() -> None:
    seen: dict[str, Any] = {}

    def app(environ: dict[str, Any], start: Any) -> list[bytes]:
        seen.update(environ)
        start("201 Created", [("X-A", "b")])
        return [environ["wsgi.input"].readline(), environ["wsgi.input"].read(4), environ["wsgi.input"].read()]

    sent = [("cookie", "a=1"), ("x-a", "1"), ("cookie", "b=2"), ("x_a", "2"), ("x-a", "3")]
    sent += [("content_length", "5"), ("content-type", "text/plain"), ("content-length", "13")]
    scope = scope_of("POST", "/階", sent)
    protocol = Sent()
    asyncio.run(Rsgi(app, 1).__rsgi__(cast("Any", scope), cast("Any", protocol)))
    assert protocol.answer == (201, [("X-A", "b")], b"one\ntwo three")
    told = {name: seen[name] for name in ("PATH_INFO", "SERVER_NAME", "SERVER_PORT", "REMOTE_ADDR")}
    assert told == {
        "PATH_INFO": "/階".encode().decode("latin-1"),
        "SERVER_NAME": "::1",
        "SERVER_PORT": "443",
        "REMOTE_ADDR": "2001:db8::1",
    }
    headers = {name: value for name, value in seen.items() if name.startswith(("HTTP_", "CONTENT_"))}
    assert headers == {
        "HTTP_HOST": "seats.example",
        "HTTP_COOKIE": "a=1; b=2",
        "HTTP_X_A": "1,3",
        "CONTENT_LENGTH": "13",
        "CONTENT_TYPE": "text/plain",
    }


def test_what_does_not_come_in_time_is_waited_for_no_longer(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rsgi, "BODY_S", 0.2)
    url = house.engine.url.render_as_string(hide_password=False)
    app = create_app(Settings(database_url=url, secret_key="k" * 32, data_dir=tmp_path))
    protocol = Stuck()
    sent = [("content-type", "application/x-www-form-urlencoded"), ("content-length", "100")]
    scope = scope_of("POST", "/login", sent)
    asyncio.run(Rsgi(app, 1).__rsgi__(cast("Any", scope), cast("Any", protocol)))
    status, _headers, body = protocol.answer
    assert status == 422, body
