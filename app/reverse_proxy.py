"""The reverse proxy in front of the office's pages: what it says is believed from its own addresses alone.

Anybody can send the headers that a proxy sends. Who is counted and noted by address must not choose it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from typing import TYPE_CHECKING

from werkzeug.middleware.proxy_fix import ProxyFix

from app.setting_addresses import Network

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def is_proxy(environ: WSGIEnvironment, proxies: Iterable[Network]) -> bool:
    """Whether a request came straight from one of these addresses, whatever its headers say where it came from."""
    as_connected = environ.get("werkzeug.proxy_fix.orig") or environ
    try:
        peer = ip_address(as_connected.get("REMOTE_ADDR") or "")
    except ValueError:
        return False
    return any(peer in network for network in proxies)


class Forwarded:
    """An application that sees who asked a proxy, by which scheme and name, where one of `proxies` passed it on; all
    other requests as they are."""

    def __init__(self, app: WSGIApplication, proxies: Sequence[Network]) -> None:
        self._app, self._proxies = app, proxies
        self._behind = ProxyFix(app, x_for=1, x_proto=1, x_host=1)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        app = self._behind if is_proxy(environ, self._proxies) else self._app
        return app(environ, start_response)
