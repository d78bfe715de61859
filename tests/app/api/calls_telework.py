"""How the rows on plans of telework, and on who decides on them, are called, by the matrix."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from app.bookings.models import Booking
from app.bookings.rules import Status
from app.database import reading
from app.telework.models import TeleworkPlan
from app.telework.rules import PlanState
from tests.app.api.cells import Try
from tests.house import DAY, at

Call = Callable[[Try], TestResponse]
SEEN_AT = at("23:59").isoformat()


def on_form(path: str, field: str = "plan", **more: str) -> Call:
    """A form that names plans."""
    return lambda one: one.actor.call("POST", path, {field: f"{one.plan()}", **more})


def approve_week(one: Try) -> TestResponse:
    """It refuses nobody: what is not theirs to decide on waits as before."""
    on = DAY + timedelta(weeks=one.number)
    plan_id = one.plan(on)
    answer = one.actor.call("POST", "/telework/approvals/week", {"week": f"{on}", "seen_at": SEEN_AT})
    with reading(one.house.engine) as session:
        if session.get_one(TeleworkPlan, plan_id).state is not PlanState.APPROVED:
            answer.status_code = 403
    return answer


def give_up(path: str, field: str, as_body: Callable[[int], Any]) -> Call:
    """It refuses nobody: a booking that is not theirs stays."""

    def call(one: Try) -> TestResponse:
        booking_id = one.needless_booking()
        answer = one.actor.call("POST", path, {field: as_body(booking_id)})
        with reading(one.house.engine) as session:
            if session.get_one(Booking, booking_id).status is Status.BOOKED:
                answer.status_code = 403
        return answer

    return call


def on_deputy(method: str, path: str, body: Any = None) -> Call:
    return lambda one: one.actor.call(method, path.format(deputy=one.deputy()), body)


def name_deputy(path: str, chief: str, deputy: str) -> Call:
    def call(one: Try) -> TestResponse:
        chiba = one.house.people["chiba"].id
        return one.actor.call("POST", path, {chief: one.owner_id, deputy: chiba})

    return call


TELEWORK_CALLS: dict[str, Call] = {
    "POST /telework/withdraw": on_form("/telework/withdraw"),
    "POST /telework/restore": on_form("/telework/restore"),
    "POST /telework/report": on_form("/telework/report", text="x"),
    "POST /telework/approvals/decide": on_form("/telework/approvals/decide", verb="approve", seen_at=SEEN_AT),
    "POST /telework/approvals/week": approve_week,
    "POST /telework/free": give_up("/telework/free", "booking", str),
    "POST /api/v1/telework/needless": give_up("/api/v1/telework/needless", "booking_ids", lambda one: [one]),
    "GET /api/v1/telework/deputies/<int:deputy_id>": on_deputy("GET", "/api/v1/telework/deputies/{deputy}"),
    "DELETE /api/v1/telework/deputies/<int:deputy_id>": on_deputy(
        "DELETE", "/api/v1/telework/deputies/{deputy}"
    ),
    "POST /telework/approvals/deputies/<int:deputy_id>/end": on_deputy(
        "POST", "/telework/approvals/deputies/{deputy}/end", {}
    ),
    "POST /api/v1/telework/deputies": name_deputy("/api/v1/telework/deputies", "chief_id", "deputy_id"),
    "POST /telework/approvals/deputies": name_deputy("/telework/approvals/deputies", "chief", "deputy"),
}
