"""Approvals in the browser: by the week, each breach in a sentence; refusing, taking back with a reason; deputies."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.database import reading
from app.errors import RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, now, settings, today
from app.telework import views
from app.telework.approval import deputies
from app.telework.approval import service as approval
from app.telework.approval.rules import Deputy
from app.telework.approval.waiting import approve_week, week
from app.telework.models import REASON_MOST
from app.telework.pages import chosen_ids, done, reason_given, sentences
from app.telework.rules import Half
from app.telework.service import Office

pages = Blueprint("telework_approvals_pages", __name__, url_prefix="/telework/approvals")
NAMERS = (Role.CHIEF, Role.PERSONNEL)


@pages.get("")
@allow(*PEOPLE)
def waiting() -> str:
    """The week of `?week=`, or the first in which something waits."""
    with reading(db.engine) as session:
        shown = week(
            session,
            _week_asked(),
            actor=asker(),
            today=today(),
            office=Office.of(settings()),
            own_terminals=pipeline.own_terminals,
        )
        part = None
        if asker().role in NAMERS:
            own = asker().id if asker().role is Role.CHIEF else None
            part = views.deputies_part(session, actor=asker(), chief_id=own)
        session.expunge_all()
    return render_template(
        "telework_approvals.html",
        page=shown,
        deputies=part,
        today=today(),
        halves=list(Half),
        sentences=sentences,
        reason_most=REASON_MOST,
        one_week=timedelta(days=7),
    )


def _week_asked() -> date | None:
    try:
        return day_typed(request.values.get("week", ""))
    except ValueError:
        return None


@pages.post("/week")
@allow(*PEOPLE)
def approve() -> Response:
    """Approve what waits in a week and breaks no rule."""

    def do(session: Session) -> str:
        on = _week_asked()
        if on is None:
            raise RuleBroken("request.invalid")
        found = approve_week(
            session,
            on,
            actor=asker(),
            now=now(),
            office=Office.of(settings()),
            seen_at=_seen_at(),
            own_terminals=pipeline.own_terminals,
        )
        return _approved(len(found.approved), len(found.left))

    return done(do, _back())


@pages.post("/decide")
@allow(*PEOPLE)
def decide() -> Response:
    """Approve, refuse or take back what is ticked of a person's week."""

    def do(session: Session) -> str:
        match request.form.get("verb"):
            case "approve":
                found = approval.approve_many(
                    session,
                    chosen_ids("plan"),
                    actor=asker(),
                    now=now(),
                    seen_at=_seen_at(),
                    office=Office.of(settings()),
                )
                return _approved(len(found.approved), len(found.left))
            case "reject":
                ids, reason = chosen_ids("plan"), reason_given()
                approval.reject_many(session, ids, reason, actor=asker(), now=now())
                return str(gettext("Refused. The person is told why."))
            case "revoke":
                ids, reason = chosen_ids("approved"), reason_given()
                approval.revoke_many(session, ids, reason, actor=asker(), now=now())
                return str(gettext("Taken back. The person is told why."))
            case _:
                raise RuleBroken("request.invalid")

    return done(do, _back())


def _approved(count: int, left: int) -> str:
    if not count and not left:
        return str(gettext("Nothing waits here any more: it has been decided on or withdrawn."))
    said = gettext("Approved half-days: %(count)s.", count=count)
    if left:
        said += " " + gettext("%(left)s are left: look at them below.", left=left)
    return str(said)


def _seen_at() -> datetime:
    """When the chief looked. Raises RuleBroken `request.invalid`."""
    try:
        at = datetime.fromisoformat(request.form.get("seen_at", ""))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error
    if at.tzinfo is None:
        raise RuleBroken("request.invalid")
    return at


@pages.post("/deputies")
@allow(*NAMERS)
def name_deputy() -> Response:
    """Name who decides for a chief."""

    def do(session: Session) -> str:
        try:
            first = day_typed(request.form["from"]) if request.form.get("from") else today()
            last = day_typed(request.form["until"]) if request.form.get("until") else None
            deputy = identifier(request.form.get("deputy", ""))
            chief = identifier(request.form.get("chief") or str(asker().id))
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        wanted = Deputy(chief, deputy, first, last, bool(request.form.get("when_away")))
        deputies.name_deputy(session, wanted, actor=asker(), now=now())
        return str(gettext("Saved. The deputy is told."))

    return done(do, _back())


@pages.post("/deputies/<int:deputy_id>/end")
@allow(*NAMERS)
def end_deputy(deputy_id: int) -> Response:
    """The deputy decides no more."""

    def do(session: Session) -> str:
        deputies.end_deputy(session, deputy_id, actor=asker(), now=now())
        return str(gettext("The deputy decides no more."))

    return done(do, _back())


def _back() -> str:
    on = _week_asked()
    return url_for("telework_approvals_pages.waiting", week=on.isoformat() if on else None)
