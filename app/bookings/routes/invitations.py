"""API of what one is invited to."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app.access import PEOPLE, allow, asker
from app.bookings import attendees
from app.bookings.schemas import InvitationList, WhyQuery
from app.cursors import BY_ID, key_page, paged_by
from app.database import reading, transaction
from app.extensions import db
from app.http import ETAG_HEADER, IF_MATCH_IF_SENT, Blueprint, check_version, etag, now

api = Blueprint("invitations", "invitations", url_prefix="/api/v1", description="Invitations to bookings")


@api.route("/bookings/invitations")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, InvitationList)
@allow(*PEOPLE)
def index(query: dict[str, Any]) -> Any:
    """What one is invited to and is not over"""
    with reading(db.engine) as session:
        found = attendees.invitations(session, asker().id, now())
    page = key_page(found, query, lambda one: (one[0].id,))
    return page | {
        "items": [
            {
                "id": booking.id,
                "space_id": space.id,
                "space": space.code,
                "start": booking.start_at,
                "end": booking.end_at,
                "status": booking.status,
                "title": booking.title,
                "invited_by": host,
            }
            for booking, space, host in page["items"]
        ]
    }


@api.route("/bookings/<int:booking_id>/decline", methods=["POST"])
@api.arguments(WhyQuery, location="query")
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(204, headers=ETAG_HEADER)
@allow(*PEOPLE)
def decline(query: dict[str, Any], booking_id: int) -> Response:
    """One does not come to what one is invited to; its host is told"""
    with transaction(db.engine) as session:
        booking = attendees.get_invitation(session, booking_id, actor=asker())
        check_version(booking.version)
        attendees.decline(session, booking, actor=asker(), now=now(), why=query["why"])
        version = booking.version
    return make_response("", 204, {"ETag": etag(version)})
