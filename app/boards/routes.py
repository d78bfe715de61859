"""API of what people look at."""

from typing import Any

from flask import Response, jsonify

from app.access import READERS, SEES_ALL, Role, allow, asker
from app.boards import presence
from app.boards.availability import floor_rows
from app.boards.schemas import Availability, AvailabilityQuery, PresenceList, PresenceQuery
from app.cursors import BY_ID, by_id, key_page, paged_by
from app.database import reading, transaction
from app.extensions import db
from app.http import Blueprint, now, settings, today
from app.timespan import TimeSpan

# So many of the values of a space, the first ones.
SHOWN = 8
api = Blueprint("boards", "boards", url_prefix="/api/v1", description="Availability, presence")


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


@api.route("/presence")
@api.arguments(paged_by(*BY_ID, of=PresenceQuery), location="query")
@api.response(200, PresenceList)
@allow(Role.CHIEF, *SEES_ALL)
def who_is_in(query: dict[str, Any]) -> Any:
    """Who is in, at home or away now, by their own plans and check-ins alone; a chief sees the own section and below

    Of whom nothing was said by themselves, nothing is known: what a sensor saw is nobody's presence.
    """
    is_search = query["q"] is not None
    # Whoever is looked up by name is told, which takes a writing transaction.
    with (transaction if is_search else reading)(db.engine) as session:
        if is_search:
            found = presence.named(session, query["q"], actor=asker(), on=today(), now=now())
        else:
            found = presence.of_section(session, query["section"], actor=asker(), on=today())
        page = key_page(found, query, by_id)
        shown = presence.located(session, page["items"], now=now(), settings=settings())
        session.expunge_all()
    return page | {"items": shown}
