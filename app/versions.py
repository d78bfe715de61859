"""What a GET of the API shows has a version: its ETag, a digest of the answer. A change that names one in If-Match is
made only where the GET would still answer the same.

Both happen in one transaction, after the lock that whoever changes the thing takes first: of two changes from one
version the first is made and the second refused with 412, whether they come by the API or by a page. Bookings,
accounts and sections count their versions in their rows instead: see `app.http.require_version`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from hashlib import sha256
from typing import Any, TypeVar, cast

import orjson
from flask import Response, make_response, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import UnprocessableEntity

from app.database import transaction_around
from app.errors import NotFound, Stale
from app.extensions import db
from app.http import IF_MATCH_IF_SENT, TELLS, Blueprint
from app.orm import Base

View = TypeVar("View", bound=Callable[..., Any])
# Waits, with the ids of the address by their names, until nobody else changes the thing, and keeps it so.
Hold = Callable[..., None]


def row(of: type[Base], name: str) -> Hold:
    """The lock of the row whose key the address has under a name: every writer of the row waits for it."""

    def hold(session: Session, **ids: Any) -> None:
        (key,) = of.__table__.primary_key
        # Not FOR UPDATE: what is being added and refers to the row need not wait.
        session.execute(select(key).where(key == ids[name]).with_for_update(key_share=True))

    return hold


def shown(hold: Hold, *, besides: Sequence[str] = ()) -> Callable[[View], View]:
    """Of a GET, above its other decorators but the route: its answer has a version. `hold` is for those who change
    what it shows. `besides`: what of the answer changes by itself, so that no version would outlast a look."""

    def declare(view: View) -> View:
        @wraps(view)
        def tagged(**ids: Any) -> Response:
            answer = make_response(view(**ids))
            told = answer.get_data()
            if besides:
                kept = {name: one for name, one in orjson.loads(told).items() if name not in besides}
                told = orjson.dumps(kept, option=orjson.OPT_SORT_KEYS)
            answer.set_etag(sha256(told).hexdigest()[:32])
            return answer

        tagged.__dict__ |= {"hold": hold, TELLS: True}
        return cast("View", tagged)

    return declare


def changes(of: Callable[..., Any], *, tells: bool = True) -> Callable[[View], View]:
    """Of a route that changes what the GET `of` shows under the same ids and query, above its other decorators but the
    route: it heeds If-Match, and (`tells`) its answer has the version that came of it, where there still is one."""

    def declare(view: View) -> View:
        @wraps(view)
        def checked(**ids: Any) -> Response:
            # Before the transaction, so that nobody waits for whoever sends slowly.
            request.get_data(cache=True)
            with transaction_around(db.engine) as session:
                of.__dict__["hold"](session, **ids)
                if "If-Match" in request.headers:
                    _require(of, ids)
                # What was read before the service's own locks must not be taken for what is there after them.
                session.expire_all()
                answer = make_response(view(**ids))
                if tells:
                    session.expire_all()
                    _tell(answer, of, ids)
            return answer

        checked.__dict__[TELLS] = tells
        heeding: View = Blueprint.doc(parameters=[IF_MATCH_IF_SENT])(checked)
        return heeding

    return declare


def _require(of: Callable[..., Any], ids: Mapping[str, Any]) -> None:
    """Raises Stale `request.stale`; NotFound as the GET does, but for a PUT: what is to be replaced is gone."""
    try:
        current = _version(of, ids)
    except NotFound as error:
        if request.method != "PUT":
            raise
        raise Stale("request.stale") from error
    if not request.if_match.contains(current):
        raise Stale("request.stale", current=f'"{current}"')


def _tell(answer: Response, of: Callable[..., Any], ids: Mapping[str, Any]) -> None:
    try:
        answer.set_etag(_version(of, ids))
    except (NotFound, UnprocessableEntity):
        # It is gone, or the request did not name (in its query) what the GET would show.
        return


def _version(of: Callable[..., Any], ids: Mapping[str, Any]) -> str:
    version, _is_weak = of(**ids).get_etag()
    return str(version)
