"""The hour of the draw: what is there to be had, who gets it, the bookings, the record. One transaction a zone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import flag_modified

from app import events
from app.bookings.guards import queue_up
from app.bookings.making import check_allotted, new_values, write_all
from app.bookings.models import HOLDS, Booking
from app.bookings.refusing import Holder
from app.bookings.rules import Origin, Status
from app.bookings.several.service import Several
from app.calendar import working_days
from app.database import lock_rows
from app.errors import DomainError
from app.lots.models import LotDraw, LotWish, Outcome, State
from app.lots.rules import Drawn, Seat, Wish, draw, mutual_groups
from app.lots.rules.record import inputs_of, result_of
from app.lots.service import belongs, call_off, desks, locked_draw, open_next, who_has_kept
from app.people.service import Person, find_people
from app.settings import OfficeHours
from app.spaces.barriers import CLOSED, Barrier, barriers
from app.spaces.models import Space, Zone
from app.spaces.rules import Lane
from app.spaces.service import Place, floor_timezone, get_places, zone_opening
from app.timespan import TimeSpan, day_span

SAT_THERE = (Status.BOOKED, Status.CHECKED_IN, Status.COMPLETED, Status.ENDED_EARLY)
# Rules that stand before a person, not before a seat: of the kind, or of every desk.
OF_KIND = frozenset({"concurrent_quota", "weekly_quota"})
MISSED, ZONE, AWAY, HAS_SEAT = "missed", "zone", "away", "has_seat"
# Of every wish all of these are written, so that one statement does for all.
OF_OUTCOME = ("missed", "outcome", "reason", "position", "choice", "repeated", "booking_id")


def due(session: Session, now: datetime) -> list[int]:
    """The draws whose hour has come, the earliest first."""
    query = (
        select(LotDraw.id)
        .where(LotDraw.state == State.OPEN, LotDraw.draw_at <= now)
        .order_by(LotDraw.draw_at, LotDraw.id)
    )
    return list(session.scalars(query))


def wishing(session: Session, draw_id: int) -> tuple[date, list[int]]:
    """The day of a draw, and who wishes for a desk in it."""
    on = session.scalars(select(LotDraw.on_date).where(LotDraw.id == draw_id)).one()
    return on, list(session.scalars(select(LotWish.user_id).where(LotWish.draw_id == draw_id)))


def draw_zone(
    session: Session,
    draw_id: int,
    *,
    now: datetime,
    hours: OfficeHours,
    away: Collection[int] = frozenset(),
) -> LotDraw | None:
    """Draw a zone's desks for a day, book them, publish how, and open the next draw. None where it is not due, or done.
    `away`: who is elsewhere that day, and is passed over.

    Nothing of it is seen before all of it is: a restart in the middle draws once, with the same seed.
    """
    zone_id = session.scalar(select(LotDraw.zone_id).where(LotDraw.id == draw_id))
    lock_rows(session, "lots", [zone_id or 0])
    found = locked_draw(session, draw_id)
    if found.state is not State.OPEN or found.draw_at > now:
        return None
    zone = session.get_one(Zone, found.zone_id)
    if zone.removed_at is not None or zone.free_seating:
        call_off(session, zone, actor_id=None, now=now)
        return None
    timezone = floor_timezone(session, zone.floor_id)
    span = day_span(found.on_date, timezone, hours.start, hours.end)
    wishes = session.scalars(select(LotWish).where(LotWish.draw_id == draw_id).order_by(LotWish.number)).all()
    if now >= span.start:
        _miss(session, found, wishes, now)
    else:
        open_span = _open_span(session, zone, found.on_date, timezone, hours)
        _Draw(session, found, zone, timezone, open_span, now, away).do(wishes)
    zone.lots_drawn_on = max(found.on_date, zone.lots_drawn_on or found.on_date)
    session.flush()
    if zone.lots_at is not None:
        open_next(session, zone, zone.lots_at, now=now)
    return found


def _open_span(
    session: Session, zone: Zone, on: date, timezone: ZoneInfo, hours: OfficeHours
) -> TimeSpan | None:
    """The office hours of a day as far as the zone's site is open; None where it is shut."""
    opening = zone_opening(session, zone)
    if opening.working_days_only and not working_days(session, on.year).is_working(on):
        return None
    begins, ends = max(hours.start, opening.opens or hours.start), min(hours.end, opening.closes or hours.end)
    return day_span(on, timezone, begins, ends) if begins < ends else None


