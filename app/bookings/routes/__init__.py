"""API of bookings: reserve, look, change, check in, give back, reclaim, claim."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import PEOPLE, READERS, allow, asker
from app.bookings import attendees, instead, presence, release, reserve, service, warning
from app.bookings.models import Booking
from app.bookings.now.asking import Named
from app.bookings.pages import asking
from app.bookings.schemas import (
    BookingChange,
    BookingChanged,
    BookingDetail,
    BookingList,
    BookingMade,
    BookingQuery,
    BookingRequest,
    BookingView,
    CancelledView,
    CancelRequest,
    ClaimRequest,
    NowRequest,
    NowView,
    RepeatRequest,
    ScopeQuery,
    WhyQuery,
    recurrence,
)
from app.bookings.series import service as series
from app.bookings.series.rules import Scope
from app.calendar import working_days
from app.database import reading, rehearsal, transaction
from app.errors import RuleBroken
from app.extensions import db
from app.fields import ME
from app.http import (
    ETAG_HEADER,
    IF_MATCH,
    IF_MATCH_IF_SENT,
    Blueprint,
    check_version,
    cursor_page,
    etag,
    now,
    require_version,
    settings,
)
from app.timespan import TimeSpan
from app.wording import explain

api = Blueprint("bookings", "bookings", url_prefix="/api/v1", description="Bookings")
LIST_AROUND = timedelta(days=62)


@api.route("/bookings", methods=["POST"])
@api.arguments(BookingRequest)
@api.response(201, BookingMade, headers=ETAG_HEADER)
@api.alt_response(200, schema=BookingMade, description="what would be booked, of a dry run")
@allow(*PEOPLE)
def create(body: dict[str, Any]) -> Any:
    """Book a space, once or repeatedly"""
    if body["repeat"]:
        return _create_series(body, body["repeat"])
    with (
        instead.told(db.engine, actor=asker(), now=now(), hours=settings().hours),
        transaction(db.engine) as session,
    ):
        booking = reserve.reserve(
            session,
            actor=asker(),
            space_id=body["space_id"],
            span=TimeSpan(body["start"], body["end"]),
            now=now(),
            for_user_id=body["for_user_id"],
            guest_name=body["guest_name"],
            title=body["title"],
        )
        attendees.invite(session, booking, body["attendees"], actor=asker(), now=now())
        session.expunge(booking)
    return booking, 201, {"ETag": etag(booking.version), "Location": f"/api/v1/bookings/{booking.id}"}


def _create_series(body: dict[str, Any], repeat: dict[str, Any]) -> Any:
    """All in one transaction; a dry run does the same and it is taken back."""
    ask = series.Ask(
        body["space_id"],
        TimeSpan(body["start"], body["end"]),
        recurrence(repeat),
        RepeatRequest().dump(repeat),
        body["for_user_id"],
        body["title"],
        body["guest_name"],
        body["attendees"],
    )
    with (rehearsal if repeat["dry_run"] else transaction)(db.engine) as session:
        made = series.make(
            session,
            ask,
            actor=asker(),
            calendar=working_days(session, ask.first.start.year),
            hours=settings().hours,
            now=now(),
            possible_ones=repeat["possible_ones"] or repeat["dry_run"],
        )
        shown = _shown_series(made)
    if repeat["dry_run"] and ask.for_user_id is not None:
        asking.looked_at(ask.for_user_id)
    first = shown["bookings"][0] if shown["bookings"] else {}
    if repeat["dry_run"]:
        return {**first, "series": shown | {"id": None}}, 200
    if not first:
        raise series.refused_whole([(one.span, one.error) for one in made.refused], of=len(made.refused))
    return {**first, "series": shown}, 201, {"Location": f"/api/v1/bookings/{first['id']}"}


def _shown_series(made: series.Made) -> dict[str, Any]:
    names = [name for name in BookingView().fields if name not in {"start", "end"}]
    return {
        "id": made.series.id if made.series else None,
        "bookings": [
            {name: getattr(one, name) for name in names} | {"start_at": one.start_at, "end_at": one.end_at}
            for one in made.bookings
        ],
        "refused": [
            {
                "start": one.span.start,
                "end": one.span.end,
                "code": one.error.code,
                "detail": explain(one.error.code, one.error.facts),
                "nearest_space_id": one.space.space_id if one.space else None,
                "nearest_start": one.time.start if one.time else None,
                "nearest_end": one.time.end if one.time else None,
            }
            for one in made.refused
        ],
        "left_out": made.left_out,
    }


@api.route("/bookings/now", methods=["POST"])
@api.arguments(NowRequest)
@api.response(201, NowView)
@api.alt_response(200, schema=NowView, description="what would be booked, of a dry run")
@allow(*PEOPLE)
def book_now(body: dict[str, Any]) -> Any:
    """Book the best space of this moment, and say why this one; where none is free, when and where one will be"""
    with (rehearsal if body["dry_run"] else transaction)(db.engine) as session:
        named = Named(
            kind=body["kind"],
            lane=body["lane"],
            minutes=body["minutes"],
            replace=body["replace"] or body["dry_run"],
            zone_id=body["zone_id"],
            site_id=body["site_id"],
        )
        ask = asking.ask(session, named)
        taken = pipeline.book_now(session, ask, actor=asker(), now=now(), office=settings())
        session.expunge_all()
    booking = taken.booking
    view = {
        "space_id": booking.space_id,
        "space": taken.proposal.option.code,
        "zone_id": taken.proposal.option.zone_id,
        "start": booking.start_at,
        "end": booking.end_at,
        "reason": taken.proposal.ground.reason,
        "booking": None if body["dry_run"] else booking,
        "replaced": [one.id for one in taken.ended],
    }
    return view, 200 if body["dry_run"] else 201


@api.route("/bookings")
@api.arguments(BookingQuery, location="query")
@api.response(200, BookingList)
@allow(*READERS)
def index(query: dict[str, Any]) -> Any:
    """One's own bookings and those of one's guests, or those of somebody one may act for"""
    user_id = asker().id if query["user"] == ME else query["user"]
    with asking.looking_at(user_id) as session:
        found = service.list_bookings(
            session,
            user_id=user_id,
            start=query["start"] or now() - LIST_AROUND,
            end=query["end"] or now() + LIST_AROUND,
            after_id=query["cursor"],
            limit=query["limit"] + 1,
        )
        session.expunge_all()
    return cursor_page(found, query["limit"])


@api.route("/bookings/<int:booking_id>")
@api.response(200, BookingDetail, headers=ETAG_HEADER)
@allow(*READERS)
def show(booking_id: int) -> Any:
    """One booking with its history; who is invited to it sees neither that nor whose guest it is"""
    with reading(db.engine) as session:
        seen = attendees.see(session, booking_id, actor=asker())
    if seen.is_look:
        asking.has_seen(seen.booking)
    return seen, 200, {"ETag": etag(seen.booking.version)}


@api.route("/bookings/<int:booking_id>", methods=["PATCH"])
@api.arguments(BookingChange)
@api.doc(parameters=[IF_MATCH])
@api.response(200, BookingChanged, headers=ETAG_HEADER)
@allow(*PEOPLE)
def change(body: dict[str, Any], booking_id: int) -> Any:
    """Move, extend or shorten a booking, or of a series more of them; send the version in If-Match

    A series that is changed to other days leaves out closed ones: what would get there is cancelled, and told.
    """
    left_out: list[dict[str, Any]] | None = None
    with (
        instead.told(db.engine, actor=asker(), now=now(), hours=settings().hours),
        transaction(db.engine) as session,
    ):
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        require_version(booking.version)
        start, end = body.get("start", booking.start_at), body.get("end", booking.end_at)
        scope, version = Scope(body["scope"]), booking.version
        words = service.Words(body.get("title"), body["why"], body.get("attendees"))
        if scope is Scope.ONE:
            pipeline.move(
                session,
                booking,
                actor=asker(),
                now=now(),
                space_id=body.get("space_id"),
                span=service.checked_span(start, end),
                words=words,
                office=settings(),
            )
        else:
            moved = series.move(
                session,
                booking,
                scope,
                service.checked_span(start, end),
                actor=asker(),
                now=now(),
                space_id=body.get("space_id"),
                words=words,
            )
            left_out = [
                {"booking_id": one.id, "start": span.start, "end": span.end} for one, span in moved.left_out
            ]
        if booking.version == version:
            service.explain_change(session, booking, body["why"], actor=asker(), now=now())
        session.expunge(booking)
    if booking.version == version:
        asking.has_seen(booking)
    return (booking, left_out), 200, {"ETag": etag(booking.version)}


@api.route("/bookings/<int:booking_id>", methods=["DELETE"])
@api.arguments(ScopeQuery, location="query")
@api.doc(parameters=[IF_MATCH])
@api.response(204)
@allow(*PEOPLE)
def delete(query: dict[str, Any], booking_id: int) -> Response:
    """Cancel a booking, or of a series more of them; send the version in If-Match. Its history stays"""
    with transaction(db.engine) as session:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        require_version(booking.version)
        pipeline.cancel(
            session,
            booking,
            actor=asker(),
            now=now(),
            scope=Scope(query["scope"]),
            why=query["why"],
            office=settings(),
        )
    return make_response("", 204)


@api.route("/bookings/cancel", methods=["POST"])
@api.arguments(CancelRequest)
@api.response(200, CancelledView)
@allow(*PEOPLE)
def cancel_within(body: dict[str, Any]) -> Any:
    """Cancel all that somebody booked within a span, and what they wait and wish for then: an absence frees

    Bookings of guests whom they were to receive stay, since somebody else may receive them, unless they are named.
    """
    user_id = asker().id if body["user_id"] is None else body["user_id"]
    with (rehearsal if body["dry_run"] else transaction)(db.engine) as session:
        span = TimeSpan(body["start"], body["end"])
        given = pipeline.cancel_within(
            session,
            user_id,
            span,
            actor=asker(),
            now=now(),
            office=settings(),
            why=body["why"],
            guest_booking_ids=body["guest_booking_ids"],
        )
        session.expunge_all()
    # Also what it left: a rehearsal all of it, and else the bookings of guests.
    asking.looked_at(user_id)
    return {"cancelled": given.bookings, "guests": given.guests, "waits": given.waits, "wishes": given.draws}


@api.route("/series/<int:series_id>/confirm", methods=["POST"])
@api.response(204)
@allow(*PEOPLE)
def confirm_series(series_id: int) -> Response:
    """The series is still needed, though nobody came for a while"""
    with transaction(db.engine) as session:
        series.confirm(session, series_id, actor=asker(), now=now())
    return make_response("", 204)


def _act(booking_id: int, verb: Callable[..., Booking]) -> Any:
    """One transaction: the booking, if it is the asker's to change, and the verb on it. Where that changed nothing, the
    booking was looked at."""
    with transaction(db.engine) as session:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        check_version(version := booking.version)
        verb(session, booking, actor=asker(), now=now())
        session.expunge(booking)
    if booking.version == version:
        asking.has_seen(booking)
    return booking, 200, {"ETag": etag(booking.version)}


@api.route("/bookings/<int:booking_id>/check-in", methods=["POST"])
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(200, BookingView, headers=ETAG_HEADER)
@allow(*PEOPLE)
def check_in(booking_id: int) -> Any:
    """Check in by hand"""
    return _act(booking_id, presence.check_in)


@api.route("/bookings/<int:booking_id>/end", methods=["POST"])
@api.arguments(WhyQuery, location="query")
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(200, BookingView, headers=ETAG_HEADER)
@allow(*PEOPLE)
def end(query: dict[str, Any], booking_id: int) -> Any:
    """Give the space back now"""
    return _act(booking_id, partial(pipeline.give_back, office=settings(), why=query["why"]))


@api.route("/bookings/<int:booking_id>/still-coming", methods=["POST"])
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(200, BookingView, headers=ETAG_HEADER)
@allow(*PEOPLE)
def still_coming(booking_id: int) -> Any:
    """Once before a release: the grace runs once more, from now"""
    return _act(booking_id, warning.still_coming)


@api.route("/bookings/<int:booking_id>/reclaim", methods=["POST"])
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(200, BookingView, headers=ETAG_HEADER)
@allow(*PEOPLE)
def reclaim(booking_id: int) -> Any:
    """Take a released booking back while the space is free"""
    return _act(booking_id, release.reclaim)


@api.route("/spaces/<int:space_id>/claim", methods=["POST"])
@api.arguments(ClaimRequest, required=False)
@api.response(201, BookingView, headers=ETAG_HEADER)
@allow(*PEOPLE)
def claim(body: dict[str, Any], space_id: int) -> Any:
    """I am sitting here: a booking born checked in, or a check-in to one's own of this time"""
    verb = partial(pipeline.change_seat, office=settings()) if body["replace"] else pipeline.claim
    if body["until"] is not None and body["until"] <= now():
        raise RuleBroken("request.invalid", field="until")
    with transaction(db.engine) as session:
        booking = verb(session, actor=asker(), space_id=space_id, now=now(), until=body["until"])
        session.expunge(booking)
    return booking, 201, {"ETag": etag(booking.version), "Location": f"/api/v1/bookings/{booking.id}"}
