"""API of people: who am I, who is that, who works here; tokens; leaving."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response

from app import pipeline
from app.access import READERS, Role, allow, asker
from app.cursors import id_page, key_page, page_of, paged_by
from app.database import reading, rehearsal, transaction
from app.errors import Forbidden
from app.extensions import db
from app.fields import Identifier, Text
from app.http import (
    ETAG_HEADER,
    IF_MATCH,
    IF_MATCH_IF_SENT,
    Blueprint,
    PageArguments,
    check_version,
    cursor_page,
    etag,
    now,
    require_version,
    today,
)
from app.people import lookup, passwords, sections, service, staffing, tokens
from app.people.models import User
from app.people.rules import folded
from app.people.schemas import (
    AccountView,
    CodeView,
    IssuedView,
    LeaveRequest,
    LeftView,
    LookList,
    MeView,
    NewPerson,
    NewSection,
    PeopleList,
    PeopleQuery,
    PersonChange,
    SectionChange,
    SectionList,
    SectionRowView,
    SectionsRequest,
    TokenList,
    TokenQuery,
    TokenRequest,
)
from app.repeats import shown_once

api = Blueprint("people", "people", url_prefix="/api/v1", description="People and sections")
LISTERS = frozenset({Role.CHIEF, Role.FACILITY, Role.PERSONNEL, Role.IT, Role.AUDITOR})
KEEPERS = (Role.PERSONNEL, Role.IT)
SEERS = (*KEEPERS, Role.AUDITOR)
TOKEN_FIELDS = ("id", "user_id", "label", "created_at", "expires_on", "last_used_on")


@api.route("/me")
@api.response(200, MeView)
@allow(*Role)
def me() -> Any:
    """Who the token stands for"""
    person = asker()
    return {
        "id": person.id,
        "name": person.name,
        "email": person.email,
        "role": person.role.value,
        "section_ids": sorted(person.section_ids),
    }


@api.route("/me/looks")
@api.arguments(PageArguments, location="query")
@api.response(200, LookList)
@allow(*READERS)
def looks(query: dict[str, Any]) -> Any:
    """Who looked me up, the latest first"""
    with reading(db.engine) as session:
        found = lookup.who_looked(
            session, asker().id, now(), before_id=query["cursor"], limit=query["limit"] + 1
        )
    return cursor_page(found, query["limit"])


@api.route("/people")
@api.arguments(paged_by(Text(), Text(), Identifier(strict=True), of=PeopleQuery), location="query")
@api.response(200, PeopleList)
@api.alt_response(
    403, success=False, description="listing everybody is for chiefs and those who keep the office"
)
@allow(*READERS)
def people(query: dict[str, Any]) -> Any:
    """People in the order of their kana, nobody's whereabouts; with `q` everybody may look up a colleague"""
    if query["q"] is not None:
        with transaction(db.engine) as session:
            found = lookup.look_up(session, query["q"], actor=asker(), on=today(), now=now())
            session.expunge_all()
        # Folded, voiced and small kana stand beside the plain ones.
        return key_page(found, query, lambda one: (folded(one.kana), f"{one.kana}\n{one.name}", one.id))
    if asker().role not in LISTERS:
        raise Forbidden("person.query")
    with reading(db.engine) as session:
        listed = service.list_people(
            session,
            section_id=query["section"],
            on=today(),
            after=query["cursor"],
            limit=query["limit"] + 1,
        )
    return page_of(listed, query["limit"], lambda one: (one.kana, one.name, one.id))


