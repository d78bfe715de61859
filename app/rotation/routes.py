"""API of rotations: asking for one, following it, publishing it, and what a section needs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from flask import request
from marshmallow import fields
from sqlalchemy.orm import Session

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.cursors import key_page, paged_by
from app.database import reading, rehearsal, transaction
from app.extensions import db
from app.fields import Day, Identifier
from app.http import Blueprint, cursor_page, now, settings, today
from app.rotation import service, swapping
from app.rotation.ahead import publishable_from
from app.rotation.form import A_HALF
from app.rotation.models import Rotation, RotationSwap
from app.rotation.needs import needs_of, what_if
from app.rotation.publishing import OnBreach
from app.rotation.schemas import (
    LockList,
    LockRequest,
    LocksQuery,
    LocksSeen,
    PublishedView,
    PublishQuery,
    RotationAskedView,
    RotationList,
    RotationRequest,
    RotationsQuery,
    RotationView,
    SettingForm,
    SettingParts,
    SwapAnsweredView,
    SwapAskedView,
    SwapRequest,
    SwapsAskedView,
    SwapsQuery,
    SwapsView,
    WhatIfQuery,
    WhatIfView,
    WithdrawnView,
    WithdrawQuery,
)
from app.rotation.standing import Seen, Unmet, look
from app.rotation.ways import Absence, find_way, swaps_of
from app.rotation.writing import Broken
from app.versions import changes, shown
from app.wording import of_rotation, of_telework

api = Blueprint(
    "rotation", "rotation", url_prefix="/api/v1", description="Who is where: rotations of a section"
)
PLANNERS = (Role.CHIEF,)
SEERS = (Role.CHIEF, Role.PERSONNEL, Role.AUDITOR)


@api.route("/rotations", methods=["POST"])
@api.arguments(RotationRequest)
@api.response(201, RotationAskedView)
@allow(*PLANNERS)
def ask(body: dict[str, Any]) -> Any:
    """Ask for a section's days to be planned, or for a problem in the documented form. The search runs meanwhile"""
    limits = {name: body[name] for name in ("seconds", "work", "seed")}
    opens_at = None
    with transaction(db.engine) as session:
        if "problem" in body:
            form = plain(body["problem"])
            made = service.ask_for(session, form, actor=asker(), limits=limits, now=now())
        else:
            office = service.office_of(settings())
            made = service.ask(
                session,
                actor=asker(),
                section_id=body["section"],
                first=body["first"],
                last=body["last"],
                limits=limits,
                office=office,
                now=now(),
            )
            opens_at = publishable_from(session, body["section"], made.last_planned, office=office, now=now())
        return {**rotation_shown(made), "publishable_from": opens_at}


def plain(said: Any) -> Any:
    """A loaded form as JSON has it: days as text, those too that name something."""
    if isinstance(said, Mapping):
        return {plain(name): plain(value) for name, value in said.items()}
    if isinstance(said, list):
        return [plain(one) for one in said]
    return said.isoformat() if hasattr(said, "isoformat") else said


def rotation_shown(rotation: Rotation) -> dict[str, Any]:
    """A rotation with its conflict in sentences."""
    conflict = rotation.conflict and {
        **rotation.conflict,
        "days": [{**one, "on": date.fromisoformat(one["on"])} for one in rotation.conflict.get("days", ())],
        "rules": [
            {**one, "sentence": of_rotation.rule_in_words(**one)} for one in rotation.conflict["rules"]
        ],
    }
    columns = {name: getattr(rotation, name) for name in RotationView().fields if name != "conflict"}
    return {**columns, "state": rotation.state.value, "conflict": conflict}


@api.route("/rotations")
@api.arguments(RotationsQuery, location="query")
@api.response(200, RotationList)
@allow(*SEERS)
def index(query: dict[str, Any]) -> Any:
    """A section's rotations, or one's own; without their plans"""
    with reading(db.engine) as session:
        found = service.list_rotations(
            session, asker(), section_id=query["section"], after_id=query["cursor"], limit=query["limit"] + 1
        )
        return cursor_page(found, query["limit"])


