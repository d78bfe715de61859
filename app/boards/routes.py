"""API of what people look at."""

from typing import Any

from flask import Response, jsonify

from app.access import READERS, Role, allow, asker
from app.boards.availability import floor_view
from app.boards.schemas import Availability, AvailabilityQuery
from app.database import reading
from app.extensions import db
from app.http import Blueprint, now
from app.timespan import TimeSpan

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
        views = floor_view(session, floor_id, span, person=asker(), now=now())
    # Written out by hand: a schema takes as long for a large floor as all that was asked of the database.
    return jsonify(
        spaces=[
            {
                "id": view.id,
                "code": view.code,
                "kind": view.kind,
                "zone_id": view.zone_id,
                "available": view.available,
                "reason": view.reason,
                "occupancy": view.occupancy,
                "booking_id": view.booking_id,
            }
            for view in views
        ]
    )
