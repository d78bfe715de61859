"""How each row on people's data is called with those of one person. Whether it succeeds is another test's matter: here
it is refused as somebody else's, or not."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from werkzeug.test import TestResponse

from tests.app.api.calls_people import PEOPLE_CALLS
from tests.app.api.calls_rotation import ROTATION_CALLS
from tests.app.api.calls_telework import TELEWORK_CALLS
from tests.app.api.cells import Try
from tests.house import DAY, at

ANSWER = {"class": "office", "why": "x"}

ANSWERS = "<any('accept', 'decline', 'leave'):verb>"
VERBS = "<any('check-in', 'end', 'reclaim', 'cancel', 'still-coming'):verb>"


def on_booking(
    method: str, suffix: str = "", body: Any = None, base: str = "/api/v1"
) -> Callable[[Try], TestResponse]:
    def call(one: Try) -> TestResponse:
        return one.actor.call(method, f"{base}/bookings/{one.booking()}{suffix}", body, If_Match='"1"')

    return call


def on_invitation(base: str = "/api/v1") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(
        "POST", f"{base}/bookings/{one.invitation()}/decline", None if base else {}
    )


def book_for(one: Try) -> TestResponse:
    body = {
        "space_id": one.house.spaces["bare"],
        "start": at(f"{one.hour:02}:00", day=one.day).isoformat(),
        "end": at(f"{one.hour:02}:30", day=one.day).isoformat(),
        "for_user_id": one.owner_id,
    }
    return one.actor.call("POST", "/api/v1/bookings", body)


def cancel_within(one: Try) -> TestResponse:
    body = {"user_id": one.owner_id, "from": at("09:00").isoformat(), "to": at("10:00").isoformat()}
    return one.actor.call("POST", "/api/v1/bookings/cancel", body)


def usage_of(one: Try) -> TestResponse:
    """The ledger refuses nobody: what is not theirs is not in it."""
    booking = one.booking()
    span = {"from": at("00:00").isoformat(), "to": at("00:00", day=14).isoformat()}
    shown = one.actor.api.client.get(
        "/api/v1/usage", query_string=span, headers=one.actor.api.headers("aoki")
    )
    if shown.status_code == 200 and booking not in {row["booking_id"] for row in shown.get_json()["items"]}:
        shown.status_code = 403
    return shown


def found_in(path: str) -> Callable[[Try], TestResponse]:
    """A report, or a search, refuses nobody: who is not theirs is not in it."""

    def call(one: Try) -> TestResponse:
        one.half_day()
        shown = one.actor.call(
            "GET", path.format(days=f"from={DAY - timedelta(days=1)}&to={DAY}", name=one.owner)
        )
        if shown.status_code == 200 and not re.search(rf'[>",]{one.owner}[<",]', shown.text):
            shown.status_code = 403
        return shown

    return call


def on_entry(method: str, suffix: str = "", base: str = "/api/v1/waitlist") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(
        method, f"{base}/{one.entry()}{suffix}", {} if base == "/queue" else None
    )


def on_plan(suffix: str = "", body: Any = None, method: str = "POST") -> Callable[[Try], TestResponse]:
    return lambda one: one.actor.call(method, f"/api/v1/telework/plans/{one.plan()}{suffix}", body)


def issue_token(one: Try) -> TestResponse:
    return one.actor.call("POST", "/api/v1/tokens", {"label": "x", "user_id": one.owner_id})


def correct_usage(one: Try) -> TestResponse:
    path = f"/api/v1/usage/{one.booking()}/correction"
    return one.actor.call("PUT", path, {"reason": "sensor_missed"}, If_Match='"1"')


CALLS: dict[str, Callable[[Try], TestResponse]] = {
    "GET /api/v1/bookings": lambda one: one.actor.call("GET", f"/api/v1/bookings?user={one.owner_id}"),
    "GET /api/v1/series": lambda one: one.actor.call("GET", f"/api/v1/series?user={one.owner_id}"),
    "POST /api/v1/bookings": book_for,
    "POST /api/v1/bookings/cancel": cancel_within,
    "GET /api/v1/bookings/<int:booking_id>": on_booking("GET"),
    "PATCH /api/v1/bookings/<int:booking_id>": on_booking("PATCH", body={"title": "x"}),
    "DELETE /api/v1/bookings/<int:booking_id>": on_booking("DELETE"),
    "POST /api/v1/bookings/<int:booking_id>/check-in": on_booking("POST", "/check-in"),
    "POST /api/v1/bookings/<int:booking_id>/end": on_booking("POST", "/end"),
    "POST /api/v1/bookings/<int:booking_id>/reclaim": on_booking("POST", "/reclaim"),
    "POST /api/v1/bookings/<int:booking_id>/still-coming": on_booking("POST", "/still-coming"),
    "GET /api/v1/bookings/<int:booking_id>/history": on_booking("GET", "/history"),
    "GET /api/v1/tokens": lambda one: one.actor.call("GET", f"/api/v1/tokens?user={one.owner_id}"),
    "POST /api/v1/tokens": issue_token,
    "DELETE /api/v1/tokens/<int:token_id>": lambda one: one.actor.call(
        "DELETE", f"/api/v1/tokens/{one.token()}"
    ),
    "GET /api/v1/waitlist/<int:entry_id>": on_entry("GET"),
    "DELETE /api/v1/waitlist/<int:entry_id>": on_entry("DELETE"),
    "POST /api/v1/waitlist/<int:entry_id>/accept": on_entry("POST", "/accept"),
    "POST /api/v1/waitlist/<int:entry_id>/decline": on_entry("POST", "/decline"),
    "POST /api/v1/series/<int:series_id>/confirm": lambda one: one.actor.call(
        "POST", f"/api/v1/series/{one.series()}/confirm"
    ),
    "GET /api/v1/telework/days": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/days?from={DAY}&to={DAY}&user={one.owner_id}"
    ),
    "GET /api/v1/telework/caps": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/caps?user={one.owner_id}"
    ),
    "POST /api/v1/telework/approvals": lambda one: one.actor.call(
        "POST", "/api/v1/telework/approvals", {"plan_ids": [one.plan()]}
    ),
    "GET /api/v1/telework/plans/<int:plan_id>": on_plan(method="GET"),
    **{
        f"POST /api/v1/telework/plans/<int:plan_id>/{verb}": on_plan(f"/{verb}", body)
        for verb, body in {
            "approve": None,
            "reject": {"reason": "x"},
            "revoke": {"reason": "x"},
            "report": {"text": "x"},
            "restore": None,
            "withdraw": None,
        }.items()
    },
    "GET /api/v1/usage": usage_of,
    "POST /bookings/<int:booking_id>/change": on_booking(
        "POST", "/change", {"version": "1", "title": "x"}, base=""
    ),
    "POST /bookings/<int:booking_id>/cancel-series": on_booking(
        "POST", "/cancel-series", {"version": "1"}, base=""
    ),
    f"POST /bookings/<int:booking_id>/{VERBS}": on_booking("POST", "/end", {"version": "1"}, base=""),
    "GET /bookings/<int:booking_id>/history": on_booking("GET", "/history", base=""),
    "POST /tokens/<int:token_id>/revoke": lambda one: one.actor.call(
        "POST", f"/tokens/{one.token()}/revoke", {}
    ),
    f"POST /queue/<int:entry_id>/{ANSWERS}": on_entry("POST", "/leave", "/queue"),
    "POST /series/<int:series_id>/confirm": lambda one: one.actor.call(
        "POST", f"/series/{one.series()}/confirm", {}
    ),
    "POST /api/v1/bookings/<int:booking_id>/decline": on_invitation(),
    "POST /bookings/<int:booking_id>/decline": on_invitation(""),
    "GET /bookings/<int:booking_id>/change": on_booking("GET", "/change", base=""),
    "PUT /api/v1/usage/<int:booking_id>/correction": correct_usage,
    "POST /bookings/<int:booking_id>/history": on_booking(
        "POST", "/history", {"version": "1", "nobody": "1", "reason": "sensor_missed"}, base=""
    ),
    **TELEWORK_CALLS,
    # At the end: an hour that a row above is tried at must stay its own.
    "GET /api/v1/reports/<string:name>": found_in("/api/v1/reports/telework_monthly?{days}"),
    "GET /api/v1/telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "GET", f"/api/v1/telework/days/{one.half_day()}"
    ),
    "POST /api/v1/telework/days/<int:half_day_id>/correct": lambda one: one.actor.call(
        "POST", f"/api/v1/telework/days/{one.half_day()}/correct", {"class": "office", "why": "x"}
    ),
    "GET /reports/<string:name>": found_in("/reports/telework_monthly?{days}"),
    "GET /reports/<string:name>/csv": found_in("/reports/telework_monthly/csv?{days}"),
    "GET /telework/days": lambda one: one.actor.call("GET", f"/telework/days?user={one.owner_id}"),
    "GET /telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "GET", f"/telework/days/{one.half_day()}"
    ),
    "POST /telework/days/<int:half_day_id>": lambda one: one.actor.call(
        "POST", f"/telework/days/{one.half_day()}", ANSWER
    ),
    "GET /bookings/others": lambda one: one.actor.call("GET", f"/bookings/others?person={one.owner_id}"),
    "POST /bookings/absence": lambda one: one.actor.call(
        "POST", "/bookings/absence", {"user_id": one.owner_id, "first": f"{DAY}", "last": f"{DAY}"}
    ),
    "GET /api/v1/presence": found_in("/api/v1/presence?q={name}"),
    **ROTATION_CALLS,
    **PEOPLE_CALLS,
}