@api.route("/rotations/<int:rotation_id>")
@shown(service.hold_rotation, besides=("progress",))
@api.response(200, RotationView)
@allow(*SEERS)
def show(rotation_id: int) -> Any:
    """How a search goes, the best plan so far, or why there is none"""
    with reading(db.engine) as session:
        return rotation_shown(service.get_rotation(session, rotation_id, asker()))


@api.route("/rotations/<int:rotation_id>/cancel", methods=["POST"])
@changes(show)
@api.response(200, RotationView)
@allow(*PLANNERS)
def cancel(rotation_id: int) -> Any:
    """End a search; the best plan so far stays"""
    with transaction(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
        return rotation_shown(service.cancel(session, rotation, actor=asker(), now=now()))


@api.route("/rotations/<int:rotation_id>/publish", methods=["POST"])
@changes(show)
@api.arguments(PublishQuery, location="query")
@api.response(200, PublishedView)
@allow(*PLANNERS)
def publish(query: dict[str, Any], rotation_id: int) -> Any:
    """Write the plans and book the seats, in one step; with `dry_run`: what would become of it"""
    how = rehearsal if query["dry_run"] else transaction
    on_breach = OnBreach.ALLOW if query["confirmed"] else OnBreach.REFUSE
    with how(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
        done = pipeline.publish_rotation(
            session,
            rotation,
            actor=asker(),
            office=service.office_of(settings()),
            now=now(),
            on_breach=OnBreach.SHOW if query["dry_run"] else on_breach,
        )
        return {
            "changed_cells": len(done.changed),
            "requested_cells": len(done.requested),
            "people_told": len(done.people),
            "taken_back_cells": done.taken_back,
            "gone": done.gone,
            "closed_days": done.closed,
            "seats_booked": len(done.bookings),
            "broken": [broken_shown(one) for one in done.broken],
            "unmet": [unmet_shown(one) for one in done.unmet],
            "unseated": done.unseated,
            "expected": done.expected,
        }


def broken_shown(one: Broken) -> dict[str, Any]:
    """A rule that somebody's plans break, with a sentence."""
    detail = of_telework.breach(one.facts)
    return {"user_id": one.user_id, "refused": one.breach.is_refused, "detail": detail, **one.facts}


def unmet_shown(one: Unmet) -> dict[str, Any]:
    """A must that does not hold, with a sentence."""
    place = {"on": one.on, "half": one.half, "found": one.found}
    return {**one.rule, **place, "sentence": of_rotation.rule_in_words(**one.rule)}


@api.route("/rotations/<int:rotation_id>/withdraw", methods=["POST"])
@changes(show)
@api.arguments(WithdrawQuery, location="query")
@api.response(200, WithdrawnView)
@allow(*PLANNERS)
def withdraw(query: dict[str, Any], rotation_id: int) -> Any:
    """Take a published rotation back: its seats are given up, its plans withdrawn"""
    how = rehearsal if query["dry_run"] else transaction
    with how(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
        done = pipeline.withdraw_rotation(
            session, rotation, actor=asker(), office=service.office_of(settings()), now=now()
        )
        return {"plans": done.plans, "bookings": len(done.bookings)}


@api.route("/rotations/<int:rotation_id>/swaps")
@api.arguments(SwapsQuery, location="query")
@api.response(200, SwapsView)
@allow(*SEERS)
def swaps(query: dict[str, Any], rotation_id: int) -> Any:
    """Somebody is suddenly absent: what breaks, and at most three ways out, the cheapest first"""
    found = swaps_of(_seen(rotation_id), Absence(**query))
    breaks = [{**one, "sentence": of_rotation.rule_in_words(**one)} for one in found["breaks"]]
    return {**found, "breaks": breaks}


def _seen(rotation_id: int) -> Seen:
    """A rotation as it is by now, to work on without a transaction."""
    with reading(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker())
        seen = look(session, rotation, service.office_of(settings()))
        session.expunge(rotation)
    return seen


@api.route("/rotations/<int:rotation_id>/swaps", methods=["POST"])
@api.arguments(SwapRequest)
@api.response(201, SwapAskedView)
@allow(*PLANNERS)
def ask_swap(body: dict[str, Any], rotation_id: int) -> Any:
    """Ask somebody to come in for who is absent; who accepts first does"""
    person_id = body.pop("person_id")
    way = find_way(_seen(rotation_id), Absence(**body), person_id)
    with transaction(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
        made = swapping.offer(session, rotation, way, actor=asker(), now=now())
        session.expunge(made)
    return made


@api.route("/rotations/swaps")
@api.response(200, SwapsAskedView)
@allow(*PEOPLE)
def my_swaps() -> Any:
    """What one is asked to come in for, and has not answered"""
    with reading(db.engine) as session:
        found = swapping.own(session, asker(), today())
        session.expunge_all()
    return {"swaps": found}


@api.route("/rotations/swaps/<int:swap_id>/accept", methods=["POST"])
@api.response(200, SwapAnsweredView)
@allow(*PEOPLE)
def accept_swap(swap_id: int) -> Any:
    """Come in: one's plans and seats change, nobody else need answer"""
    return _answer(swap_id, accepts=True)


@api.route("/rotations/swaps/<int:swap_id>/decline", methods=["POST"])
@api.response(200, SwapAnsweredView)
@allow(*PEOPLE)
def decline_swap(swap_id: int) -> Any:
    """Stay at home"""
    return _answer(swap_id, accepts=False)


def _answer(swap_id: int, *, accepts: bool) -> Any:
    with transaction(db.engine) as session:
        done = pipeline.answer_swap(
            session,
            swap_id,
            accepts=accepts,
            actor=asker(),
            office=service.office_of(settings()),
            now=now(),
        )
        asked = {one.name: getattr(done.swap, one.name) for one in RotationSwap.__table__.columns}
    return {**asked, "unseated": done.is_unseated}


def _hold_locks(session: Session) -> None:
    service.hold_section(session, section_id=request.args.get("section", 0, type=int))


@api.route("/rotations/locks")
@shown(_hold_locks)
@api.arguments(
    paged_by(Day(), Identifier(strict=True), fields.String(validate=A_HALF), of=LocksQuery), location="query"
)
@api.response(200, LockList)
@allow(*SEERS)
def locks(query: dict[str, Any]) -> Any:
    """The cells of a section that are locked for its next searches"""
    with reading(db.engine) as session:
        found = service.list_locks(session, query["section"], query["first"], query["last"], actor=asker())
    return key_page(found, query, lambda one: (one.on_date, one.user_id, one.half.value))


@api.route("/rotations/locks", methods=["PUT"])
@changes(locks)
@api.arguments(LocksSeen, location="query")
@api.arguments(LockRequest)
@api.response(204)
@allow(*PLANNERS)
def lock(_query: dict[str, Any], body: dict[str, Any]) -> Any:
    """Lock a cell for the section's next searches; null opens it again. If-Match is of the GET of the same query"""
    with transaction(db.engine) as session:
        cell = {(body["user_id"], body["on"], body["half"]): body["kind"]}
        service.lock_cells(session, body["section"], cell, actor=asker(), now=now())


@api.route("/rotations/what-if")
@api.arguments(WhatIfQuery, location="query")
@api.response(200, WhatIfView)
@allow(*SEERS)
def seats(query: dict[str, Any]) -> Any:
    """The least seats that a section's rules leave possible, and the least home days for a number of seats"""
    with reading(db.engine) as session:
        service.check_section(session, query["section"], asker(), to_read=True)
        needs = needs_of(
            session, query["section"], query["first"], query["last"], service.office_of(settings())
        )
    return what_if(needs, query["seats"])


@api.route("/sections/<int:section_id>/rotation-setting")
@shown(service.hold_section)
@api.response(200, SettingForm)
@allow(*SEERS)
def setting(section_id: int) -> Any:
    """What a section's rotations must hold"""
    with reading(db.engine) as session:
        service.check_section(session, section_id, asker(), to_read=True)
        return SettingParts().load(service.get_setting(session, section_id))


@api.route("/sections/<int:section_id>/rotation-setting", methods=["PUT"])
@changes(setting)
@api.arguments(SettingForm)
@api.response(200, SettingForm)
@allow(*PLANNERS)
def put_setting(body: dict[str, Any], section_id: int) -> Any:
    """Set what a section's rotations must hold from the next search on"""
    with transaction(db.engine) as session:
        service.put_setting(session, section_id, plain(body), actor=asker(), now=now())
    return body
