"""What HTTP needs of every feature: the request's now, errors as problem+json or as a page, versions, cursors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from http import HTTPStatus
from json import JSONDecodeError
from typing import Any, cast

import orjson
from apispec import BasePlugin
from flask import Flask, Request, Response, current_app, g, jsonify, make_response, render_template, request
from flask.json.provider import DefaultJSONProvider
from flask_smorest import Api
from flask_smorest import Blueprint as SmorestBlueprint
from flask_wtf.csrf import CSRFError
from marshmallow import Schema, fields, validate
from sqlalchemy.exc import DataError, IntegrityError, OperationalError
from webargs.flaskparser import FlaskParser
from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from app.database import constraint_name
from app.errors import Conflict, DomainError, Forbidden, NotFound, RuleBroken, Stale, Unavailable
from app.extensions import limiter, token_or_address
from app.fields import MOST_ID, Identifier
from app.settings import Settings
from app.wording import explain

STATUS: dict[type[DomainError], int] = {
    NotFound: 404,
    Forbidden: 403,
    Conflict: 409,
    RuleBroken: 422,
    Stale: 412,
    Unavailable: 503,
}
CODES = {
    400: "request.invalid",
    401: "access.unauthenticated",
    403: "access.denied",
    404: "request.unknown",
    405: "request.method",
    411: "request.length_required",
    413: "request.too_large",
    415: "request.invalid",
    422: "request.invalid",
    428: "request.version_required",
    429: "request.too_many",
}
# A body that is no JSON, or of another type, is as invalid as one with wrong fields: one answer for all three.
AS_INVALID = {400: 422, 415: 422}
PROBLEM_JSON = "application/problem+json"
PAGE_SIZE = 50
PAGE_SIZE_AT_MOST = 200


def settings() -> Settings:
    """What the operator decided for this application."""
    found: Settings = current_app.extensions["akiseki"]
    return found


def model_timing(model: str) -> Mapping[str, int | bool]:
    """The times of a model of sensors, by the names of a sensor's columns, as the profiles of models say."""
    timing: Mapping[str, int | bool] = current_app.extensions["akiseki.timing"](model)
    return timing


def is_model_known(model: str) -> bool:
    """Whether a profile knows a model of sensors, or it needs none."""
    known: bool = current_app.extensions["akiseki.knows"](model)
    return known


def profile_fault() -> str:
    """Which profile of a model of sensors cannot be used, and why; empty where all can."""
    found: str = current_app.extensions["akiseki.profile_fault"]
    return found


def models_known() -> Sequence[str]:
    """The models of sensors that have a profile."""
    found: Sequence[str] = current_app.extensions["akiseki.models"]
    return found


def names_in(
    messages: Sequence[tuple[str, bytes, datetime]],
) -> Sequence[Sequence[tuple[str, str, bool | None]]]:
    """As whom each of these sensors' messages would be heard, together: (device, part, whether somebody is there)."""
    found: Sequence[Sequence[tuple[str, str, bool | None]]] = current_app.extensions["akiseki.names"](
        messages
    )
    return found


def now() -> datetime:
    """The instant of this request, read once."""
    if "now" not in g:
        g.now = settings().clock()
    at: datetime = g.now
    return at


def today() -> date:
    """The office's day of this request."""
    return now().astimezone(settings().timezone).date()


class Json(DefaultJSONProvider):
    """Answers written by orjson: a floor of 500 spaces takes it a twentieth of the time."""

    def response(self, *args: Any, **kwargs: Any) -> Response:
        """As Flask's. What orjson refuses, such as half a character or a number over 64 bits that a request sent and a
        refusal repeats, is written by Flask's own."""
        try:
            body = orjson.dumps(
                self._prepare_response_obj(args, kwargs), default=self.default, option=orjson.OPT_SORT_KEYS
            )
        except TypeError:
            return cast("Response", super().response(*args, **kwargs))
        return Response(body, mimetype=self.mimetype)


