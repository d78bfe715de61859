"""The sensors in the browser: what is wrong, what the gateways take in, what nobody could read."""

from __future__ import annotations

import math

from flask import Blueprint, render_template, request

from app.access import Role, allow
from app.database import reading
from app.extensions import db
from app.http import now, profile_fault, settings
from app.occupancy import gateways, troubles
from app.occupancy.health import WORST, health, is_like

pages = Blueprint("sensors", __name__)
A_PAGE = 100


@pages.get("/office/sensors")
@allow(Role.FACILITY, Role.IT)
def sensors() -> str:
    """Those that something is wrong with, the worst first, or all of them, or those that are looked for; the gateways;
    the newest letters."""
    everything, asked = "all" in request.args, request.args.get("q", "").strip()
    number = max(1, request.args.get("page", 1, type=int))
    with reading(db.engine) as session:
        found = health(session, now(), count_gaps=False)
        wrong = sorted((one for one in found if one.troubles), key=lambda one: WORST.index(one.troubles[0]))
        shown = [one for one in found if is_like(one, asked)] if asked else found if everything else wrong
        last = max(1, math.ceil(len(shown) / A_PAGE))
        number = min(number, last)
        listed = shown[(number - 1) * A_PAGE : number * A_PAGE]
        working = gateways.list_gateways(session)
        absences = gateways.newest_absences(session)
        letters = troubles.newest_letters(session)
        session.expunge_all()
    return render_template(
        "sensors.html",
        total=len(found),
        wrong=len(wrong),
        listed=listed,
        everything=everything,
        gateways=working,
        absences=absences,
        letters=letters,
        at_work={one.name for one in working if gateways.is_at_work(one, now(), settings().speed)},
        asked=asked,
        number=number,
        last=last,
        fault=profile_fault(),
    )
