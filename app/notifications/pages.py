"""Messages, what one wants to be told of, one's calendar; the pages behind the links of mails and calendars."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from functools import partial

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import force_locale, gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import events, links, pipeline
from app.access import PEOPLE, READERS, Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, NotFound, RuleBroken
from app.extensions import db, limiter, token_of_link
from app.formats import day, hours_and_minutes
from app.http import identifier, now, settings, today
from app.letters import VERBS, Act, Links, days_of, sentence
from app.notifications import calendars, service, signing, webhooks
from app.notifications.kinds import ASKABLE
from app.notifications.models import HEARS_ALL, Shape, Webhook
from app.notifications.rules import Choices, Topic, Way, is_of_the_building
from app.notifications.webhooks import Enabled
from app.texts import is_storable
from app.wording import explain

pages = Blueprint("messages", __name__)
SHOWN = 50
HOOKS = (Role.FACILITY, Role.IT)


@pages.get("/messages")
@allow(*READERS)
def messages() -> str:
    """The newest messages; looking at them is reading them."""
    with transaction(db.engine) as session:
        found = service.list_messages(
            session, asker().id, before_id=request.args.get("before", type=identifier), limit=SHOWN + 1
        )
        rows = [
            (one, one.read_at is None, sentence(one.kind, one.data), days_of(one.data))
            for one in found[:SHOWN]
        ]
        session.expunge_all()
        if rows:
            service.mark_read(session, asker().id, up_to=rows[0][0].id, now=now())
    return render_template("messages.html", rows=rows, older=rows[-1][0].id if len(found) > SHOWN else None)


@pages.get("/messages/choices")
@allow(*PEOPLE)
def choices() -> str:
    with reading(db.engine) as session:
        chosen = service.choices_of(session, [asker().id]).get(asker().id, Choices())
        version = service.calendar_version(session, asker().id)
    return render_template(
        "message_choices.html",
        chosen=chosen,
        topics=list(Topic),
        ways=list(Way),
        has_mail=bool(settings().smtp_url),
        feed=Links(settings(), request.url_root).feed(asker().id, version),
    )


@pages.post("/messages/choices")
@allow(*PEOPLE)
def choose() -> Response:
    wanted = {
        (topic, way) for topic in Topic for way in Way if request.form.get(f"{topic.value}-{way.value}")
    }
    try:
        quiet = [time.fromisoformat(text) if text else None for text in _quiet()]
        with transaction(db.engine) as session:
            service.choose(session, asker().id, wanted=wanted, quiet_from=quiet[0], quiet_until=quiet[1])
        flash(gettext("Saved."), "done")
    except ValueError:
        flash(explain("notification.quiet", {}), "error")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("messages.choices"))


def _quiet() -> tuple[str, str]:
    return request.form.get("quiet_from", ""), request.form.get("quiet_until", "")


@pages.post("/messages/calendar")
@allow(*PEOPLE)
def renew_calendar() -> Response:
    with transaction(db.engine) as session:
        service.renew_calendar(session, asker().id)
    flash(gettext("The old address shows nothing any more. Give the new one to your calendar."), "done")
    return redirect(url_for("messages.choices"))


@pages.get("/calendar/<token>.ics")
@allow()
@limiter.limit("60 per minute", key_func=token_of_link)
def calendar(token: str) -> Response:
    """A person's bookings for their calendar; the address is the key."""
    links = Links(settings(), request.url_root)
    known = links.read_feed(token)
    if known is None:
        raise NotFound("link.invalid")
    user_id, version = known
    with reading(db.engine) as session:
        person = pipeline.find_person(session, user_id, today(), now())
        if person is None or service.calendar_version(session, user_id) != version:
            raise NotFound("link.invalid")
        rows = calendars.bookings_of(session, user_id, now())
        changed_at = events.newest(session, [f"booking:{booking.id}" for booking, _space in rows])
        domain = calendars.domain(session)
    # By its reader's language: a calendar program says none.
    with force_locale(person.locale or settings().locale):
        entries = [
            links.entry(
                booking,
                space.code,
                user_id,
                now(),
                version=version,
                changed_at=changed_at.get(f"booking:{booking.id}"),
            )
            for booking, space in rows
        ]
        body = calendars.feed(entries, domain=domain, name=gettext("Akiseki"))
    answer = make_response(body)
    answer.content_type = "text/calendar; charset=utf-8"
    # Asked for all day by programs that keep it; it may show what is nobody else's, so that none between keeps it.
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.make_conditional(request)
    return answer