@api.route("/people", methods=["POST"])
@api.arguments(NewPerson)
@api.response(201, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def hire(body: dict[str, Any]) -> Any:
    """Add somebody; they choose a password with a code, or sign in by the directory"""
    section, on = body.pop("section"), body.pop("from_on")
    with transaction(db.engine) as session:
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
    with reading(db.engine) as session:
        user = staffing.get_account(session, user_id)
        return _account(session, user), 200, {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>", methods=["PATCH"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(PersonChange)
@api.response(200, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def change(body: dict[str, Any], user_id: int) -> Any:
    """Change name, kana, extension, role, employment or address; send the version in If-Match"""
    with transaction(db.engine) as session:
        user = _to_change(session, user_id)
        staffing.change(session, user, body, actor=asker(), now=now())
        return _account(session, user), 200, {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>/sections", methods=["PUT"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(SectionsRequest)
@api.response(200, AccountView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def reassign(body: dict[str, Any], user_id: int) -> Any:
    """From a day on: exactly these sections; send the version in If-Match"""
    with transaction(db.engine) as session:
        user = _to_change(session, user_id)
        staffing.reassign(
            session, user, set(body["section_ids"]), from_on=body["from_on"], actor=asker(), now=now()
        )
        return _account(session, user), 200, {"ETag": etag(user.version)}


@api.route("/people/<int:user_id>/leave", methods=["POST"])
@api.arguments(LeaveRequest)
@api.response(200, LeftView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def leave(body: dict[str, Any], user_id: int) -> Any:
    """Somebody leaves, now or at an instant: bookings are freed, tokens and sessions die, in one step"""
    freed: list[Any] = []
    with (rehearsal if body["dry_run"] else transaction)(db.engine) as session:
        if body["at"] is None:
            freed = pipeline.leave(session, user_id, actor=asker(), now=now())
        user = staffing.get_account(session, user_id, to_change=True)
        if body["at"] is not None:
            staffing.plan_to_leave(session, user, body["at"], actor=asker(), now=now())
        session.expunge_all()
    shown = {"left_at": user.left_at, "leaves_at": user.leaves_at, "bookings": freed}
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


@api.route("/tokens")
@api.arguments(TokenQuery, location="query")
@api.response(200, TokenList)
@allow(*Role)
def list_tokens(query: dict[str, Any]) -> Any:
    """One's tokens that work; IT sees anybody's"""
    user_id = asker().id if query["user"] is None else query["user"]
    if user_id != asker().id and asker().role is not Role.IT:
        raise Forbidden("token.not_allowed")
    with reading(db.engine) as session:
        return id_page(tokens.working(session, user_id, today()), query, newest_first=True)


@api.route("/tokens", methods=["POST"])
@api.arguments(TokenRequest)
@api.response(201, IssuedView)
@allow(*READERS)
def issue_token(body: dict[str, Any]) -> Any:
    """A token of one's own; IT issues those of kiosks and services"""
    shown_once()
    with transaction(db.engine) as session:
        row, token = tokens.issue(
            session,
            asker().id if body["user_id"] is None else body["user_id"],
            label=body["label"],
            expires_on=body["expires_on"],
            actor=asker(),
            on=today(),
            now=now(),
        )
        return {**{name: getattr(row, name) for name in TOKEN_FIELDS}, "token": token}, 201


@api.route("/tokens/<int:token_id>", methods=["DELETE"])
@api.response(204)
@allow(*Role)
def revoke_token(token_id: int) -> Response:
    """A token dies at once: one's own, or anybody's for IT"""
    with transaction(db.engine) as session:
        tokens.revoke(session, token_id, actor=asker(), now=now())
    return make_response("", 204)


@api.route("/sections")
@api.arguments(paged_by(Text(), Identifier(strict=True)), location="query")
@api.response(200, SectionList)
@allow(*READERS)
def list_sections(query: dict[str, Any]) -> Any:
    """The sections of the office"""
    with reading(db.engine) as session:
        return key_page(service.list_sections(session), query, lambda one: (one.code, one.id))


@api.route("/sections", methods=["POST"])
@api.arguments(NewSection)
@api.response(201, SectionRowView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def add_section(body: dict[str, Any]) -> Any:
    """Add a section (局・部・課・係), at the top or under another"""
    with transaction(db.engine) as session:
        section = sections.add(session, body, actor_id=asker().id, now=now(), on=today())
        session.expunge(section)
    return section, 201, {"ETag": etag(section.version), "Location": f"/api/v1/sections/{section.id}"}


@api.route("/sections/<int:section_id>")
@api.response(200, SectionRowView, headers=ETAG_HEADER)
@allow(*READERS)
def section(section_id: int) -> Any:
    """One section"""
    with reading(db.engine) as session:
        found = sections.get_section(session, section_id)
        return found, 200, {"ETag": etag(found.version)}


@api.route("/sections/<int:section_id>", methods=["PATCH"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(SectionChange)
@api.response(200, SectionRowView, headers=ETAG_HEADER)
@allow(*KEEPERS)
def change_section(body: dict[str, Any], section_id: int) -> Any:
    """Name a section anew, put it under another, close it or open it again; send the version in If-Match"""
    with transaction(db.engine) as session:
        found = sections.get_section(session, section_id, to_change=True)
        require_version(found.version)
        sections.change(session, found, body, actor_id=asker().id, now=now(), on=today())
        session.expunge(found)
    return found, 200, {"ETag": etag(found.version)}


def _to_change(session: Any, user_id: int) -> User:
    user = staffing.get_account(session, user_id, to_change=True)
    require_version(user.version)
    return user


def _account(session: Any, user: User) -> dict[str, Any]:
    fields = ("id", "name", "kana", "extension", "email", "role", "employment", "leaves_at", "left_at")
    return {
        **{name: getattr(user, name) for name in fields},
        "sections": [
            {
                "section": {name: getattr(one.section, name) for name in ("id", "code", "name", "name_en")},
                "from_on": one.from_on,
                "until_on": one.until_on,
            }
            for one in staffing.stays_of(session, user.id)
        ],
    }
