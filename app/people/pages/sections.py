"""The sections of the office as personnel and IT keep them: the tree, a new one, names, places in the tree, an end."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import Conflict, DomainError, RuleBroken
from app.extensions import db
from app.http import identifier, now, today
from app.people import sections
from app.people.pages import loaded, refused
from app.people.rules import reach
from app.people.schemas import NewSection, SectionChange

pages = Blueprint("section_pages", __name__, url_prefix="/office/sections")
KEEPERS = (Role.PERSONNEL, Role.IT)
SEERS = (*KEEPERS, Role.AUDITOR)


@pages.get("")
@allow(*SEERS)
def listed() -> str:
    with reading(db.engine) as found:
        tree = sections.tree(found, today())
        found.expunge_all()
    return render_template("sections.html", tree=tree, today=today())


@pages.post("")
@allow(*KEEPERS)
def add() -> Response:
    try:
        body = loaded(NewSection(), _form())
        with transaction(db.engine) as found:
            sections.add(found, body, actor_id=asker().id, now=now(), on=today())
        flash(gettext("Added."), "done")
    except DomainError as error:
        refused(error)
    return redirect(url_for("section_pages.listed"))


@pages.get("/<int:section_id>")
@allow(*KEEPERS)
def section(section_id: int) -> str:
    with reading(db.engine) as found:
        of = sections.get_section(found, section_id)
        tree = sections.tree(found, today())
        found.expunge_all()
    below = reach({section_id}, {one.section.id: one.section.parent_id for one in tree})
    return render_template(
        "section.html",
        section=of,
        row=next(one for one in tree if one.section.id == section_id),
        below=[one.section for one in tree if one.section.parent_id == section_id],
        tree=[one for one in tree if one.section.id not in below],
        today=today(),
    )


@pages.post("/<int:section_id>")
@allow(*KEEPERS)
def change(section_id: int) -> Response:
    try:
        body = loaded(SectionChange(), _form())
        with transaction(db.engine) as found:
            of = sections.get_section(found, section_id, to_change=True)
            if request.form.get("version", str(of.version)) != str(of.version):
                raise Conflict("request.stale")
            sections.change(found, of, body, actor_id=asker().id, now=now(), on=today())
        flash(gettext("Saved."), "done")
    except DomainError as error:
        refused(error)
        return redirect(url_for("section_pages.section", section_id=section_id))
    return redirect(url_for("section_pages.listed"))


def _form() -> dict[str, Any]:
    """What a form says of a section, as the API takes it; raises RuleBroken `request.invalid`."""
    said: dict[str, Any] = {
        name: request.form[name].strip() for name in ("code", "name", "name_en") if name in request.form
    }
    try:
        if "parent_id" in request.form:
            above = request.form["parent_id"]
            said["parent_id"] = identifier(above) if above else None
    except ValueError as error:
        raise RuleBroken("request.invalid", field="parent_id") from error
    if "until" in request.form:
        said["until"] = request.form["until"] or None
    return said
