"""Tomorrow's seats in the browser: wish, change, withdraw, the result with its reason; a draw that anybody checks."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import time
from typing import Any

from flask import Blueprint, Response, flash, jsonify, redirect, render_template, request, url_for
from flask_babel import gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from app.access import PEOPLE, READERS, Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import identifier, now, today
from app.lots import service
from app.lots.models import State
from app.lots.rules.record import check
from app.lots.service import MOST_BESIDE, MOST_NO_REPEAT, LotRule
from app.lots.views import draw_page, lots_page, record_of
from app.wording import explain

pages = Blueprint("lots_pages", __name__)
CHOICES = 3

# What became of a wish in a draw by lot, by what decided.
REASONS: Mapping[str, LazyString] = {
    "wish": lazy_gettext("your wish"),
    "together": lazy_gettext("near the colleagues you sit with"),
    "lot": lazy_gettext("as the lot had it"),
    "full": lazy_gettext("There were more wishes than seats. Next time you come first."),
    "closed": lazy_gettext(
        "The office is closed then, so no seat was drawn. Your place in the order stays as it was."
    ),
    "missed": lazy_gettext("The draw could not take place in time. Book what is free."),
    "zone": lazy_gettext("You do not belong to the zone's section on that day."),
    "away": lazy_gettext("You plan to be elsewhere on that day."),
    "has_seat": lazy_gettext("You hold another seat on that day already."),
}


@pages.app_context_processor
def shared() -> dict[str, Any]:
    """Whether the navigation leads here, which it does not in an office that draws nothing; reasons in words."""
    return {"lots_are_drawn": _lots_are_drawn, "lot_reason": lot_reason}


def _lots_are_drawn() -> bool:
    with reading(db.engine) as session:
        return service.are_drawn(session)


@pages.get("/lots")
@allow(*PEOPLE)
def mine() -> str:
    with reading(db.engine) as session:
        page = lots_page(session, person=asker(), on=today(), now=now())
    return render_template("lots.html", page=page, choices=CHOICES, most_beside=MOST_BESIDE, State=State)


@pages.post("/lots/<int:draw_id>/wish")
@allow(*PEOPLE)
def wish(draw_id: int) -> AnyResponse:
    def make(session: Session) -> object:
        return service.wish(
            session,
            draw_id,
            actor=asker(),
            now=now(),
            prefers=_chosen("prefers"),
            beside=_chosen("beside"),
        )

    return _done(make, gettext("Your wish is noted. You can change it until the draw."), _to_mine())


def _chosen(name: str) -> list[int]:
    """What was chosen in the fields of that name, without the empty ones and what was chosen twice."""
    try:
        return list(dict.fromkeys(identifier(one) for one in request.form.getlist(name) if one))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


@pages.post("/lots/<int:draw_id>/withdraw")
@allow(*PEOPLE)
def withdraw(draw_id: int) -> AnyResponse:
    return _done(
        lambda session: service.withdraw(session, draw_id, actor=asker(), now=now()),
        gettext("Your wish is withdrawn."),
        _to_mine(),
    )


@pages.get("/lots/<int:draw_id>")
@allow(*READERS)
def draw(draw_id: int) -> str:
    """A draw as everybody sees it; with `?check=1` it is repeated from its record."""
    with reading(db.engine) as session:
        page = draw_page(session, draw_id, asker().id)
    checked = check(record_of(page.draw)) if request.args.get("check") else None
    return render_template("lots_draw.html", page=page, checked=checked, State=State)


@pages.get("/lots/<int:draw_id>/record.json")
@allow(*READERS)
def record(draw_id: int) -> Response:
    with reading(db.engine) as session:
        found = record_of(service.get_draw(session, draw_id))
    answer = jsonify(found)
    answer.headers["Content-Disposition"] = f'attachment; filename="lots-{draw_id}.json"'
    return answer


@pages.post("/office/zones/<int:zone_id>/lots")
@allow(Role.FACILITY)
def set_lots(zone_id: int) -> AnyResponse:
    def change(session: Session) -> object:
        try:
            at = request.form.get("at", "")
            days = int(request.form.get("no_repeat_days", ""))
            rule = LotRule(
                time.fromisoformat(at) if at else None, days, together=bool(request.form.get("together"))
            )
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        if not 0 <= days <= MOST_NO_REPEAT or (rule.at and rule.at.tzinfo):
            raise RuleBroken("request.invalid")
        return service.set_lots(session, zone_id, rule, actor_id=asker().id, now=now())

    return _done(change, gettext("Saved."), url_for("spaces_pages.zone", zone_id=zone_id))


def lot_reason(reason: str) -> str:
    """Why a wish in a draw came to what it came to; a rule of booking in its own words."""
    return str(REASONS.get(reason) or explain("booking.rule", {"rule": reason}))


def _to_mine() -> str:
    return url_for("lots_pages.mine")


def _done(do: Callable[[Session], object], said: str, then: str) -> AnyResponse:
    """Do it in one transaction, say how it went, and go on."""
    try:
        with transaction(db.engine) as session:
            do(session)
        flash(said, "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(then)
