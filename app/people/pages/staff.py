"""People as personnel and IT keep them: accounts, sections with dates, roles, leaving, tokens, a new password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import rehearsal, transaction
from app.errors import Conflict, DomainError, RuleBroken
from app.extensions import db
from app.http import identifier, now, settings, today
from app.people import lookup, passwords, service, signing_in, signing_out, staffing, tokens
from app.people.employing import employed
from app.people.models import User
from app.people.pages import loaded, refused
from app.people.pages.account import token_form
from app.people.rules import Employment
from app.people.schemas import PersonChange, PersonRequest
from app.people.sections import tree

pages = Blueprint("staff_pages", __name__, url_prefix="/office/people")
KEEPERS = (Role.PERSONNEL, Role.IT)
SEERS = (*KEEPERS, Role.AUDITOR)
DETAILS = (
    *("name", "kana", "extension", "email", "role"),
    *("employment", "employment_from", "corrects_past"),
)


@pages.get("")
@allow(*SEERS)
def everybody() -> str:
    has_left = bool(request.args.get("left"))
    section_id = _section_asked()
    with transaction(db.engine) as found:
        people = staffing.accounts(found, section_id=section_id, has_left=has_left, on=today())
        lookup.note_list(
            found, len(people), actor_id=asker().id, now=now(), section_id=section_id, has_left=has_left
        )
        sections = [one.section for one in tree(found, today())]
        found.expunge_all()
    return render_template(
        "staff.html",
        people=people,
        sections=sections,
        open_sections=[one for one in sections if one.is_open(today())],
        section_id=section_id,
        has_left=has_left,
        gives=_gives(),
        employments=list(Employment),
        today=today(),
    )


def _section_asked() -> int | None:
    try:
        return identifier(request.args.get("section", ""))
    except ValueError:
        return None


def _gives() -> list[Role]:
    return [role for role in Role if role in staffing.GIVES.get(asker().role, ())]


@pages.post("")
@allow(*KEEPERS)
def add() -> Response:
    try:
        body = loaded(PersonRequest(), {**_details(), "section": request.form.get("section", "")})
        section, on = body.pop("section"), _day("from_on")
        with transaction(db.engine) as found:
            pipeline.require_open(found, on)
            user_id = staffing.hire(
                found, service.NewUser(**body), section_code=section, on=on, actor=asker(), now=now()
            ).id
    except DomainError as error:
        refused(error)
        return redirect(url_for("staff_pages.everybody"))
    flash(gettext("Added. Make a code below, with which they choose their password."), "done")
    return redirect(url_for("staff_pages.person", user_id=user_id))


@pages.get("/<int:user_id>")
@allow(*SEERS)
def person(user_id: int) -> str:
    return _person(user_id)


def _person(user_id: int, **more: Any) -> str:
    with transaction(db.engine) as found:
        user = staffing.get_account(found, user_id)
        terms = employed(found, user)
        stays = staffing.stays_of(found, user_id)
        sections = [one.section for one in tree(found, today()) if one.section.is_open(today())]
        their_tokens = tokens.working(found, user_id, today()) if asker().role is Role.IT else []
        hosts = pipeline.webhook_hosts(found, user_id) if user.leaves_at else []
        lookup.note_look(found, user_id, actor=asker(), now=now())
        found.expunge_all()
    return render_template(
        "staff_person.html",
        user=user,
        hosts=hosts,
        employment=terms.on(today()),
        terms=terms.terms,
        stays=stays,
        sections=sections,
        current={one.section.id for one in stays if one.from_on <= today() <= (one.until_on or date.max)},
        tokens=their_tokens,
        may_change=staffing.looks_after(asker(), user) and user.left_at is None,
        may_return=staffing.looks_after(asker(), user) and user.left_at is not None,
        roles=_gives(),
        employments=list(Employment),
        is_it=asker().role is Role.IT,
        is_machine=user.role in {Role.KIOSK, Role.SERVICE},
        today=today(),
        **more,
    )


@pages.post("/<int:user_id>")
@allow(*KEEPERS)
def change(user_id: int) -> Response:
    def done(found: Session, user: User) -> None:
        body = loaded(PersonChange(), _details())
        staffing.change(found, user, body, on=today(), actor=asker(), now=now())

    return _do(user_id, done, gettext("Saved."), since="employment_from")


@pages.post("/<int:user_id>/sections")
@allow(*KEEPERS)
def reassign(user_id: int) -> Response:
    def done(found: Session, user: User) -> None:
        try:
            chosen = {identifier(one) for one in request.form.getlist("section")}
        except ValueError as error:
            raise RuleBroken("request.invalid", field="section") from error
        staffing.reassign(
            found,
            user,
            chosen,
            from_on=_day("from_on"),
            corrects_past="corrects_past" in request.form,
            actor=asker(),
            now=now(),
        )

    return _do(user_id, done, gettext("Saved."), since="from_on")


@pages.post("/<int:user_id>/leave")
@allow(*KEEPERS)
def leave(user_id: int) -> str | Response:
    """First what it would free, then, confirmed, the leaving itself; or at an instant to come."""
    at = request.form.get("at", "")
    if at:
        instant = _instant(at)
        return _do(
            user_id,
            lambda found, user: staffing.plan_to_leave(found, user, instant, actor=asker(), now=now()),
            gettext("They leave then; until then everything stays as it is."),
        )
    is_sure = bool(request.form.get("confirmed"))
    try:
        with (transaction if is_sure else rehearsal)(db.engine) as found:
            user = _as_shown(found, user_id)
            version = user.version
            freed = len(pipeline.leave(found, user_id, actor=asker(), now=now()))
            hosts = pipeline.webhook_hosts(found, user_id)
            found.expunge_all()
    except DomainError as error:
        refused(error)
        return redirect(url_for("staff_pages.person", user_id=user_id))
    if not is_sure:
        return render_template("leave.html", user=user, version=version, freed=freed, hosts=hosts)
    flash(gettext("They have left. %(freed)s bookings were freed.", freed=freed), "done")
    return redirect(url_for("staff_pages.person", user_id=user_id))


@pages.post("/<int:user_id>/stay")
@allow(*KEEPERS)
def stay(user_id: int) -> Response:
    return _do(
        user_id,
        lambda found, user: staffing.plan_to_leave(found, user, None, actor=asker(), now=now()),
        gettext("They stay."),
    )


@pages.post("/<int:user_id>/return")
@allow(*KEEPERS)
def come_back(user_id: int) -> Response:
    return _do(
        user_id,
        lambda found, user: staffing.come_back(found, user, actor=asker(), now=now()),
        gettext("They are here again. Tokens, card and bookings are to be made anew."),
    )


@pages.post("/<int:user_id>/password")
@allow(Role.IT)
def password(user_id: int) -> str | Response:
    """Shown once, on the answer itself."""
    try:
        with transaction(db.engine) as found:
            code, until = passwords.issue_code(found, user_id, actor=asker(), now=now())
    except DomainError as error:
        refused(error)
        return redirect(url_for("staff_pages.person", user_id=user_id))
    base = settings().public_url.rstrip("/") or request.host_url.rstrip("/")
    return _person(
        user_id, code=code, code_until=until, code_page=base + url_for("people_pages.password_code")
    )


@pages.post("/<int:user_id>/tokens")
@allow(Role.IT)
def issue_token(user_id: int) -> str | Response:
    """For kiosks and services. Shown once, on the answer itself."""
    try:
        label, expires_on = token_form()
        with transaction(db.engine) as found:
            _row, token = tokens.issue(
                found,
                user_id,
                label=label,
                expires_on=expires_on,
                actor=asker(),
                on=today(),
                now=now(),
            )
    except DomainError as error:
        refused(error)
        return redirect(url_for("staff_pages.person", user_id=user_id))
    return _person(user_id, issued=token)


@pages.post("/<int:user_id>/unbind")
@allow(Role.IT)
def unbind(user_id: int) -> Response:
    return _do(
        user_id,
        lambda found, user: signing_in.unbind(found, user.id, actor_id=asker().id, now=now()),
        gettext("The next sign-in by the directory binds anew."),
    )


@pages.post("/<int:user_id>/sign-out")
@allow(Role.IT)
def end_sessions(user_id: int) -> Response:
    return _do(
        user_id,
        lambda found, user: signing_out.end_all(found, user, actor=asker(), now=now()),
        gettext("Every browser that was signed in to this account is signed out."),
    )


def _do(user_id: int, verb: Callable[[Session, User], None], done: str, *, since: str = "") -> Response:
    """One transaction on an account as the form showed it, and back to its page with what came of it. `since`: the
    field of the day from which a change holds; it must be open, which is asked before the account is locked."""
    try:
        with transaction(db.engine) as found:
            if request.form.get(since):
                pipeline.require_open(found, _day(since))
            verb(found, _as_shown(found, user_id))
        flash(done, "done")
    except DomainError as error:
        refused(error)
    return redirect(url_for("staff_pages.person", user_id=user_id))


def _as_shown(found: Session, user_id: int) -> User:
    """An account to change; raises Conflict `request.stale` where it is not as the form showed it."""
    user = staffing.get_account(found, user_id, to_change=True)
    if request.form.get("version", str(user.version)) != str(user.version):
        raise Conflict("request.stale")
    return user


def _details() -> dict[str, str]:
    """What the form says of an account; no first day of an employment says nothing."""
    said = {name: request.form[name].strip() for name in DETAILS if name in request.form}
    return {name: value for name, value in said.items() if value or name != "employment_from"}


def _day(name: str) -> date:
    try:
        return date.fromisoformat(request.form.get(name, "") or today().isoformat())
    except ValueError as error:
        raise RuleBroken("request.invalid", field=name) from error


def _instant(text: str) -> datetime:
    """A local time of the office as a browser's field gives it."""
    try:
        return datetime.fromisoformat(text).replace(tzinfo=settings().timezone)
    except ValueError as error:
        raise RuleBroken("request.invalid", field="at") from error
