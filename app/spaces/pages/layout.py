"""Changing a zone or a space in the browser: at once where it takes nothing from anybody; else whose bookings would go
where is shown first."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.fields import is_storable
from app.http import identifier, now
from app.spaces.rules import Kind
from app.spaces.schemas import moves_shown
from app.wording import explain

pages = Blueprint("layout_pages", __name__, url_prefix="/office")
LARGEST = 1000


@pages.post("/zones/<int:zone_id>/change")
@allow(Role.FACILITY)
def change_zone(zone_id: int) -> Response | str:
    """What a zone is called, whose it is, and whether it is booked."""

    def change(session: Session) -> tuple[str, Sequence[Any]]:
        zone, moves = pipeline.change_zone(session, zone_id, _zone_values(), actor=asker(), now=now())
        return zone.name, moves

    return _change(change, zone_id)


def _zone_values() -> dict[str, Any]:
    section = request.form.get("section", "")
    try:
        section_id = identifier(section) if section else None
    except ValueError as error:
        raise RuleBroken("request.invalid") from error
    name, name_en = (request.form.get(one, "").strip() for one in ("name", "name_en"))
    if not name or max(len(name), len(name_en)) > 80 or not is_storable(name + name_en):
        raise RuleBroken("request.invalid")
    return {
        "name": name,
        "name_en": name_en,
        "section_id": section_id,
        "free_seating": bool(request.form.get("free_seating")),
    }


@pages.post("/zones/<int:zone_id>/space")
@allow(Role.FACILITY)
def change_space(zone_id: int) -> Response | str:
    """To which zone a space of this one belongs, of what kind it is and for how many; what is empty stays."""

    def change(session: Session) -> tuple[str, Sequence[Any]]:
        try:
            space_id, values = identifier(request.form.get("space_id", "")), _space_values()
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        space, moves = pipeline.change_space(session, space_id, values, actor=asker(), now=now())
        return space.code, moves

    return _change(change, zone_id)


def _space_values() -> dict[str, Any]:
    """Raises ValueError."""
    values: dict[str, Any] = {}
    if zone := request.form.get("zone", ""):
        values["zone_id"] = identifier(zone)
    if kind := request.form.get("kind", ""):
        values["kind"] = Kind(kind)
    if capacity := request.form.get("capacity", ""):
        values["capacity"] = int(capacity)
        if not 0 < values["capacity"] <= LARGEST:
            raise ValueError(capacity)
    return values


class _NotConfirmedError(Exception):
    """What would become of others' bookings, which nobody has confirmed."""

    def __init__(self, name: str, moves: Sequence[Any]) -> None:
        super().__init__(name)
        self.name, self.moves = name, moves


def _change(change: Callable[[Session], tuple[str, Sequence[Any]]], zone_id: int) -> Response | str:
    """In one transaction, or not at all where bookings would move and that is not confirmed yet."""
    back = url_for("spaces_pages.zone", zone_id=zone_id)
    try:
        with transaction(db.engine) as session:
            name, moves = change(session)
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
    return redirect(back)
