"""Product and plain office side by side: whatever is done is done to both, and they must agree."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from copy import copy
from functools import partial
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.bookings import presence, release, reserve
from app.bookings.models import Booking
from app.bookings.rules import Origin
from app.bookings.service import checked_span, get_booking
from app.database import reading, transaction
from app.errors import DomainError
from app.occupancy.readings import Reading
from app.people.models import Role
from app.people.service import add_user, get_person
from app.spaces.models import Space
from app.spaces.rules import Kind
from app.timespan import TimeSpan
from tests.app.bookings.model import line, verbs
from tests.app.bookings.model.office import PEOPLE, PLACES, PlainOffice, Refused, Row
from tests.app.bookings.model.sensors import MINUTE
from tests.house import DAY, OFFICE, House, at

people = st.sampled_from(sorted(PEOPLE))
places = st.sampled_from(sorted(PLACES))
watched = st.sampled_from(sorted(code for code, where in PLACES.items() if where.has_sensor))
lengths = st.sampled_from([15, 30, 60, 90, 120, 180, 480])
# Often now or soon, so that something happens to it; sometimes next week, for the weekly quota.
offsets = st.sampled_from([0, 0, 0, 0, 15, 30, 30, 60, 120, -4, -6, 24 * 60, 6 * 24 * 60, 15 * 24 * 60])
# Small steps find the edges, large ones the ends.
waits = st.sampled_from([1, 2, 5, 10, 15, 30, 60, 60, 90, 180])
open_to_all = st.sampled_from(["seat", "window", "bare", "focus", "booth", "booth"])
picks = st.integers(0, 7)


def furnish_more(house: House) -> None:
    """What the plain office has and the house has not: two more desks of the tax section, and two people for them."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        for code in PLACES.keys() - house.spaces.keys():
            space = Space(zone_id=zone_id, code=code, kind=Kind.SEAT)
            session.add(space)
            session.flush()
            house.spaces[code] = space.id
        for name in sorted(PEOPLE.keys() - house.people.keys()):
            email = f"{name}@example.jp"
            user = add_user(
                session, email, name=name, section_code="zei", role=Role.STAFF, now=at("00:00"), on=DAY
            )
            house.people[name] = get_person(session, user.id, DAY)


class Machine(RuleBasedStateMachine):
    """The house and the plain office; the rules come with the mixins."""

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        self.house = self.stack.enter_context(self.furnished())
        furnish_more(self.house)
        self.office = PlainOffice(at("08:00"))
        self.ids: list[int] = []

    @staticmethod
    def furnished() -> AbstractContextManager[House]:
        """A house of its own for each run; the test says on which database."""
        raise NotImplementedError

    def teardown(self) -> None:
        self.stack.close()

    @property
    def now(self) -> Any:
        return self.office.now

    def both(self, product: Callable[[Session], Any], plain: Callable[[], Any]) -> None:
        """Do it to both; where the plain office refuses, the product must, on a ground that is true."""
        before = list(self.office.rows), [copy(row.__dict__) for row in self.office.rows]
        # A refusal comes before anything that the queue does.
        grounds: set[str] = set()
        try:
            plain()
        except Refused as refused:
            grounds = refused.grounds
            self.office.rows = before[0]
            for row, values in zip(self.office.rows, before[1], strict=True):
                row.__dict__.update(values)
        answer = None
        try:
            with transaction(self.house.engine) as session:
                product(session)
                self.ids = list(session.scalars(select(Booking.id).order_by(Booking.id)))
        except DomainError as error:
            answer = error.facts["rule"] if error.code == "booking.rule" else error.code
        assert (answer in grounds) if grounds else (answer is None), f"{answer} is none of {grounds}"

    def row(self, pick: int) -> tuple[Row, int]:
        """One of the newest bookings, and its id in the product."""
        number = -1 - pick % len(self.office.rows)
        return self.office.rows[number], self.ids[number]

    def change(self, who: str, pick: int, product: Callable[..., Any], plain: Callable[..., Any]) -> None:
        """A verb on one booking, by one person."""
        row, booking_id = self.row(pick)
        actor = self.house.people[who]

        def act(session: Session) -> Any:
            booking = get_booking(session, booking_id, actor=actor, to_change=True)
            return product(session, booking, actor=actor, now=self.now)

        self.both(act, lambda: plain(self.office, PEOPLE[who], row))

    @invariant()
    def the_rows_are_equal(self) -> None:
        name_of = {number: name for name, number in self.house.spaces.items()}
        who_of = {person.id: name for name, person in self.house.people.items()}
        with reading(self.house.engine) as session:
            stored = [
                (
                    *(name_of[one.space_id], who_of[one.user_id or 0], one.lane.value),
                    *(one.start_at, one.end_at, one.status.value, one.origin is Origin.CLAIM),
                    *(one.checked_in_at, one.checked_in_by and one.checked_in_by.value),
                    *(one.ended_at, one.reclaimed),
                )
                for one in session.scalars(select(Booking).order_by(Booking.id))
            ]
        plain = [
            (
                *(row.where.code, row.who.name, row.where.lane, row.start, row.end, row.status),
                *(row.is_claim, row.checked_in_at, row.checked_in_by, row.ended_at, row.reclaimed),
            )
            for row in self.office.rows
        ]
        assert stored == plain


