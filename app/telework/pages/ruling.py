"""The rules of telework as personnel keeps them: what holds, who breaks it, a new one after a look at who would."""

from __future__ import annotations

from datetime import time
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, now, settings, today
from app.telework import views
from app.telework.caps import ruling
from app.telework.caps.rules import Limit, OverCap, Rule, Unit
from app.telework.pages import done, sentences
from app.telework.schemas import MOST_MINUTES
from app.telework.service import Office
from app.wording import explain

pages = Blueprint("telework_ruling_pages", __name__, url_prefix="/office/telework-rules")
CAPS = (Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR)
NUMBERS = {"in_a_row": 366, "terminals": 100_000, "deadline_days": 60}
AT_CLOSE = time(17, 15)


@pages.get("")
@allow(Role.PERSONNEL, Role.AUDITOR)
def rules() -> str:
    with reading(db.engine) as session:
        page = views.rules_page(session, today(), Office.of(settings()))
        session.expunge_all()
    return render_template("telework_rules.html", page=page, sentences=sentences, **_choices())


def _choices() -> dict[str, object]:
    return {
        "caps": [one.value for one in CAPS],
        "units": list(Unit),
        "over_caps": list(OverCap),
        "employments": list(views.EMPLOYMENTS),
        "today": today(),
        "at_close": AT_CLOSE,
    }


@pages.post("")
@allow(Role.PERSONNEL)
def make() -> str | Response:
    """First who would break it, then, confirmed, the rule itself."""
    is_sure = bool(request.form.get("confirmed"))
    office = Office.of(settings())
    try:
        wanted = _typed()
        with (transaction if is_sure else rehearsal)(db.engine) as session:
            broken = [] if is_sure else ruling.would_break(session, wanted, office)
            ruling.make_rule(session, wanted, actor=asker(), now=now())
            sections = {} if is_sure else views.rules_page(session, today(), office).sections
            session.expunge_all()
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("telework_ruling_pages.rules"))
    if not is_sure:
        return render_template(
            "telework_rule.html",
            rule=wanted,
            breakers=broken,
            sections=sections,
            sentences=sentences,
            typed=[(name, value) for name, value in request.form.items() if name != "csrf_token"],
            **_choices(),
        )
    flash(gettext("The rule is made."), "done")
    return redirect(url_for("telework_ruling_pages.rules"))


@pages.post("/<int:rule_id>/end")
@allow(Role.PERSONNEL)
def end(rule_id: int) -> Response:
    def do(session: Session) -> str:
        row = ruling.end_rule(session, rule_id, actor=asker(), now=now())
        if row is None:
            return str(gettext("The rule is dropped: what held before goes on."))
        return str(gettext("The rule ends with today."))

    return done(do, url_for("telework_ruling_pages.rules"))


def _typed() -> Rule:
    """A rule as the form gives it: caps in days or hours. Raises RuleBroken `request.invalid`."""
    form = request.form
    try:
        unit = Unit(form.get("unit", ""))
        per = 2 if unit in {Unit.DAY, Unit.HALF_DAY} else 60
        numbers = {name: _whole(form.get(name, ""), 1, most) for name, most in NUMBERS.items()}
        return Rule(
            id=0,
            from_on=day_typed(form.get("from", "")),
            until_on=day_typed(form["until"]) if form.get("until") else None,
            section_id=identifier(form["section"]) if form.get("section") else None,
            employment=_employment(form.get("employment", "")),
            unit=unit,
            **{limit.value: _whole(form.get(limit.value, ""), per, MOST_MINUTES) for limit in CAPS},
            **numbers,
            eligible=form.get("eligible") != "no",
            deadline_at=_clock(form.get("deadline_at", "")),
            over_cap=OverCap(form.get("over_cap", "")),
        )
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _employment(text: str) -> Any:
    if text and text not in views.EMPLOYMENTS:
        raise ValueError(text)
    return views.EMPLOYMENTS.get(text)


def _whole(text: str, per: int, most: int) -> int | None:
    """A number of parts of which there are `per` in what was typed; None where nothing was."""
    if not text.strip():
        return None
    number = float(text) * per
    if not number.is_integer() or not 0 <= number <= most:
        raise ValueError(text)
    return int(number)


def _clock(text: str) -> time:
    at = time.fromisoformat(text) if text else AT_CLOSE
    if at.tzinfo is not None:
        raise ValueError(text)
    return at
