"""API of usage: what really happened, beside what was booked."""

from typing import Any

from app.access import READERS, Role, allow, asker
from app.database import reading
from app.extensions import db
from app.http import Blueprint, now
from app.timespan import TimeSpan
from app.usage import service
from app.usage.schemas import UsageList, UsageQuery

api = Blueprint("usage", "usage", url_prefix="/api/v1", description="Usage")
# Who looks after the rooms sees all of them; everybody else their own bookings.
SEES_ALL = frozenset({Role.FACILITY, Role.AUDITOR})


@api.route("/usage")
@api.arguments(UsageQuery, location="query")
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
    return {"items": rows, "next_cursor": None}