has_rows = precondition(lambda self: bool(self.office.rows))


class Bookings(Machine):
    """What people do with bookings."""

    @initialize(offset=offsets, length=lengths)
    def the_day_begins(self, offset: int, length: int) -> None:
        """Some have booked already."""
        for who, where in (("aoki", "seat"), ("baba", "booth"), ("endo", "focus"), ("chiba", "bare")):
            self.reserves(who, who, where, offset, length)

    @rule(actor=people, who=people, where=places, offset=offsets, length=lengths)
    def reserves(self, actor: str, who: str, where: str, offset: int, length: int) -> None:
        start = self.now + offset * MINUTE
        end = start + length * MINUTE
        self.both(
            lambda session: reserve.reserve(
                session,
                actor=self.house.people[actor],
                space_id=self.house.spaces[where],
                span=TimeSpan(start, end),
                now=self.now,
                for_user_id=self.house.people[who].id,
            ),
            lambda: verbs.reserve(self.office, PEOPLE[actor], PLACES[where], start, end, PEOPLE[who]),
        )

    @rule(who=people, where=open_to_all, offset=offsets, length=lengths)
    def reserves_for_oneself(self, who: str, where: str, offset: int, length: int) -> None:
        self.reserves(who, who, where, offset, length)

    @has_rows
    @rule(who=people, own=st.booleans(), pick=picks, where=places, elsewhere=st.booleans(), shift=offsets)
    def moves(self, who: str, own: bool, pick: int, where: str, elsewhere: bool, shift: int) -> None:
        row, _id = self.row(pick)
        place = PLACES[where] if elsewhere else row.where
        self._changes(who if not own else row.who.name, pick, place.code, shift, shift)

    @has_rows
    @rule(pick=picks, later=st.sampled_from([-120, -60, -30, -15, 15, 30, 60, 24 * 60]))
    def ends_later_or_earlier(self, pick: int, later: int) -> None:
        row, _id = self.row(pick)
        self._changes(row.who.name, pick, row.where.code, 0, later)

    def _changes(self, who: str, pick: int, where: str, start_by: int, end_by: int) -> None:
        row, _id = self.row(pick)
        start, end = row.start + start_by * MINUTE, row.end + end_by * MINUTE
        if start >= end:
            return
        self.change(
            who,
            pick,
            lambda session, booking, actor, now: pipeline.move(
                session,
                booking,
                actor=actor,
                now=now,
                space_id=self.house.spaces[where],
                span=checked_span(start, end),
                office=OFFICE,
            ),
            lambda office, actor, one: line.offering(verbs.move)(
                office, actor, one, PLACES[where], start, end
            ),
        )

    @has_rows
    @rule(who=people, own=st.booleans(), pick=picks)
    def gives_back(self, who: str, own: bool, pick: int) -> None:
        self.change(
            self._by(who, own, pick),
            pick,
            partial(pipeline.give_back, office=OFFICE),
            line.offering(verbs.give_back),
        )

    @has_rows
    @rule(who=people, own=st.booleans(), pick=picks)
    def cancels(self, who: str, own: bool, pick: int) -> None:
        self.change(
            self._by(who, own, pick),
            pick,
            partial(pipeline.cancel, office=OFFICE),
            line.offering(verbs.cancel),
        )

    @has_rows
    @rule(who=people, own=st.booleans(), pick=picks)
    def checks_in(self, who: str, own: bool, pick: int) -> None:
        self.change(self._by(who, own, pick), pick, presence.check_in, verbs.check_in)

    @has_rows
    @rule(pick=picks)
    def reclaims(self, pick: int) -> None:
        released = [n for n, row in enumerate(reversed(self.office.rows)) if row.status == "released"]
        pick = released[pick % len(released)] if released else pick
        self.change(self.row(pick)[0].who.name, pick, release.reclaim, verbs.reclaim)

    def _by(self, who: str, own: bool, pick: int) -> str:
        return self.row(pick)[0].who.name if own else who

    @rule(who=people, where=places)
    def claims(self, who: str, where: str) -> None:
        self.both(
            lambda session: pipeline.claim(
                session, actor=self.house.people[who], space_id=self.house.spaces[where], now=self.now
            ),
            lambda: verbs.claim(self.office, PEOPLE[who], PLACES[where]),
        )

    @rule(who=people, where=places)
    def changes_seat(self, who: str, where: str) -> None:
        self.both(
            lambda session: pipeline.change_seat(
                session,
                actor=self.house.people[who],
                space_id=self.house.spaces[where],
                now=self.now,
                office=OFFICE,
            ),
            lambda: line.change_seat(self.office, PEOPLE[who], PLACES[where]),
        )


