"""API of what people look at."""

from typing import Any

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
def availability(query: dict[str, Any], floor_id: int) -> Any:
    """Every space of a floor for a span: may the asker take it, and why not"""
    with reading(db.engine) as session:
        return {
            "spaces": floor_view(
                session, floor_id, TimeSpan(query["start"], query["end"]), person=asker(), now=now()
            )
        }
