"""Many bookings under the rules of a single one: decided on one after the other, from what was read once under the
locks of all; what is decided on counts for the next."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from app.bookings import legal, refusing
from app.bookings.after_use import pauses_after_use
from app.bookings.reads import ReadOnce
from app.bookings.rules import Status
from app.bookings.several.rows import rows_of_people, rows_of_spaces, wanted_at
from app.bookings.several.rules import Row, clash, concurrent, pause, weekly, weeks_of
from app.spaces.barriers import Barrier, barriers
from app.spaces.rules import LANES
from app.spaces.service import Place
from app.timespan import TimeSpan, day_span


@dataclass
class Several:
    """What bears on bookings of some spaces for some people within a window.

    `reads`: what the rules ask of the office; `rows`: the bookings that count, with those decided on so far; `before`:
    the barriers of each space; `after_use`: its pauses after what is live no more.
    """

    reads: ReadOnce
    rows: list[Row]
    before: Mapping[int, Sequence[Barrier]]
    after_use: Mapping[int, Sequence[TimeSpan]]
    now: datetime
    _decided: int = field(default=0)

    @classmethod
    def read(
        cls,
        session: Session,
        places: Iterable[Place],
        user_ids: Collection[int],
        window: TimeSpan,
        *,
        now: datetime,
    ) -> Several:
        """Only under the locks of these people and spaces; four queries, where all the spaces are of one site."""
        listed = list(places)
        around = max((place.policy.buffer for place in listed), default=timedelta(0))
        by_timezone: dict[ZoneInfo, set[int]] = defaultdict(set)
        for place in listed:
            by_timezone[place.timezone].add(place.space.id)
        before: dict[int, list[Barrier]] = defaultdict(list)
        for timezone, space_ids in by_timezone.items():
            for barrier in barriers(session, window, timezone, space_ids=sorted(space_ids)):
                before[barrier.space_id].append(barrier)
        by_weeks = {place.timezone for place in listed if place.policy.weekly_quota}
        rows = {
            one.id: one
            for one in (
                *rows_of_spaces(session, sorted({place.space.id for place in listed}), window, around),
                *rows_of_people(session, sorted(user_ids), weeks_of(window, by_weeks)),
            )
        }
        policy = {place.space.id: place.policy for place in listed}
        after_use = pauses_after_use(session, policy, window.start, now=now)
        return cls(ReadOnce(session, window), list(rows.values()), before, after_use, now)

    def fresh(self) -> Several:
        """The same with nothing decided."""
        return replace(self, rows=[one for one in self.rows if one.id > 0], _decided=0)

    def check(
        self,
        place: Place,
        span: TimeSpan,
        user_id: int | None,
        *,
        besides: legal.Besides = legal.NOTHING,
        counted: bool = True,
    ) -> None:
        """As the checks under the locks, and what the database guards. `counted`: whether the person's quotas do.

        Raises RuleBroken `booking.rule`, Conflict `booking.overlap`.
        """
        for barrier in self.before.get(place.space.id, ()):
            if barrier.bars(user_id) and barrier.touches(span):
                legal.refuse_barrier(barrier)
        wanted = wanted_at(place, span, user_id)
        after_use = self.after_use.get(place.space.id, ())
        legal.refuse_counted(
            pause(self.rows, wanted, after_use=after_use, now=self.now, besides=besides.held)
        )
        if counted and user_id is not None:
            legal.refuse_counted(concurrent(self.rows, wanted, now=self.now, besides=besides.held))
            legal.refuse_counted(weekly(self.rows, wanted, besides=besides.made))
        clashing = clash(self.rows, wanted, besides=besides.held)
        if clashing is not None:
            raise refusing.overlap(clashing, span, space_id=place.space.id, space=place.space.code)

    def decide(self, place: Place, span: TimeSpan, user_id: int | None) -> None:
        """A booking will be made: from here on it counts."""
        self._decided += 1
        wanted = wanted_at(place, span, user_id)
        self.rows.append(
            Row(
                -self._decided,
                wanted.space_id,
                wanted.zone_id,
                wanted.kind,
                user_id,
                span,
                Status.BOOKED,
                own_keys=place.own_keys,
            )
        )

    def move(self, booking_id: int, place: Place, span: TimeSpan) -> None:
        """A booking will be there then."""
        space = place.space
        self._change(
            booking_id,
            space_id=space.id,
            zone_id=space.zone_id,
            kind=space.kind,
            own_keys=place.own_keys,
            span=span,
        )

    def shorten(self, booking_id: int, end: datetime) -> None:
        """A booking will end then."""
        (row,) = (one for one in self.rows if one.id == booking_id)
        self._change(booking_id, span=TimeSpan(row.span.start, end))

    def _change(self, booking_id: int, **values: object) -> None:
        self.rows = [
            replace(one, **values) if one.id == booking_id else one  # type: ignore[arg-type]
            for one in self.rows
        ]

    def claim_before(self, place: Place, span: TimeSpan, user_id: int | None) -> Row | None:
        """Where the person sits without a booking when a span of today begins."""
        day_ends = day_span(self.now.astimezone(place.timezone).date(), place.timezone).end
        if user_id is None or not self.now < span.start < day_ends:
            return None
        return next(
            (
                one
                for one in self.rows
                if one.user_id == user_id
                and one.is_claim
                and one.status is Status.CHECKED_IN
                and LANES[one.kind] is place.space.lane
                and one.span.start < span.start < one.span.end
            ),
            None,
        )
