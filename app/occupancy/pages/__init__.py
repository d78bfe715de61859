"""The sensors in the browser: what is wrong, what the gateways take in, what nobody could read."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from app.access import Role, allow
from app.database import reading
from app.extensions import db
from app.http import now, settings
from app.occupancy import gateways, troubles
from app.occupancy.health import health

pages = Blueprint("sensors", __name__)
SHOWN = 200


@pages.get("/office/sensors")
@allow(Role.FACILITY, Role.IT)
def sensors() -> str:
    """Those that something is wrong with, or all of them; the gateways; the newest letters."""
    everything = "all" in request.args
    with reading(db.engine) as session:
        found = health(session, now(), count_gaps=False)
        # Lost readings are nothing that one can mend at a sensor: these are the last to look at.
        wrong = sorted((one for one in found if one.troubles), key=lambda one: one.troubles == ["gaps"])
        listed = (found if everything else wrong)[:SHOWN]
        working = gateways.list_gateways(session)
        letters = troubles.newest_letters(session)
        session.expunge_all()
    return render_template(
        "sensors.html",
        total=len(found),
        wrong=len(wrong),
        listed=listed,
        everything=everything,
        gateways=working,
        letters=letters,
        at_work={one.name for one in working if gateways.is_at_work(one, now(), settings().speed)},
        shown=SHOWN,
    )
