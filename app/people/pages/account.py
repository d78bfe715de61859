"""One's own account: who I am here, my password, my tokens, who looked me up; and looking up a colleague."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import READERS, Role, allow, asker, sign_in
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db, limiter
from app.http import now, today
from app.people import lookup, passwords, staffing, tokens
from app.people.models import SEES_BOOKINGS
from app.people.pages import refused
from app.people.sections import reach_of
from app.texts import is_storable

pages = Blueprint("account_pages", __name__)
LABEL_MOST = 80
QUERY_MOST = 40


@pages.get("/account")
@allow(*READERS)
def mine() -> str:
    return _mine()


def _mine(**more: Any) -> str:
    with reading(db.engine) as found:
        user = staffing.get_account(found, asker().id)
        stays = staffing.stays_of(found, user.id)
        own = tokens.working(found, user.id, today())
        looks = lookup.who_looked(found, user.id, now())
        found.expunge_all()
    return render_template(
        "account.html",
        user=user,
        stays=[one for one in stays if one.until_on is None or one.until_on >= today()],
        tokens=own,
        looks=looks,
        least=passwords.SHORTEST,
        today=today(),
        **more,
    )


@pages.post("/account/password")
@allow(*READERS)
@limiter.limit("10 per minute")
def change_password() -> Response:
    try:
        if request.form.get("new", "") != request.form.get("again", ""):
            raise passwords.not_the_same()
        with transaction(db.engine) as found:
            user = passwords.change_own(
                found,
                asker(),
                old=request.form.get("old", ""),
                new=request.form.get("new", ""),
                now=now(),
            )
            user_id, epoch = user.id, user.session_epoch
        sign_in(user_id, epoch, asker().role)
        flash(gettext("Your password is changed. Other browsers are signed out."), "done")
    except DomainError as error:
        refused(error)
    return redirect(url_for("account_pages.mine"))


@pages.post("/account/tokens")
@allow(*READERS)
@limiter.limit("20 per minute")
def issue_token() -> str | Response:
    """Shown once, on the answer itself: it must not lie in a session or a history."""
    try:
        label, expires_on = token_form()
        with transaction(db.engine) as found:
            _row, token = tokens.issue(
                found,
                asker().id,
                label=label,
                expires_on=expires_on,
                actor=asker(),
                on=today(),
                now=now(),
            )
    except DomainError as error:
        refused(error)
        return redirect(url_for("account_pages.mine"))
    return _mine(issued=token)


def token_form() -> tuple[str, date | None]:
    """The label and the last day of a token as typed; raises RuleBroken `request.invalid`."""
    label, until = request.form.get("label", "").strip(), request.form.get("expires_on", "")
    if not 0 < len(label) <= LABEL_MOST or not is_storable(label):
        raise RuleBroken("request.invalid", field="label")
    try:
        return label, date.fromisoformat(until) if until else None
    except ValueError as error:
        raise RuleBroken("request.invalid", field="expires_on") from error


@pages.post("/tokens/<int:token_id>/revoke")
@allow(*READERS)
def revoke_token(token_id: int) -> Response:
    with transaction(db.engine) as found:
        owner = tokens.revoke(found, token_id, actor=asker(), now=now()).user_id
    flash(gettext("The token is dead."), "done")
    if owner != asker().id:
        return redirect(url_for("staff_pages.person", user_id=owner))
    return redirect(url_for("account_pages.mine"))


@pages.get("/people")
@allow(*READERS)
def people() -> str:
    """A search by the first letters of a name; each person found is told who looked."""
    query = request.args.get("q", "").strip()[:QUERY_MOST]
    found: list[lookup.Found] = []
    reach: frozenset[int] = frozenset()
    if query and is_storable(query):
        with transaction(db.engine) as session:
            found = lookup.look_up(session, query, actor=asker(), on=today(), now=now())
            reach = reach_of(session, asker().section_ids)
            session.expunge_all()
    return render_template(
        "people.html",
        acts_for={
            one.id
            for one in found
            if asker().role in SEES_BOOKINGS or reach & {section.id for section in one.sections}
        },
        query=query,
        found=found,
        at_most=lookup.AT_MOST,
        looks_after=asker().role in staffing.LOOKS_AFTER or asker().role is Role.AUDITOR,
    )
