"""The section's month: who is where, what must hold, searching, publishing with a preview."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from app import pipeline
from app.access import PEOPLE, Role, allow, asker
from app.calendar import working_days
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, now, settings, today
from app.rotation import service, swapping
from app.rotation.ahead import publishable_from, too_far
from app.rotation.cover import CoverOfDay, cover_on
from app.rotation.grid import Grid, as_shown, grid
from app.rotation.models import OPEN, Key, Rotation, State
from app.rotation.rules import HALVES, Cell
from app.rotation.rules import State as Where
from app.rotation.standing import Seen, look
from app.rotation.swapping import Answered
from app.rotation.ways import Absence, find_way, swaps_of
from app.wording import explain, of_rotation

pages = Blueprint("rotation_pages", __name__)
SEERS = (Role.CHIEF, Role.PERSONNEL, Role.AUDITOR)
SECONDS = 60


@dataclass(frozen=True, slots=True)
class Shown:
    """What the page shows of a rotation. `grid`: None where it has no plan, or its people are erased."""

    rotation: Rotation
    is_erased: bool
    grid: Grid | None
    rules: Sequence[tuple[str, bool]]
    failing: of_rotation.Failing | None


def _shown(session: Session, rotation: Rotation) -> Shown:
    conflict = rotation.conflict or {"rules": []}
    is_erased = not rotation.problem
    has_grid = rotation.plan and not is_erased
    return Shown(
        rotation,
        is_erased,
        grid(session, rotation, actor=asker(), office=service.office_of(settings())) if has_grid else None,
        [(of_rotation.rule_in_words(**one), one["frees"]) for one in conflict["rules"]],
        of_rotation.failing_in_words(conflict),
    )


@pages.app_context_processor
def shared() -> dict[str, Any]:
    """How the sections that whoever asks plans are covered on the next working day, for a chief's first page."""
    return {"next_cover": _next_cover}


def _next_cover() -> tuple[date, Sequence[CoverOfDay]]:
    """The next working day, and the cover of those sections that have published a rotation of it."""
    tomorrow = today() + timedelta(days=1)
    with reading(db.engine) as session:
        on = working_days(session, tomorrow.year).next_working(tomorrow)
        sections = service.planned_sections(session, asker())
        found = cover_on(session, sections, on, service.office_of(settings()))
        session.expunge_all()
    return on, found


@pages.get("/rotation")
@allow(*SEERS)
def month() -> str:
    """The month of `?on=` of a section: the newest rotation of it, or the one of `?rotation=`. Without `on` today's,
    where a rotation of today is published, and otherwise the next month; of who is absent, what is published of that
    day."""
    asks, on = "absent" in request.args, _day("on")
    with reading(db.engine) as session:
        sections = service.planned_sections(session, asker())
        section = next((one for one in sections if str(one.id) == request.args.get("section")), None)
        section = section or (sections[0] if sections else None)
        of_day = _day("absent_on") if asks else today() if on is None else None
        lived = service.published_on(session, section.id, of_day) if section and of_day else None
        first, last = _month(on or (of_day if lived and of_day else _month(today())[1] + timedelta(days=1)))
        found = service.latest(session, section.id, first, last) if section else []
        chosen = next((one for one in found if str(one.id) == request.args.get("rotation")), None)
        if chosen is None or (asks and chosen.state is not State.PUBLISHED):
            chosen = lived or chosen or (found[0] if found else None)
        were_asked = swapping.asked(session, chosen.id) if chosen else []
        shown = _shown(session, chosen) if chosen else None
        seen = look(session, chosen, service.office_of(settings())) if chosen and asks else None
        session.expunge_all()
    return render_template(
        "rotation.html",
        section=section,
        sections=sections,
        on=first,
        published=_nearest([one for one in found if one.state is State.PUBLISHED]),
        absent_on=request.args.get("absent_on", today().isoformat()),
        before=first - timedelta(days=1),
        after=last + timedelta(days=1),
        one_day=timedelta(days=1),
        shown=shown,
        others=[one for one in found if one is not chosen],
        halves=HALVES,
        cell_of=Cell,
        is_open=shown is not None and shown.rotation.state in OPEN,
        may_plan=asker().role is Role.CHIEF,
        swaps=_swaps(seen) if seen else None,
        were_asked=were_asked,
        names={int(one.id): one.name for one in shown.grid.problem.members} if shown and shown.grid else {},
    )


