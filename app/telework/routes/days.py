"""API of the day log: what half-days were, what they rest on, and saying what one was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.orm import Session

from app.access import PEOPLE, READERS, SEES_ALL, allow, asker
from app.database import reading, transaction
from app.errors import Forbidden
from app.extensions import db
from app.fields import ME
from app.http import Blueprint, now, settings, today
from app.telework.daylog import correcting, service
from app.telework.daylog.evidence import spans_of
from app.telework.daylog.service import Logged, Viewer
from app.telework.rules import DayClass
from app.telework.schemas import DaysQuery
from app.telework.schemas.days import HalfDayList, HalfDayRequest, HalfDayView

api = Blueprint("days", "days", url_prefix="/api/v1", description="The day log")


def viewer() -> Viewer:
    """Who looks at the log, today."""
    return Viewer(asker().id, today(), settings().conflict_days)


@api.route("/telework/days")
@api.arguments(DaysQuery, location="query")
@api.response(200, HalfDayList)
@allow(*READERS)
def days(query: dict[str, Any]) -> Any:
    """The day log: one's own; of a section for its chief; of all for personnel"""
    person = asker()
    user, section = query["user"], query["section"]
    user_id = person.id if user == ME or (user is None and section is None) else user
    if user_id is not None and user_id != person.id and person.role not in SEES_ALL:
        raise Forbidden("telework.not_allowed", why="days")
    start, limit = query["cursor"], query["limit"]
    if user_id is not None and user_id != person.id:
        with transaction(db.engine) as session:
            service.note_look(session, user_id, actor=person, now=now())
    with reading(db.engine) as session:
        if user_id is None:
            service.check_sees_section(session, section, actor=person)
        rows = service.list_log(
            session,
            viewer(),
            first=query["first"],
            last=query["last"],
            user_id=user_id,
            section_id=section,
            start=start,
            limit=limit + 1,
        )
        shown = _shown(session, rows[:limit])
    return {"items": shown, "next_cursor": start + limit if len(rows) > limit else None}


@api.route("/telework/days/<int:half_day_id>/correct", methods=["POST"])
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
    return [shown(one, known) for one in rows]


def shown(logged: Logged, names: Mapping[int, str]) -> dict[str, Any]:
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