def _miss(session: Session, found: LotDraw, wishes: Sequence[LotWish], now: datetime) -> None:
    found.state, found.drawn_at = State.MISSED, now
    for one in wishes:
        one.outcome, one.reason = Outcome.REFUSED, MISSED
    session.flush()
    events.record(session, "lots.missed", f"lots:{found.id}", at=now, on=found.on_date.isoformat())
    events.record_many(session, [_fact(found, one, None, now) for one in wishes])


def _fact(found: LotDraw, wish: LotWish, booking: Booking | None, now: datetime) -> dict[str, Any]:
    """What became of a wish, for whoever tells people."""
    return {
        "at": now,
        "kind": f"lots.{wish.outcome.value}",
        "subject": f"lots:{found.id}",
        "actor_id": None,
        "data": {
            "user_id": wish.user_id,
            "on": found.on_date.isoformat(),
            "reason": wish.reason,
            "booking_id": wish.booking_id,
            "space_id": booking.space_id if booking else None,
        },
    }


@dataclass(frozen=True, slots=True)
class _Allotting:
    """The desks and what bears on who may have them, read once for all turns."""

    places: Mapping[int, Place]
    several: Several
    span: TimeSpan
    now: datetime

    def give(self, several: Several, person: Person, space_id: int) -> dict[str, Any]:
        """What is to be written of what a person is given, as `reserve.allot` would write it after those before; raises
        as it does."""
        place = self.places[space_id]
        longest = self.span.start + place.policy.max_duration
        span = TimeSpan(self.span.start, min(self.span.end, longest))
        check_allotted(several.reads, place, span, person, now=self.now)
        several.check(place, span, person.id)
        several.decide(place, span, person.id)
        holder = Holder(person.id, person.within)
        return new_values(place, holder, span, actor_id=None, now=self.now, origin=Origin.LOT)


