"""API of the queue: stand in line, answer an offer, draw a number."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from flask import Response, make_response
from sqlalchemy.orm import Session

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.cursors import id_page
from app.database import lock_rows, reading, transaction
from app.extensions import db
from app.http import ETAG_HEADER, Blueprint, PageArguments, etag, now, settings
from app.timespan import TimeSpan
from app.versions import changes, shown
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import Wish
from app.waitlist.schemas import Accepted, DrawRequest, EntryList, EntryView, NumbersQuery, WaitRequest
from app.waitlist.service import Draw, Standing

api = Blueprint("waitlist", "waitlist", url_prefix="/api/v1", description="The queue")


@api.route("/waitlist", methods=["POST"])
@api.arguments(WaitRequest)
@api.response(201, EntryView)
@allow(*PEOPLE)
def wait(body: dict[str, Any]) -> Any:
    """Stand in line for a space, a kind, a zone or a site; what is free already is offered at once"""
    with transaction(db.engine) as session:
        target = service.target_of(session, actor=asker(), **{name: body[name] for name in service.TARGET})
        length = timedelta(minutes=body["minutes"]) if body["minutes"] else None
        wish = Wish(target, TimeSpan(body["start"], body["end"]), length)
        return _shown(session, pipeline.wait(session, wish, actor=asker(), now=now(), office=settings()))


@api.route("/waitlist")
@api.arguments(PageArguments, location="query")
@api.response(200, EntryList)
@allow(*PEOPLE)
def index(query: dict[str, Any]) -> Any:
    """One's own places in line, and what is offered"""
    with reading(db.engine) as session:
        found = service.list_own(session, asker().id, after_id=query["cursor"], limit=query["limit"] + 1)
        page = found[: query["limit"]]
        shown = service.standing(session, page, now=now())
        session.expunge_all()
    return {"items": shown, "next_cursor": page[-1].id if len(found) > len(page) else None}


@api.route("/waitlist/numbers", methods=["POST"])
@api.arguments(DrawRequest)
@api.response(201, EntryView)
@allow(*PEOPLE, Role.KIOSK)
def draw(body: dict[str, Any]) -> Any:
    """Draw the next number for the rooms of a zone; at a kiosk for whoever stands there"""
    draw = Draw(body["zone_id"], timedelta(minutes=body["minutes"]))
    with transaction(db.engine) as session:
        return _shown(
            session, pipeline.draw_number(session, draw, actor=asker(), now=now(), office=settings())
        )


@api.route("/waitlist/numbers")
@api.arguments(NumbersQuery, location="query")
@api.response(200, EntryList)
@allow(*PEOPLE, Role.KIOSK)
def numbers(query: dict[str, Any]) -> Any:
    """The numbers that are called and that wait for the rooms of a zone today; nobody is named"""
    with reading(db.engine) as session:
        page = id_page(service.numbers(session, query["zone"], now=now()), query)
        shown = service.standing(session, page["items"], now=now())
        for one in shown:
            session.expunge(one.entry)
            one.entry.user_id = None
        session.expunge_all()
    return page | {"items": shown}


def _hold(session: Session, *, entry_id: int) -> None:
    """Two answers to one offer come one after the other; what time does to it meanwhile each finds out by itself."""
    lock_rows(session, "waitlist_entry", [entry_id])


@api.route("/waitlist/<int:entry_id>")
@shown(_hold, besides=("place", "expected_at"))
@api.response(200, EntryView)
@allow(*PEOPLE, Role.KIOSK)
def show(entry_id: int) -> Any:
    """A place in line"""
    with reading(db.engine) as session:
        return _shown(session, service.get_entry(session, entry_id, actor=asker()))


@api.route("/waitlist/<int:entry_id>", methods=["DELETE"])
@changes(show)
@api.response(204)
@allow(*PEOPLE, Role.KIOSK)
def leave(entry_id: int) -> Response:
    """Wait no longer"""
    _answer(entry_id, pipeline.stop_waiting)
    return make_response("", 204)


@api.route("/waitlist/<int:entry_id>/accept", methods=["POST"])
@changes(show, tells=False)
@api.response(200, Accepted, headers=ETAG_HEADER)
@allow(*PEOPLE, Role.KIOSK)
def accept(entry_id: int) -> Any:
    """Take what is offered; what clashes of one's own ends. At a kiosk the person is there: checked in"""
    is_there = asker().role is Role.KIOSK
    with transaction(db.engine) as session:
        entry = service.get_entry(session, entry_id, actor=asker())
        booking = pipeline.accept_offer(
            session, entry, actor=asker(), now=now(), is_there=is_there, office=settings()
        )
        session.expunge(booking)
    return booking, 200, {"ETag": etag(booking.version)}


@api.route("/waitlist/<int:entry_id>/decline", methods=["POST"])
@changes(show)
@api.response(200, EntryView)
@allow(*PEOPLE, Role.KIOSK)
def decline(entry_id: int) -> Any:
    """Refuse what is offered: it goes to the next in line"""
    return _answer(entry_id, pipeline.decline_offer)


def _answer(entry_id: int, verb: Callable[..., Entry]) -> Standing:
    with transaction(db.engine) as session:
        entry = service.get_entry(session, entry_id, actor=asker())
        return _shown(session, verb(session, entry, actor=asker(), now=now(), office=settings()))


def _shown(session: Session, entry: Entry) -> Standing:
    (shown,) = service.standing(session, [entry], now=now())
    session.expunge_all()
    return shown
