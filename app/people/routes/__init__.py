"""API of people: who is that, who works here, coming and leaving."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import READERS, Role, allow, asker
from app.cursors import BY_ID, by_id, key_page, page_of, paged_by
from app.database import rehearsal, transaction
from app.errors import Forbidden
from app.extensions import db
from app.http import (
    ETAG_HEADER,
    IF_MATCH,
    IF_MATCH_IF_SENT,
    IF_MATCH_UNLESS_DRY,
    Blueprint,
    check_version,
    etag,
    now,
    require_version,
    today,
)
from app.people import lookup, passwords, service, signing_in, staffing
from app.people.employing import employed
from app.people.models import User
from app.people.schemas import (
    AccountView,
    CodeView,
    LeaveRequest,
    LeftView,
    NewPerson,
    PeopleList,
    PeopleQuery,
    PersonChange,
    SectionsRequest,
)
from app.repeats import shown_once

api = Blueprint("people", "people", url_prefix="/api/v1", description="People")
LISTERS = frozenset({Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.IT, Role.AUDITOR})
KEEPERS = (Role.PERSONNEL, Role.IT)
SEERS = (*KEEPERS, Role.AUDITOR)


@api.route("/people")
@api.arguments(paged_by(*BY_ID, of=PeopleQuery), location="query")
@api.response(200, PeopleList)
@api.alt_response(
    403, success=False, description="listing everybody is for chiefs and those who keep the office"
)
@allow(*READERS)
def people(query: dict[str, Any]) -> Any:
    """People, nobody's whereabouts; with `q` everybody may look up a colleague"""
    if query["q"] is not None:
        with transaction(db.engine) as session:
            found = lookup.look_up(session, query["q"], actor=asker(), on=today(), now=now())
            session.expunge_all()
        return key_page(found, query, by_id)
    if asker().role not in LISTERS:
        raise Forbidden("person.query")
    (after_id,) = query["cursor"] or (0,)
    with transaction(db.engine) as session:
        listed = service.list_people(
            session,
            section_id=query["section"],
            on=today(),
            after_id=after_id,
            limit=query["limit"] + 1,
        )
        count = min(len(listed), query["limit"])
        lookup.note_list(session, count, actor_id=asker().id, now=now(), section_id=query["section"])
        session.expunge_all()
    return page_of(listed, query["limit"], by_id)


