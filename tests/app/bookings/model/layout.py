"""What the facility staff decide."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.spaces import barriers, outages
from app.spaces.models import Site
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from app.timespan import TimeSpan
from tests.app.bookings.model import verbs
from tests.app.bookings.model.machine import Machine, places
from tests.app.bookings.model.office import PLACES, Closed, Refused
from tests.app.bookings.model.sensors import MINUTE


class Layout(Machine):
    """Closing, breaking, limits."""

    def __init__(self) -> None:
        super().__init__()
        self.closures: list[tuple[int, Closed]] = []

    @precondition(lambda self: not self.closures)
    @rule(offset=st.sampled_from([0, 30, 120, 24 * 60]), length=st.sampled_from([15, 30, 60, 480]))
    def closes(self, offset: int, length: int) -> None:
        start = self.now + offset * MINUTE
        end = start + length * MINUTE

        def close(session: Session) -> None:
            site = session.scalars(select(Site.id)).one()
            wanted = pipeline.Closing(site, None, TimeSpan(start, end), "台風")
            made, _ended = pipeline.close_office(
                session, wanted, actor=self.house.people["fujii"], now=self.now
            )
            closure_ids.append(made.id)

        closure_ids: list[int] = []
        self.both(close, lambda: verbs.close_office(self.office, start, end))
        self.closures.append((closure_ids[0], self.office.barriers[-1]))

    @precondition(lambda self: bool(self.closures))
    @rule()
    def reopens(self) -> None:
        closure_id, barrier = self.closures.pop()

        def plain() -> None:
            if barrier.end is not None and barrier.end <= self.now:
                raise Refused("closure.over")
            self.office.barriers.remove(barrier)

        self.both(lambda session: barriers.reopen(session, closure_id, actor_id=None, now=self.now), plain)

    @precondition(lambda self: not self.broken)
    @rule(where=places, offset=st.sampled_from([0, 30]), length=st.sampled_from([None, 60, 180]))
    def breaks(self, where: str, offset: int, length: int | None) -> None:
        start = self.now + offset * MINUTE
        end = start + timedelta(minutes=length) if length else None
        self.both(
            lambda session: barriers.add_outage(
                session,
                self.house.spaces[where],
                start=start,
                end=end,
                reason="",
                actor_id=None,
                now=self.now,
            ),
            lambda: self.office.barriers.append(Closed(start, end, PLACES[where])),
        )

    @property
    def broken(self) -> list[str]:
        return [one.where.code for one in self.office.barriers if one.where]

    @precondition(lambda self: bool(self.broken))
    @rule()
    def mends(self) -> None:
        where = self.broken[0]

        def plain() -> None:
            self.office.barriers = [
                one for one in self.office.barriers if one.where != PLACES[where] or one.start > self.now
            ]

        self.both(
            lambda session: outages.mend(session, [self.house.spaces[where]], actor_id=None, now=self.now),
            plain,
        )

    @rule(
        kind=st.sampled_from(["seat", "booth"]),
        key=st.sampled_from(["concurrent_quota", "weekly_quota", "buffer"]),
        value=st.sampled_from([0, 0, 0, 1, 2, 3]),
    )
    def sets_a_limit(self, kind: str, key: str, value: int) -> None:
        text = "off" if not value else f"{value * 10}m" if key == "buffer" else str(value)
        self.both(
            lambda session: set_policy(session, Kind(kind), key, text, now=self.now, actor_id=None),
            lambda: self.office.limits.update({(kind, key): value * 10 if key == "buffer" else value}),
        )
