"""API at the desk: what its code leads to, and the kiosk at which a staff card checks in."""

from __future__ import annotations

from typing import Any

from app import pipeline
from app.access import PEOPLE, Person, Role, allow, asker
from app.bookings import walk_in
from app.bookings.schemas import BookingView
from app.bookings.schemas.desks import CardRead, CardView, DeskView, KioskCheckIn, KioskSit
from app.database import reading, transaction
from app.extensions import db, limiter, token_or_address
from app.http import ETAG_HEADER, Blueprint, etag, now, settings, today
from app.wording import explain

api = Blueprint(
    "at_the_desk", "at_the_desk", url_prefix="/api/v1", description="At the desk and at the kiosk"
)
# As at the kiosk's page: numbers of cards are few enough to try them all.
cards_only = limiter.limit("60 per minute", key_func=token_or_address)


@api.route("/desks/<string:code>")
@api.response(200, DeskView)
@allow(*PEOPLE)
def desk(code: str) -> Any:
    """The space of the code on a desk, and what one can do there now; nothing of anybody else's booking"""
    with reading(db.engine) as session:
        found = walk_in.desk(session, code, person=asker(), now=now())
        session.expunge_all()
    return {
        "space_id": found.space.id,
        "space": found.space.code,
        "kind": found.space.kind.value,
        "mine": found.mine,
        "held": found.held,
        "check_in_opens_at": found.opens_at(),
        "claim_until": found.claim.end if found.claim else None,
        "refused": found.refused
        and {"code": found.refused.code, "detail": explain(found.refused.code, found.refused.facts)},
        "elsewhere_space_id": found.elsewhere and found.elsewhere.id,
    }


def _holder(session: Any, body: dict[str, Any]) -> Person:
    return walk_in.card_holder(session, body["card"], today(), now(), secret_key=settings().secret_key)


@api.route("/kiosk/card", methods=["POST"])
@api.arguments(CardRead)
@api.response(200, CardView)
@allow(Role.KIOSK)
@cards_only
def card(body: dict[str, Any]) -> Any:
    """Whose card was read, and what they have booked today"""
    with reading(db.engine) as session:
        person = _holder(session, body)
        rows = walk_in.todays(session, person, now())
        session.expunge_all()
    return {
        "name": person.name,
        "bookings": [
            {
                "id": row.booking.id,
                "space_id": row.space.id,
                "space": row.space.code,
                "start": row.booking.start_at,
                "end": row.booking.end_at,
                "status": row.booking.status,
                "checked_in_by": row.booking.checked_in_by,
                "check_in_opens_at": row.booking.start_at - row.policy.check_in_opens,
            }
            for row in rows
        ],
    }


@api.route("/kiosk/check-in", methods=["POST"])
@api.arguments(KioskCheckIn)
@api.response(200, BookingView, headers=ETAG_HEADER)
@allow(Role.KIOSK)
@cards_only
def check_in(body: dict[str, Any]) -> Any:
    """A card checks its owner in to a booking of theirs, by their own hand"""
    with transaction(db.engine) as session:
        booking = walk_in.check_in(session, body["booking_id"], person=_holder(session, body), now=now())
        session.expunge(booking)
    return booking, 200, {"ETag": etag(booking.version)}


@api.route("/kiosk/sit", methods=["POST"])
@api.arguments(KioskSit)
@api.response(201, BookingView, headers=ETAG_HEADER)
@allow(Role.KIOSK)
@cards_only
def sit(body: dict[str, Any]) -> Any:
    """A card's owner sits at the desk of a code; what they hold elsewhere of the lane ends"""
    with transaction(db.engine) as session:
        person, place = _holder(session, body), walk_in.find_desk(session, body["desk"])
        booking = pipeline.change_seat(
            session, actor=person, space_id=place.space.id, now=now(), office=settings()
        )
        session.expunge(booking)
    return booking, 201, {"ETag": etag(booking.version), "Location": f"/api/v1/bookings/{booking.id}"}
