"""One's own telework: the month in half-days, what is left of the caps, taking back, telling what was done."""

from __future__ import annotations

from datetime import date, time, timedelta
from typing import Any

from flask import Blueprint, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, Role, allow, asker, visitor
from app.database import reading
from app.errors import RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import now, settings, today
from app.telework import requesting, views
from app.telework.approval.counting import count_waiting
from app.telework.approval.service import is_deputy
from app.telework.freeing import awaited_needlessly, free, needless_of
from app.telework.models import REPORT_MOST
from app.telework.pages import chosen_ids, done, shown_to_the_chief
from app.telework.requesting import MOST_AT_ONCE, Wanted, wanted_between
from app.telework.rules import Half, PlanKind
from app.telework.service import Office
from app.texts import is_storable

pages = Blueprint("telework_pages", __name__)
BOTH = "day"
KINDS = (PlanKind.HOME, PlanKind.SATELLITE, PlanKind.TRIP, PlanKind.LEAVE, PlanKind.OFFICE)


@pages.app_context_processor
def shared() -> dict[str, Any]:
    """Whether the navigation leads to the approvals, which it does for who decides on somebody's plans, and how many
    requests wait there."""
    return {"decides_on_plans": _decides, "waiting_requests": _waiting}


def _waiting() -> int:
    person = visitor()
    if person is None:
        return 0
    with reading(db.engine) as session:
        return count_waiting(session, person, today())


def _decides() -> bool:
    person = visitor()
    if person is None or person.role not in PEOPLE:
        return False
    if person.role in {Role.CHIEF, Role.PERSONNEL}:
        return True
    with reading(db.engine) as session:
        return is_deputy(session, person.id, today())


@pages.get("/telework")
@allow(*PEOPLE)
def mine() -> str:
    """The month of `?on=`; on a phone its week alone."""
    on = _day_asked()
    with reading(db.engine) as session:
        office = Office.of(settings())
        page = views.own_page(session, person=asker(), on=on, now=now(), office=office)
        needless = needless_of(session, [asker().id], now=now(), office=office).get(asker().id, [])
        awaited = awaited_needlessly(session, asker().id, now=now(), office=office)
        session.expunge_all()
    return render_template(
        "telework.html",
        page=page,
        needless=needless,
        awaited=awaited,
        today=today(),
        kinds=KINDS,
        kind=_kind_asked(),
        halves=list(Half),
        report_most=REPORT_MOST,
        month_before=on.replace(day=1) - timedelta(days=1),
        month_after=(on.replace(day=1) + timedelta(days=32)).replace(day=1),
        week=timedelta(days=7),
    )


def _day_asked() -> date:
    try:
        return day_typed(request.values.get("on", ""))
    except ValueError:
        return today()


def _kind_asked() -> PlanKind:
    try:
        return PlanKind(request.values.get("kind", ""))
    except ValueError:
        return PlanKind.HOME


@pages.post("/telework")
@allow(*PEOPLE)
def ask() -> Response:
    """Ask for what was ticked, or for the whole day whose button was pressed."""
    kind = _kind_asked()

    def do(session: Session) -> str:
        cells = [request.form["day"] + f"/{BOTH}"] if "day" in request.form else request.form.getlist("cell")
        if not cells:
            raise RuleBroken("telework.nothing_chosen")
        if len(cells) > MOST_AT_ONCE:
            raise RuleBroken("request.invalid")
        return _ask(session, [one for text in cells for one in _wanted(text, kind)])

    return done(do, _back())


def _wanted(text: str, kind: PlanKind) -> list[Wanted]:
    day, _, half = text.partition("/")
    try:
        on = day_typed(day)
        return [Wanted(on, one, kind) for one in (Half if half == BOTH else [Half(half)])]
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


