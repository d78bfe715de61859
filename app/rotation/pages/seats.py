"""How many seats a section needs, and how much work at home fewer of them ask for: the answer comes within seconds,
beside what is known at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, flash, render_template, request
from flask_babel import gettext

from app.access import Role, allow, asker
from app.database import reading
from app.errors import DomainError
from app.extensions import db
from app.fields import day_typed
from app.http import identifier, settings, today
from app.rotation import service
from app.rotation.attendance import days_a_week
from app.rotation.needs import PEOPLE_AT_LEAST, SECONDS, Needs, SeatTable, needs_of, seat_table
from app.wording import explain, of_rotation

pages = Blueprint("rotation_seats_pages", __name__)
SEERS = (Role.CHIEF, Role.PERSONNEL, Role.AUDITOR)
MOST_SEATS = 1000


@dataclass(frozen=True, slots=True)
class Asked:
    """What the address asks for; what it lacks, or says wrongly, is as usual: the section's last month, no number."""

    section_id: int | None
    first: date
    last: date
    seats: int | None

    @property
    def values(self) -> dict[str, Any]:
        """As the address names them."""
        return {
            "section": self.section_id,
            "from": self.first.isoformat(),
            "to": self.last.isoformat(),
            "seats": self.seats,
        }


def _asked() -> Asked:
    last = today().replace(day=1) - timedelta(days=1)
    usual = Asked(None, last.replace(day=1), last, None)
    try:
        section, seats = request.args.get("section", ""), request.args.get("seats", "")
        given = [day_typed(request.args[name]) for name in ("from", "to") if request.args.get(name)]
        first, last = given or (usual.first, usual.last)
        count = int(seats) if seats else None
        if first > last or (count is not None and not 0 <= count <= MOST_SEATS):
            raise ValueError
        return Asked(identifier(section) if section else None, first, last, count)
    except ValueError:
        flash(gettext("Choose a first day and a last day after it, and a number of seats."), "error")
        return usual


@pages.get("/rotation/seats")
@allow(*SEERS)
def seats() -> str:
    """The question with what is known at once; the answer is loaded beside it, or with `?answer=1` waited for."""
    asked, needs, found = _asked(), None, None
    with reading(db.engine) as session:
        sections = service.planned_sections(session, asker())
        section = next((one for one in sections if one.id == asked.section_id), None)
        section = section or (sections[0] if sections else None)
        if section is not None:
            asked = Asked(section.id, asked.first, asked.last, asked.seats)
            try:
                needs = needs_of(session, section.id, asked.first, asked.last, service.office_of(settings()))
            except DomainError as error:
                flash(explain(error.code, error.facts), "error")
        session.expunge_all()
    if needs is not None and request.args.get("answer"):
        found = seat_table(needs, asked.seats)
    return render_template(
        "rotation_seats.html",
        asked=asked,
        section=section,
        sections=sections,
        needs=needs,
        most_seats=MOST_SEATS,
        seconds=round(SECONDS),
        at_least=PEOPLE_AT_LEAST,
        **(_shown(needs, found) if needs is not None and found is not None else {"table": None}),
    )


@pages.get("/rotation/seats/answer")
@allow(*SEERS)
def answer() -> str:
    """The answer alone, for the page that waits for it."""
    asked = _asked()
    with reading(db.engine) as session:
        service.check_section(session, asked.section_id or 0, asker(), to_read=True)
        needs = needs_of(
            session, asked.section_id or 0, asked.first, asked.last, service.office_of(settings())
        )
    return render_template(
        "_rotation_seats.html",
        asked=asked,
        needs=needs,
        **_shown(needs, seat_table(needs, asked.seats)),
    )


def _shown(needs: Needs, found: SeatTable) -> dict[str, Any]:
    """The answer as the template takes it, with the rules in conflict as sentences."""
    problem = needs.problem
    conflict = found.conflict.told(problem) if found.conflict else {"rules": []}
    return {
        "table": found,
        "rules": [(of_rotation.rule_in_words(**one), one["frees"]) for one in conflict["rules"]],
        "failing": of_rotation.failing_in_words(conflict),
        "a_week": lambda home, half_days: days_a_week(home, len(problem.members), half_days),
    }
