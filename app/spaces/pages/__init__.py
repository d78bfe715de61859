"""What the facility staff decide, in the browser: closing the office, hours, zones and guests, rules, fixed seats.

Every form posts and is redirected; what cannot be undone is shown before it is done.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, time
from http import HTTPStatus
from typing import Any
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from markupsafe import Markup
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import reading, rehearsal, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.formats import by_clock
from app.http import identifier, now, settings, today
from app.spaces import barriers, fixed_seats, service, zones
from app.spaces.overview import office_overview, zone_overview
from app.spaces.rules import POLICY_KEYS, GuestDay, Kind, Opening, value_shown
from app.spaces.schemas import moves_shown
from app.texts import is_storable
from app.timespan import TimeSpan
from app.wording import explain

pages = Blueprint("spaces_pages", __name__, url_prefix="/office")
MOST_OVERFLOWS = 3
QR: dict[str, Any] = {"border": 2, "omitsize": True, "svgclass": None, "lineclass": None}


@pages.get("")
@allow(Role.FACILITY)
def office() -> str:
    with reading(db.engine) as session:
        overview = office_overview(session, now())
    clocks = {site.id: ZoneInfo(site.timezone) for site, _zones in overview.by_site}
    return render_template(
        "office.html", office=overview, clocks=clocks, today=today(), hours=settings().hours
    )


@pages.post("/closures")
@allow(Role.FACILITY)
def close() -> Response | str:
    """First what would end, then, confirmed, the closure."""
    if request.form.get("confirmed"):
        return _done(
            lambda session: pipeline.close_office(session, _closing(session), actor=asker(), now=now()),
            gettext("Closed. Whoever had booked has been told."),
        )
    try:
        with reading(db.engine) as session:
            wanted = _closing(session)
            ending = pipeline.bookings_to_end(session, wanted)
            site = zones.get_site(session, wanted.site_id)
            zone = service.get_zone(session, wanted.zone_id) if wanted.zone_id else None
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("spaces_pages.office"))
    clock = ZoneInfo(site.timezone)
    with by_clock(clock):
        return render_template(
            "closing.html",
            wanted=wanted,
            site=site,
            zone=zone,
            clock=clock,
            bookings=len(ending),
            people=len({one.user_id for one in ending if one.user_id}),
            form=request.form,
        )


def _closing(session: Session) -> pipeline.Closing:
    """What the form would close, by the clock of the site. Raises RuleBroken `request.invalid`, NotFound
    `site.unknown`."""
    site, _, zone = request.form.get("where", "").partition("/")
    try:
        site_id, zone_id = identifier(site), identifier(zone) if zone else None
        clock = ZoneInfo(zones.get_site(session, site_id).timezone)
        end = _instant("until", clock)
        start = _instant("from", clock) if request.form.get("from_date") else now()
        span = TimeSpan(max(start, now()), end)
    except ValueError as error:
        raise RuleBroken("request.invalid") from error
    return pipeline.Closing(site_id, zone_id, span, typed("reason", 120))


def _instant(name: str, clock: ZoneInfo) -> datetime:
    """The local day and time of two fields of the form; raises ValueError."""
    on = day_typed(request.form.get(f"{name}_date", ""))
    at = time.fromisoformat(request.form.get(f"{name}_time", ""))
    return datetime.combine(on, at, clock)


def typed(name: str, most: int) -> str:
    """What was typed into a field of the form; raises RuleBroken `request.invalid`."""
    text = request.form.get(name, "").strip()[:most]
    if not is_storable(text):
        raise RuleBroken("request.invalid")
    return text


@pages.post("/closures/<int:closure_id>/reopen")
@allow(Role.FACILITY)
def reopen(closure_id: int) -> Response:
    return _done(
        lambda session: barriers.reopen(session, closure_id, actor_id=asker().id, now=now()),
        gettext("Open again. What was ended stays ended; it can be booked anew."),
    )


@pages.post("/sites/<int:site_id>/hours")
@allow(Role.FACILITY)
def hours(site_id: int) -> Response:
    def change(session: Session) -> object:
        try:
            opening = Opening(
                _time("opens"), _time("closes"), working_days_only=bool(request.form.get("working_days_only"))
            )
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        return zones.set_opening(session, site_id, opening, actor_id=asker().id, now=now())

    return _done(change, gettext("Saved."))


def _time(name: str) -> time | None:
    text = request.form.get(name, "")
    return time.fromisoformat(text) if text else None


@pages.get("/zones/<int:zone_id>")
@allow(Role.FACILITY)
def zone(zone_id: int) -> str:
    return _zone(zone_id)


def _zone(zone_id: int, refused: str = "") -> str:
    with reading(db.engine) as session:
        overview = zone_overview(session, zone_id, today())
    return render_template(
        "office_zone.html",
        page=overview,
        most_overflows=MOST_OVERFLOWS,
        all_kinds=list(Kind),
        keys=POLICY_KEYS,
        value_shown=value_shown,
        today=today(),
        refused=refused,
    )


@pages.post("/zones/<int:zone_id>/guests")
@allow(Role.FACILITY)
def add_guest(zone_id: int) -> Response:
    def change(session: Session) -> None:
        zones.change_guests(session, zone_id, add=[_guest()], actor_id=asker().id, now=now())

    return _done(change, gettext("Saved."))


@pages.post("/zones/<int:zone_id>/guests/remove")
@allow(Role.FACILITY)
def remove_guest(zone_id: int) -> Response:
    def change(session: Session) -> None:
        zones.change_guests(session, zone_id, remove=[_guest()], actor_id=asker().id, now=now())

    return _done(change, gettext("Removed."))


def _guest() -> GuestDay:
    """The guest day of a form."""
    day, on = request.form.get("day", ""), request.form.get("on", "")
    section = request.form.get("section", "")
    try:
        return GuestDay(
            identifier(section) if section else None,
            range(7).index(int(day)) if day else None,
            day_typed(on) if on or not day else None,
        )
    except ValueError as error:
        raise RuleBroken("zone.guest_day") from error


@pages.post("/zones/<int:zone_id>/overflow")
@allow(Role.FACILITY)
def overflow(zone_id: int) -> Response:
    def change(session: Session) -> None:
        try:
            wanted = [identifier(text) for text in request.form.getlist("overflow") if text]
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        zones.set_overflow(session, zone_id, wanted, actor_id=asker().id, now=now())

    return _done(change, gettext("Saved."))


@pages.post("/zones/<int:zone_id>/fixed-seats")
@allow(Role.FACILITY)
def keep(zone_id: int) -> Response | str:
    """First whose bookings would go where, then, confirmed, the seat is kept."""
    confirmed = bool(request.form.get("confirmed"))
    try:
        with (transaction if confirmed else rehearsal)(db.engine) as session:
            wanted = _fixed_seat(session, zone_id)
            _kept, moves = pipeline.keep_seat(session, wanted, actor=asker(), now=now())
            shown = moves_shown(moves)["moves"]
            space = service.get_place(session, wanted.space_id).space
            holder = fixed_seats.holder_name(session, wanted)
            session.expunge_all()
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(url_for("spaces_pages.zone", zone_id=zone_id))
    if not confirmed:
        return render_template(
            "fixed_seat.html", space=space, holder=holder, wanted=wanted, moves=shown, form=request.form
        )
    flash(gettext("Saved. Others see only that the seat is not available."), "done")
    if shown:
        flash(
            gettext("%(n)s bookings of others were moved or ended, and their people are told.", n=len(shown)),
            "done",
        )
    return redirect(url_for("spaces_pages.zone", zone_id=zone_id))


def _fixed_seat(session: Session, zone_id: int) -> fixed_seats.NewFixedSeat:
    """The fixed seat of the form. Raises RuleBroken `request.invalid`, NotFound `space.unknown` or `user.unknown`."""
    try:
        first = day_typed(request.form.get("first", ""))
        last = request.form.get("last", "")
        until = day_typed(last) if last else None
        space_id = identifier(request.form.get("space_id", ""))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error
    if (until is not None and until < first) or service.get_place(session, space_id).zone.id != zone_id:
        raise RuleBroken("request.invalid")
    return fixed_seats.NewFixedSeat(
        space_id, fixed_seats.holder_id(session, typed("email", 254)), first, until
    )


@pages.post("/fixed-seats/<int:fixed_id>/end")
@allow(Role.FACILITY)
def free_again(fixed_id: int) -> Response:
    return _done(
        lambda session: fixed_seats.free_again(
            session, fixed_id, last=today(), actor_id=asker().id, now=now()
        ),
        gettext("From tomorrow on the seat is everybody's again."),
    )


@pages.get("/desk-codes")
@allow(Role.FACILITY)
def desk_codes() -> str:
    """A sheet to print and cut: each desk's code as text and as a QR code."""
    zone_id = request.args.get("zone", type=identifier)
    base = settings().public_url or request.url_root
    with reading(db.engine) as session:
        spaces = [one for one in service.list_spaces(session, zone_id=zone_id) if one.desk_code]
    cards = [
        (one, Markup(segno.make_qr(f"{base.rstrip('/')}/s/{one.desk_code}", error="m").svg_inline(**QR)))  # noqa: S704  made of digits here
        for one in sorted(spaces, key=lambda one: one.code)
    ]
    return render_template("desk_codes.html", cards=cards, base=base.rstrip("/"))


