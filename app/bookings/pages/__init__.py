"""One's bookings in the browser: make, see, check in, change, give back. Every form posts and is redirected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, time, timedelta
from functools import partial
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from app import pipeline
from app.access import PEOPLE, allow, asker
from app.bookings import absence, attendees, instead, presence, release, reserve, service, walk_in, warning
from app.bookings.models import Booking
from app.bookings.pages import asking, changing, repeating
from app.bookings.rules import Status
from app.bookings.series import service as series
from app.bookings.series.listing import asked_of
from app.bookings.series.rules import Scope
from app.database import reading, transaction
from app.errors import DomainError, RuleBroken
from app.extensions import db
from app.fields import day_typed, zone_typed
from app.formats import by_clock, day
from app.http import identifier, now, settings, today
from app.texts import address_parts, inside, is_storable
from app.timespan import TimeSpan, chosen_span
from app.wording import explain

pages = Blueprint("bookings_pages", __name__)
BACK = timedelta(days=7)


@pages.get("/bookings")
@allow(*PEOPLE)
def mine() -> str:
    """What is live now and to come, and the last week."""
    with reading(db.engine) as session:
        rows = service.own_bookings(session, user_id=asker().id, since=now() - BACK)
        asked = asked_of(session, asker().id)
        for_others = service.booked_for_others(session, actor_id=asker().id, now=now())
        invited = attendees.invitations(session, asker().id, now())
        seen = walk_in.just_seen(session, person=asker(), now=now())
        coming = attendees.addresses_of(session, [row.booking.id for row in rows if row.booking.is_live])
        is_awaiting = pipeline.is_awaiting(session, asker().id, now=now())
    # What was released may be taken back until its end, so it stays with what is to come.
    current = [
        row
        for row in rows
        if row.booking.is_live or (row.booking.status is Status.RELEASED and row.booking.end_at > now())
    ]
    over = [row for row in reversed(rows) if row not in current]
    return render_template(
        "bookings.html",
        current=current,
        over=over,
        seen=seen,
        invited=invited,
        for_others=for_others,
        coming=coming,
        asked=asked,
        is_awaiting=is_awaiting,
        today=today(),
        now=now(),
        Status=Status,
    )


@pages.post("/bookings")
@allow(*PEOPLE)
def book() -> Response | str:
    """Book once; what repeats goes to the page that shows each day first."""
    if request.form.get("repeat") or request.form.get("weekday"):
        return repeating.book(_chosen, _text)

    guests: list[str] = []

    def make(session: Session) -> Booking:
        booking = reserve.reserve(
            session,
            actor=asker(),
            space_id=request.form.get("space_id", 0, type=identifier),
            span=_chosen(),
            now=now(),
            **attendees.whom(session, _text("for", 254)),
            title=_text("title", 120),
        )
        invited = attendees.by_address(session, _text("attendees", 2000))
        attendees.invite(session, booking, invited, actor=asker(), now=now())
        guests.extend(filter(None, [booking.guest_name]))
        return booking

    def said() -> str:
        for_guest: str = gettext("Booked for your guest %(name)s.", name=guests[0]) if guests else ""
        return for_guest or gettext("Booked.")

    return _done(make, said)


@pages.post("/spaces/<int:space_id>/claim")
@allow(*PEOPLE)
def claim(space_id: int) -> Response:
    return _done(
        lambda session: pipeline.claim(session, actor=asker(), space_id=space_id, now=now()),
        gettext("This seat is yours until you leave."),
    )


@pages.post("/bookings/<int:booking_id>/<any('check-in', 'end', 'reclaim', 'cancel', 'still-coming'):verb>")
@allow(*PEOPLE)
def act(booking_id: int, verb: str) -> Response:
    verbs: dict[str, tuple[Callable[..., Booking], str]] = {
        "check-in": (presence.check_in, gettext("Checked in. Welcome.")),
        "end": (partial(pipeline.give_back, office=settings()), gettext("Given back. Thank you.")),
        "reclaim": (release.reclaim, gettext("It is yours again.")),
        "cancel": (partial(pipeline.cancel, office=settings()), gettext("Cancelled.")),
        "still-coming": (warning.still_coming, gettext("Good: the space stays yours for a while longer.")),
    }
    does, said = verbs[verb]

    def act_on(session: Session) -> Booking:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        words = {"why": _text("why", 200)} if verb in {"end", "cancel"} else {}
        return does(session, booking, actor=asker(), now=now(), **words)

    return _done(act_on, said)


@pages.post("/bookings/<int:booking_id>/cancel-series")
@allow(*PEOPLE)
def cancel_series(booking_id: int) -> Response:
    def cancel(session: Session) -> Booking:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        pipeline.cancel(
            session,
            booking,
            actor=asker(),
            now=now(),
            scope=_scope(),
            why=_text("why", 200),
            office=settings(),
        )
        return booking

    return _done(cancel, gettext("Cancelled."))


@pages.post("/bookings/<int:booking_id>/decline")
@allow(*PEOPLE)
def decline(booking_id: int) -> Response:
    """One does not come to what one is invited to."""

    def decline(session: Session) -> None:
        booking = attendees.get_invitation(session, booking_id, actor=asker())
        attendees.decline(session, booking, actor=asker(), now=now(), why=_text("why", 200))

    return _done(decline, gettext("Declined. Whoever invites you is told."))


@pages.post("/series/<int:series_id>/confirm")
@allow(*PEOPLE)
def confirm_series(series_id: int) -> Response:
    return _done(
        lambda session: series.confirm(session, series_id, actor=asker(), now=now()),
        gettext("The series stays."),
    )


@pages.post("/bookings/absence")
@allow(*PEOPLE)
def absent() -> Response | str:
    """First what would be cancelled of one's own, or of whom one acts for, then, confirmed, all of it; of their guests'
    what is ticked."""
    user_id = request.form.get("user_id", type=identifier) or asker().id
    try:
        first = day_typed(request.form.get("first", ""))
        last = day_typed(request.form.get("last", ""))
        days = absence.Days(first, last, now())
        if days.window is None:
            raise ValueError
    except (ValueError, OverflowError):
        flash(gettext("Choose a first day and a last one that are not over."), "error")
        return redirect(_then() or url_for("bookings_pages.mine"))
    if request.form.get("confirmed"):
        return _cancelled(user_id, days)
    with asking.looking_at(user_id) as session:
        found = pipeline.needless_within(session, user_id, days, now=now(), office=settings())
        session.expunge_all()
    return render_template(
        "absence.html",
        found=found,
        first=first,
        last=last,
        user_id=user_id,
        then=_then(),
    )


def _cancelled(user_id: int, days: absence.Days) -> Response:
    """All of it is cancelled; where guests' bookings alone were to be had and none is ticked, that is said."""
    given = []

    def cancel(session: Session) -> None:
        done = pipeline.cancel_within(
            session,
            user_id,
            days,
            actor=asker(),
            now=now(),
            office=settings(),
            why=_text("why", 200),
            guest_booking_ids=request.form.getlist("guest_booking", type=identifier),
        )
        given.extend([*done.bookings, *done.waits, *done.draws])

    def said() -> str:
        return str(gettext("Cancelled.") if given else gettext("Nothing was ticked: nothing is cancelled."))

    return _done(cancel, said, _then() or url_for("bookings_pages.mine"))


