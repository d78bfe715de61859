"""The rules of telework as personnel keeps them: what holds, who breaks it, a new one after a look at who would."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import time
from functools import partial
from typing import Any
from unicodedata import normalize

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.errors import Conflict, DomainError, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, now, settings, today
from app.telework import views
from app.telework.caps import ruling
from app.telework.caps.rules import Limit, OverCap, Rule, Unit
from app.telework.pages import done, sentences
from app.telework.schemas import MOST_MINUTES
from app.telework.service import Office
from app.wording import explain, of_telework

pages = Blueprint("telework_ruling_pages", __name__, url_prefix="/office/telework-rules")
CAPS = (Limit.WEEK, Limit.MONTH, Limit.FISCAL_YEAR)
NUMBERS = {"in_a_row": 366, "terminals": 100_000, "deadline_days": 60}
AT_CLOSE = time(17, 15)
# The fields that a refusal is about.
BLAMED = {"telework.rule_dates": ["from", "until"], "section.unknown": ["section"]}


class NotUnderstood(RuleBroken):
    """Fields of the form that say nothing which a rule can hold; `names`: which."""

    def __init__(self, names: list[str]) -> None:
        super().__init__("request.invalid")
        self.names = names


@pages.get("")
@allow(Role.PERSONNEL, Role.AUDITOR)
def rules() -> str:
    return _page({"from": today().isoformat(), "unit": Unit.HALF_DAY, "deadline_at": f"{AT_CLOSE:%H:%M}"})


def _page(typed: Mapping[str, str], wrong: Sequence[str] = ()) -> str:
    """The rules, and the form of a new one as it was `typed`, with the fields that are `wrong`."""
    with reading(db.engine) as session:
        page = views.rules_page(session, today(), Office.of(settings()))
        session.expunge_all()
    return render_template(
        "telework_rules.html", page=page, sentences=sentences, typed=typed, wrong=wrong, **_choices()
    )


def _choices() -> dict[str, object]:
    return {
        "caps": [one.value for one in CAPS],
        "units": list(Unit),
        "over_caps": list(OverCap),
        "employments": list(views.EMPLOYMENTS),
        "today": today(),
    }


@pages.post("")
@allow(Role.PERSONNEL)
def make() -> str | Response | tuple[str, int]:
    """First who would break it, then, confirmed, the rule itself. What is refused stays in the form."""
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
        return _refused(error)
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


def _refused(error: DomainError) -> tuple[str, int]:
    """The form as it was typed, with the fields to look at."""
    if isinstance(error, NotUnderstood):
        wrong = error.names
        names = " / ".join(map(of_telework.rule_field, wrong))
        said = gettext("Not understood: %(names)s.", names=names)
    else:
        wrong = BLAMED.get(error.code, [])
        said = explain(error.code, error.facts)
    flash(said + " " + gettext("What you typed stands below."), "error")
    return _page(request.form, wrong), 409 if isinstance(error, Conflict) else 422


def _typed() -> Rule:
    """A rule as the form gives it: caps in days or hours, full-width or not. Raises NotUnderstood."""
    unit = _text("unit")
    per = 2 if unit in {Unit.DAY, Unit.HALF_DAY} else 60
    read: dict[str, tuple[str, Callable[[str], Any]]] = {
        "section": ("section_id", lambda text: identifier(text) if text else None),
        "employment": ("employment", lambda text: views.EMPLOYMENTS[text] if text else None),
        "eligible": ("eligible", lambda text: text != "no"),
        "from": ("from_on", day_typed),
        "until": ("until_on", lambda text: day_typed(text) if text else None),
        "unit": ("unit", Unit),
        **{one.value: (one.value, partial(_whole, per=per, most=MOST_MINUTES)) for one in CAPS},
        **{name: (name, partial(_whole, per=1, most=most)) for name, most in NUMBERS.items()},
        "deadline_at": ("deadline_at", _clock),
        "over_cap": ("over_cap", OverCap),
    }
    values: dict[str, Any] = {}
    wrong = []
    for name, (attribute, parse) in read.items():
        try:
            values[attribute] = parse(_text(name))
        except (ValueError, KeyError):
            wrong.append(name)
    if wrong:
        raise NotUnderstood(wrong)
    return Rule(id=0, **values)


def _text(name: str) -> str:
    return normalize("NFKC", request.form.get(name, "")).strip()


def _whole(text: str, per: int, most: int) -> int | None:
    """A number of parts of which there are `per` in what was typed; None where nothing was."""
    if not text:
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
