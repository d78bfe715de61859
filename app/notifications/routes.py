"""API of messages: read, choose, and the webhooks."""

from typing import Any

from flask import Response, make_response, request
from sqlalchemy.orm import Session

from app.access import PEOPLE, READERS, Role, allow, asker
from app.cursors import id_page
from app.database import reading, transaction
from app.extensions import db
from app.http import Blueprint, PageArguments, cursor_page, now, settings
from app.letters import Links, sentence
from app.notifications import service, webhooks
from app.notifications.models import Shape, Webhook
from app.notifications.rules import Choices, Topic, Way
from app.notifications.schemas import (
    CalendarView,
    ChoicesView,
    MessageList,
    MessageQuery,
    WebhookEnabled,
    WebhookList,
    WebhookMade,
    WebhookRequest,
    WebhookView,
)
from app.repeats import shown_once
from app.versions import changes, row, shown

api = Blueprint("notifications", "notifications", url_prefix="/api/v1", description="Messages and webhooks")
HOOKS = (Role.FACILITY, Role.IT)


@api.route("/messages")
@api.arguments(MessageQuery, location="query")
@api.response(200, MessageList)
@allow(*READERS)
def messages(query: dict[str, Any]) -> Any:
    """One's own messages, the newest first"""
    with reading(db.engine) as session:
        found = service.list_messages(
            session, asker().id, before_id=query["cursor"], limit=query["limit"] + 1
        )
    page = cursor_page(found, query["limit"])
    names = ("id", "kind", "topic", "data", "made_at", "read_at")
    return page | {
        "items": [
            {name: getattr(one, name) for name in names} | {"text": sentence(one.kind, one.data)}
            for one in page["items"]
        ]
    }


@api.route("/messages/<int:message_id>/read", methods=["POST"])
@api.response(204)
@allow(*READERS)
def read(message_id: int) -> Response:
    """One has read this message and all before it"""
    with transaction(db.engine) as session:
        service.mark_read(session, asker().id, up_to=message_id, now=now())
    return make_response("", 204)


def _hold_choices(session: Session) -> None:
    service.hold_choices(session, asker().id)


@api.route("/me/notifications")
@shown(_hold_choices)
@api.response(200, ChoicesView)
@allow(*PEOPLE)
def choices() -> Any:
    """What one is told of, and how"""
    with reading(db.engine) as session:
        chosen = service.choices_of(session, [asker().id]).get(asker().id, Choices())
    return _shown(chosen)


def _shown(chosen: Choices) -> dict[str, Any]:
    return {
        "wanted": [
            {"topic": topic.value, "way": way.value}
            for topic in Topic
            for way in Way
            if chosen.wants(topic, way)
        ],
        "quiet_from": chosen.quiet_from,
        "quiet_until": chosen.quiet_until,
    }


@api.route("/me/notifications", methods=["PUT"])
@changes(choices)
@api.arguments(ChoicesView)
@api.response(200, ChoicesView)
@allow(*PEOPLE)
def choose(body: dict[str, Any]) -> Any:
    """Choose what one is told of, and how"""
    with transaction(db.engine) as session:
        service.choose(
            session,
            asker().id,
            wanted={(Topic(one["topic"]), Way(one["way"])) for one in body["wanted"]},
            quiet_from=body["quiet_from"],
            quiet_until=body["quiet_until"],
        )
        return _shown(service.choices_of(session, [asker().id])[asker().id])


@api.route("/me/calendar")
@api.response(200, CalendarView)
@allow(*PEOPLE)
def calendar() -> Any:
    """The private address of one's bookings as a calendar"""
    with reading(db.engine) as session:
        return _calendar(session)


@api.route("/me/calendar/renew", methods=["POST"])
@api.response(200, CalendarView)
@allow(*PEOPLE)
def renew_calendar() -> Any:
    """A new address; the old one shows nothing any more, and its links are dead"""
    shown_once()
    with transaction(db.engine) as session:
        service.renew_calendar(session, asker().id)
        return _calendar(session)


def _calendar(session: Session) -> dict[str, str]:
    version = service.calendar_version(session, asker().id)
    return {"url": Links(settings(), request.url_root).feed(asker().id, version)}


@api.route("/webhooks")
@api.arguments(PageArguments, location="query")
@api.response(200, WebhookList)
@allow(*HOOKS)
def hooks(query: dict[str, Any]) -> Any:
    """The addresses that are called for events"""
    with reading(db.engine) as session:
        return id_page(webhooks.list_webhooks(session), query)


@api.route("/webhooks/<int:webhook_id>")
@shown(
    row(Webhook, "webhook_id"), besides=("failures", "failing_since", "probe_at", "error", "maker_left_at")
)
@api.response(200, WebhookView)
@allow(*HOOKS)
def hook(webhook_id: int) -> Any:
    """An address that is called for events"""
    with reading(db.engine) as session:
        return webhooks.get_webhook(session, webhook_id)


@api.route("/webhooks", methods=["POST"])
@api.arguments(WebhookRequest)
@api.response(201, WebhookMade)
@allow(*HOOKS)
def add_hook(body: dict[str, Any]) -> Any:
    """Call an address for events; its secret is shown this once"""
    with transaction(db.engine) as session:
        made = webhooks.add_webhook(
            session,
            body["url"],
            kinds=body["kinds"],
            shape=Shape(body["shape"]),
            actor=asker(),
            now=now(),
        )
        return _stored(session, made)


def _stored(session: Session, hook: Webhook) -> Webhook:
    """A webhook just changed, as it is stored, for the answer."""
    session.flush()
    session.refresh(hook)
    session.expunge(hook)
    return hook


@api.route("/webhooks/<int:webhook_id>", methods=["DELETE"])
@changes(hook)
@api.response(204)
@allow(*HOOKS)
def remove_hook(webhook_id: int) -> Response:
    """Call it no more"""
    with transaction(db.engine) as session:
        webhooks.remove_webhook(session, webhook_id, actor_id=asker().id, now=now())
    return make_response("", 204)


@api.route("/webhooks/<int:webhook_id>/secret", methods=["POST"])
@changes(hook)
@api.response(200, WebhookMade)
@allow(*HOOKS)
def renew_secret(webhook_id: int) -> Any:
    """A new secret, shown this once; for a day calls are signed with the old one too, and none is lost"""
    shown_once()
    with transaction(db.engine) as session:
        renewed = webhooks.renew_secret(session, webhook_id, actor=asker(), now=now())
        return _stored(session, renewed)


@api.route("/webhooks/<int:webhook_id>/enable", methods=["POST"])
@changes(hook)
@api.response(200, WebhookEnabled)
@allow(*HOOKS)
def enable_hook(webhook_id: int) -> Any:
    """Call it again after it was switched off for failing; how many events that left out"""
    with transaction(db.engine) as session:
        enabled = webhooks.enable_webhook(session, webhook_id, actor_id=asker().id, now=now())
        _stored(session, enabled.hook)
    return enabled


@api.route("/webhooks/<int:webhook_id>/take-over", methods=["POST"])
@changes(hook)
@api.response(200, WebhookEnabled)
@allow(*HOOKS)
def take_hook_over(webhook_id: int) -> Any:
    """Answer for a webhook whose maker has left: it is told again; how many events that left out"""
    with transaction(db.engine) as session:
        taken = webhooks.take_over(session, webhook_id, actor=asker(), now=now())
        _stored(session, taken.hook)
    return taken