@pages.post("/bookings/<int:booking_id>/change")
@allow(*PEOPLE)
def change(booking_id: int) -> Response:
    left_out: list[TimeSpan] = []

    def move(session: Session) -> Booking:
        booking = service.get_booking(session, booking_id, actor=asker(), to_change=True)
        if request.form.get("version", type=int) != booking.version:
            raise RuleBroken("booking.changed")
        why, span = _text("why", 200), changing.typed(booking)
        wanted: dict[str, Any] = {
            "actor": asker(),
            "now": now(),
            "space_id": _elsewhere(session, booking),
            "words": service.Words(_retitled(booking), why, _coming(session, booking)),
        }
        scope, version = _scope(), booking.version
        if scope is Scope.ONE:
            pipeline.move(session, booking, span=span, **wanted, office=settings())
        else:
            moved = series.move(session, booking, scope, span, **wanted)
            left_out.extend(span for _gone, span in moved.left_out)
        if booking.version == version:
            service.explain_change(session, booking, why, actor=asker(), now=now())
        return booking

    return _done(move, lambda: _changed(left_out), refused=lambda error: changing.refused(booking_id, error))


# What of the form was left alone, None here, means nothing for the other bookings of a series: they may have a space, a
# title and attendees of their own.


def _elsewhere(session: Session, booking: Booking) -> int | None:
    """The other space of the form."""
    code = _text("code", 32)
    space_id = service.space_called(session, code) if code else booking.space_id
    return space_id if space_id != booking.space_id else None


