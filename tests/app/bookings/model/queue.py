"""What people do with the queue."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.database import reading
from app.spaces.models import Space
from app.spaces.rules import Kind, Lane, Target
from app.timespan import TimeSpan
from app.waitlist import service
from app.waitlist.models import Entry
from app.waitlist.rules import Wish
from tests.app.bookings.model import line
from tests.app.bookings.model.machine import Machine, lengths, offsets, people, picks
from tests.app.bookings.model.office import PEOPLE, PLACES, Waiting
from tests.app.bookings.model.sensors import MINUTE
from tests.house import OFFICE

# A kind, or a space by its name.
targets = st.sampled_from(
    ["kind:seat", "kind:seat", "kind:booth", "kind:booth", "focus", "window", "taxes", "free"]
)
has_line = precondition(lambda self: bool(self.office.line))


class Queue(Machine):
    """Standing in line, answering, and drawing a number at the booths."""

    @rule(who=people, want=targets, offset=offsets, length=lengths, minutes=st.sampled_from([None, None, 30]))
    def waits(self, who: str, want: str, offset: int, length: int, minutes: int | None) -> None:
        start = self.now + offset * MINUTE
        self._waits(who, want, start, start + length * MINUTE, minutes)

    def _waits(self, who: str, want: str, start: datetime, end: datetime, minutes: int | None) -> None:
        kind = want.removeprefix("kind:") if want.startswith("kind:") else None
        places = frozenset(code for code, where in PLACES.items() if where.kind == kind) if kind else {want}
        lane = PLACES[min(places)].lane
        wanted = Target(
            Lane(lane), Kind(kind) if kind else None, space_id=None if kind else self.house.spaces[want]
        )
        wish = Wish(wanted, TimeSpan(start, end), minutes * MINUTE if minutes else None)
        self.both(
            lambda session: pipeline.wait(
                session, wish, actor=self.house.people[who], now=self.now, office=OFFICE
            ),
            lambda: line.wait(
                self.office, Waiting(PEOPLE[who], lane, frozenset(places), start, end, self.now, minutes)
            ),
        )

    @precondition(lambda self: any(row.is_live for row in self.office.rows))
    @rule(who=people, pick=picks)
    def waits_for_what_is_booked(self, who: str, pick: int) -> None:
        live = [row for row in self.office.rows if row.is_live]
        row = live[-1 - pick % len(live)]
        self._waits(who, row.where.code, row.start, row.end, None)

    @precondition(lambda self: any(one.state == "offered" for one in self.office.line))
    @rule(pick=picks)
    def takes_what_is_offered(self, pick: int) -> None:
        self.accepts("", True, pick)

    @rule(who=people, want=targets, offset=st.sampled_from([0, 0, 30, 120]), length=lengths)
    def waits_and_takes_what_is_offered_at_once(self, who: str, want: str, offset: int, length: int) -> None:
        """Whatever of theirs it clashes with."""
        self.waits(who, want, offset, length, None)
        if self.office.line and self.office.line[-1].state == "offered":
            self.accepts(who, False, 0)

    @rule(who=people)
    def draws_a_number(self, who: str) -> None:
        def draw(session: Session) -> Entry:
            zone_id = session.get_one(Space, self.house.spaces["booth"]).zone_id
            wanted = service.Draw(zone_id)
            return pipeline.draw_number(
                session, wanted, actor=self.house.people[who], now=self.now, office=OFFICE
            )

        self.both(draw, lambda: line.draw_number(self.office, PEOPLE[who]))

    @has_line
    @rule(who=people, own=st.booleans(), pick=picks)
    def accepts(self, who: str, own: bool, pick: int) -> None:
        self._answers(who if not own else None, pick, pipeline.accept_offer, line.accept)

    @has_line
    @rule(pick=picks)
    def declines(self, pick: int) -> None:
        self._answers(
            None,
            pick,
            pipeline.decline_offer,
            lambda office, actor, entry: line.refuse(office, actor, entry, "declined"),
        )

    @has_line
    @rule(who=people, own=st.booleans(), pick=picks)
    def leaves_the_line(self, who: str, own: bool, pick: int) -> None:
        self._answers(
            who if not own else None,
            pick,
            pipeline.stop_waiting,
            lambda office, actor, entry: line.refuse(office, actor, entry, "left"),
        )

    def _answers(
        self, who: str | None, pick: int, product: Callable[..., Any], plain: Callable[..., Any]
    ) -> None:
        """One of the newest entries is answered: by its own person where nobody is named."""
        offered = [one for one in self.office.line if one.state == "offered"] or self.office.line
        entry = offered[-1 - pick % len(offered)]
        number = self.office.line.index(entry)
        name = who or entry.who.name

        def answer(session: Session) -> None:
            actor = self.house.people[name]
            entry_id = session.scalars(select(Entry.id).order_by(Entry.id)).all()[number]
            entry = service.get_entry(session, entry_id, actor=actor)
            product(session, entry, actor=actor, now=self.now, office=OFFICE)

        self.both(answer, lambda: plain(self.office, PEOPLE[name], entry))

    @invariant()
    def the_lines_are_equal(self) -> None:
        who_of = {person.id: name for name, person in self.house.people.items()}
        with reading(self.house.engine) as session:
            stored = [
                (who_of[one.user_id or 0], one.state.value, one.state == "offered" and self._held(one))
                for one in session.scalars(select(Entry).order_by(Entry.id))
            ]
        plain = [
            (one.who.name, one.state, one.state == "offered" and (self._number(one), one.until))
            for one in self.office.line
        ]
        assert stored == plain

    def _held(self, entry: Entry) -> tuple[int, Any]:
        return self.ids.index(entry.booking_id or 0), entry.hold_until

    def _number(self, entry: Waiting) -> int:
        return next(number for number, row in enumerate(self.office.rows) if row is entry.held)
