"""API of the layout: floors, zones, spaces."""

from typing import Any

from app.access import READERS, Role, allow
from app.database import reading
from app.extensions import db
from app.http import Blueprint, cursor_page, now
from app.spaces import service
from app.spaces.barriers import out_of_order_ids
from app.spaces.rules import Kind
from app.spaces.schemas import FloorList, FloorView, SpaceList, SpaceQuery, SpaceView, ZoneList, ZoneQuery

api = Blueprint("spaces", "spaces", url_prefix="/api/v1", description="Floors, zones, spaces")
LOOKERS = READERS | {Role.KIOSK, Role.SERVICE}


@api.route("/floors")
@api.response(200, FloorList)
@allow(*LOOKERS)
def floors() -> Any:
    """All floors"""
    with reading(db.engine) as session:
        return {"items": service.list_floors(session), "next_cursor": None}


@api.route("/floors/<int:floor_id>")
@api.response(200, FloorView)
@allow(*LOOKERS)
def floor(floor_id: int) -> Any:
    """One floor"""
    with reading(db.engine) as session:
        return service.get_floor(session, floor_id)


@api.route("/zones")
@api.arguments(ZoneQuery, location="query")
@api.response(200, ZoneList)
@allow(*LOOKERS)
def zones(query: dict[str, Any]) -> Any:
    """Zones, of one floor where it is given"""
    with reading(db.engine) as session:
        return {"items": service.list_zones(session, query["floor"]), "next_cursor": None}


@api.route("/spaces")
@api.arguments(SpaceQuery, location="query")
@api.response(200, SpaceList)
@allow(*LOOKERS)
def spaces(query: dict[str, Any]) -> Any:
    """Seats and booths"""
    with reading(db.engine) as session:
        found = service.list_spaces(
            session,
            floor_id=query["floor"],
            zone_id=query["zone"],
            kind=Kind(query["kind"]) if query["kind"] else None,
            after_id=query["cursor"],
            limit=query["limit"] + 1,
        )
        broken = out_of_order_ids(session, now())
    page = cursor_page(found, query["limit"])
    return page | {"items": [(one, one.id in broken) for one in page["items"]]}


@api.route("/spaces/<int:space_id>")
@api.response(200, SpaceView)
@allow(*LOOKERS)
def space(space_id: int) -> Any:
    """One space"""
    with reading(db.engine) as session:
        return service.get_place(session, space_id).space, space_id in out_of_order_ids(session, now())
