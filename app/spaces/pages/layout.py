"""Zones and spaces in the browser: added, changed, taken away. What takes nothing from anybody is done at once; else
whose bookings would go where is shown first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import Schema, ValidationError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import identifier, now, today
from app.spaces import layout, service
from app.spaces.overview import place_in_zone, place_on_floor, space_overview
from app.spaces.rules import Kind
from app.spaces.schemas import NewSpace, NewZone, SpaceChange, ZoneChange, moves_shown
from app.wording import explain

pages = Blueprint("layout_pages", __name__, url_prefix="/office")
PLACE = ("x", "y", "width", "height")


@pages.post("/zones")
@allow(Role.FACILITY)
def add_zone() -> Response:
    """It stands where the floor's plan is free."""

    def add(session: Session) -> Response:
        wanted = _loaded(NewZone(), _zone_form())
        place = place_on_floor(session, wanted["floor_id"])
        made = layout.add_zone(session, {**place, **wanted}, actor_id=asker().id, now=now())
        return _to_zone(made.id)

    return done(add, gettext("Added."), otherwise=redirect(url_for("spaces_pages.office")))


@pages.post("/zones/<int:zone_id>/change")
@allow(Role.FACILITY)
def change_zone(zone_id: int) -> Response | str:
    """What a zone is called, whose it is, whether it is booked, and where it stands."""

    def change(session: Session) -> tuple[str, int, Sequence[Any]]:
        wanted = _loaded(ZoneChange(), _zone_form())
        zone, moves = pipeline.change_zone(session, zone_id, wanted, actor=asker(), now=now())
        return zone.name, zone.id, moves

    return _change(change, url_for("spaces_pages.zone", zone_id=zone_id))


@pages.post("/zones/<int:zone_id>/remove")
@allow(Role.FACILITY)
def remove_zone(zone_id: int) -> Response:
    def remove(session: Session) -> Response:
        pipeline.remove_zone(session, zone_id, actor_id=asker().id, now=now())
        return redirect(url_for("spaces_pages.office"))

    return done(remove, gettext("Taken away. Its history stays."), otherwise=_to_zone(zone_id))


@pages.post("/zones/<int:zone_id>/spaces")
@allow(Role.FACILITY)
def add_space(zone_id: int) -> Response:
    """It stands where the zone is free."""

    def add(session: Session) -> Response:
        wanted = _space_values(_loaded(NewSpace(), {**_space_form(), "zone_id": zone_id}))
        place = place_in_zone(session, zone_id, wanted["kind"])
        layout.add_space(session, {**place, **wanted}, actor_id=asker().id, now=now())
        return _to_zone(zone_id)

    return done(add, gettext("Added."), otherwise=_to_zone(zone_id))


@pages.get("/spaces/<int:space_id>")
@allow(Role.FACILITY)
def space(space_id: int) -> str:
    with reading(db.engine) as session:
        overview = space_overview(session, space_id, today())
        session.expunge_all()
    return render_template("office_space.html", page=overview, kinds=list(Kind))


@pages.post("/spaces/<int:space_id>")
@allow(Role.FACILITY)
def change_space(space_id: int) -> Response | str:
    """In another zone it stands where that one is free, unless its place is said too."""

    def change(session: Session) -> tuple[str, int, Sequence[Any]]:
        wanted = _space_values(_loaded(SpaceChange(), _space_form()))
        before = service.get_place(session, space_id).space
        stays = all(wanted.get(name, getattr(before, name)) == getattr(before, name) for name in PLACE)
        if stays and wanted.get("zone_id", before.zone_id) != before.zone_id:
            wanted |= place_in_zone(session, wanted["zone_id"], wanted.get("kind", before.kind))
        changed, moves = pipeline.change_space(session, space_id, wanted, actor=asker(), now=now())
        return changed.code, changed.zone_id, moves

    return _change(change, url_for("layout_pages.space", space_id=space_id))


@pages.post("/spaces/<int:space_id>/remove")
@allow(Role.FACILITY)
def remove_space(space_id: int) -> Response | str:
    """First who would go where, then, confirmed, the removal."""
    is_sure = bool(request.form.get("confirmed"))
    with (transaction if is_sure else rehearsal)(db.engine) as session:
        place = service.get_place(session, space_id)
        moves = moves_shown(pipeline.remove_space(session, space_id, actor=asker(), now=now()))["moves"]
        session.expunge_all()
    if not is_sure:
        return render_template("remove_space.html", place=place, moves=moves)
    flash(gettext("Taken away. Whoever had booked it was moved or told."), "done")
    return _to_zone(place.zone.id)


def _zone_form() -> dict[str, Any]:
    """What a form says of a zone, as the API takes it."""
    said: dict[str, Any] = {
        name: request.form[name].strip() for name in ("code", "name", "name_en") if name in request.form
    }
    if "floor_id" in request.form:
        said["floor_id"] = _number("floor_id")
    said["section_id"] = _number("section") if request.form.get("section") else None
    said["free_seating"] = bool(request.form.get("free_seating"))
    return said | _place()


def _space_form() -> dict[str, Any]:
    """What a form says of a space, as the API takes it."""
    said: dict[str, Any] = {
        name: request.form[name].strip() for name in ("code", "kind") if name in request.form
    }
    return said | {name: _number(name) for name in ("zone_id", "capacity") if name in request.form} | _place()


def _place() -> dict[str, int]:
    return {name: _number(name) for name in PLACE if request.form.get(name, "").strip()}


def _number(name: str) -> int:
    try:
        return identifier(request.form[name])
    except ValueError as error:
        raise RuleBroken("request.invalid", field=name) from error


def _loaded(schema: Schema, said: dict[str, Any]) -> dict[str, Any]:
    """A form by the API's own rules; raises RuleBroken `request.invalid`."""
    try:
        wanted: dict[str, Any] = schema.load(said)
    except ValidationError as error:
        raise RuleBroken("request.invalid", fields=sorted(error.messages_dict)) from error
    return wanted


def _space_values(wanted: dict[str, Any]) -> dict[str, Any]:
    return wanted | ({"kind": Kind(wanted["kind"])} if "kind" in wanted else {})


def _to_zone(zone_id: int) -> Response:
    return redirect(url_for("spaces_pages.zone", zone_id=zone_id))


class _NotConfirmedError(Exception):
    """What would become of others' bookings, which nobody has confirmed."""

    def __init__(self, name: str, moves: Sequence[Any]) -> None:
        super().__init__(name)
        self.name, self.moves = name, moves


def _change(change: Callable[[Session], tuple[str, int, Sequence[Any]]], back: str) -> Response | str:
    """In one transaction, or not at all where bookings would move and that is not confirmed yet. `change` tells what
    was changed, the zone to go to, and the moves."""
    try:
        with transaction(db.engine) as session:
            name, zone_id, moves = change(session)
            shown = moves_shown(moves)["moves"]
            if shown and not request.form.get("confirmed"):
                raise _NotConfirmedError(name, shown)
    except _NotConfirmedError as seen:
        return render_template(
            "layout_change.html", name=seen.name, moves=seen.moves, form=request.form, back=back
        )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(back)
    flash(gettext("Saved."), "done")
    if shown:
        flash(gettext("%(n)s bookings were moved or ended, and their people are told.", n=len(shown)), "done")
    return _to_zone(zone_id)


def done(do: Callable[[Session], Response], said: str, *, otherwise: Response) -> Response:
    """Do it in one transaction, say how it went, and go where it leads, or `otherwise`."""
    try:
        with transaction(db.engine) as session:
            then = do(session)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return otherwise
    flash(said, "done")
    return then
