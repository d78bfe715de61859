"""What a section's rotations must hold, in a form: its people, covers, duties, and days in the office for all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import ValidationError
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, NotFound
from app.extensions import db
from app.fields import is_storable
from app.http import identifier, now, today
from app.rotation import service
from app.rotation.naming import Lapsed, Part, lapsed, people_in, sections_in
from app.rotation.rules import HALVES, WEEKDAYS
from app.rotation.schemas import MOST_COVERS, MOST_DUTIES, MOST_MEETINGS, MOST_PEOPLE, SettingForm
from app.wording import explain, of_rotation

pages = Blueprint("rotation_setting_pages", __name__)
SEERS = (Role.CHIEF, Role.PERSONNEL, Role.AUDITOR)
EMPTY_ROWS = 3


@pages.get("/rotation/setting")
@allow(*SEERS)
def setting() -> str:
    """The form of `?section=`, filled in."""
    with reading(db.engine) as session:
        section_id = _section_asked()
        service.check_section(session, section_id, asker(), to_read=True)
        found = service.get_setting(session, section_id)
        people = service.people_of(session, section_id, today())
        below = service.below(session, section_id)
        here, ours = {one.id for one in people}, {one.id for one in below}
        elsewhere = service.users(session, people_in(found) - here)
        sections = [*below, *service.sections(session, sections_in(found) - ours)]
        session.expunge_all()
    of_person = {one["user_id"]: one for one in found["people"]}
    # A setting of before the unknown were refused may name somebody who never was.
    named = {user_id: f"#{user_id}" for user_id in people_in(found)}
    named |= {one.id: one.name for one in (*people, *elsewhere)}
    return render_template(
        "rotation_setting.html",
        section_id=section_id,
        setting=found,
        of_person=of_person,
        rows=[*people, *(one for one in elsewhere if one.id in of_person)],
        people=[*people, *elsewhere],
        named=named,
        here=here,
        sections=sections,
        ours=ours,
        lapsed=[_in_words(one, named) for one in lapsed(found, here, ours)],
        weekdays=WEEKDAYS[:5],
        halves=HALVES,
        empty_rows=EMPTY_ROWS,
        may_plan=asker().role is Role.CHIEF,
    )


def _in_words(one: Lapsed, named: Mapping[int, str]) -> str:
    about = named[int(one.about)] if one.part is Part.MENTOR else one.about
    return of_rotation.lapsed_in_words(one.part.value, about, [named[user_id] for user_id in one.people])


def _section_asked() -> int:
    try:
        return identifier(request.values.get("section", ""))
    except ValueError as error:
        raise NotFound("section.unknown") from error


@pages.post("/rotation/setting")
@allow(Role.CHIEF)
def save() -> Response:
    """Set all of it as it stands in the form; rows without a name are dropped."""
    section_id = _section_asked()
    try:
        data = {
            "people": _people(),
            "covers": _rows("cover", _cover, MOST_COVERS),
            "duties": _rows("duty", _duty, MOST_DUTIES),
            "meetings": _rows("meeting", _meeting, MOST_MEETINGS),
        }
        SettingForm().load(data)
        with transaction(db.engine) as session:
            service.put_setting(session, section_id, data, actor=asker(), now=now())
        flash(gettext("Kept. It holds from the next search on."), "done")
    except (ValidationError, ValueError):
        flash(
            gettext(
                "Something was not understood. A cover needs a number, a duty two people, a day a date; names are"
                " unique."
            ),
            "error",
        )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("rotation_setting_pages.setting", section=section_id))


def _text(name: str) -> str:
    text = request.form.get(name, "").strip()
    if not is_storable(text):
        raise ValueError
    return text


def _number(name: str) -> int | None:
    text = _text(name)
    return int(text) if text else None


def _id(name: str) -> int | None:
    text = _text(name)
    return identifier(text) if text else None


def _ids(name: str) -> list[int] | None:
    """Those who are ticked; None: nobody, which stands for everybody."""
    given = request.form.getlist(name)
    return [identifier(text) for text in given if text] if given else None


def _people() -> list[dict[str, Any]]:
    found = []
    for text in request.form.getlist("person")[:MOST_PEOPLE]:
        user_id = identifier(text)
        one = {
            "user_id": user_id,
            "target": _number(f"target-{user_id}"),
            "skills": [
                skill.strip()
                for skill in _text(f"skills-{user_id}").replace("、", ",").split(",")
                if skill.strip()
            ],
            "own_terminal": f"terminal-{user_id}" in request.form,
            "mentor": _id(f"mentor-{user_id}"),
            "care": f"care-{user_id}" in request.form,
            "away": request.form.getlist(f"away-{user_id}"),
        }
        if any(value for name, value in one.items() if name != "user_id") or one["target"] == 0:
            found.append(one)
    return found


def _rows(kind: str, read: Any, most: int) -> list[dict[str, Any]]:
    """The rows of a kind, the empty ones among them: what is too much is refused, not dropped."""
    found = (read(f"{kind}-{number}") for number in range(most + EMPTY_ROWS))
    return [one for one in found if one is not None]


def _cover(row: str) -> dict[str, Any] | None:
    name = _text(f"{row}-name")
    if not name:
        return None
    return {
        "name": name,
        "least": _number(f"{row}-least"),
        "section": _id(f"{row}-section"),
        "skill": _text(f"{row}-skill") or None,
        "people": _ids(f"{row}-people"),
        "half": _text(f"{row}-half") or None,
    }


def _duty(row: str) -> dict[str, Any] | None:
    name = _text(f"{row}-name")
    return {"name": name, "main": _id(f"{row}-main"), "deputy": _id(f"{row}-deputy")} if name else None


def _meeting(row: str) -> dict[str, Any] | None:
    on = _text(f"{row}-on")
    if not on:
        return None
    return {
        "on": on,
        "half": _text(f"{row}-half") or None,
        "people": _ids(f"{row}-people"),
        "why": _text(f"{row}-why"),
    }
