"""The day log in the browser: one's own month, conflicts first; a section's; a half-day with its history."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import PEOPLE, READERS, Role, allow, asker, visitor
from app.database import reading, transaction
from app.errors import Conflict, RuleBroken
from app.extensions import db
from app.http import identifier, now, today
from app.telework.closing.rules import Month
from app.telework.daylog import correcting, service
from app.telework.daylog.rules import WHY_AT_MOST, sayable
from app.telework.daylog.service import Logged
from app.telework.routes.days import evidence_shown, viewer
from app.telework.rules import DayClass, Half
from app.texts import is_storable
from app.wording import explain

pages = Blueprint("days_pages", __name__)
OFFICE = {DayClass.OFFICE, DayClass.OFFICE_PRESUMED}


@pages.app_context_processor
def shared() -> dict[str, Any]:
    """How many conflicts await the reader's answer, for the navigation."""
    return {"open_conflicts": _open_conflicts}


def _open_conflicts() -> int:
    person = visitor()
    if person is None:
        return 0
    with reading(db.engine) as session:
        return service.open_conflicts(session, person.id)


@dataclass(frozen=True, slots=True)
class Days:
    """So many days of each kind, from half-days."""

    office: float
    telework: float
    away: float
    unknown: float

    @classmethod
    def of(cls, logged: Iterable[Logged]) -> Days:
        counted = Counter(one.day_class for one in logged)
        away = counted[DayClass.TRIP] + counted[DayClass.LEAVE]
        return cls(
            sum(counted[one] for one in OFFICE) / 2,
            counted[DayClass.TELEWORK] / 2,
            away / 2,
            counted[DayClass.UNKNOWN] / 2,
        )


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person's month in a section's table. `waiting`: half-days that somebody should look at."""

    user_id: int
    name: str
    days: Days
    waiting: int


@pages.get("/telework/days")
@allow(*READERS)
def mine() -> str:
    """One's own month; with `?section=` a section's, with `?user=` too one of its people's."""
    month = month_asked()
    section_id, user_id = _id_asked("section"), _id_asked("user")
    if section_id is None and user_id in {None, asker().id}:
        return _person(month, asker().id, None)
    with reading(db.engine) as session:
        service.check_sees_section(session, section_id, actor=asker())
    if user_id is not None:
        with transaction(db.engine) as session:
            service.note_look(session, user_id, actor=asker(), now=now())
        return _person(month, user_id, section_id)
    return _section(month, section_id or 0)


def _person(month: Month, user_id: int, section_id: int | None) -> str:
    with reading(db.engine) as session:
        logged = service.list_log(
            session,
            viewer(),
            first=month.first,
            last=month.last,
            user_id=user_id,
            section_id=section_id,
        )
        known = service.names_in(session, logged)
        sections = service.sections_seen(session, asker())
        name = service.name_of(session, user_id)
        session.expunge_all()
    by_day: dict[date, dict[Half, Logged]] = {}
    for one in logged:
        by_day.setdefault(one.row.on_date, {})[one.row.half] = one
    return render_template(
        "days.html",
        month=month,
        today=today(),
        by_day=by_day,
        halves=list(Half),
        conflicts=[one for one in logged if one.conflict],
        days=Days.of(logged),
        is_own=user_id == asker().id,
        user_id=user_id,
        name=name,
        section_id=section_id,
        sections=sections,
        evidence=_evidence(logged, known),
    )


def _section(month: Month, section_id: int) -> str:
    with reading(db.engine) as session:
        logged = service.list_log(
            session, viewer(), first=month.first, last=month.last, section_id=section_id
        )
        sections = service.sections_seen(session, asker())
        session.expunge_all()
    people: dict[int, list[Logged]] = {}
    for one in logged:
        people.setdefault(one.row.user_id, []).append(one)
    return render_template(
        "days_section.html",
        month=month,
        today=today(),
        sections=sections,
        section_id=section_id,
        waiting=[one for one in logged if is_waiting(one)],
        people=[
            PersonRow(user_id, of[0].name, Days.of(of), sum(map(is_waiting, of)))
            for user_id, of in people.items()
        ],
        may_confirm=asker().role in {Role.CHIEF, Role.PERSONNEL},
        days=Days.of(logged),
        DayClass=DayClass,
    )


def is_waiting(logged: Logged) -> bool:
    """Whether somebody besides the person should look at a half-day: a word to confirm, or an open conflict."""
    return not logged.frozen and (logged.conflict or logged.awaits_confirmation)


@pages.get("/telework/days/<int:half_day_id>")
@allow(*READERS)
def half_day(half_day_id: int) -> str:
    with reading(db.engine) as session:
        logged = service.get_logged(session, viewer(), half_day_id, actor=asker())
        known = service.names_in(session, [logged])
        may_correct = correcting.may_correct(session, logged.row, asker())
        voice = correcting.voice_of(session, logged.row, asker())
        session.expunge_all()
    if logged.row.user_id != asker().id:
        with transaction(db.engine) as session:
            service.note_look(session, logged.row.user_id, actor=asker(), now=now())
    return render_template(
        "half_day.html",
        one=logged,
        names=known,
        evidence=evidence_shown(logged, known),
        may_correct=may_correct and asker().role in PEOPLE,
        is_own=logged.row.user_id == asker().id,
        sayable=sayable(voice),
        why_at_most=WHY_AT_MOST,
        month=Month.of(logged.row.on_date),
    )


@pages.post("/telework/days/<int:half_day_id>")
@allow(*PEOPLE)
def correct(half_day_id: int) -> Response:
    """Say what a half-day was, or confirm it."""
    try:
        with transaction(db.engine) as session:
            made = correcting.correct(
                session, half_day_id, _class_said(), why=_why(), actor=asker(), now=now()
            )
            on = correcting.get_half_day(session, made.half_day_id).on_date
        flash(gettext("Noted. What was found before stays beside it."), "done")
    except (Conflict, RuleBroken) as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("days_pages.half_day", half_day_id=half_day_id))
    if section := _id_in(request.form.get("section", "")):
        return redirect(url_for("days_pages.mine", month=Month.of(on), section=section))
    if request.form.get("list"):
        return redirect(url_for("days_pages.mine", month=Month.of(on)))
    return redirect(url_for("days_pages.half_day", half_day_id=half_day_id))


def _class_said() -> DayClass:
    try:
        return DayClass(request.form.get("class", ""))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _why() -> str:
    why = request.form.get("why", "").strip()
    if len(why) > WHY_AT_MOST or not is_storable(why):
        raise RuleBroken("request.invalid")
    return why


def month_asked() -> Month:
    """The month of the address; this one where it names none."""
    text = request.args.get("month", "")
    try:
        return Month.read(text) if text else Month.of(today())
    except ValueError:
        flash(gettext("That is not a month. Showing this one."), "error")
        return Month.of(today())


def _id_asked(name: str) -> int | None:
    return _id_in(request.args.get(name, ""))


def _id_in(text: str) -> int | None:
    try:
        return identifier(text)
    except ValueError:
        return None


def _evidence(logged: Sequence[Logged], known: Mapping[int, str]) -> dict[int, dict[str, Any]]:
    return {one.row.id: evidence_shown(one, known) for one in logged}