class JsonParser(FlaskParser):
    """Whatever Python cannot read as JSON is bad input: also numbers and nesting beyond its limits."""

    def _raw_load_json(self, req: Request) -> Any:
        # A body without a length is cut at the limit, silently (werkzeug's LimitedStream): one that fills it is more.
        limit = req.max_content_length
        if req.content_length is None and limit is not None and len(req.get_data(cache=True)) >= limit:
            raise RequestEntityTooLarge
        try:
            return super()._raw_load_json(req)
        except JSONDecodeError:
            raise
        except (RecursionError, ValueError) as error:
            # With a text, since webargs takes an error in an empty one for a body that is missing.
            raise JSONDecodeError(str(error), "?", 0) from error


_calls_of_api = limiter.shared_limit(lambda: settings().api_rate, scope="api", key_func=token_or_address)


class Blueprint(SmorestBlueprint):
    """flask-smorest's, with that parser, and with so many calls a token as the operator lets it have.

    Counted over all routes together, in each web process: what guards the machine needs no exact number, nor a store
    of its own.
    """

    ARGUMENTS_PARSER = JsonParser()

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        _calls_of_api(self)


class ProblemSchema(Schema):
    """RFC 9457 problem details with a stable code."""

    type = fields.String(metadata={"description": "always about:blank: `code` names the problem"})
    title = fields.String()
    status = fields.Integer()
    code = fields.String(metadata={"description": "stable, for programs"})
    detail = fields.String(metadata={"description": "one sentence for a person"})
    errors = fields.Dict(metadata={"description": "by field, where fields were wrong"})
    facts = fields.Dict(metadata={"description": "what was asked and what would be allowed"})
    rule = fields.String(metadata={"description": "where a rule refuses: which one"})
    value = fields.String(metadata={"description": "what was asked of it"})
    allowed = fields.String(metadata={"description": "what it would allow"})


def problem(status: int, code: str, *, facts: dict[str, Any] | None = None, errors: Any = None) -> Response:
    """A refusal in the contract's form."""
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": explain(code, {}),
        "status": status,
        "code": code,
        "detail": explain(code, facts or {}),
    }
    if facts:
        body["facts"] = facts
        body.update({name: facts[name] for name in ("rule", "value", "allowed") if name in facts})
    if errors:
        body["errors"] = errors
    response = jsonify(body)
    response.status_code = status
    response.content_type = PROBLEM_JSON
    if status == 401:
        response.headers["WWW-Authenticate"] = 'Bearer realm="akiseki"'
    return response


def identifier(text: str) -> int:
    """An id as the databases number rows; raises ValueError for what no row can have."""
    number = int(text)
    if not 0 <= number <= MOST_ID:
        raise ValueError(f"{text} is no id")
    return number


def refuse_impossible_ids() -> None:
    """Before every request: an id in the address that no row can have is the address of nothing."""
    if any(isinstance(value, int) and value > MOST_ID for value in (request.view_args or {}).values()):
        raise NotFound("request.unknown")


def is_api() -> bool:
    """Whether a program asks, not a browser."""
    return request.path.startswith("/api/")


def domain_error(error: DomainError) -> Response:
    """A refusal of the domain, as problem+json for programs and as a page for people."""
    status = STATUS[type(error)]
    if is_api():
        return problem(status, error.code, facts=error.facts)
    return _page(status, explain(error.code, error.facts))


def data_error(_error: DataError) -> Response:
    """What a database cannot hold and no field refused before: bad input all the same, and nothing is stored."""
    return domain_error(RuleBroken("request.invalid"))


def raced(error: IntegrityError) -> Response:
    """Somebody wrote the same thing at the same moment, and no service gave that a name: theirs stands."""
    current_app.logger.warning("raced: %s", constraint_name(error))
    return domain_error(Conflict("request.raced"))


def busy(error: OperationalError) -> Response:
    """The database does not answer, or not in time. Nothing was changed."""
    current_app.logger.error("database: %s", error.orig)
    if not is_api():
        return _page(503, explain("database.busy", {}))
    return problem(503, "database.busy")


def retry_after_refusals(response: Response) -> Response:
    """After every request: when to come again is said to whoever came too often (by the limiter, which says it to
    everybody), and where the database was busy; nowhere else."""
    if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    elif response.status_code != HTTPStatus.TOO_MANY_REQUESTS:
        response.headers.pop("Retry-After", None)
    return response


