"""API of what people look at."""

from typing import Any

from flask import Response, jsonify

from app.access import READERS, Role, allow, asker
from app.boards.availability import floor_rows
from app.boards.schemas import Availability, AvailabilityQuery
from app.database import reading
from app.extensions import db
from app.http import Blueprint, now
from app.timespan import TimeSpan

# So many of the values of a space, the first ones.
SHOWN = 8
api = Blueprint("boards", "boards", url_prefix="/api/v1", description="Availability")


@api.route("/floors/<int:floor_id>/availability")
@api.arguments(AvailabilityQuery, location="query")
@api.response(200, Availability)
@allow(*READERS, Role.KIOSK, Role.SERVICE)
def availability(query: dict[str, Any], floor_id: int) -> Response:
    """Every space of a floor for a span: may the asker book all of it, and why not

    By the sections that the asker belongs to on its first day, the doors of all its days, the site's hours, the horizon
    and the pauses that bookings need. How long a booking may be, and how many one may hold, is told on booking.
    """
    span = TimeSpan(query["start"], query["end"])
    with reading(db.engine) as session:
        rows = floor_rows(session, floor_id, span, person=asker(), now=now())
    # Written out by hand: a schema takes as long for a large floor as all that was asked of the database.
    return jsonify(
        spaces=[
            {
                "id": id_,
                "code": code,
                "kind": kind,
                "zone_id": zone_id,
                "available": available,
                "reason": reason,
                "occupancy": occupancy,
                "booking_id": booking_id,
            }
            for id_, code, kind, zone_id, available, reason, occupancy, booking_id in (
                one[:SHOWN] for one in rows
            )
        ]
    )
