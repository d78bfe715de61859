"""Telework in the browser. Every form posts and is redirected; nothing needs a script."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from flask import flash, redirect, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.database import transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import identifier
from app.telework.caps.rules import Breach
from app.telework.caps.service import facts
from app.telework.models import REASON_MOST
from app.texts import is_storable
from app.wording import explain, of_telework


def done(do: Callable[[Session], str], then: str) -> Response:
    """Do it in one transaction, say how it went, and go on. `do` returns what to say."""
    try:
        with transaction(db.engine) as session:
            said = do(session)
        flash(said, "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(then)


def chosen_ids(name: str) -> list[int]:
    """The ids that were ticked. Raises RuleBroken `telework.nothing_chosen`, `request.invalid`."""
    try:
        found = list(dict.fromkeys(identifier(one) for one in request.form.getlist(name)))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error
    if not found:
        raise RuleBroken("telework.nothing_chosen")
    return found


def reason_given() -> str:
    """Why, as it was typed. Raises RuleBroken `telework.reason`, `request.invalid`."""
    text = request.form.get("reason", "").strip()
    if not text:
        raise RuleBroken("telework.reason")
    if len(text) > REASON_MOST or not is_storable(text):
        raise RuleBroken("request.invalid")
    return text


def sentences(breaches: Iterable[Breach]) -> list[str]:
    """Broken rules, each in a sentence."""
    return [of_telework.breach(facts(one)) for one in breaches]


def shown_to_the_chief(breaches: Iterable[Breach]) -> str:
    """What is said of a request that a rule does not allow and the chief may."""
    said = " ".join(sentences(breaches))
    return str(gettext("Your chief sees this with the request: %(what)s", what=said)) if said else ""
