"""A series in the browser: every day is shown before anything is booked."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from http import HTTPStatus
from typing import Any

from flask import flash, make_response, redirect, render_template, request, url_for
from flask_babel import gettext
from werkzeug.wrappers import Response

from app.access import asker
from app.bookings import attendees, service
from app.bookings.making import RECEIVES_GUESTS
from app.bookings.pages import asking
from app.bookings.series import service as series
from app.bookings.series.rules import Every, LeftOut, Recurrence
from app.calendar import working_days
from app.database import reading, rehearsal, transaction
from app.errors import Conflict, DomainError, NotFound, RuleBroken
from app.extensions import db
from app.fields import day_typed
from app.formats import day
from app.http import identifier, now, settings
from app.texts import date_written, listed
from app.timespan import TimeSpan
from app.wording import explain

CHOSEN = "dates"
ALL = "all"
MOST_TOLD = 20


def book(chosen: Callable[[], TimeSpan], text: Callable[[str, int], str]) -> Response | str:
    """The page that shows each day; confirmed, the booking of all of them, or of those that can be had.

    `chosen` and `text` read the form's span and its texts. Who confirms all and cannot have them any more books nothing
    and is shown the days once more; who confirms twice is told that they have them.
    """
    confirmed, said = request.form.get("confirmed", ""), ""
    try:
        ask, whom, others = _ask(chosen(), text("title", 120)), text("for", 254), text("attendees", 2000)
        try:
            made = _make(ask, whom, others, confirmed)
        except Conflict as error:
            if confirmed != ALL or error.code != "series.refused":
                raise
            confirmed, said, made = "", explain(error.code, error.facts), _make(ask, whom, others, "")
    except DomainError as error:
        return _refused(error)
    spans = [one.span for one in made.bookings]
    is_again = bool(request.form.get("confirmed") and made.refused) and not spans
    if is_again and _are_held(ask.space_id, made.refused):
        flash(gettext("These days are booked already."), "done")
        return redirect(url_for("bookings_pages.mine"))
    if said:
        flash(said, "error")
    if confirmed:
        _say(spans, made.refused)
        return redirect(url_for("bookings_pages.mine"))
    rows = [
        *(Row(_day(span), span) for span in spans),
        *(Row(_day(one.span), one.span, refused=one) for one in made.refused),
        *(Row(one.on, left_out=one) for one in made.left_out),
    ]
    return render_template(
        "series.html",
        rows=sorted(rows, key=lambda row: row.on),
        possible=len(spans),
        asked=sum(not one.left_out or not one.left_out.and_later for one in rows),
        codes={one.space.space_id: one.space.code for one in made.refused if one.space},
        explain=explain,
        form=request.form,
    )


def _make(ask: series.Ask, whom: str, others: str, confirmed: str) -> series.Made:
    """Book the days, or, not confirmed, only try to. `whom`, `others`: names or addresses as they were typed."""
    with (transaction if confirmed else rehearsal)(db.engine) as session:
        ask = replace(ask, **attendees.whom(session, whom), attendees=attendees.by_address(session, others))
        made = series.make(
            session,
            ask,
            actor=asker(),
            calendar=working_days(session, ask.first.start.year),
            hours=settings().hours,
            now=now(),
            possible_ones=confirmed != ALL,
        )
        session.flush()
        session.expunge_all()
    if not confirmed and ask.for_user_id is not None:
        asking.looked_at(ask.for_user_id)
    return made


def _are_held(space_id: int, refused: Sequence[series.Refused]) -> bool:
    """Whether the asker made all of these bookings before, as by a second click."""
    with reading(db.engine) as session:
        held = service.spans_made(session, space_id, made_by=asker().id, since=now())
    return {one.span for one in refused} <= held


@dataclass(frozen=True, slots=True)
class Row:
    """A day of the page, free where it is neither refused nor left out."""

    on: date
    span: TimeSpan | None = None
    refused: series.Refused | None = None
    left_out: LeftOut | None = None


def _day(span: TimeSpan) -> date:
    return span.start.astimezone(settings().timezone).date()


def _refused(error: DomainError) -> Response:
    """The form once more as it was typed, with why not; the floor, where it names no space that there is."""
    said = explain(error.code, error.facts)
    try:
        with reading(db.engine) as session:
            space = service.get_space(session, request.form.get("space_id", 0, type=identifier))
            session.expunge_all()
    except NotFound:
        flash(said, "error")
        return redirect(url_for("boards_pages.start"))
    typed = request.form.to_dict() | {"weekdays": request.form.getlist("weekday")}
    books_for = asker().role in RECEIVES_GUESTS
    page = render_template("series_refused.html", space=space, said=said, typed=typed, books_for=books_for)
    return make_response(page, HTTPStatus.CONFLICT)


def _say(spans: Sequence[TimeSpan], refused: Sequence[series.Refused]) -> None:
    """What was booked; and which of the days that the page had shown as free are not any more, and why."""
    if spans:
        flash(gettext("%(count)s days booked.", count=len(spans)), "done")
    else:
        flash(gettext("Not every day can be had. Nothing was booked."), "error")
    shown = set(request.form.getlist("shown"))
    lost: dict[str, list[str]] = {}
    for one in refused:
        if one.span.start.isoformat() in shown:
            lost.setdefault(explain(one.error.code, one.error.facts), []).append(day(one.span.start))
    for why, days in lost.items():
        # What is flashed travels in a cookie.
        told = gettext(", ").join(days[:MOST_TOLD]) + " …" * (len(days) > MOST_TOLD)
        flash(gettext("Lost since you looked, so not booked: %(days)s. %(why)s", days=told, why=why), "error")


def _ask(first: TimeSpan, title: str) -> series.Ask:
    """Who ticks weekdays means every week on these, whatever else was chosen, but for chosen days."""
    repeat, until = request.form.get("repeat", ""), request.form.get("repeat_until", "")
    ticked, closed_too = request.form.getlist("weekday"), bool(request.form.get("closed_too"))
    try:
        if repeat == CHOSEN:
            written = listed(request.form.get("dates", ""))
            if not written:
                raise ValueError("no day is chosen")
            dates = tuple(day_typed(date_written(one).isoformat()) for one in written)
            recurrence = Recurrence(dates=dates, working_days_only=not closed_too)
            rule: dict[str, Any] = {"dates": [on.isoformat() for on in dates]}
        else:
            weekdays = frozenset(range(7).index(int(one)) for one in ticked)
            every = Every.WEEK if weekdays else Every(repeat)
            recurrence = Recurrence(every, weekdays, until=day_typed(until), working_days_only=not closed_too)
            rule = {"every": every.value, "weekdays": sorted(weekdays), "until": until}
        space_id = identifier(request.form.get("space_id", ""))
    except ValueError as error:
        raise RuleBroken("series.dates" if repeat == CHOSEN else "series.until") from error
    return series.Ask(space_id, first, recurrence, rule | {"working_days_only": not closed_too}, title=title)