def http_error(error: HTTPException) -> Response:
    """An error of HTTP itself in the same form; 405 keeps its Allow, 429 its Retry-After."""
    raw = error.code or 500
    status = AS_INVALID.get(raw, raw)
    code = "request.form_expired" if isinstance(error, CSRFError) else CODES.get(raw, "server.error")
    if not is_api():
        response = _page(status, explain(code, {}))
    else:
        details = getattr(error, "data", None) or {}
        response = problem(status, code, errors=details.get("messages") or details.get("errors"))
    for name, value in error.get_headers():
        if name in {"Allow", "Retry-After"}:
            response.headers[name] = value
    return response


def _page(status: int, message: str) -> Response:
    return make_response(render_template("error.html", status=status, message=message), status)


class Headers(BasePlugin):
    """Documents the header that every POST takes."""

    def operation_helper(
        self, *_args: Any, operations: dict[str, Any] | None = None, **_options: Any
    ) -> None:
        for method, operation in (operations or {}).items():
            if method == "post":
                operation.setdefault("parameters", []).append(
                    {
                        "in": "header",
                        "name": "Idempotency-Key",
                        "description": "asked again under one key within a day, it happens once and is answered alike",
                        "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
                    }
                )


class ProblemApi(Api):
    """flask-smorest with our one error shape, in the document as in the answers."""

    ERROR_SCHEMA = ProblemSchema
    document: dict[str, Any]

    def _openapi_json(self) -> Response:
        return jsonify(self.document)

    def _register_responses(self) -> None:
        """As flask-smorest does, but for the type that our errors have."""
        of_success: str = Api.DEFAULT_RESPONSE_CONTENT_TYPE
        self.DEFAULT_RESPONSE_CONTENT_TYPE = PROBLEM_JSON
        super()._register_responses()
        self.DEFAULT_RESPONSE_CONTENT_TYPE = of_success

    def handle_http_exception(self, error: HTTPException) -> Response:
        return http_error(error)


def register_errors(app: Flask) -> None:
    """Give every error of the application its one shape."""
    app.register_error_handler(DomainError, domain_error)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(DataError, data_error)
    app.register_error_handler(IntegrityError, raced)
    app.register_error_handler(OperationalError, busy)


def etag(version: int | str) -> str:
    """The entity tag that names a version."""
    return f'"{version}"'


IF_MATCH = {
    "in": "header",
    "name": "If-Match",
    "required": True,
    "description": "the ETag of what is changed: an old one is refused with 412",
    "schema": {"type": "string"},
}
# For what says what it means without a version, and heeds one that is sent.
IF_MATCH_IF_SENT = IF_MATCH | {"required": False}
IF_MATCH_UNLESS_DRY = IF_MATCH_IF_SENT | {
    "description": f"{IF_MATCH['description']}; only a dry run may leave it out"
}
# Whether the answers of a view carry one.
TELLS = "tells_version"
ETAG_HEADER = {"ETag": {"description": "the version, for If-Match", "schema": {"type": "string"}}}


def require_version(version: int) -> None:
    """Refuse a change that names no version (428) or an old one (412)."""
    if "If-Match" not in request.headers:
        raise PreconditionRequired
    if not request.if_match.contains(str(version)):
        raise Stale("request.stale", current=etag(version))


def check_version(version: int) -> None:
    """Refuse an old version (412) where a verb names one; a verb says what it means without."""
    if "If-Match" in request.headers:
        require_version(version)


class PreconditionRequired(HTTPException):
    code = 428
    description = "If-Match is missing"


NEXT = "`next_cursor` of the page before"


class PageArguments(Schema):
    """Cursor pages: pass `next_cursor` of one answer as `cursor` of the next."""

    limit = fields.Integer(load_default=PAGE_SIZE, validate=validate.Range(1, PAGE_SIZE_AT_MOST))
    cursor = Identifier(load_default=0, metadata={"description": NEXT})


def cursor_page(rows: Sequence[Any], limit: int) -> dict[str, Any]:
    """A page from rows of which one more than `limit` was asked for; they have an `id`."""
    items = rows[:limit]
    return {"items": items, "next_cursor": items[-1].id if len(rows) > limit else None}