def _nearest(published: Sequence[Rotation]) -> Rotation | None:
    """Of what is published the rotation that is under way, or else the newest."""
    under_way = (one for one in published if one.first_on <= today() <= one.last_on)
    return next(under_way, published[0] if published else None)


def _swaps(seen: Seen) -> dict[str, Any] | None:
    """What breaks and the ways out, where the page asks for them aright."""
    try:
        found = swaps_of(seen, _absence())
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return None
    for one in found["swaps"]:
        one["home_on"] = date.fromisoformat(one["home_instead"][0]["on"]) if one["home_instead"] else None
    return {**found, "breaks": of_rotation.breaks_in_words(found["breaks"])}


def _person() -> int:
    """Who is asked to step in. Raises RuleBroken `request.invalid`."""
    try:
        return identifier(request.form.get("person", ""))
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _absence() -> Absence:
    """Who is absent, as the form says it. Raises RuleBroken `request.invalid`."""
    try:
        user_id, on = identifier(request.values.get("absent", "")), _day("absent_on")
        half = request.values.get("absent_half") or None
        if on is None or half not in {None, *HALVES}:
            raise ValueError
        return Absence(user_id, on, half)
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


def _month(on: date) -> tuple[date, date]:
    after = (on.replace(day=1) + timedelta(days=32)).replace(day=1)
    return on.replace(day=1), after - timedelta(days=1)


def _day(name: str) -> date | None:
    try:
        return day_typed(request.values.get(name, ""))
    except ValueError:
        return None


@pages.get("/rotation/<int:rotation_id>/progress")
@allow(*SEERS)
def progress(rotation_id: int) -> Response:
    """The line that tells how a search goes; the page is loaded anew when it has ended."""
    with reading(db.engine) as session:
        rotation = service.get_rotation(session, rotation_id, asker())
        answer = make_response(render_template("_rotation_progress.html", rotation=rotation))
        if rotation.state not in OPEN:
            answer.headers["HX-Refresh"] = "true"
    return answer


def back_to(rotation: Rotation | None = None, **more: Any) -> str:
    """The month that a rotation begins in, with it, or the one that the form names."""
    if rotation is None:
        section, on = request.form.get("section"), request.form.get("on")
        return url_for("rotation_pages.month", section=section, on=on)
    on = rotation.first_on.isoformat()
    return url_for("rotation_pages.month", section=rotation.section_id, on=on, rotation=rotation.id, **more)


@pages.post("/rotation")
@allow(Role.CHIEF)
def search() -> Answer:
    """Plan the month of the form."""
    try:
        on, section_id = _day("on"), identifier(request.form.get("section", ""))
    except ValueError:
        on = None
    try:
        if on is None:
            raise RuleBroken("request.invalid")
        first, last = _month(on)
        with transaction(db.engine) as session:
            office = service.office_of(settings())
            made = service.ask(
                session,
                actor=asker(),
                section_id=section_id,
                first=max(first, today()),
                last=last,
                limits={"seconds": SECONDS, "work": None, "seed": 1},
                office=office,
                now=now(),
            )
            opens_at = publishable_from(session, section_id, made.last_planned, office=office, now=now())
        flash(gettext("The search has begun. You can go on working; the plan appears here."), "done")
        if opens_at:
            flash(explain("rotation.too_far", too_far(opens_at)), "doubt")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(back_to())


