"""API of the layout: floors, zones, spaces; and of what is decided about them: hours, guests, closures, fixed seats."""

from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import READERS, Role, allow, asker
from app.cursors import BY_ID, by_id, key_page, paged_by
from app.database import reading, rehearsal, transaction
from app.errors import RuleBroken
from app.extensions import db
from app.fields import Day, Identifier, Instant
from app.http import Blueprint, cursor_page, now, today
from app.spaces import barriers, fixed_seats, service, zones
from app.spaces.models import Closure, FixedSeat, Site, Space, Zone
from app.spaces.rules import GuestDay, Kind, Opening
from app.spaces.schemas import (
    ClosureList,
    ClosureMade,
    ClosureRequest,
    ClosureView,
    FixedSeatList,
    FixedSeatMade,
    FixedSeatRequest,
    FixedSeatView,
    FloorList,
    FloorView,
    MoveList,
    OpeningRequest,
    SiteList,
    SiteView,
    SpaceList,
    SpaceQuery,
    SpaceView,
    ZoneList,
    ZoneQuery,
    ZoneRules,
    ZoneView,
    moves_shown,
)
from app.timespan import TimeSpan
from app.versions import changes, row, shown

api = Blueprint("spaces", "spaces", url_prefix="/api/v1", description="Floors, zones, spaces")
LOOKERS = READERS | {Role.KIOSK, Role.SERVICE}


@api.route("/floors")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, FloorList)
@allow(*LOOKERS)
def floors(query: dict[str, Any]) -> Any:
    """All floors"""
    with reading(db.engine) as session:
        return key_page(service.list_floors(session), query, by_id)


@api.route("/floors/<int:floor_id>")
@api.response(200, FloorView)
@allow(*LOOKERS)
def floor(floor_id: int) -> Any:
    """One floor"""
    with reading(db.engine) as session:
        return service.get_floor(session, floor_id)


@api.route("/zones")
@api.arguments(paged_by(*BY_ID, of=ZoneQuery), location="query")
@api.response(200, ZoneList)
@allow(*LOOKERS)
def list_zones(query: dict[str, Any]) -> Any:
    """Zones, of one floor where it is given"""
    with reading(db.engine) as session:
        return key_page(service.list_zones(session, query["floor"]), query, by_id)


@api.route("/zones/<int:zone_id>")
@shown(row(Zone, "zone_id"))
@api.response(200, ZoneView)
@allow(*LOOKERS)
def zone(zone_id: int) -> Any:
    """One zone"""
    with reading(db.engine) as session:
        return service.get_zone(session, zone_id)


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
        shown = barriers.as_of(session, found, now())
    return cursor_page(shown, query["limit"])


@api.route("/spaces/<int:space_id>")
@shown(row(Space, "space_id"))
@api.response(200, SpaceView)
@allow(*LOOKERS)
def space(space_id: int) -> Any:
    """One space"""
    with reading(db.engine) as session:
        (shown,) = barriers.as_of(session, [service.get_place(session, space_id).space], now())
    return shown


@api.route("/sites")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, SiteList)
@allow(*LOOKERS)
def sites(query: dict[str, Any]) -> Any:
    """Sites with the hours in which their spaces may be booked"""
    with reading(db.engine) as session:
        return key_page(zones.list_sites(session), query, by_id)


@api.route("/sites/<int:site_id>")
@shown(row(Site, "site_id"))
@api.response(200, SiteView)
@allow(*LOOKERS)
def site(site_id: int) -> Any:
    """One site"""
    with reading(db.engine) as session:
        return zones.get_site(session, site_id)


@api.route("/sites/<int:site_id>/hours", methods=["PUT"])
@changes(site)
@api.arguments(OpeningRequest)
@api.response(200, SiteView)
@allow(Role.FACILITY)
def set_hours(body: dict[str, Any], site_id: int) -> Any:
    """Set the hours of a site; what is booked stays"""
    with transaction(db.engine) as session:
        changed = zones.set_opening(session, site_id, Opening(**body), actor_id=asker().id, now=now())
        session.expunge(changed)
    return changed


@api.route("/zones/<int:zone_id>/rules")
@shown(zones.hold)
@api.response(200, ZoneRules)
@allow(*READERS)
def zone_rules(zone_id: int) -> Any:
    """Who besides the zone's section may sit there, and where its people may when it is full"""
    with reading(db.engine) as session:
        service.get_zone(session, zone_id)
        return {
            "guests": zones.guests_of(session, zone_id),
            "overflow": [zone.id for zone in zones.overflow_of(session, zone_id)],
        }


@api.route("/zones/<int:zone_id>/rules", methods=["PUT"])
@changes(zone_rules)
@api.arguments(ZoneRules)
@api.response(200, ZoneRules)
@allow(Role.FACILITY)
def set_zone_rules(body: dict[str, Any], zone_id: int) -> Any:
    """Set a zone's guests and its overflow; what is booked stays"""
    guests = [GuestDay(**one) for one in body["guests"]]
    with transaction(db.engine) as session:
        zones.set_guests(session, zone_id, guests, actor_id=asker().id, now=now())
        zones.set_overflow(session, zone_id, body["overflow"], actor_id=asker().id, now=now())
    return {"guests": guests, "overflow": body["overflow"]}