@api.route("/people", methods=["POST"])
@api.arguments(NewPerson)
@api.response(201, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def hire(body: dict[str, Any]) -> Any:
    """Add somebody; they choose a password with a code, or sign in by the directory"""
    section, on = body.pop("section"), body.pop("from_on")
    with transaction(db.engine) as session:
        pipeline.require_open(session, on)
        user = staffing.hire(
            session, service.NewUser(**body), section_code=section, on=on or today(), actor=asker(), now=now()
        )
        return (
            _account(session, user),
            201,
            {"ETag": etag(user.version), "Location": f"/api/v1/people/{user.id}"},
        )


@api.route("/people/<int:user_id>")
@api.response(200, AccountView, headers=ETAG_HEADER)
@allow(*SEERS)
def person(user_id: int) -> Any:
    """An account with its sections in time, also of somebody who left"""
    with transaction(db.engine) as session:
        user = staffing.get_account(session, user_id)
        shown, version = _account(session, user), user.version
        lookup.note_look(session, user_id, actor=asker(), now=now())
    return shown, 200, {"ETag": etag(version)}


@api.route("/people/<int:user_id>", methods=["PATCH"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(PersonChange)
@api.response(200, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def change(body: dict[str, Any], user_id: int) -> Any:
    """Change name, kana, extension, role, employment or address; send the version in If-Match"""
    with transaction(db.engine) as session:
        pipeline.require_open(session, body.get("employment_from"))
        user = _to_change(session, user_id)
        staffing.change(session, user, body, on=today(), actor=asker(), now=now())
        return _account(session, user), 200, {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>/sections", methods=["PUT"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(SectionsRequest)
@api.response(200, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def reassign(body: dict[str, Any], user_id: int) -> Any:
    """From a day on: exactly these sections; send the version in If-Match"""
    with transaction(db.engine) as session:
        pipeline.require_open(session, body["from_on"])
        user = _to_change(session, user_id)
        staffing.reassign(
            session,
            user,
            set(body["section_ids"]),
            from_on=body["from_on"],
            corrects_past=body["corrects_past"],
            actor=asker(),
            now=now(),
        )
        return _account(session, user), 200, {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>/leave", methods=["POST"])
@api.doc(parameters=[IF_MATCH_UNLESS_DRY])
@api.arguments(LeaveRequest)
@api.response(200, LeftView, headers=ETAG_HEADER)
@api.alt_response(428, success=False, description="If-Match is missing, and it is no dry run")
@allow(*KEEPERS)
def leave(body: dict[str, Any], user_id: int) -> Any:
    """Somebody leaves, now or at an instant: bookings are freed, tokens and sessions die, in one step

    Send the version in If-Match. Which bookings are freed is told to IT; to personnel how many.
    """
    freed: list[Any] = []
    with (rehearsal if body["dry_run"] else transaction)(db.engine) as session:
        user = staffing.get_account(session, user_id, to_change=True)
        (check_version if body["dry_run"] else require_version)(user.version)
        if body["at"] is None:
            freed = pipeline.leave(session, user_id, actor=asker(), now=now())
        else:
            staffing.plan_to_leave(session, user, body["at"], actor=asker(), now=now())
        hosts = pipeline.webhook_hosts(session, user_id)
        session.expunge_all()
    sees = asker().role is Role.IT
    if sees and body["dry_run"]:
        with transaction(db.engine) as session:
            lookup.note_look(session, user_id, actor=asker(), now=now())
    shown = {
        "left_at": user.left_at,
        "leaves_at": user.leaves_at,
        "freed": len(freed),
        "bookings": freed if sees else [],
        "webhook_hosts": hosts,
    }
    return shown, 200, {} if body["dry_run"] else {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>/leave", methods=["DELETE"])
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(204, headers=ETAG_HEADER)
@allow(*KEEPERS)
def come_back(user_id: int) -> Response:
    """Take a leaving back: one to come, or one that was; bookings and tokens do not come back"""
    with transaction(db.engine) as session:
        user = staffing.get_account(session, user_id, to_change=True)
        check_version(user.version)
        if user.left_at is None:
            staffing.plan_to_leave(session, user, None, actor=asker(), now=now())
        else:
            staffing.come_back(session, user, actor=asker(), now=now())
        version = user.version
    return make_response("", 204, {"ETag": etag(version)})


@api.route("/people/<int:user_id>/password-code", methods=["POST"])
@api.response(201, CodeView)
@allow(Role.IT)
def password_code(user_id: int) -> Any:
    """A code with which the person chooses a password, once, within 24 hours"""
    shown_once()
    with transaction(db.engine) as session:
        code, until = passwords.issue_code(session, user_id, actor=asker(), now=now())
    return {"code": code, "expires_at": until}


@api.route("/people/<int:user_id>/identity", methods=["DELETE"])
@api.doc(parameters=[IF_MATCH_IF_SENT])
@api.response(204, headers=ETAG_HEADER)
@allow(Role.IT)
def unbind(user_id: int) -> Response:
    """The city's directory knows the person as nobody any more: their next sign-in by it binds anew"""
    with transaction(db.engine) as session:
        user = staffing.get_account(session, user_id, to_change=True)
        check_version(user.version)
        signing_in.unbind(session, user.id, actor_id=asker().id, now=now())
        version = user.version
    return make_response("", 204, {"ETag": etag(version)})


def _to_change(session: Any, user_id: int) -> User:
    user = staffing.get_account(session, user_id, to_change=True)
    require_version(user.version)
    return user


def _account(session: Any, user: User) -> dict[str, Any]:
    fields = (
        "id",
        "name",
        "kana",
        "extension",
        "email",
        "role",
        "locale",
        "leaves_at",
        "left_at",
    )
    terms = employed(session, user)
    return {
        **{name: getattr(user, name) for name in fields},
        "employment": terms.on(today()),
        "employments": terms.terms,
        "sections": [
            {
                "section": {name: getattr(one.section, name) for name in ("id", "code", "name", "name_en")},
                "from_on": one.from_on,
                "until_on": one.until_on,
            }
            for one in staffing.stays_of(session, user.id)
        ],
    }
