"""What a section's rotations must hold, in a form: its people, covers, duties, and days in the office for all."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from marshmallow import ValidationError
from orjson import OPT_SORT_KEYS, dumps
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, NotFound, RuleBroken, Stale
from app.extensions import db
from app.http import identifier, now, today
from app.rotation import service
from app.rotation.naming import (
    Lapsed,
    Part,
    Setting,
    duties_of_one,
    lapsed,
    own_mentors,
    people_in,
    sections_in,
)
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
    return _form(_section_asked())


def _form(
    section_id: int, typed: Setting | None = None, wrong: Collection[str] = (), version: str | None = None
) -> str:
    """The form as it is kept, or as somebody has `typed` it; the parts that are `wrong` are open. `version`: which one
    it was made from, where that is not the one that is kept."""
    with reading(db.engine) as session:
        service.check_section(session, section_id, asker(), to_read=True)
        kept = service.get_setting(session, section_id)
        shown = kept if typed is None else typed
        people = service.people_of(session, section_id, today())
        below = service.below(session, section_id)
        here, ours = {one.id for one in people}, {one.id for one in below}
        elsewhere = service.users(session, people_in(shown) - here)
        sections = [*below, *service.sections(session, sections_in(shown) - ours)]
        session.expunge_all()
    of_person = {one["user_id"]: one for one in shown["people"]}
    # A setting of before the unknown were refused may name somebody who never was.
    named = {user_id: f"#{user_id}" for user_id in people_in(shown)}
    named |= {one.id: one.name for one in (*people, *elsewhere)}
    return render_template(
        "rotation_setting.html",
        section_id=section_id,
        version=version or _version(kept),
        setting=shown,
        of_person=of_person,
        rows=[*people, *(one for one in elsewhere if one.id in of_person)],
        people=[*people, *elsewhere],
        named=named,
        here=here,
        sections=sections,
        ours=ours,
        lapsed=[] if typed else [_in_words(one, named) for one in lapsed(kept, here, ours)],
        weekdays=WEEKDAYS[:5],
        halves=HALVES,
        empty_rows=EMPTY_ROWS,
        may_plan=asker().role is Role.CHIEF,
        wrong=wrong,
    )


def _in_words(one: Lapsed, named: Mapping[int, str]) -> str:
    about = named[int(one.about)] if one.part is Part.MENTOR else one.about
    return of_rotation.lapsed_in_words(one.part.value, about, [named[user_id] for user_id in one.people])


def _section_asked() -> int:
    try:
        return identifier(request.values.get("section", ""))
    except ValueError as error:
        raise NotFound("section.unknown") from error


def _version(kept: Setting) -> str:
    """Which setting a form was made from."""
    return sha256(dumps(kept, option=OPT_SORT_KEYS)).hexdigest()[:32]


@pages.post("/rotation/setting")
@allow(Role.CHIEF)
def save() -> Response | tuple[str, int]:
    """Set all of it as it stands in the form; rows without a name are dropped. What is refused stays in the form."""
    section_id, typed, wrong = _section_asked(), _typed(), set[str]()
    version = request.form.get("version")
    try:
        _keep(section_id, typed)
        flash(gettext("Kept. It holds from the next search on."), "done")
        return redirect(url_for("rotation_setting_pages.setting", section=section_id))
    except ValidationError as error:
        wrong = set(error.messages_dict)
        flash(
            gettext(
                "Something was not understood. A cover needs a number, a duty two people, a day a date; names are"
                " unique. What you typed stands below."
            ),
            "error",
        )
        for sentence in _contradictions(typed):
            flash(sentence, "error")
    except Stale:
        version = None
        flash(
            gettext(
                "Somebody else changed it while you typed. What you typed stands below: keeping it now takes the place"
                " of theirs."
            ),
            "error",
        )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return _form(section_id, typed, wrong, version), 422


def _contradictions(typed: Setting) -> list[str]:
    """What of a setting cannot be, though each part of it can, in words."""
    with reading(db.engine) as session:
        alone = [one.name for one in service.users(session, own_mentors(typed))]
    return [
        *(str(of_rotation.OWN_MENTOR) % {"name": name} for name in alone),
        *(str(of_rotation.OWN_DEPUTY) % {"duty": duty} for duty in duties_of_one(typed)),
    ]


def _keep(section_id: int, typed: dict[str, Any]) -> None:
    """Raises ValidationError; Stale `request.stale` where the form was made from another setting than there is; as
    `service.put_setting`."""
    SettingForm().load(typed)
    with transaction(db.engine) as session:
        service.hold_section(session, section_id=section_id)
        version = _version(service.get_setting(session, section_id))
        if request.form.get("version", version) != version:
            raise Stale("request.stale")
        service.put_setting(session, section_id, typed, actor=asker(), now=now())


def _typed() -> dict[str, Any]:
    """What the form says, whether it can be kept or not. Raises RuleBroken `request.invalid` for people and sections
    that nobody can have chosen."""
    try:
        return {
            "people": _people(),
            "covers": _rows("cover", _cover, MOST_COVERS),
            "duties": _rows("duty", _duty, MOST_DUTIES),
            "meetings": _rows("meeting", _meeting, MOST_MEETINGS),
        }
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _text(name: str) -> str:
    return request.form.get(name, "").strip()


def _number(name: str) -> int | str | None:
    """A number, or what was typed instead of one."""
    text = _text(name)
    try:
        return int(text) if text else None
    except ValueError:
        return text


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
