"""API of the day log: what half-days were, what they rest on, and saying what one was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import request
from marshmallow import fields
from sqlalchemy.orm import Session

from app.access import PEOPLE, READERS, SEES_ALL, allow, asker
from app.cursors import page_of, paged_by
from app.database import reading, transaction
from app.errors import Forbidden
from app.extensions import db
from app.fields import ALL, ME, Day, Identifier
from app.http import Blueprint, now, settings, today
from app.telework.daylog import correcting, service
from app.telework.daylog.evidence import spans_of
from app.telework.daylog.service import Logged, Viewer
from app.telework.rules import DayClass
from app.telework.schemas import HALF, DaysQuery
from app.telework.schemas.days import HalfDayList, HalfDayRequest, HalfDayView
from app.versions import changes, shown

api = Blueprint("days", "days", url_prefix="/api/v1", description="The day log")


def viewer() -> Viewer:
    """Who looks at the log, today."""
    return Viewer(asker().id, today(), settings().conflict_days)


@api.route("/telework/days")
@api.arguments(
    paged_by(Day(), Identifier(strict=True), fields.String(validate=HALF), of=DaysQuery),
    location="query",
)
@api.response(200, HalfDayList)
@allow(*READERS)
def days(query: dict[str, Any]) -> Any:
    """The day log: one's own; of a section for its chief; of all for personnel

    A half-day of somebody in two sections is in the lists of both, and once in that of all.
    """
    person = asker()
    user, section = query["user"], query["section"]
    of_all = user == ALL
    user_id = person.id if user == ME or (user is None and section is None) else None if of_all else user
    if of_all and person.role not in SEES_ALL:
        raise Forbidden("telework.not_allowed", why="days")
    if user_id is not None and user_id != person.id and person.role not in SEES_ALL:
        raise Forbidden("telework.not_allowed", why="days")
    if user_id is not None and user_id != person.id:
        with transaction(db.engine) as session:
            service.note_look(session, user_id, actor=person, now=now())
    with reading(db.engine) as session:
        if user_id is None and (section is not None or not of_all):
            service.check_sees_section(session, section, actor=person)
        rows = service.list_log(
            session,
            viewer(),
            first=query["first"],
            last=query["last"],
            user_id=user_id,
            section_id=section,
            after=query["cursor"],
            limit=query["limit"] + 1,
        )
        page = page_of(rows, query["limit"], service.place)
        return page | {"items": _shown(session, page["items"])}


@api.route("/telework/days/<int:half_day_id>")
@shown(correcting.hold_half_day)
@api.response(200, HalfDayView)
@allow(*READERS)
def day(half_day_id: int) -> Any:
    """One half-day: one's own; of the section for its chief; any for personnel"""
    with reading(db.engine) as session:
        found = service.get_logged(session, viewer(), half_day_id, actor=asker())
        half_day, whose = _shown(session, [found])[0], found.row.user_id
    # A change made from what was seen looks at nothing more.
    if whose != asker().id and request.method == "GET":
        with transaction(db.engine) as session:
            service.note_look(session, whose, actor=asker(), now=now())
    return half_day


@api.route("/telework/days/<int:half_day_id>/correct", methods=["POST"])
@changes(day)
@api.arguments(HalfDayRequest)
@api.response(200, HalfDayView)
@allow(*PEOPLE)
def correct(body: dict[str, Any], half_day_id: int) -> Any:
    """Say what a half-day was: the person, the chief who confirms it, personnel; in a closed month personnel alone"""
    with transaction(db.engine) as session:
        correcting.correct(
            session, half_day_id, DayClass(body["day_class"]), why=body["why"], actor=asker(), now=now()
        )
        found = service.get_logged(session, viewer(), half_day_id, actor=asker())
        return _shown(session, [found])[0]


def _shown(session: Session, rows: Sequence[Logged]) -> list[dict[str, Any]]:
    known = service.names_in(session, rows)
    return [half_day_shown(one, known) for one in rows]


def half_day_shown(logged: Logged, names: Mapping[int, str]) -> dict[str, Any]:
    """A half-day in the API's words."""
    row = logged.row
    return {
        "id": row.id,
        "user_id": row.user_id,
        "name": logged.name,
        "on_date": row.on_date,
        "half": row.half.value,
        "day_class": logged.day_class.value,
        "found": logged.found.value,
        "reason": logged.reason,
        "confidence": logged.confidence.value,
        "form": logged.form.value if logged.form else None,
        "telework_minutes": logged.telework_minutes,
        "conflict": logged.conflict,
        "frozen": logged.frozen,
        "evidence": evidence_shown(logged, names),
        "corrections": [
            {
                "at": said.made_at,
                "by": names.get(said.made_by, ""),
                "voice": said.voice.value,
                "from_class": said.from_class.value,
                "to_class": said.to_class.value,
                "why": said.why,
            }
            for said in logged.said
        ],
    }


def evidence_shown(logged: Logged, names: Mapping[int, str]) -> dict[str, Any]:
    """What a half-day rests on; without the check-in that a conflict hidden from this reader is about."""
    kept = logged.row.evidence
    plan = kept.get("plan")
    times = {name: spans_of(logged.row.check_ins, name) for name in ("by_hand", "inferred")}
    minutes = {name: kept.get(name, 0) for name in ("minutes_by_hand", "minutes_inferred")}
    if logged.hidden:
        times["by_hand"], minutes["minutes_by_hand"] = [], 0
    return {
        "plan": service.plan_of(plan, names) if plan else None,
        "holiday": kept.get("holiday", ""),
        **times,
        **minutes,
    }
