"""Wires the application; decides nothing."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any

from flask import Flask, Response, g, render_template, request, session
from flask_babel import get_locale

from app import database, formats, intake, operations, wording
from app.access import LOCALE, allow, guard, identify, may, visitor
from app.boards import pages as boards_pages
from app.boards import routes as boards
from app.bookings import pages as bookings_pages
from app.bookings import routes as bookings
from app.bookings.pages import at_once, changing, desks, others
from app.bookings.routes import desks as desk_routes
from app.bookings.routes import invitations, repeating
from app.demo import office
from app.document import completed
from app.extensions import babel, csrf, db, limiter
from app.http import (
    Headers,
    ProblemApi,
    is_api,
    now,
    refuse_impossible_ids,
    register_errors,
    retry_after_refusals,
    settings,
)
from app.lots import pages as lots_pages
from app.lots import routes as lots
from app.notifications import pages as messages
from app.notifications import routes as notifications
from app.notifications.schemas import WebhookEvent
from app.notifications.service import unread
from app.occupancy import pages as sensor_pages
from app.occupancy import routes as occupancy
from app.occupancy.pages import fitting as fitting_pages
from app.people import pages as people_pages
from app.people import routes as people
from app.people.pages import account, oidc, staff
from app.people.pages import sections as section_pages
from app.people.routes import own
from app.people.routes import sections as people_sections
from app.records import pages as records_pages
from app.records import routes as records
from app.repeats import Application
from app.reports import pages as reports_pages
from app.reports import routes as reports
from app.reverse_proxy import Forwarded
from app.rotation import routes as rotation
from app.rotation.pages import month as rotation_pages
from app.rotation.pages import publishing as rotation_publishing_pages
from app.rotation.pages import seats as rotation_seats_pages
from app.rotation.pages import setting as rotation_setting_pages
from app.sessions import Sessions
from app.settings import LOCALES, Settings
from app.spaces import pages as spaces_pages
from app.spaces import routes as spaces
from app.spaces.pages import layout as layout_pages
from app.spaces.pages import outages as outage_pages
from app.spaces.routes import layout, outages
from app.telework import routes as telework
from app.telework.pages import approvals as telework_approvals_pages
from app.telework.pages import days as days_pages
from app.telework.pages import months as months_pages
from app.telework.pages import own as telework_pages
from app.telework.pages import ruling as telework_ruling_pages
from app.telework.routes import approvals as telework_approvals
from app.telework.routes import days, months
from app.telework.routes import ruling as telework_rules
from app.usage import pages as usage_pages
from app.usage import routes as usage
from app.waitlist import pages as queue_pages
from app.waitlist import routes as waitlist

BODY_AT_MOST = 64 * 1024
# Nothing comes from another host, nothing inline runs: the pages work on a closed network.
CONTENT_SECURITY_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)


def create_app(settings: Settings) -> Flask:
    """The web application on `settings`; its clock is `settings.clock`."""
    app = Application("app")
    app.extensions["akiseki"] = settings
    app.session_interface = Sessions()
    app.config.update(
        SECRET_KEY=settings.secret_key,
        MAX_CONTENT_LENGTH=BODY_AT_MOST,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=database.engine_options(settings.database_url),
        SESSION_COOKIE_NAME="akiseki",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.public_url.startswith("https://"),
        PERMANENT_SESSION_LIFETIME=timedelta(hours=12),
        # A poll must not write the session back: it would keep an open floor signed in for ever, and undo what
        # was changed while it was on its way.
        SESSION_REFRESH_EACH_REQUEST=False,
        WTF_CSRF_TIME_LIMIT=None,
        BABEL_DEFAULT_LOCALE=settings.locale,
        BABEL_DEFAULT_TIMEZONE=settings.timezone.key,
        RATELIMIT_HEADERS_ENABLED=True,
        API_TITLE="Akiseki",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/api",
        OPENAPI_JSON_PATH="v1/openapi.json",
    )
    db.init_app(app)
    with app.app_context():
        database.prepared(db.engine)
    babel.init_app(app, locale_selector=_locale)
    app.before_request(identify)  # before the limiter, which counts a token only if it is somebody's
    app.before_request(records.allow_uploads)
    csrf.init_app(app)
    app.after_request(retry_after_refusals)  # before the limiter's, and so called after it
    limiter.init_app(app)
    oidc.register(app, settings)
    app.before_request(refuse_impossible_ids)
    app.before_request(guard)
    register_errors(app)
    _register_routes(app)
    operations.register(app)
    intake.register(app)
    app.after_request(_protect)
    _register_pages(app)
    if settings.proxy_addresses:
        app.wsgi_app = Forwarded(app.wsgi_app, settings.proxy_addresses)  # type: ignore[method-assign]
    return app


def _locale() -> str:
    """On pages the person's choice, else that made in this browser; else what the browser asks for, else the office's
    language (Japanese)."""
    person = visitor()
    chosen = "" if is_api() else (person.locale if person else "") or session.get(LOCALE)
    return chosen or request.accept_languages.best_match(LOCALES) or settings().locale


def _unread() -> int:
    """How many messages wait for the reader of a page."""
    person = g.get("person")
    if person is None:
        return 0
    with database.reading(db.engine) as found:
        return unread(found, person.id)


def _register_routes(app: Flask) -> None:
    api = ProblemApi(
        app,
        spec_kwargs={
            "info": {"description": "空き席: seats and booths of an office without fixed desks"},
            "extra_plugins": [Headers()],
        },
    )
    api.spec.components.security_scheme("token", {"type": "http", "scheme": "bearer"})
    api.spec.options["security"] = [{"token": []}]
    api.spec.components.schema("WebhookEvent", schema=WebhookEvent)
    for feature in (
        own,
        people,
        people_sections,
        spaces,
        layout,
        outages,
        occupancy,
        boards,
        bookings,
        invitations,
        repeating,
        desk_routes,
        lots,
        waitlist,
        usage,
        telework,
        telework_approvals,
        telework_rules,
        days,
        months,
        rotation,
        notifications,
        records,
        reports,
        intake,
    ):
        api.register_blueprint(feature.api)
        csrf.exempt(feature.api)
    for feature_pages in (
        people_pages,
        account,
        oidc,
        staff,
        section_pages,
        boards_pages,
        bookings_pages,
        changing,
        others,
        usage_pages,
        spaces_pages,
        layout_pages,
        outage_pages,
        desks,
        lots_pages,
        records_pages,
        at_once,
        queue_pages,
        messages,
        sensor_pages,
        fitting_pages,
        telework_pages,
        telework_approvals_pages,
        telework_ruling_pages,
        days_pages,
        months_pages,
        reports_pages,
        rotation_pages,
        rotation_publishing_pages,
        rotation_seats_pages,
        rotation_setting_pages,
    ):
        app.register_blueprint(feature_pages.pages)
    api.document = completed(api.spec.to_dict(), app)
    for endpoint in ("api-docs.openapi_json",):
        allow()(app.view_functions[endpoint])

    @app.get("/api/docs")
    @allow()
    def api_docs() -> str:
        return render_template("api_docs.html", spec=api.document)


def _protect(response: Response) -> Response:
    """What every answer tells the browser not to do."""
    response.headers.setdefault("Content-Security-Policy", CONTENT_SECURITY_POLICY)
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.headers.setdefault("Referrer-Policy", "same-origin")
    if request.endpoint != "static":
        response.headers.setdefault("Cache-Control", "no-store")
    return response


def _register_pages(app: Flask) -> None:
    formats.register(app)

    @app.context_processor
    def shared() -> dict[str, Any]:
        """What every template may use."""
        return {
            "person": g.get("person"),
            "may": partial(may, g.get("person")),
            "locale": str(get_locale()),
            "locales": LOCALES,
            "now": now(),
            "wording": wording,
            "settings": settings(),
            "unread_messages": _unread,
            **({"demo_logins": office.logins(), "demo_password": office.PASSWORD} if settings().demo else {}),
        }
