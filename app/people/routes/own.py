"""API of one's own account: who am I, my card, who looked me up, my tokens."""

from __future__ import annotations

from typing import Any

from flask import Response, make_response
from sqlalchemy.orm import Session

from app.access import PEOPLE, READERS, Role, allow, asker
from app.cursors import id_page
from app.database import reading, transaction
from app.errors import Forbidden
from app.extensions import db, limiter, token_or_address
from app.http import Blueprint, PageArguments, cursor_page, now, settings, today
from app.people import cards, lookup, staffing, tokens
from app.people.schemas import (
    CardRequest,
    HasCardView,
    IssuedView,
    LookList,
    MeChange,
    MeView,
    TokenList,
    TokenQuery,
    TokenRequest,
)
from app.repeats import shown_once
from app.versions import changes, shown

api = Blueprint("own", "own", url_prefix="/api/v1", description="One's own account and tokens")
TOKEN_FIELDS = ("id", "user_id", "label", "created_at", "expires_on", "last_used_on")


def _hold(session: Session) -> None:
    staffing.get_account(session, asker().id, to_change=True)


@api.route("/me")
@shown(_hold)
@api.response(200, MeView)
@allow(*Role)
def me() -> Any:
    """Who the token stands for"""
    return _me()


def _me() -> dict[str, Any]:
    with reading(db.engine) as session:
        user = staffing.get_account(session, asker().id)
        said = {name: getattr(user, name) for name in ("id", "name", "email", "role", "locale")}
    return said | {"section_ids": sorted(asker().section_ids)}


@api.route("/me", methods=["PATCH"])
@changes(me)
@api.arguments(MeChange)
@api.response(200, MeView)
@allow(*READERS)
def change(body: dict[str, Any]) -> Any:
    """Choose the language of one's pages, mail and calendar"""
    with transaction(db.engine) as session:
        staffing.choose_language(session, asker().id, body["locale"])
    return _me()


@api.route("/me/card")
@shown(_hold)
@api.response(200, HasCardView)
@allow(*PEOPLE)
def card() -> Any:
    """Whether a staff card checks one in at a kiosk"""
    with reading(db.engine) as session:
        return {"has_card": cards.has_card(session, asker())}


@api.route("/me/card", methods=["PUT"])
@changes(card)
@api.arguments(CardRequest)
@api.response(200, HasCardView)
@allow(*PEOPLE)
@limiter.limit("20 per minute", key_func=token_or_address)
def set_card(body: dict[str, Any]) -> Any:
    """Let a staff card check one in at a kiosk, in the place of the one before"""
    _set_card(body["card"])
    return {"has_card": True}


@api.route("/me/card", methods=["DELETE"])
@changes(card)
@api.response(204)
@allow(*PEOPLE)
def drop_card() -> Response:
    """No card checks one in any more"""
    _set_card("")
    return make_response("", 204)


def _set_card(number: str) -> None:
    with transaction(db.engine) as session:
        cards.set_card(
            session, asker(), number, secret_key=settings().secret_key, actor_id=asker().id, now=now()
        )


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