class Time(Machine):
    """The clock, the sweep, and the sensors, which beat every ten minutes what they last saw."""

    def __init__(self) -> None:
        super().__init__()
        self.level: dict[str, bool | None] = dict.fromkeys(self.office.sensors, False)
        self.dead: set[str] = set()
        self.seq = 0

    def hear(self, said: list[tuple[str, Any, bool | None]]) -> None:
        """One batch of (space, instant, occupied), in the order of time, arriving now."""
        batch = []
        for where, moment, occupied in said:
            self.seq += 1
            batch.append(
                Reading(f"sensor-{where}", moment, self.now, occupied=occupied, boot="b007", seq=self.seq)
            )

        def plain() -> None:
            found: dict[str, list[Any]] = {}
            for where, moment, occupied in said:
                found.setdefault(where, []).extend(self.office.sensors[where].hears(moment, occupied))
            self.office.note_evidence(found)

        self.both(lambda session: pipeline.process_readings(session, batch, self.now), plain)

    @rule(minutes=waits, sweeps=st.sampled_from([True, True, True, False]))
    def time_passes(self, minutes: int, sweeps: bool) -> None:
        start, self.office.now = self.now, self.now + minutes * MINUTE
        beats = [start + n * MINUTE for n in range(1, minutes + 1)]
        beats = [moment for moment in beats if moment.minute % 10 == 0]
        alive = [where for where in self.level if where not in self.dead]
        said = [(where, moment, self.level[where]) for moment in beats for where in alive]
        if said:
            self.hear(said)
        if sweeps:
            self.sweeps()

    @rule(minutes=st.sampled_from([15, 60, 75, 75, 120]))
    def nobody_is_there(self, minutes: int) -> None:
        """The sensors live and see nobody: what is released, left and ended comes of this."""
        self.dead.clear()
        self.level = dict.fromkeys(self.level, False)
        for _ in range(minutes // 15):
            self.time_passes(15, True)

    @rule()
    def sweeps(self) -> None:
        self.both(lambda session: pipeline.sweep(session, self.now, OFFICE), lambda: line.sweep(self.office))

    @rule(where=watched, occupied=st.sampled_from([True, True, False, None]))
    def somebody_comes_or_goes(self, where: str, occupied: bool | None) -> None:
        said = self.office.sensors[where].said
        self.level[where] = occupied
        if where not in self.dead and not (said and said[-1][0] == self.now):
            self.hear([(where, self.now, occupied)])

    @has_rows
    @rule(pick=picks, minutes=st.sampled_from([1, 3, 20, 60]))
    def somebody_sits_on_what_is_booked(self, pick: int, minutes: int) -> None:
        where = self.row(pick)[0].where.code
        if where in self.level:
            self.dead.discard(where)
            self.somebody_comes_or_goes(where, True)
            self.time_passes(minutes, True)

    @rule(where=watched)
    def sensor_dies_or_lives(self, where: str) -> None:
        self.dead ^= {where}