@dataclass
class _Draw:
    """One draw while it is done. `span`: the hours in which the site is open. `offered`: the desks.

    `refused`: by number, why they cannot have a desk; `barred`: which they may not have.
    """

    session: Session
    draw: LotDraw
    zone: Zone
    timezone: ZoneInfo
    span: TimeSpan | None
    now: datetime
    away: Collection[int]
    offered: frozenset[str] = frozenset()
    refused: dict[int, str] = field(default_factory=dict)
    barred: dict[int, set[str]] = field(default_factory=lambda: defaultdict(set))

    def do(self, wishes: Sequence[LotWish]) -> None:
        session = self.session
        spaces = {one.code: one for one in desks(session, self.zone.id)}
        queue_up(
            session, user_ids=[one.user_id for one in wishes], space_ids=[one.id for one in spaces.values()]
        )
        before = self._before()
        if self.span is None or any(one.why == CLOSED for one in before):
            self.refused = dict.fromkeys((one.number for one in wishes), CLOSED)
        people = self._people([one for one in wishes if one.number not in self.refused], spaces)
        seats = self._seats(spaces, before)
        self.offered = frozenset(one.code for one in seats)
        asked = self._asked(wishes, spaces, people)
        allotting = self._allotting(spaces, people)
        given: dict[int, dict[str, Any]] | None = None
        while given is None:
            inputs = [self._without_barred(one) for one in asked if one.number not in self.refused]
            drawn = draw(seats, inputs, self.draw.seed)
            given = self._decide(drawn, spaces, people, allotting)
        booked = dict(zip(given, write_all(session, list(given.values())), strict=True))
        self.draw.inputs, self.draw.result = inputs_of(seats, inputs), result_of(drawn)
        self.draw.state, self.draw.drawn_at = State.DRAWN, self.now
        self._tell(wishes, {one.number: one for one in drawn}, booked)

    def _people(self, wishes: Sequence[LotWish], spaces: Mapping[str, Space]) -> dict[int, Person]:
        """By number, who may still have a desk; the others are refused."""
        found: dict[int, Person] = {}
        user_ids = [one.user_id for one in wishes]
        kept = who_has_kept(self.session, {one.id for one in spaces.values()}, self.draw.on_date)
        seated = self._who_has_a_desk(user_ids) | kept
        known = find_people(self.session, user_ids, self.draw.on_date)
        for one in wishes:
            person = known.get(one.user_id)
            if person is None or not belongs(self.zone, person):
                self.refused[one.number] = ZONE
            elif one.user_id in self.away:
                self.refused[one.number] = AWAY
            elif one.user_id in seated:
                self.refused[one.number] = HAS_SEAT
            else:
                found[one.number] = person
        return found

    def _who_has_a_desk(self, user_ids: Collection[int]) -> set[int | None]:
        """What is only offered to somebody is not theirs yet (RULES 13)."""
        if self.span is None:
            return set()
        query = select(Booking.user_id).where(
            Booking.user_id.in_(user_ids),
            Booking.lane == Lane.DESK,
            HOLDS,
            Booking.status != Status.HELD,
            Booking.start_at < self.span.end,
            Booking.end_at > self.span.start,
        )
        return set(self.session.scalars(query))

    def _before(self) -> list[Barrier]:
        """What stands before spaces of the zone on that day."""
        return barriers(self.session, self.span, self.timezone, zone_ids=[self.zone.id]) if self.span else []

    def _seats(self, spaces: Mapping[str, Space], before: Collection[Barrier]) -> list[Seat]:
        """The desks that nobody has booked and before which nothing stands on that day; none where the site is shut."""
        if self.span is None:
            return []
        query = select(Booking.space_id).where(
            Booking.space_id.in_([one.id for one in spaces.values()]),
            HOLDS,
            Booking.start_at < self.span.end,
            Booking.end_at > self.span.start,
        )
        gone = {*self.session.scalars(query), *(one.space_id for one in before)}
        return [Seat(one.code, one.x, one.y) for one in spaces.values() if one.id not in gone]

    def _asked(
        self, wishes: Sequence[LotWish], spaces: Mapping[str, Space], people: Mapping[int, Person]
    ) -> list[Wish]:
        """The wishes of those who may have a desk, as the rule reads them."""
        ours = [one for one in wishes if one.number in people]
        number_of = {one.user_id: one.number for one in ours}
        code_of = {one.id: one.code for one in spaces.values()}
        groups = mutual_groups(
            {one.number: [number_of[other] for other in one.beside if other in number_of] for one in ours}
            if self.zone.lots_together
            else {}
        )
        sat = self._sat(number_of, code_of)
        missed = self._missed(number_of)
        for one in ours:
            one.missed = missed.get(one.user_id, 0)
        return [
            Wish(
                one.number,
                tuple(code_of[space_id] for space_id in one.prefers if space_id in code_of),
                frozenset(sat[one.user_id]),
                group=groups.get(one.number),
                missed=one.missed,
            )
            for one in ours
        ]

    def _sat(self, user_ids: Collection[int], code_of: Mapping[int, str]) -> dict[int, set[str]]:
        """By person where they sat, or were to sit, in the last working days of the zone's rule."""
        sat: dict[int, set[str]] = defaultdict(set)
        since = self.draw.on_date
        if self.zone.lots_no_repeat:
            calendar = working_days(self.session, since.year)
            for _ in range(self.zone.lots_no_repeat):
                since = calendar.last_before(since)
        query = select(Booking.user_id, Booking.space_id).where(
            Booking.user_id.in_(user_ids),
            Booking.space_id.in_(code_of),
            Booking.status.in_(SAT_THERE),
            Booking.start_at >= day_span(since, self.timezone).start,
            Booking.start_at < day_span(self.draw.on_date, self.timezone).start,
        )
        for user_id, space_id in self.session.execute(query):
            sat[user_id or 0].add(code_of[space_id])
        return sat

    def _missed(self, user_ids: Collection[int]) -> dict[int, int]:
        """By person how many draws of the zone in a row left them out. What breaks no row: not to wish, or to be passed
        over, since the office was closed, they were away, or the like."""
        query = (
            select(LotWish)
            .join(LotDraw, LotDraw.id == LotWish.draw_id)
            .where(
                LotDraw.zone_id == self.zone.id,
                LotDraw.state == State.DRAWN,
                LotDraw.on_date < self.draw.on_date,
                LotWish.user_id.in_(user_ids),
                LotWish.outcome != Outcome.REFUSED,
            )
            .order_by(LotDraw.on_date)
        )
        return {
            one.user_id: one.missed + 1 if one.outcome is Outcome.LEFT_OUT else 0
            for one in self.session.scalars(query)
        }

    def _allotting(self, spaces: Mapping[str, Space], people: Mapping[int, Person]) -> _Allotting | None:
        """What bears on the bookings that may come of it; None where the site is shut."""
        if self.span is None:
            return None
        places = get_places(self.session, [one.id for one in spaces.values()]) if spaces else {}
        users = [one.id for one in people.values()]
        several = Several.read(self.session, places.values(), users, self.span, now=self.now)
        return _Allotting(places, several, self.span, self.now)

    def _decide(
        self,
        drawn: Sequence[Drawn],
        spaces: Mapping[str, Space],
        people: Mapping[int, Person],
        allotting: _Allotting | None,
    ) -> dict[int, dict[str, Any]] | None:
        """What is to be written, by number; None where a rule stands before somebody. What they may not have is barred
        then, and drawn again with the same seed: every turn bars more, so there is a last one."""
        given: dict[int, dict[str, Any]] = {}
        is_refused = False
        several = allotting.several.fresh() if allotting else None
        for one in drawn:
            if one.seat is None or allotting is None or several is None:
                continue
            space = spaces[one.seat]
            try:
                given[one.number] = allotting.give(several, people[one.number], space.id)
            except DomainError as error:
                is_refused = True
                self._bar(one.number, spaces, space, error)
        return None if is_refused else given

    def _bar(self, number: int, spaces: Mapping[str, Space], space: Space, error: DomainError) -> None:
        rule = str(error.facts.get("rule") or error.facts.get("clash") or error.code)
        if rule in OF_KIND:
            gone = {code for code, one in spaces.items() if one.kind is space.kind}
        elif rule == "person":
            gone = set(spaces)
        else:
            gone = {space.code}
        self.barred[number] |= gone
        if self.barred[number] >= self.offered:
            self.refused[number] = rule

    def _without_barred(self, wish: Wish) -> Wish:
        return replace(wish, barred=frozenset(self.barred[wish.number]))

    def _tell(
        self, wishes: Sequence[LotWish], drawn: Mapping[int, Drawn], booked: Mapping[int, Booking]
    ) -> None:
        """Keep with each wish what became of it, and write it down as facts, for whoever tells people."""
        facts = []
        for one in wishes:
            given = drawn.get(one.number)
            booking = booked.get(one.number)
            if given is None:
                one.outcome, one.reason = Outcome.REFUSED, self.refused[one.number][:32]
            else:
                one.position, one.choice, one.repeated = given.order, given.choice, given.repeated
                one.outcome = Outcome.SEATED if booking else Outcome.LEFT_OUT
                one.reason = given.why.value
                one.booking_id = booking.id if booking else None
            for name in OF_OUTCOME:
                flag_modified(one, name)
            facts.append(_fact(self.draw, one, booking, self.now))
        self.session.flush()
        events.record(
            self.session,
            "lots.drawn",
            f"lots:{self.draw.id}",
            at=self.now,
            zone_id=self.zone.id,
            on=self.draw.on_date.isoformat(),
            wishes=len(wishes),
            seated=len(booked),
        )
        events.record_many(self.session, facts)
