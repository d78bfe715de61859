"""API of the rules of telework: as personnel keeps them, with who breaks them."""

from dataclasses import asdict
from datetime import time
from typing import Any

from flask import Response, make_response

from app.access import READERS, Role, allow, asker
from app.cursors import BY_ID, key_page, paged_by
from app.database import reading, transaction
from app.errors import NotFound
from app.extensions import db
from app.fields import Day, Identifier
from app.http import Blueprint, now, settings, today
from app.telework.caps import ruling
from app.telework.caps.rules import Rule
from app.telework.caps.service import Breaker
from app.telework.models import TeleworkRule
from app.telework.routes import breach_shown
from app.telework.schemas import BreakerList, RuleList, RuleMade, RuleRequest, RuleView
from app.telework.service import Office
from app.versions import changes, shown

api = Blueprint("telework_rules", "telework_rules", url_prefix="/api/v1", description="Rules of telework")
AT_CLOSE = time(17, 15)


@api.route("/telework/rules")
@api.arguments(paged_by(Day(), Identifier(strict=True)), location="query")
@api.response(200, RuleList)
@allow(*READERS)
def rules(query: dict[str, Any]) -> Any:
    """The rules of telework with their dates of effect, also those that are over"""
    with reading(db.engine) as session:
        rows = ruling.list_rules(session)
    return key_page(_shown(rows), query, lambda one: (one["from_on"], one["id"]))


def _shown(rows: list[TeleworkRule]) -> list[dict[str, Any]]:
    held = ruling.in_effect(rows, today())
    return [asdict(row.value) | {"in_effect": row.id in held} for row in rows]


@api.route("/telework/rules/<int:rule_id>")
@shown(ruling.hold_rules)
@api.response(200, RuleView)
@allow(*READERS)
def rule(rule_id: int) -> Any:
    """One rule of telework, also one that is over"""
    with reading(db.engine) as session:
        rows = ruling.list_rules(session)
    for found in _shown(rows):
        if found["id"] == rule_id:
            return found
    raise NotFound("telework.no_rule", rule_id=rule_id)


@api.route("/telework/rules", methods=["POST"])
@api.arguments(RuleRequest)
@api.response(201, RuleMade)
@api.alt_response(200, schema=RuleMade, description="who would break it, of a dry run")
@allow(Role.PERSONNEL)
def make_rule(body: dict[str, Any]) -> Any:
    """A rule takes effect from a day on; what held for the same people steps back. `dry_run`: who would break it"""
    dry_run = body.pop("dry_run")
    wanted = Rule(id=0, **{**body, "deadline_at": body["deadline_at"] or AT_CLOSE})
    office = Office.of(settings())
    if dry_run:
        with reading(db.engine) as session:
            broken = ruling.would_break(session, wanted, office)
        return asdict(wanted) | {"id": None, "in_effect": False, "breakers": breakers_shown(broken)}, 200
    with transaction(db.engine) as session:
        broken = ruling.would_break(session, wanted, office)
        row = ruling.make_rule(session, wanted, actor=asker(), now=now())
        held = row.id in ruling.in_effect(ruling.list_rules(session), today())
        made = asdict(row.value) | {"in_effect": held, "breakers": breakers_shown(broken)}
    return made, 201, {"Location": f"/api/v1/telework/rules/{made['id']}"}


@api.route("/telework/rules/<int:rule_id>", methods=["DELETE"])
@changes(rule)
@api.response(204)
@allow(Role.PERSONNEL)
def end_rule(rule_id: int) -> Response:
    """A rule holds to the end of today; one that began today, or has not begun, is dropped"""
    with transaction(db.engine) as session:
        ruling.end_rule(session, rule_id, actor=asker(), now=now())
    return make_response("", 204)


@api.route("/telework/breaches")
@api.arguments(paged_by(*BY_ID), location="query")
@api.response(200, BreakerList)
@allow(Role.PERSONNEL, Role.AUDITOR)
def who_breaks(query: dict[str, Any]) -> Any:
    """Who breaks a rule with what they have planned, in this week, month or fiscal year or a later one"""
    with reading(db.engine) as session:
        found = ruling.breaks_now(session, today(), Office.of(settings()))
    page = key_page(found, query, lambda one: (one.user_id,))
    return page | {"items": breakers_shown(page["items"])}


def breakers_shown(found: list[Breaker]) -> list[dict[str, Any]]:
    """People with what they break, each in a sentence."""
    return [
        {
            "user_id": one.user_id,
            "name": one.name,
            "breaches": [breach_shown(breach) for breach in one.breaches],
        }
        for one in found
    ]
