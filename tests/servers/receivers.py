"""A real mail server and a real receiver of webhooks on free ports, which refuse, stall or break off when told to."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from aiosmtpd.controller import Controller

from sensor_gateway.servers import free_port


@dataclass
class Mailbox:
    """What the mail server took, and what it answers instead: `refusals` by address, `answer` to every mail."""

    url: str = ""
    mails: list[EmailMessage] = field(default_factory=list)
    refusals: dict[str, str] = field(default_factory=dict)
    answer: str = ""

    async def handle_RCPT(  # noqa: N802
        self, _server: Any, _session: Any, envelope: Any, address: str, _options: Any
    ) -> str:
        if address in self.refusals:
            return self.refusals[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        if self.answer:
            return self.answer
        mail = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(mail, EmailMessage)
        self.mails.append(mail)
        return "250 OK"


@contextmanager
def mail_server(port: int | None = None, *, tls: ssl.SSLContext | None = None) -> Iterator[Mailbox]:
    """A mail server that lasts as long as the block; with `tls` it offers STARTTLS."""
    box = Mailbox()
    controller = Controller(box, hostname="127.0.0.1", port=port or free_port(), tls_context=tls)
    controller.start()
    box.url = f"smtp://127.0.0.1:{controller.port}?from=akiseki@city.example.jp"
    try:
        yield box
    finally:
        controller.stop()


@dataclass
class Receiver:
    """What a webhook's receiver was called with; `status` is what it answers."""

    url: str = ""
    status: int = 200
    location: str = ""
    calls: list[tuple[dict[str, str], bytes]] = field(default_factory=list)


@contextmanager
def webhook_receiver() -> Iterator[Receiver]:
    """An HTTP server that lasts as long as the block."""
    got = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.calls.append((dict(self.headers), body))
            self.send_response(got.status)
            if got.location:
                self.send_header("Location", got.location)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    got.url = f"http://127.0.0.1:{server.server_port}/hook"
    try:
        yield got
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


@contextmanager
def dripping(begins: bytes, each: float = 0.05) -> Iterator[int]:
    """A server that says this and then a letter at a time, for as long as somebody listens; yields its port."""
    ended = threading.Event()

    def drip(line: socket.socket) -> None:
        with line, suppress(OSError):
            line.sendall(begins)
            while not ended.wait(each):
                line.sendall(b"a")

    def take(door: socket.socket) -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=drip, args=(door.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=take, args=(door,), daemon=True)
        thread.start()
        try:
            yield door.getsockname()[1]
        finally:
            ended.set()
            door.shutdown(socket.SHUT_RDWR)
            thread.join(5)
