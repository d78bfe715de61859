"""API of usage: what really happened, beside what was booked."""

from typing import Any

from app import happenings
from app.access import READERS, Role, allow, asker
from app.cursors import id_page, key_page, paged_by
from app.database import reading, transaction
from app.extensions import db
from app.fields import Identifier
from app.http import ETAG_HEADER, IF_MATCH, Blueprint, PageArguments, etag, now, require_version
from app.timespan import TimeSpan
from app.usage import correcting, history, service
from app.usage.rules import Reason
from app.usage.schemas import CorrectionRequest, CorrectionView, HistoryList, UsageList, UsageQuery

api = Blueprint("usage", "usage", url_prefix="/api/v1", description="Usage")
# Who looks after the rooms sees all of them; everybody else their own bookings.
SEES_ALL = frozenset({Role.FACILITY, Role.AUDITOR})


@api.route("/usage")
@api.arguments(paged_by(Identifier(strict=True), Identifier(strict=True), of=UsageQuery), location="query")
@api.response(200, UsageList)
@allow(*READERS)
def usage(query: dict[str, Any]) -> Any:
    """Booked against actual; without facility rights, one's own bookings only"""
    person = asker()
    with reading(db.engine) as session:
        rows = service.ledger(
            session,
            TimeSpan(query["start"], query["end"]),
            now=now(),
            space_id=query["space"],
            zone_id=query["zone"],
            section_id=query["section"],
            user_id=None if person.role in SEES_ALL else person.id,
        )
    return key_page(rows, query, service.place)


@api.route("/usage/<int:booking_id>/correction", methods=["PUT"])
@api.doc(parameters=[IF_MATCH])
@api.arguments(CorrectionRequest)
@api.response(200, CorrectionView, headers=ETAG_HEADER)
@allow(Role.FACILITY)
def correct(body: dict[str, Any], booking_id: int) -> Any:
    """Say what really happened of a booking that is over; send its version in If-Match"""
    with transaction(db.engine) as session:
        booking = correcting.get_booking(session, booking_id, actor=asker(), to_change=True)
        require_version(booking.version)
        real = TimeSpan(body["start"], body["end"]) if body["start"] else None
        made = correcting.correct(
            session,
            booking,
            real,
            reason=Reason(body["reason"]),
            note=body["note"],
            actor=asker(),
            now=now(),
        )
        version = booking.version
        session.expunge(made)
    return made, 200, {"ETag": etag(version)}


@api.route("/bookings/<int:booking_id>/history")
@api.arguments(PageArguments, location="query")
@api.response(200, HistoryList)
@allow(*READERS)
def booking_history(query: dict[str, Any], booking_id: int) -> Any:
    """All that happened to a booking, in plain words of the reader's language"""
    with reading(db.engine) as session:
        story = history.story_of(session, booking_id, actor=asker(), now=now())
    if story.is_look:
        with transaction(db.engine) as session:
            history.note_look(session, story, actor=asker(), now=now())
    page = id_page(story.events, query)
    page["items"] = [
        {
            "at": one.at,
            "kind": one.kind,
            "who": story.who.get(one.actor_id or 0, ""),
            "text": happenings.sentence(one, story.who),
            "changes": happenings.changes(one, story.spaces),
            "why": happenings.why(one),
        }
        for one in page["items"]
    ]
    return page
