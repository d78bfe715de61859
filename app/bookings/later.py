"""When somebody who stands before a space could book it later: a free time of each of the next days, and no more."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from itertools import islice

from sqlalchemy.orm import Session

from app.bookings.holding import clashing_with
from app.bookings.now.options import stock
from app.bookings.now.rules import CALL, QUARTER
from app.calendar import working_days
from app.people.service import Person
from app.settings import OfficeHours
from app.spaces.rules import Lane, Target
from app.spaces.service import Place
from app.timespan import TimeSpan, day_span, later, without

DAYS, AHEAD = 5, timedelta(days=14)


def free_times(
    session: Session, place: Place, *, person: Person, now: datetime, hours: OfficeHours
) -> list[TimeSpan]:
    """The longest time of each of the next working days for which a person could book a space, within the office's
    hours; of a room that of a call. None of a day on which they could not, or hold another; fourteen queries at most.
    """
    today = now.astimezone(place.timezone).date()
    calendar = working_days(session, today.year)
    days = list(islice(calendar.between(today, today + AHEAD), DAYS))
    if not days:
        return []
    window = TimeSpan(now, day_span(days[-1], place.timezone).end)
    left = stock(session, [place.space.id], window)
    own = [one.span for one in clashing_with(session, person.id, place.space.lane, window)]
    target = Target(place.space.lane, space_id=place.space.id)
    longest = (
        place.policy.max_duration if place.space.lane is Lane.DESK else min(place.policy.max_duration, CALL)
    )
    found = []
    for on in days:
        open_ = day_span(on, place.timezone, place.opening.opens or time(0), place.opening.closes)
        day = day_span(on, place.timezone, hours.start, hours.end).intersection(open_) or open_
        start = max(day.start, now + QUARTER - timedelta(seconds=now.timestamp() % QUARTER.total_seconds()))
        if start >= day.end:
            continue
        asked = TimeSpan(start, min(day.end, later(start, longest, place.timezone)))
        (option,) = left.options(session, target, asked, person=person, now=now, until=day.end) or (None,)
        gaps = without(TimeSpan(start, day.end), [*option.busy, *own]) if option else []
        gap = max(gaps, key=lambda one: one.length, default=None)
        if gap and gap.length >= max(CALL, place.policy.min_duration):
            found.append(TimeSpan(gap.start, min(gap.end, later(gap.start, longest, place.timezone))))
    return found
