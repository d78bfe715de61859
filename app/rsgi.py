"""A WSGI application behind granian's own interface (RSGI), where headers still bear the names they were sent under.

WSGI writes `X-Remote-User` and `X_Remote_User` alike, and granian's WSGI believes the last of them: whoever asks could
set aside what a reverse proxy says of them. No header with an underscore reaches the application, as with nginx. Of one
that came several times all values do, joined: none of them is believed alone.
"""

from __future__ import annotations

import asyncio
import io
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING, Any

from werkzeug.exceptions import ClientDisconnected, LengthRequired

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer
    from _typeshed.wsgi import WSGIApplication, WSGIEnvironment
    from granian._granian import RSGIHTTPProtocol as HTTPProtocol
    from granian.rsgi import Scope

# For the whole of what a request carries, however slowly it comes: a thread waits for it.
BODY_S = 60
# What CGI names without HTTP_ in front.
PLAIN = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}


class Rsgi:
    """What a worker of granian calls: one WSGI application on so many threads."""

    def __init__(self, app: WSGIApplication, threads: int) -> None:
        self._app = app
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="web")

    async def __rsgi__(self, scope: Scope, protocol: HTTPProtocol) -> None:
        loop = asyncio.get_running_loop()
        environ = environ_of(scope)
        length = environ.get("CONTENT_LENGTH", "")
        body = _Body(protocol, loop, int(length) if length.isdecimal() else None)
        environ["wsgi.input"] = io.BufferedReader(body)
        await loop.run_in_executor(self._threads, self._answer, environ, protocol)

    def _answer(self, environ: WSGIEnvironment, protocol: HTTPProtocol) -> None:
        begun: list[tuple[int, list[tuple[str, str]]]] = []

        def start(status: str, headers: list[tuple[str, str]], _error: object = None) -> Any:
            begun.append((int(status[:3]), headers))

        body = _whole(self._app(environ, start))
        protocol.response_bytes(*begun[-1], body)


def _whole(parts: Iterable[bytes]) -> bytes:
    try:
        return b"".join(parts)
    finally:
        if hasattr(parts, "close"):
            parts.close()


def environ_of(scope: Scope) -> WSGIEnvironment:
    """A request as WSGI tells it, but for its body."""
    server, _, port = scope.server.rpartition(":")
    environ = {
        "REQUEST_METHOD": scope.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": scope.path.encode().decode("latin-1"),
        "QUERY_STRING": scope.query_string,
        "SERVER_NAME": server.strip("[]"),
        "SERVER_PORT": port,
        "SERVER_PROTOCOL": f"HTTP/{scope.http_version}",
        "REMOTE_ADDR": scope.client.rpartition(":")[0].strip("[]"),
        "HTTP_HOST": scope.authority or "",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope.scheme,
        "wsgi.errors": sys.stderr,
        # Not in PEP 3333, but werkzeug reads bodies without a length only so.
        "wsgi.input_terminated": True,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }
    headers: dict[str, list[str]] = {}
    for name, value in scope.headers.items():
        if "_" not in name:
            headers.setdefault(name, []).append(value)
    for name, values in headers.items():
        # HTTP/2 cuts cookies apart (RFC 9113, 8.2.3).
        value = ("; " if name == "cookie" else ",").join(values)
        environ[PLAIN.get(name) or f"HTTP_{name.upper().replace('-', '_')}"] = value
    return environ


class _Body(io.RawIOBase):
    """What a request carries, taken from the event loop by the thread that reads it, and no sooner.

    Raises ClientDisconnected where it does not come in time, or less than its length: a connection that breaks off is
    to granian the end of what it carried. Where no length was told nobody could tell that end from a break:
    LengthRequired.
    """

    def __init__(self, protocol: HTTPProtocol, loop: asyncio.AbstractEventLoop, length: int | None) -> None:
        self._protocol, self._loop, self._lacks = protocol, loop, length
        self._parts: Any = None
        self._rest = b""
        self._ends = monotonic() + BODY_S

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if not self._rest:
            coming = asyncio.run_coroutine_threadsafe(self._next(), self._loop)
            try:
                self._rest = coming.result(max(0, self._ends - monotonic()))
            except TimeoutError as error:
                coming.cancel()
                raise ClientDisconnected from error
            self._count(len(self._rest))
        room = memoryview(buffer)
        taken = self._rest[: len(room)]
        room[: len(taken)] = taken
        self._rest = self._rest[len(taken) :]
        return len(taken)

    def _count(self, came: int) -> None:
        if self._lacks is None:
            if came:
                raise LengthRequired
            return
        self._lacks -= came
        if not came and self._lacks > 0:
            raise ClientDisconnected

    async def _next(self) -> bytes:
        """The next part that holds anything; empty at the end."""
        if self._parts is None:
            self._parts = aiter(self._protocol)
        part = b""
        while not part:
            try:
                part = await self._parts.__anext__()
            except StopAsyncIteration:
                break
        return part