@pages.get("/rules")
@allow(Role.FACILITY)
def rules() -> str:
    return _rules()


def _rules(refused: str = "") -> str:
    with reading(db.engine) as session:
        policies = service.policies(session)
    return render_template(
        "office_rules.html",
        kinds=list(Kind),
        policies=policies.kinds,
        keys=POLICY_KEYS,
        value_shown=value_shown,
        refused=refused,
    )


@pages.post("/rules/<any('seat', 'focus_seat', 'booth', 'meeting_booth', 'open_meeting'):kind>")
@allow(Role.FACILITY)
def set_rules(kind: str) -> Response:
    """Set what differs from what holds; in a zone an empty field means: as elsewhere. What is refused is shown once
    more as it was typed, and why."""
    of, zone_id = Kind(kind), request.form.get("zone_id", type=identifier)

    def change(session: Session) -> None:
        before: dict[str, Any] = (
            service.zone_values(session, zone_id).get(of, {})
            if zone_id
            else {key: value_shown(service.policies(session).of(of), key) for key in POLICY_KEYS}
        )
        for key in POLICY_KEYS:
            value = request.form.get(key, "").strip()
            if value and value != before.get(key):
                service.set_policy(session, of, key, value, now=now(), actor_id=asker().id, zone_id=zone_id)
            elif not value and zone_id and key in before:
                service.clear_policy(session, of, key, now=now(), actor_id=asker().id, zone_id=zone_id)

    def refused() -> Response:
        page = make_response(_zone(zone_id, kind) if zone_id else _rules(kind))
        page.status_code = HTTPStatus.UNPROCESSABLE_ENTITY
        return page

    return _done(change, gettext("Saved."), refused)


def _done(
    do: Callable[[Session], object], said: str, refused: Callable[[], Response] | None = None
) -> Response:
    """Do it in one transaction, say how it went, and go back to the page that the form names; or, `refused`, show the
    form again."""
    try:
        with transaction(db.engine) as session:
            do(session)
        flash(said, "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        if refused is not None and isinstance(error, RuleBroken):
            return refused()
    zone_id = (request.view_args or {}).get("zone_id") or request.form.get("zone_id", type=identifier)
    if zone_id:
        return redirect(url_for("spaces_pages.zone", zone_id=zone_id))
    if request.endpoint == "spaces_pages.set_rules":
        return redirect(url_for("spaces_pages.rules"))
    return redirect(url_for("spaces_pages.office"))
