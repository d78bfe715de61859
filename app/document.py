"""The OpenAPI document, completed with what holds for every route, so that each answer a route can give stands in it.

flask-smorest writes what each route says of itself; refusals follow from the route's shape: its access, its method,
its arguments, whether it changes a version. One that does not follow the route itself declares by its status.
"""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from app.access import declared
from app.http import ETAG_HEADER, PROBLEM_JSON, TELLS

Json = dict[str, Any]
PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")
METHODS = ("get", "post", "put", "patch", "delete")
SAYS = {
    401: "no valid token (`access.unauthenticated`)",
    403: "not for this role, or not for this person",
    404: "there is no such thing, or none that the asker may know of",
    409: "somebody or something else was there first",
    411: "the length of the body is not told (Content-Length)",
    412: "the version in If-Match is old (`request.stale`)",
    413: "the body is larger than any request needs",
    422: "a field is wrong (`request.invalid`), or a rule of the office does not allow it",
    428: "If-Match is missing (`request.version_required`)",
    429: "too many requests with this token; Retry-After says when to go on",
}
CONTENT = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
RETRY_AFTER = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
REPLAYED = {
    "Idempotency-Replayed": {"description": "`true`: as it was answered before", "schema": {"type": "string"}}
}


WEBHOOKS = {
    "event": {
        "post": {
            "operationId": "webhook_event",
            "summary": "An event, as a webhook of the shape `plain` is told it",
            "description": "Told at least once: `id` says what came before. What is not answered with 2xx is tried"
            " again after 1, 5, 30, 120 and 720 minutes, and meanwhile what happened later may come first.",
            "security": [],
            "parameters": [
                {
                    "in": "header",
                    "name": "Akiseki-Signature",
                    "required": True,
                    "description": "`t=SECONDS,v1=HEX`: HMAC-SHA256, with the webhook's secret, of the seconds, a dot"
                    " and the body; for a day after a renewal another `v1` with the old secret",
                    "schema": {"type": "string"},
                }
            ],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": {"$ref": "#/components/schemas/WebhookEvent"}}},
            },
            "responses": {"2XX": {"description": "taken; redirects are not followed"}},
        }
    }
}


def completed(document: Json, app: Flask) -> Json:
    """The document with the name, the refusals and the headers of every operation, and with what webhooks are told;
    `document` itself is changed."""
    document["webhooks"] = WEBHOOKS
    for rule in app.url_map.iter_rules():
        path = PARAMETER.sub(r"{\1}", rule.rule)
        operations = document["paths"].get(path, {})
        for method in METHODS:
            if method in operations and method.upper() in (rule.methods or ()):
                _complete(operations[method], method, rule, app)
    return document


def _complete(operation: Json, method: str, rule: Rule, app: Flask) -> None:
    # For generated clients: of the endpoint's name, which outlives its address.
    operation["operationId"] = rule.endpoint.replace(".", "_")
    answers: Json = operation["responses"]
    answers.pop("default", None)
    if method == "post":
        for status, answer in answers.items():
            if status.startswith("2"):
                answer.setdefault("headers", {}).update(REPLAYED)
    if getattr(app.view_functions[rule.endpoint], TELLS, False):
        for status, answer in answers.items():
            if status.startswith("2"):
                answer.setdefault("headers", {}).update(ETAG_HEADER)
    said = {int(status) for status in answers if status >= "4"}
    for refused in sorted(said | _refusals(operation, method, rule)):
        answers[str(refused)] = {"description": SAYS[refused], "content": CONTENT}
    answers["429"]["headers"] = RETRY_AFTER
    if not declared(app, rule.endpoint):
        operation["security"] = []
        del answers["401"]
    operation["responses"] = dict(sorted(answers.items()))


def _refusals(operation: Json, method: str, rule: Rule) -> set[int]:
    found = {401, 403, 429}
    named = {(one["in"], one["name"]) for one in operation.get("parameters", ())}
    asks = any(place == "query" for place, _name in named)
    if rule.arguments or asks or "requestBody" in operation:
        found.add(404)
    if asks:
        found.add(422)
    if method != "get":
        found |= {409, 422}
    if method == "post" or "requestBody" in operation:
        found |= {411, 413}
    for one in operation.get("parameters", ()):
        if one["name"] == "If-Match":
            found |= {412, 428} if one["required"] else {412}
    return found
