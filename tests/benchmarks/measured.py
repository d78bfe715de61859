"""The two operations that the house is measured by, each beside the least that could do the same.

- book: POST /bookings. Beside it a bare Flask endpoint that checks a token, reads a rule, inserts the guarded row and
  an event, in one transaction.
- view: GET /floors/{id}/availability, nothing cached. Beside it one query of the same rows and `json.dumps` of the
  same document, but for the reasons.

All in one process without a network between, in turns, so that what else the machine does weighs on both alike.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median, quantiles

from flask import Flask, Response, jsonify, request
from sqlalchemy import Engine, insert, select, text
from werkzeug.test import Client

from app.bookings.models import HOLDS, Booking
from app.bookings.rules import Origin, Status
from app.clock import system_clock
from app.database import transaction
from app.events import Event
from app.occupancy.models import SpaceState
from app.people.models import ApiToken
from app.spaces.models import PolicyValue, Space
from app.spaces.rules import Lane

HOUR = timedelta(hours=1)
DAYS = 12  # within the horizon of staff
VIEWS_AT_LEAST = 100  # of fewer, the 95th percentile is what another process did to two of them


@dataclass(frozen=True, slots=True)
class Office:
    """Where the bookings are made: each person has a seat of their own for the bare form and one for the house's."""

    spaces: Sequence[int]
    tokens: Sequence[str]
    begins: datetime
    floor_id: int = 1

    def body(self, turn: int, side: int) -> tuple[str, dict[str, object]]:
        """Token and request of a turn; no two clash, the two sides book different days."""
        who = turn % len(self.tokens)
        start = self.begins + (turn // len(self.tokens)) * HOUR + timedelta(days=6 * side)
        body = {"space_id": self.spaces[who], "start": start.isoformat(), "end": (start + HOUR).isoformat()}
        return self.tokens[who], body


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of each call, ours and the least's."""

    ours: list[float]
    least: list[float]

    @property
    def ratio(self) -> float:
        """The least's middle time divided by ours: 1 is as fast as it can be."""
        return median(self.least) / median(self.ours)

    def p95(self, of: Sequence[float]) -> float:
        return quantiles(of, n=20)[-1]


def bare_app(engine: Engine) -> Flask:
    """The least that books."""
    app = Flask("bare")

    @app.post("/book")
    def book() -> tuple[Response, int]:
        token = request.headers["Authorization"].removeprefix("Bearer ")
        body = request.get_json()
        now = system_clock()
        with transaction(engine) as session:
            digest = hashlib.sha256(token.encode()).hexdigest()
            user_id = session.scalars(
                select(ApiToken.user_id).where(ApiToken.token_hash == digest, ApiToken.revoked_at.is_(None))
            ).one()
            session.execute(select(PolicyValue)).all()
            row = {
                "space_id": body["space_id"],
                "user_id": user_id,
                "lane": Lane.DESK,
                "start_at": datetime.fromisoformat(body["start"]),
                "end_at": datetime.fromisoformat(body["end"]),
                "status": Status.BOOKED,
                "origin": Origin.BOOKED,
                "made_at": now,
                "made_by": user_id,
            }
            booking_id = session.execute(insert(Booking).returning(Booking.id), [row]).scalar_one()
            event = {
                "at": now,
                "kind": "booking.made",
                "subject": f"booking:{booking_id}",
                "actor_id": user_id,
                "data": {"space_id": body["space_id"]},
            }
            session.execute(insert(Event), [event])
        return jsonify(id=booking_id), 201

    return app


def book(office: Office, ours: Client, bare: Client, first: int, count: int) -> Figures:
    """Book `count` times on either side, in turns; turns are numbered from `first` and never come again."""

    def call(client: Client, path: str, turn: int, side: int) -> float:
        token, body = office.body(turn, side)
        begun = time.perf_counter()
        answer = client.post(path, json=body, headers={"Authorization": f"Bearer {token}"})
        taken = time.perf_counter() - begun
        assert answer.status_code == 201, answer.text
        return taken

    figures = Figures([], [])
    for turn in range(first, first + count):
        figures.ours.append(call(ours, "/api/v1/bookings", turn, 0))
        figures.least.append(call(bare, "/book", turn, 1))
    return figures


def view(office: Office, ours: Client, engine: Engine, count: int) -> Figures:
    """Look at the floor `count` times on either side, in turns."""
    end = office.begins + 2 * HOUR
    query = {"start": office.begins.isoformat(), "end": end.isoformat()}
    path = f"/api/v1/floors/{office.floor_id}/availability"
    headers = {"Authorization": f"Bearer {office.tokens[0]}"}

    def look() -> None:
        answer = ours.get(path, query_string=query, headers=headers)
        assert len(answer.get_json()["spaces"]) == len(office.spaces)

    def least() -> None:
        with engine.connect() as connection:
            rows = connection.execute(
                select(Space.id, Space.code, Space.kind, Space.zone_id, SpaceState.state, Booking.id)
                .join(SpaceState, SpaceState.space_id == Space.id, isouter=True)
                .join(
                    Booking,
                    (Booking.space_id == Space.id)
                    & HOLDS
                    & (Booking.start_at < end)
                    & (Booking.end_at > office.begins),
                    isouter=True,
                )
                .order_by(Space.code)
            ).all()
        said = [
            {
                "id": id_,
                "code": code,
                "kind": kind,
                "zone_id": zone_id,
                "available": booking_id is None,
                "occupancy": state,
                "booking_id": booking_id,
            }
            for id_, code, kind, zone_id, state, booking_id in rows
        ]
        json.loads(json.dumps({"spaces": said}))

    return Figures(*zip(*((_timed(look), _timed(least)) for _ in range(count)), strict=True))  # type: ignore[arg-type]


def _timed(do: Callable[[], None]) -> float:
    begun = time.perf_counter()
    do()
    return time.perf_counter() - begun


def floor_id(engine: Engine) -> int:
    """The one floor of the office."""
    with engine.connect() as connection:
        return int(connection.scalar(text("SELECT min(id) FROM floors")) or 0)
