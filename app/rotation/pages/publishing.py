"""A rotation is published, after what that would do was shown, and taken back."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as Answer

from app import pipeline
from app.access import Role, allow, asker
from app.database import rehearsal, transaction
from app.errors import DomainError
from app.extensions import db
from app.http import now, settings
from app.rotation import service
from app.rotation.models import Rotation
from app.rotation.pages.month import back_to
from app.rotation.publishing import OnBreach
from app.rotation.seats import Published
from app.wording import explain, of_rotation, of_telework

pages = Blueprint("rotation_publishing_pages", __name__)


@pages.get("/rotation/<int:rotation_id>/publish")
@allow(Role.CHIEF)
def preview(rotation_id: int) -> str | Answer:
    """What publishing would do."""
    back = back_to()
    try:
        with rehearsal(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
            back = back_to(rotation)
            done = _published(session, rotation, OnBreach.SHOW)
            return render_template(
                "rotation_publish.html",
                rotation=rotation,
                done=done,
                broken=[(one.name, of_telework.breach(one.facts)) for one in done.broken],
                unmet=of_rotation.unmet_in_words(done.unmet),
                is_refused=any(one.is_refused_to(asker().id) for one in done.broken),
                back=back,
            )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(back)


@pages.post("/rotation/<int:rotation_id>/publish")
@allow(Role.CHIEF)
def publish(rotation_id: int) -> Answer:
    """Publish it; `confirmed` where the page has shown rules that this breaks."""
    on_breach = OnBreach.ALLOW if request.form.get("confirmed") else OnBreach.REFUSE
    back = back_to()
    try:
        with transaction(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
            back = back_to(rotation)
            done = _published(session, rotation, on_breach)
            back = back_to(rotation)  # its days may be fewer by now
            people, cells, seats = len(done.people), len(done.changed), len(done.bookings)
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return redirect(back)
    flash(
        gettext(
            "Published: %(people)s people, %(cells)s half-days, %(seats)s seats booked.",
            people=people,
            cells=cells,
            seats=seats,
        ),
        "done",
    )
    return redirect(back)


def _published(session: Session, rotation: Rotation, on_breach: OnBreach) -> Published:
    office = service.office_of(settings())
    return pipeline.publish_rotation(
        session, rotation, actor=asker(), office=office, now=now(), on_breach=on_breach
    )


@pages.post("/rotation/<int:rotation_id>/withdraw")
@allow(Role.CHIEF)
def withdraw(rotation_id: int) -> Answer:
    """Take a published rotation back."""
    back = back_to()
    try:
        with transaction(db.engine) as session:
            rotation = service.get_rotation(session, rotation_id, asker(), to_change=True)
            back = back_to(rotation)
            done = pipeline.withdraw_rotation(
                session, rotation, actor=asker(), office=service.office_of(settings()), now=now()
            )
        flash(
            gettext(
                "Withdrawn: %(plans)s half-days, %(seats)s seats given up.",
                plans=done.plans,
                seats=len(done.bookings),
            ),
            "done",
        )
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(back)