@pages.post("/rotation/<int:rotation_id>/cancel")
@allow(Role.CHIEF)
def cancel(rotation_id: int) -> Answer:
    """End a search; one that has ended meanwhile is shown with what came of it."""
    back = back_to()
    try:
        with transaction(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
            back = back_to(rotation)
            service.cancel(session, rotation, actor=asker(), now=now())
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(back)


@pages.post("/rotation/<int:rotation_id>/lock")
@allow(Role.CHIEF)
def lock(rotation_id: int) -> Answer:
    """Lock the cells of `cell` as they are shown, or open those that are locked: they stay in the next search."""
    back = back_to()
    try:
        with transaction(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker())
            back = back_to(rotation)
            if rotation.section_id is None or rotation.plan is None:
                raise RuleBroken("rotation.of_no_section")
            _problem, plan = as_shown(look(session, rotation, service.office_of(settings())))
            cells = _locked(plan)
            service.lock_cells(session, rotation.section_id, cells, actor=asker(), now=now())
        flash(gettext("Noted. It holds in the next search."), "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(back)


def _locked(plan: Mapping[Cell, Where]) -> dict[Key, str | None]:
    """The ticked cells, and as what each is locked; None: opened. Who is away then is left as they are."""
    verb = request.form.get("verb", "keep")
    other = {Where.HOME: Where.OFFICE, Where.OFFICE: Where.HOME}
    if verb not in {"keep", "turn", "open"}:
        raise RuleBroken("request.invalid")
    found: dict[Key, str | None] = {}
    for text in request.form.getlist("cell"):
        cell = _cell(text)
        where = plan.get(cell, Where.AWAY)
        if where is not Where.AWAY:
            chosen = other[where] if verb == "turn" else where
            found[int(cell.person), cell.day, cell.half] = None if verb == "open" else chosen.value
    return found


def _cell(text: str) -> Cell:
    """A cell as the form names it: person/day/half."""
    try:
        person, on, half = text.split("/")
        if half not in HALVES:
            raise ValueError
        return Cell(str(identifier(person)), date.fromisoformat(on), half)
    except ValueError as error:
        raise RuleBroken("request.invalid") from error


@pages.post("/rotation/<int:rotation_id>/swaps")
@allow(Role.CHIEF)
def ask_swap(rotation_id: int) -> Answer:
    """Ask somebody to come in for who is absent."""
    back = back_to()
    try:
        with reading(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker())
            back = back_to(rotation)
            absence = _absence()
            seen = look(session, rotation, service.office_of(settings()))
            session.expunge(rotation)
        way = find_way(seen, absence, _person())
        with transaction(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
            swapping.offer(session, rotation, way, actor=asker(), now=now())
            back = back_to(
                rotation,
                absent=absence.user_id,
                absent_on=absence.on.isoformat(),
                absent_half=absence.half,
            )
        flash(gettext("Asked. You are told when they answer; who accepts first comes."), "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(back)


@pages.get("/rotation/swaps")
@allow(*PEOPLE)
def swaps() -> str:
    """What one is asked to come in for."""
    with reading(db.engine) as session:
        found = swapping.own(session, asker(), today())
        session.expunge_all()
    return render_template("rotation_swaps.html", swaps=found, day_of=date.fromisoformat)


@pages.post("/rotation/swaps/<int:swap_id>")
@allow(*PEOPLE)
def answer_swap(swap_id: int) -> Answer:
    """Say yes or no."""
    accepts = request.form.get("verb") == "accept"
    try:
        with transaction(db.engine) as session:
            done = pipeline.answer_swap(
                session,
                swap_id,
                accepts=accepts,
                actor=asker(),
                office=service.office_of(settings()),
                now=now(),
            )
            said = _accepted(done) if accepts else gettext("Declined.")
        flash(said, "error" if done.is_unseated else "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("rotation_pages.swaps"))


def _accepted(done: Answered) -> str:
    """What came of saying yes."""
    if done.is_unseated:
        return str(
            gettext("Thank you. Your plan is changed, but no seat was free for you. Look for one yourself.")
        )
    if done.booked or done.freed:
        return str(gettext("Thank you. Your plan and your seat are changed."))
    return str(gettext("Thank you. Your plan is changed."))