@api.route("/closures")
@api.arguments(paged_by(Instant(), Identifier(strict=True)), location="query")
@api.response(200, ClosureList)
@allow(*LOOKERS)
def closures(query: dict[str, Any]) -> Any:
    """Closures that hold now or later"""
    with reading(db.engine) as session:
        return key_page(barriers.list_closures(session, now=now()), query, lambda one: (one.start_at, one.id))


@api.route("/closures/<int:closure_id>")
@shown(row(Closure, "closure_id"))
@api.response(200, ClosureView)
@allow(*LOOKERS)
def closure(closure_id: int) -> Any:
    """One closure that was not lifted"""
    with reading(db.engine) as session:
        return barriers.get_closure(session, closure_id)


@api.route("/closures", methods=["POST"])
@api.arguments(ClosureRequest)
@api.response(201, ClosureMade)
@api.alt_response(200, schema=ClosureMade, description="what would end, of a dry run")
@allow(Role.FACILITY)
def close(body: dict[str, Any]) -> Any:
    """Close a site or a zone: bookings end and their people are told; `dry_run` answers how many"""
    begins = max(body["start"] or now(), now())
    if body["end"] <= begins:
        raise RuleBroken("request.invalid", detail="end must be after start, and not past")
    wanted = pipeline.Closing(body["site_id"], body["zone_id"], TimeSpan(begins, body["end"]), body["reason"])
    if body["dry_run"]:
        with reading(db.engine) as session:
            count = len(pipeline.bookings_to_end(session, wanted))
        return _closure(None, wanted) | {"bookings_ended": count}, 200
    with transaction(db.engine) as session:
        made, ended = pipeline.close_office(session, wanted, actor=asker(), now=now())
        answer = _closure(made, wanted) | {"bookings_ended": len(ended)}
    return answer, 201, {"Location": f"/api/v1/closures/{answer['id']}"}


def _closure(made: Closure | None, wanted: pipeline.Closing) -> dict[str, Any]:
    return {
        "id": made.id if made else None,
        "site_id": wanted.site_id,
        "zone_id": wanted.zone_id,
        "start_at": wanted.span.start,
        "end_at": wanted.span.end,
        "reason": wanted.reason,
    }


@api.route("/closures/<int:closure_id>", methods=["DELETE"])
@changes(closure)
@api.response(204)
@allow(Role.FACILITY)
def reopen(closure_id: int) -> Response:
    """Open again before the closure's end; what was ended stays ended"""
    with transaction(db.engine) as session:
        barriers.reopen(session, closure_id, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/fixed-seats")
@api.arguments(paged_by(Identifier(strict=True), Day(), Identifier(strict=True)), location="query")
@api.response(200, FixedSeatList)
@allow(Role.FACILITY)
def list_fixed_seats(query: dict[str, Any]) -> Any:
    """Spaces kept for somebody, today or later; others see only that they are not available"""
    with reading(db.engine) as session:
        return key_page(
            fixed_seats.list_kept(session, today()), query, lambda one: (one.space_id, one.from_on, one.id)
        )


@api.route("/fixed-seats/<int:fixed_id>")
@shown(row(FixedSeat, "fixed_id"))
@api.response(200, FixedSeatView)
@allow(Role.FACILITY)
def fixed_seat(fixed_id: int) -> Any:
    """A space kept for somebody"""
    with reading(db.engine) as session:
        return fixed_seats.get_fixed(session, fixed_id)


@api.route("/spaces/<int:space_id>/fixed-seat", methods=["POST"])
@api.arguments(FixedSeatRequest)
@api.response(201, FixedSeatMade)
@api.alt_response(200, schema=MoveList, description="who would go where, of a dry run")
@allow(Role.FACILITY)
def keep(body: dict[str, Any], space_id: int) -> Any:
    """Keep a space for somebody; what others have booked there moves to the best other space, or ends"""
    wanted = fixed_seats.NewFixedSeat(space_id, body["user_id"], body["first"], body["last"])
    with (rehearsal if body["dry_run"] else transaction)(db.engine) as session:
        made, moves = pipeline.keep_seat(session, wanted, actor=asker(), now=now())
        shown = moves_shown(moves)
        if body["dry_run"]:
            return shown, 200
        session.expunge(made)
    return {
        name: getattr(made, name) for name in ("id", "space_id", "user_id", "from_on", "until_on")
    } | shown


@api.route("/fixed-seats/<int:fixed_id>", methods=["DELETE"])
@changes(fixed_seat)
@api.response(204)
@allow(Role.FACILITY)
def free_again(fixed_id: int) -> Response:
    """From tomorrow on, everybody's again; one that has not begun is dropped"""
    with transaction(db.engine) as session:
        fixed_seats.free_again(session, fixed_id, last=today(), actor_id=asker().id, now=now())
    return make_response("", 204)