def _retitled(booking: Booking) -> str | None:
    """The other title of the form."""
    title = _text("title", 120) if "title" in request.form else booking.title
    return title if title != booking.title else None


def _coming(session: Session, booking: Booking) -> list[int] | None:
    """Who else is to come by the form, where that is somebody else."""
    if "attendees" not in request.form:
        return None
    invited = attendees.by_address(session, _text("attendees", 2000))
    before = attendees.attendee_ids(session, [booking.id]).get(booking.id, [])
    return invited if set(invited) - {booking.user_id} != set(before) else None


def _changed(left_out: Sequence[TimeSpan]) -> str:
    """What is said of a change, and which of a series' days it left out."""
    days = gettext(", ").join(day(span.start) for span in left_out)
    said: str = (
        gettext("Changed. What would have come to a closed day is cancelled: %(days)s.", days=days)
        if left_out
        else gettext("Changed.")
    )
    return said


def _scope() -> Scope:
    """Which of a series the form means."""
    wanted = request.form.get("scope", "")
    return Scope(wanted) if wanted in set(Scope) else Scope.ONE


def _chosen() -> TimeSpan:
    """The span of the form: two instants, or in local time."""
    try:
        if "start" in request.form:
            start_at, end_at = (
                datetime.fromisoformat(request.form.get(name, "")) for name in ("start", "end")
            )
            return TimeSpan(start_at, end_at)
        on = day_typed(request.form.get("date", ""))
        start = time.fromisoformat(request.form.get("from", ""))
        end = time.fromisoformat(request.form.get("to", ""))
        return chosen_span(on, start, end, settings().timezone)
    except (ValueError, OverflowError) as error:
        raise RuleBroken("request.invalid") from error


def _text(name: str, most: int) -> str:
    """A text of the form."""
    text = request.form.get(name, "").strip()[:most]
    if not is_storable(text):
        raise RuleBroken("request.invalid")
    return text


def _done(
    do: Callable[[Session], object],
    said: str | Callable[[], str],
    then: str = "",
    refused: Callable[[DomainError], Response] | None = None,
) -> Response:
    """Do it in one transaction, say how it went, and go on, or back to where the person was. `said`: told when it is
    done. `refused`: the page that says why not. Times are told by the clock of the page that the form stands on."""
    try:
        with (
            instead.told(db.engine, actor=asker(), now=now(), hours=settings().hours),
            transaction(db.engine) as session,
        ):
            do(session)
        flash(said if isinstance(said, str) else said(), "done")
    except DomainError as error:
        if refused is not None:
            return refused(error)
        with by_clock(zone_typed(request.form.get("clock", ""))):
            flash(explain(error.code, error.facts), "error")
    return redirect(then or _back())


def _then() -> str:
    """The page of this site to which the form leads back, if it names one."""
    return inside(request.form.get("then", ""))


def _back() -> str:
    """The page that the form leads back to, or was on."""
    if _then():
        return _then()
    came_from = address_parts(request.referrer or "")
    if came_from.netloc == request.host and came_from.path.startswith("/"):
        return came_from.path + (f"?{came_from.query}" if came_from.query else "")
    return url_for("bookings_pages.mine")
