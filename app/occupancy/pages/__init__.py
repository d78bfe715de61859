"""The sensors in the browser: what is wrong, what the gateways take in, what nobody could read."""

from __future__ import annotations

import math

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import now, profile_fault, settings
from app.occupancy import gateways, troubles
from app.occupancy.health import WORST, health, is_like
from app.occupancy.troubles import needs_look
from app.texts import is_storable
from app.wording import explain

pages = Blueprint("sensors", __name__)
A_PAGE = 100


@pages.get("/office/sensors")
@allow(Role.FACILITY, Role.IT)
def sensors() -> str:
    """Those that need a look, the worst first, or all of them, spares too, or those that are looked for; the gateways;
    the newest letters."""
    everything, asked = "all" in request.args, request.args.get("q", "").strip()
    number = max(1, request.args.get("page", 1, type=int))
    with reading(db.engine) as session:
        found = health(session, now(), count_gaps=False, spares=True)
        wrong = sorted(filter(needs_look, found), key=lambda one: WORST.index(one.troubles[0]))
        shown = [one for one in found if is_like(one, asked)] if asked else found if everything else wrong
        last = max(1, math.ceil(len(shown) / A_PAGE))
        number = min(number, last)
        listed = shown[(number - 1) * A_PAGE : number * A_PAGE]
        working = gateways.list_gateways(session)
        at_work = [one for one in working if gateways.is_at_work(one, now(), settings().speed)]
        absences = gateways.newest_absences(session)
        letters = troubles.newest_letters(session)
        session.expunge_all()
    return render_template(
        "sensors.html",
        total=len(found),
        watching=sum(bool(one.space_ids) for one in found),
        wrong=len(wrong),
        lost=sum(one.missing > 0 and bool(one.space_ids) for one in found),
        listed=listed,
        everything=everything,
        gateways=working,
        absences=absences,
        letters=letters,
        at_work={one.name for one in at_work},
        doubled=gateways.doubled(at_work),
        asked=asked,
        number=number,
        last=last,
        fault=profile_fault(),
    )


@pages.post("/office/sensors/gateways/forget")
@allow(Role.FACILITY, Role.IT)
def forget_gateway() -> Response:
    """Take a gateway off the page that was given up."""
    name = request.form.get("name", "")
    try:
        if not is_storable(name):
            raise RuleBroken("request.invalid")
        with transaction(db.engine) as session:
            gateways.forget(session, name, actor_id=asker().id, now=now(), speed=settings().speed)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    else:
        flash(gettext("The gateway is forgotten."), "done")
    return redirect(url_for("sensors.sensors"))
