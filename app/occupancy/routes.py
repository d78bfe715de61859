"""API of sensors, for those who look after them."""

from typing import Any

from app.access import Role, allow
from app.database import reading
from app.extensions import db
from app.http import Blueprint, now
from app.occupancy.health import health
from app.occupancy.schemas import SensorList, SensorQuery

api = Blueprint("occupancy", "occupancy", url_prefix="/api/v1", description="Sensors")


@api.route("/sensors")
@api.arguments(SensorQuery, location="query")
@api.response(200, SensorList)
@allow(Role.FACILITY, Role.IT)
def sensors(query: dict[str, Any]) -> Any:
    """Every bound sensor: what it says, when it was last heard, its battery, what it lost"""
    with reading(db.engine) as session:
        found = health(session, now(), after=query["cursor"], limit=query["limit"] + 1)
    items = found[: query["limit"]]
    return {"items": items, "next_cursor": items[-1].sensor_id if len(found) > len(items) else None}
