"""Fitting a sensor in the browser: who was heard that nobody knows, adding, binding, swapping, taking off; and what a
sensor says at this moment, for whoever stands at the desk and waves a hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.formats import day, hours_and_minutes
from app.http import identifier, is_model_known, model_timing, models_known, names_in, now, settings
from app.occupancy import announced, fitting, gateways
from app.occupancy.fitting import Live, Named
from app.occupancy.health import Gaps, kept_gaps
from app.texts import as_on_wire, is_storable
from app.wording import explain

pages = Blueprint("fitting", __name__)
NO_CHANGE = 204
DAY_S = 86_400
MOST_TYPED = 2000
# The times of a sensor, each with the least that it may be, in seconds.
TIMES = {"heartbeat_s": 1, "own_hold_s": 0, "detection_delay_s": 0, "clears_after_s": 0}


def _named(messages: Sequence[tuple[str, bytes, datetime]]) -> list[list[Named]]:
    return [[Named(*one) for one in named] for named in names_in(messages)]


@pages.get("/office/sensors/new")
@allow(Role.FACILITY, Role.IT)
def new() -> str:
    """The form, filled in where one came from a candidate or from a desk; who was heard that nobody knows, and who
    announced themselves."""
    space_id = request.args.get("space", type=identifier)
    with reading(db.engine) as session:
        code = fitting.code_of(session, space_id)
        watchers = fitting.watchers_of(session, space_id) if space_id else []
        strangers, spares = fitting.strangers(session, _named), fitting.spares(session)
        candidates = announced.candidates(session)
        codes = fitting.all_codes(session)
    return render_template(
        "sensor_new.html",
        sensor_id=request.args.get("id", ""),
        code=code,
        watchers=watchers,
        model=request.args.get("model", ""),
        strangers=strangers,
        candidates=candidates,
        spares=spares,
        codes=codes,
        models=models_known(),
    )


@pages.post("/office/sensors/new")
@allow(Role.FACILITY, Role.IT)
def add() -> Response:
    sensor_id, model = as_on_wire(request.form.get("id", "").strip()), request.form.get("model", "").strip()

    def do(session: Session) -> None:
        _check_text(sensor_id, model)
        fitting.add(
            session,
            sensor_id,
            model[:64],
            _spaces(),
            times=model_timing(model),
            actor_id=asker().id,
            now=now(),
        )

    back = url_for("fitting.new", id=sensor_id[:64] if is_storable(sensor_id) else None)
    said = gettext("Added. Wave a hand: what it says is shown here at once.")
    return _done(do, said, _to(sensor_id), back, model=model)


@pages.get("/office/sensor")
@allow(Role.FACILITY, Role.IT)
def sensor() -> str:
    sensor_id = _asked()
    with reading(db.engine) as session:
        found = fitting.fitting(session, sensor_id)
        said = fitting.live(session, sensor_id)
        spares, codes = fitting.spares(session), fitting.all_codes(session)
        gaps = kept_gaps(session, [sensor_id]).get(sensor_id, Gaps())
        working = gateways.list_gateways(session)
        at_work = any(gateways.is_at_work(one, now(), settings().speed) for one in working)
        session.expunge_all()
    return render_template(
        "sensor.html",
        fitting=found,
        sensor=found.sensor,
        live=said,
        version=_version(said),
        restarts=gaps.restarts,
        spares=[one for one in spares if one.sensor_id != sensor_id],
        codes=codes,
        models=models_known(),
        may_be_heard=at_work or said.is_alive,
        earliest=now(),
    )


@pages.get("/office/sensor/live")
@allow(Role.FACILITY, Role.IT)
def live() -> Response:
    """What the sensor says at this moment, or 204 where that is what the page shows."""
    sensor_id = _asked()
    with reading(db.engine) as session:
        said = fitting.live(session, sensor_id)
    if request.args.get("v") == _version(said):
        return make_response("", NO_CHANGE)
    return make_response(
        render_template("_sensor_live.html", sensor_id=sensor_id, live=said, version=_version(said))
    )


def _asked() -> str:
    sensor_id = request.args.get("id", "")
    return sensor_id if is_storable(sensor_id) else ""


def _version(said: Live) -> str:
    """What differs when the page must: the newest word, what is confirmed, how long ago it was."""
    ago = said.heard_ago(now())
    newest = said.words[0].received_at.timestamp() if said.words else 0
    states = "".join(state.value[0] for state in (said.state, *(state for _code, state in said.spaces)))
    return f"{newest:.3f}-{states}-{'' if ago is None else int(ago.total_seconds())}"


@pages.post("/office/sensor/watch")
@allow(Role.FACILITY, Role.IT)
def watch() -> Response:
    """Watch other spaces, from now on or from a time on."""
    sensor_id, typed = request.form.get("id", ""), request.form.get("from", "")
    at = _instant(typed)

    def do(session: Session) -> None:
        if typed and at is None:
            raise RuleBroken("request.invalid")
        spaces = fitting.spaces_named(session, _spaces())
        fitting.watch(session, sensor_id, spaces, at=at, actor_id=asker().id, now=now())

    said = (
        gettext("Planned for %(day)s %(time)s.", day=day(at), time=hours_and_minutes(at))
        if at
        else gettext("Saved. What the sensor says counts for these spaces from now on.")
    )
    return _done(do, said, _to(sensor_id))


@pages.post("/office/sensor/take-off")
@allow(Role.FACILITY, Role.IT)
def take_off() -> Response:
    sensor_id = request.form.get("id", "")

    def do(session: Session) -> None:
        try:
            space_id = identifier(request.form.get("space_id", ""))
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        fitting.take_off(session, sensor_id, space_id, actor_id=asker().id, now=now())

    return _done(do, gettext("It no longer watches this space; what it said stays."), _to(sensor_id))


@pages.post("/office/sensor/swap")
@allow(Role.FACILITY, Role.IT)
def swap() -> Response:
    sensor_id, spare_id = request.form.get("id", ""), request.form.get("spare", "")

    def do(session: Session) -> None:
        fitting.swap(session, sensor_id, spare_id, actor_id=asker().id, now=now())

    said = gettext("Swapped. This one watches now what %(old)s did. Wave a hand to try it.", old=sensor_id)
    return _done(do, said, _to(spare_id), _to(sensor_id))


@pages.post("/office/sensor/change")
@allow(Role.FACILITY, Role.IT)
def change() -> Response:
    sensor_id, model = request.form.get("id", ""), request.form.get("model", "").strip()

    def do(session: Session) -> None:
        _check_text(model)
        try:
            times = {name: int(request.form.get(name, "")) for name in TIMES}
        except ValueError as error:
            raise RuleBroken("request.invalid") from error
        if not model or not all(TIMES[name] <= value <= DAY_S for name, value in times.items()):
            raise RuleBroken("request.invalid")
        values = {**times, "model": model[:64], "holds_itself": bool(request.form.get("holds_itself"))}
        fitting.change(session, sensor_id, values, actor_id=asker().id, now=now())

    return _done(do, gettext("Saved."), _to(sensor_id), model=model)


@pages.post("/office/sensor/plans/<int:move_id>/drop")
@allow(Role.FACILITY, Role.IT)
def drop(move_id: int) -> Response:
    def do(session: Session) -> None:
        fitting.drop_plan(session, move_id, actor_id=asker().id, now=now())

    return _done(do, gettext("It stays where it is."), _to(request.form.get("id", "")))


def _to(sensor_id: str) -> str:
    return url_for("fitting.sensor", id=sensor_id if is_storable(sensor_id) else None)


def _spaces() -> str:
    typed = request.form.get("spaces", "")
    _check_text(typed)
    return typed[:MOST_TYPED]


def _check_text(*texts: str) -> None:
    if not all(is_storable(text) for text in texts):
        raise RuleBroken("request.invalid")


def _instant(typed: str) -> datetime | None:
    """The local time of a field of the form; None where it is empty or none."""
    try:
        return datetime.fromisoformat(typed).replace(tzinfo=settings().timezone)
    except (ValueError, OverflowError):
        return None


def _why(error: DomainError) -> str:
    if error.code == "space.unknown" and "space" in error.facts:
        return str(gettext("There is no space called “%(code)s”.", code=error.facts["space"]))
    return explain(error.code, error.facts)


def _done(
    do: Callable[[Session], None], said: str, to: str, back: str | None = None, *, model: str = ""
) -> Response:
    """Do it in one transaction and go on to a page; where it was refused, back to the one that asked. `model`: of a
    sensor that has it now, which is told where no profile knows it."""
    try:
        with transaction(db.engine) as session:
            do(session)
    except DomainError as error:
        flash(_why(error), "error")
        return redirect(back or to)
    flash(said, "done")
    if model and not is_model_known(model):
        flash(f"{model}: {explain('sensor.model_unknown', {})}", "doubt")
    return redirect(to)