@pages.get("/a/<token>")
@allow()
@limiter.limit("60 per minute", key_func=token_of_link)
def link(token: str) -> str:
    """What a link of a mail does, with one button: a program that looks at every link must not do it."""
    with reading(db.engine) as session:
        asked = links.linked(session, _read(token), now())
    return render_template("link.html", token=token, asked=asked, verbs=VERBS)


@pages.post("/a/<token>")
@allow()
@limiter.limit("60 per minute", key_func=token_of_link)
def follow(token: str) -> str | Response:
    try:
        with transaction(db.engine) as session:
            links.follow_link(session, _read(token), now(), today(), settings())
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("messages.link", token=token))
    return render_template("link_done.html")


def _read(token: str) -> Act:
    known = Links(settings()).read_act(token)
    if known is None:
        raise NotFound("link.invalid")
    return known


@pages.get("/office/webhooks")
@allow(*HOOKS)
def hooks() -> str:
    with reading(db.engine) as session:
        return _hooks(session)


def _hooks(session: Session, fresh: Webhook | None = None) -> str:
    """`fresh`: just made or renewed, whose secret is shown this once."""
    hears_all = asker().role in HEARS_ALL
    return render_template(
        "webhooks.html",
        hooks=webhooks.list_webhooks(session),
        waiting=webhooks.waiting(session),
        shapes=list(Shape),
        hears_all=hears_all,
        askable=sorted(one for one in ASKABLE if hears_all or is_of_the_building(one)),
        fresh=fresh,
        version=signing.version,
    )


@pages.post("/office/webhooks")
@allow(*HOOKS)
def add_hook() -> str | Response:
    """The secret is shown this once."""
    url, shape = request.form.get("url", "").strip()[:500], request.form.get("shape", "")
    kinds = request.form.get("kinds", "").replace(",", " ").split()
    try:
        if not is_storable(url) or shape not in set(Shape) or any(len(kind) > 48 for kind in kinds):
            raise RuleBroken("webhook.invalid")
        with transaction(db.engine) as session:
            fresh = webhooks.add_webhook(
                session, url, kinds=kinds, shape=Shape(shape), actor=asker(), now=now()
            )
            session.expunge(fresh)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("messages.hooks"))
    with reading(db.engine) as session:
        return _hooks(session, fresh)


@pages.post("/office/webhooks/<int:webhook_id>/secret")
@allow(*HOOKS)
def renew_secret(webhook_id: int) -> str | Response:
    """The new secret is shown this once. Loading that page again makes no other: the receiver's own would be lost."""
    seen = request.form.get("version", "")
    try:
        with transaction(db.engine) as session:
            fresh = webhooks.renew_secret(session, webhook_id, actor=asker(), now=now(), seen=seen)
            session.expunge(fresh)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("messages.hooks"))
    with reading(db.engine) as session:
        return _hooks(session, fresh)


@pages.post("/office/webhooks/<int:webhook_id>/remove")
@allow(*HOOKS)
def remove_hook(webhook_id: int) -> Response:
    return _change_hook(partial(webhooks.remove_webhook, actor_id=asker().id), webhook_id)


@pages.post("/office/webhooks/<int:webhook_id>/enable")
@allow(*HOOKS)
def enable_hook(webhook_id: int) -> Response:
    return _change_hook(partial(webhooks.enable_webhook, actor_id=asker().id), webhook_id)


@pages.post("/office/webhooks/<int:webhook_id>/take-over")
@allow(*HOOKS)
def take_hook_over(webhook_id: int) -> Response:
    return _change_hook(partial(webhooks.take_over, actor=asker()), webhook_id)


def _change_hook(change: Callable[..., Enabled | None], webhook_id: int) -> Response:
    try:
        with transaction(db.engine) as session:
            done = change(session, webhook_id, now=now())
        flash(_left_out(done.left_out, done.since) if done and done.since else gettext("Saved."), "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("messages.hooks"))


def _left_out(number: int, since: datetime) -> str:
    return str(
        gettext(
            "It is called again. Events since %(day)s %(time)s that it was not told: %(n)s.",
            day=day(since),
            time=hours_and_minutes(since),
            n=number,
        )
    )