@pages.post("/telework/hours")
@allow(*PEOPLE)
def ask_hours() -> Response:
    """Ask for the hours between two times of a day."""

    def do(session: Session) -> str:
        try:
            on = day_typed(request.form.get("date", ""))
            start, end = (time.fromisoformat(request.form.get(name, "")) for name in ("from", "until"))
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        if start.tzinfo or end.tzinfo:
            raise RuleBroken("request.invalid")
        return _ask(session, wanted_between(on, start, end, _kind_asked(), Office.of(settings())))

    return done(do, _back())


def _ask(session: Session, wanted: list[Wanted]) -> str:
    office = Office.of(settings())
    asked = requesting.request(
        session, wanted, actor=asker(), now=now(), office=office, own_terminals=pipeline.own_terminals
    )
    days = {plan.on_date for plan in asked.plans}
    listed = needless_of(session, [asker().id], now=now(), office=office).get(asker().id, [])
    awaited = awaited_needlessly(session, asker().id, now=now(), office=office)
    needless = [
        *(one for one in listed if office.day(one.booking.start_at) in days and not one.is_of_guest),
        *(one for one in awaited.waits if office.day(one.start_at) in days),
        *(one for one in awaited.draws if one.on_date in days),
    ]
    said = [
        gettext("Planned: the office needs no approval.")
        if all(plan.kind is PlanKind.OFFICE for plan in asked.plans)
        else gettext("Asked for. Your chief decides.")
    ]
    if needless:
        said.append(
            gettext(
                "Of what you have booked or wait for, %(count)s is not needed any more: give it up in the list below.",
                count=len(needless),
            )
        )
    return " ".join([*said, shown_to_the_chief(asked.breaches)]).strip()


@pages.post("/telework/free")
@allow(*PEOPLE)
def free_needless() -> Response:
    """Give up what is ticked of what one's plans make needless."""

    def do(session: Session) -> str:
        ticked = {
            name: chosen_ids(name) if name in request.form else [] for name in ("booking", "wait", "draw")
        }
        if not any(ticked.values()):
            raise RuleBroken("telework.no_booking")
        given = free(
            session,
            ticked["booking"],
            actor=asker(),
            now=now(),
            office=Office.of(settings()),
            entry_ids=ticked["wait"],
            draw_ids=ticked["draw"],
        )
        count = len(given.bookings) + len(given.waits) + len(given.draws)
        return str(gettext("Given up or shortened: %(count)s. Thank you.", count=count))

    return done(do, _back())


@pages.post("/telework/withdraw")
@allow(*PEOPLE)
def withdraw() -> Response:
    """Take the plans of a day back."""

    def do(session: Session) -> str:
        for plan_id in chosen_ids("plan"):
            requesting.withdraw(session, plan_id, actor=asker(), now=now())
        return str(gettext("Withdrawn. For a quarter of an hour you can undo it below."))

    return done(do, _back("#plans"))


@pages.post("/telework/restore")
@allow(*PEOPLE)
def restore() -> Response:
    """Undo a withdrawal."""

    def do(session: Session) -> str:
        office = Office.of(settings())
        for plan_id in chosen_ids("plan"):
            requesting.restore(
                session,
                plan_id,
                actor=asker(),
                now=now(),
                office=office,
                own_terminals=pipeline.own_terminals,
            )
        return str(gettext("It is as it was."))

    return done(do, _back("#plans"))


@pages.post("/telework/report")
@allow(*PEOPLE)
def report() -> Response:
    """Tell what was done in the half-days of a day."""

    def do(session: Session) -> str:
        text = request.form.get("text", "").strip()
        if len(text) > REPORT_MOST or not is_storable(text):
            raise RuleBroken("request.invalid")
        office = Office.of(settings())
        for plan_id in chosen_ids("plan"):
            requesting.report(session, plan_id, text, actor=asker(), now=now(), office=office)
        return str(gettext("Your report is kept. Your chief can read it."))

    return done(do, _back("#reports"))


def _back(part: str = "") -> str:
    kind = _kind_asked()
    return (
        url_for(
            "telework_pages.mine",
            on=_day_asked().isoformat(),
            kind=None if kind is PlanKind.HOME else kind.value,
        )
        + part
    )
