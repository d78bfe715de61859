"""Closing months in the browser: what would be frozen, closing, reopening, and the attendance system's file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import Role, allow, asker
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.http import now, settings, today
from app.telework.closing import export, service
from app.telework.closing.rules import (
    COLUMNS_AT_MOST,
    HEADER_AT_MOST,
    SOURCES,
    WORD_AT_MOST,
    WORDS,
    DateStyle,
    Encoding,
    FileLayout,
    Line,
    Month,
)
from app.telework.daylog.rules import WHY_AT_MOST
from app.telework.routes.months import SEERS, file_of, month_of
from app.telework.rules import DayClass
from app.telework.service import Office
from app.texts import is_storable
from app.wording import explain

pages = Blueprint("months_pages", __name__, url_prefix="/office")
MORE_ROWS = 3


@pages.get("/months")
@allow(*SEERS)
def months() -> str:
    with reading(db.engine) as session:
        listed = service.list_months(session, today())
        session.expunge_all()
    return render_template("months.html", months=listed)


@pages.get("/months/<string:month>")
@allow(*SEERS)
def month(month: str) -> str:
    """What closing would freeze, or has frozen; what has become of the month; the first lines of its file."""
    which = month_of(month)
    with reading(db.engine) as session:
        found = service.preview(session, which)
        history = service.history_of(session, which)
        sample = export.sample(session, which, Office.of(settings()), export.layout_of(session))
        session.expunge_all()
    return render_template(
        "month.html",
        found=found,
        month=which,
        history=history,
        sample=sample,
        classes=[one for one in DayClass if one is not DayClass.CLOSED],
        why_at_most=WHY_AT_MOST,
    )


@pages.post("/months/<string:month>/close")
@allow(Role.PERSONNEL)
def close(month: str) -> Response:
    which = month_of(month)
    return _done(
        lambda session: service.close_month(
            session,
            which,
            actor=asker(),
            now=now(),
            office=Office.of(settings()),
            off_on=pipeline.off_on,
        ),
        gettext("The month is closed. It changes by personnel's corrections only."),
        which,
    )


@pages.post("/months/<string:month>/reopen")
@allow(Role.PERSONNEL)
def reopen(month: str) -> Response:
    which = month_of(month)
    return _done(
        lambda session: service.reopen_month(session, which, why=_why(), actor=asker(), now=now()),
        gettext("The month is open again."),
        which,
    )


def _why() -> str:
    why = request.form.get("why", "").strip()
    if len(why) > WHY_AT_MOST or not is_storable(why):
        raise RuleBroken("request.invalid")
    return why


@pages.get("/months/<string:month>/export")
@allow(*SEERS)
def export_month(month: str) -> Response:
    return file_of(month_of(month))


@pages.get("/attendance")
@allow(*SEERS)
def mapping() -> str:
    with reading(db.engine) as session:
        layout = export.layout_of(session)
    return _mapping(layout)


@pages.post("/attendance")
@allow(Role.PERSONNEL)
def set_mapping() -> Response | str:
    """Show what the file would look like, or keep the mapping."""
    given = _given()
    try:
        if request.form.get("show"):
            return _mapping(export.read_layout(given))
        with transaction(db.engine) as session:
            export.set_layout(session, given, actor=asker(), now=now())
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
        return _mapping(None, given)
    flash(gettext("Saved."), "done")
    return redirect(url_for("months_pages.mapping"))


def _mapping(layout: FileLayout | None, given: dict[str, Any] | None = None) -> str:
    """The form, with the first lines of the newest month that has any. `layout` None: what was `given` is none."""
    sample = None
    with reading(db.engine) as session:
        listed = service.list_months(session, today())
        shown = next((one.month for one in reversed(listed[:2])), Month.of(today()))
        if layout is not None:
            sample = export.sample(session, shown, Office.of(settings()), layout)
    values = layout.as_stored() if layout else given or {}
    return render_template(
        "attendance.html",
        values=values,
        sample=sample,
        shown=shown,
        rows=min(len(values["columns"]) + MORE_ROWS, COLUMNS_AT_MOST),
        Line=Line,
        DateStyle=DateStyle,
        Encoding=Encoding,
        sources=SOURCES,
        holdable=list(dict.fromkeys(name for one in SOURCES.values() for name in one)),
        words=list(WORDS),
        header_at_most=HEADER_AT_MOST,
        word_at_most=WORD_AT_MOST,
    )


def _given() -> dict[str, Any]:
    """The form's mapping; rows without a header and without a choice are no columns."""
    form = request.form
    pairs = zip(form.getlist("holds"), form.getlist("header"), strict=False)
    return {
        "line": form.get("line", ""),
        "columns": [{"holds": holds, "header": header.strip()} for holds, header in pairs if holds],
        "words": {name: form.get(f"word-{name}", "").strip() for name in WORDS},
        "dates": form.get("dates", ""),
        "encoding": form.get("encoding", ""),
    }


def _done(do: Callable[[Session], object], said: str, month: Month) -> Response:
    """Do it in one transaction, say how it went, and go back to the month."""
    try:
        with transaction(db.engine) as session:
            do(session)
        flash(said, "done")
    except DomainError as error:
        flash(explain(error.code, error.facts), "error")
    return redirect(url_for("months_pages.month", month=month))
