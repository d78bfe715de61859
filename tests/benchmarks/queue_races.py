"""Races about what is held and what is let go, beside those of `races`, with people of their own.

- queue: a slot is held for one person, who accepts it while everybody else books it: theirs, every time.
- release: a no-show is released while its owner checks in and everybody else sits down there: never both.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Barrier
from time import perf_counter

from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from app.bookings import release
from app.bookings.models import Booking
from app.bookings.rules import LIVE, Origin, Status
from app.clock import system_clock
from app.database import create_engine, reading, transaction
from app.events import Event
from app.people import service as people
from app.people.models import Role
from app.spaces.models import Space, Zone
from app.spaces.rules import Kind, Lane
from app.spaces.service import set_policy
from app.waitlist.models import Entry
from app.waitlist.rules import State
from tests.servers.web import Answer, Client

SLOT = timedelta(minutes=15)
TOGETHER_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Stage:
    """Who races; by slot the start, the held booking's entry, and the no-show with its space. Slot n is runner n's,
    modulo their number."""

    tokens: Sequence[str]
    users: Sequence[int]
    wanted: int
    starts: Sequence[datetime]
    entries: Sequence[int]
    no_shows: Sequence[tuple[int, int]]


def set_up(url: str, starts: Sequence[datetime], clients: int, now: datetime) -> Stage:
    """Furnish what these races need in a database that has an office."""
    engine = create_engine(url)
    with transaction(engine) as session:
        on = now.date() - timedelta(days=1)
        users = [
            people.add_user(
                session,
                f"waiter-{number}@bench.example",
                name=f"待ち {number}",
                section_code="races",
                role=Role.CHIEF,
                now=now,
                on=on,
            )
            for number in range(clients)
        ]
        tokens = [people.issue_token(session, user, now=now) for user in users]
        set_policy(session, Kind.FOCUS_SEAT, "check_in_by_hand", "on", now=now, actor_id=None)
        zone_id = session.scalars(select(Zone.id)).first()
        wanted = Space(zone_id=zone_id, code="Q-0001", kind=Kind.SEAT)
        seats = [
            Space(zone_id=zone_id, code=f"N-{number:04d}", kind=Kind.FOCUS_SEAT)
            for number in range(len(starts))
        ]
        session.add_all([wanted, *seats])
        session.flush()
        held = [
            _booking(wanted, start, start + SLOT, now, user_id=users[number % clients].id, status=Status.HELD)
            for number, start in enumerate(starts)
        ]
        no_shows = [
            _booking(
                seat,
                now - timedelta(hours=2),
                now + timedelta(hours=6),
                now - timedelta(hours=3),
                guest_name="来客",
                made_by=users[number % clients].id,
                status=Status.BOOKED,
            )
            for number, seat in enumerate(seats)
        ]
        session.add_all([*held, *no_shows])
        session.flush()
        entries = [
            Entry(
                user_id=one.user_id,
                lane=one.lane,
                space_id=wanted.id,
                start_at=one.start_at,
                end_at=one.end_at,
                state=State.OFFERED,
                booking_id=one.id,
                hold_until=one.start_at,
                made_at=now,
            )
            for one in held
        ]
        session.add_all(entries)
        session.flush()
        stage = Stage(
            tokens,
            [user.id for user in users],
            wanted.id,
            starts,
            [one.id for one in entries],
            [(one.id, one.space_id) for one in no_shows],
        )
    engine.dispose()
    return stage


def _booking(space: Space, start: datetime, end: datetime, made_at: datetime, **more: object) -> Booking:
    return Booking(
        space_id=space.id,
        lane=Lane.DESK,
        start_at=start,
        end_at=end,
        origin=Origin.BOOKED,
        made_at=made_at,
        **more,
    )


Act = Callable[[Client, int, int], Answer]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a race: the slots that ended as they must, and every answer."""

    won: int
    answers: Sequence[Answer]


def run(url: str, stage: Stage, ports: Sequence[int]) -> dict[str, Outcome]:
    """Both races, by name."""
    engine = create_engine(url)
    queue = _race(stage, ports, lambda client, runner, slot: _queue(client, stage, runner, slot))
    let_go = _race(stage, ports, lambda client, runner, slot: _release(client, stage, runner, slot, engine))
    with reading(engine) as session:
        found = {
            "queue": Outcome(_accepted(session, stage), queue),
            "release": Outcome(_decided(session, stage), let_go),
        }
    engine.dispose()
    return found


def _race(stage: Stage, ports: Sequence[int], act: Act) -> list[Answer]:
    line = Barrier(len(stage.tokens), timeout=TOGETHER_SECONDS)

    def runner(number: int) -> list[Answer]:
        answers = []
        with closing(Client(ports[number % len(ports)], stage.tokens[number])) as client:
            for slot in range(len(stage.starts)):
                line.wait()
                answers.append(act(client, number, slot))
        return answers

    with ThreadPoolExecutor(len(stage.tokens)) as pool:
        return [answer for answers in pool.map(runner, range(len(stage.tokens))) for answer in answers]


def _queue(client: Client, stage: Stage, runner: int, slot: int) -> Answer:
    if runner == slot % len(stage.tokens):
        return client.try_request("POST", f"/api/v1/waitlist/{stage.entries[slot]}/accept")
    start = stage.starts[slot]
    body = {"space_id": stage.wanted, "start": start.isoformat(), "end": (start + SLOT).isoformat()}
    return client.try_request("POST", "/api/v1/bookings", body)


def _release(client: Client, stage: Stage, runner: int, slot: int, engine: Engine) -> Answer:
    booking_id, space_id = stage.no_shows[slot]
    turn = (runner - slot) % len(stage.tokens)
    if turn == 0:
        return client.try_request("POST", f"/api/v1/bookings/{booking_id}/check-in")
    if turn > 1:
        return client.try_request("POST", f"/api/v1/spaces/{space_id}/claim")
    began = perf_counter()
    with transaction(engine) as session:
        due = release.Due((session.get_one(Booking, booking_id),))
        release.release_no_shows(session, due, {}, system_clock())
    return Answer(204, None, perf_counter() - began)


def _accepted(session: Session, stage: Stage) -> int:
    """Slots that are held once, by whom they were offered to."""
    rows = session.execute(
        select(Booking.start_at, Booking.user_id).where(
            Booking.space_id == stage.wanted, Booking.status.in_(LIVE), Booking.status != Status.HELD
        )
    ).all()
    holders = Counter(row.start_at for row in rows)
    owner = {at: stage.users[number % len(stage.users)] for number, at in enumerate(stage.starts)}
    return sum(holders[row.start_at] == 1 and owner[row.start_at] == row.user_id for row in rows)


def _decided(session: Session, stage: Stage) -> int:
    """No-shows of which exactly one is true, the row and the log alike: they came, or the space was released."""
    told = dict(
        session.execute(
            select(Event.subject, func.count())
            .where(Event.kind.in_(("booking.checked_in", "booking.released")))
            .group_by(Event.subject)
        ).all()
    )
    ids = [booking_id for booking_id, _space in stage.no_shows]
    ended = session.scalars(
        select(Booking.id).where(
            Booking.id.in_(ids), Booking.status.in_((Status.CHECKED_IN, Status.RELEASED))
        )
    )
    return sum(told.get(f"booking:{one}") == 1 for one in ended)
