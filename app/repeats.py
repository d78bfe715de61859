"""`Idempotency-Key` on every POST of the API: one mechanism around all routes."""

from __future__ import annotations

import hmac
from hashlib import sha256

from flask import Flask, Response, g, request
from flask.typing import ResponseReturnValue

from app import idempotency
from app.access import visitor
from app.database import transaction_around
from app.extensions import db
from app.http import Json, is_api, now, settings

HEADER = "Idempotency-Key"
REPEATED = "Idempotency-Replayed"
# What of the headers belongs to the answer; the rest is made anew for each.
KEPT_HEADERS = ("Content-Type", "ETag", "Location")


class _NotKept(Exception):
    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


def shown_once() -> None:
    """The answer of this request carries a secret: it is not kept, and asked again it is not known."""
    g.shown_once = True


class Application(Flask):
    """Flask, acting once on a POST of the API that comes again under its key.

    What a view does joins the transaction in which its answer is stored. A refusal is stored nowhere, so that it may
    be tried again under the same key; what a view returns with 4xx takes its effects back as what it raises does.
    """

    json_provider_class = Json

    def dispatch_request(self) -> ResponseReturnValue:
        """Answer the request, or give the answer that it had before."""
        person = visitor()
        if request.method != "POST" or not is_api() or HEADER not in request.headers or person is None:
            return super().dispatch_request()
        route = f"{request.method} {request.path}"[:200]
        wanted = idempotency.Claim(person.id, route, request.headers[HEADER], _asked())
        try:
            with transaction_around(db.engine) as session:
                before = idempotency.claim(session, wanted, now=now())
                if before is not None:
                    return Response(before.body, before.status, before.headers | {REPEATED: "true"})
                response = self.make_response(super().dispatch_request())
                if response.status_code >= 400:
                    raise _NotKept(response)
                if not g.get("shown_once"):
                    idempotency.keep(session, wanted, _answer(response))
        except _NotKept as refused:
            return refused.response
        return response


def _asked() -> str:
    """The hash of what a request asks: its query and its body. Keyed, since some bodies are few enough to try them all:
    the number of a card."""
    asked = request.query_string + b"\0" + request.get_data(cache=True)
    return hmac.new(settings().secret_key.encode(), asked, sha256).hexdigest()


def _answer(response: Response) -> idempotency.Answer:
    headers = {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers}
    return idempotency.Answer(response.status_code, headers, response.get_data(as_text=True))
