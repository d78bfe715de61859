"""Answers that end in time: the timeout of a socket is for each read, and who sends a byte at a time never meets it."""

from __future__ import annotations

import io
from http.client import HTTPConnection, HTTPResponse, HTTPSConnection
from socket import socket
from time import monotonic
from typing import TYPE_CHECKING, Any
from urllib.request import HTTPHandler, HTTPSHandler, Request

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class PunctualReads(io.RawIOBase):
    """What a socket receives until `ends` (of the monotonic clock); later reads raise TimeoutError."""

    def __init__(self, connection: socket, ends: float) -> None:
        self._connection, self._patience, self.ends = connection, connection.gettimeout(), ends
        self._raw = connection.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int | None:
        left = self.ends - monotonic()
        if left <= 0:
            raise TimeoutError("timed out")
        self._connection.settimeout(left)
        try:
            return self._raw.readinto(buffer)
        finally:
            self._connection.settimeout(self._patience)

    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(HTTPResponse):
    """Read until so long after the request was sent as its connection's timeout says."""

    def __init__(self, sock: socket, *args: Any, **options: Any) -> None:
        super().__init__(sock, *args, **options)
        ends = monotonic() + (sock.gettimeout() or 0)
        self.fp.close()
        self.fp = io.BufferedReader(PunctualReads(sock, ends))


class _Connection(HTTPConnection):
    response_class = _Answer


class _SecureConnection(HTTPSConnection):
    response_class = _Answer


class PunctualHttp(HTTPHandler):
    """For an opener: its timeout is for connecting, and once more for the whole answer."""

    def http_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_Connection, req)


class PunctualHttps(HTTPSHandler):
    """As PunctualHttp, over TLS; the certificate is checked."""

    def https_open(self, req: Request) -> HTTPResponse:
        return self.do_open(_SecureConnection, req)
