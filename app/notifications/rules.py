"""Whom an event is told to, on which ways, and when it is tried again; pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo


class Topic(StrEnum):
    """What people choose to be told of, or not."""

    OWN = "own"  # what they did themselves: for those who keep their calendar by mail
    BY_OTHERS = "by_others"
    RELEASE = "release"
    INVITATION = "invitation"
    SERIES = "series"
    QUEUE = "queue"
    TELEWORK = "telework"
    SYSTEM = "system"


class Way(StrEnum):
    PAGE = "page"
    MAIL = "mail"


# What is off until somebody switches it on.
OFF_AT_FIRST = frozenset({(Topic.OWN, Way.PAGE), (Topic.OWN, Way.MAIL)})


@dataclass(frozen=True, slots=True)
class Fact:
    """An event as the rules see it. `attendees`: of the booking that it is about."""

    kind: str
    actor_id: int | None
    data: Mapping[str, Any]
    attendees: Sequence[int] = ()


_BOOKING = frozenset({"booking.made", "booking.changed", "booking.moved", "booking.cancelled"})
# Done to several bookings of a series at once, they are told in one message.
OF_SERIES = frozenset(
    {
        *("booking.made", "booking.changed", "booking.cancelled"),
        *("booking.invited", "booking.uninvited"),
    }
)
# What was taken back by oneself is told too: the calendar was told that it is over.
_RELEASE = frozenset({"booking.released", "booking.release_warned", "booking.reclaimed"})
_TELEWORK = frozenset({"telework.conflict", "telework.corrected"})
_INVITATION = frozenset({"booking.invited", "booking.uninvited"})
# A booking's change that its attendees need to know of.
_FOR_ATTENDEES = frozenset(
    {
        *("booking.changed", "booking.moved", "booking.cancelled"),
        *("booking.released", "booking.reclaimed"),
    }
)
_BY_PREFIX = {
    "series": Topic.SERIES,
    "waitlist": Topic.QUEUE,
    "lots": Topic.QUEUE,
    "telework": Topic.TELEWORK,
    "webhook": Topic.SYSTEM,
    "sensor": Topic.SYSTEM,
}
# What of those is the person's own doing and needs no telling.
_SILENT = frozenset(
    {
        *("series.made", "series.confirmed", "waitlist.joined", "waitlist.accepted", "waitlist.declined"),
        # Whoever is seated is told of the booking, with its invitation.
        *("lots.wished", "lots.withdrawn", "lots.seated"),
        *("waitlist.left", "waitlist.booked_otherwise"),
    }
)


def recipients(fact: Fact) -> dict[int, Topic]:
    """Who is told of an event, and under which topic; the actor of nothing but of what they did for themselves."""
    user_id = fact.data.get("user_id")
    found: dict[int, Topic] = {}
    topic = _topic(fact, is_own=user_id is not None and user_id == fact.actor_id)
    if topic is not None and isinstance(user_id, int):
        found[user_id] = topic
    if fact.kind in _FOR_ATTENDEES or (fact.kind == "booking.ended_early" and topic is Topic.BY_OTHERS):
        for attendee in fact.attendees:
            if attendee not in {user_id, fact.actor_id}:
                found[attendee] = Topic.INVITATION
    return found


def _topic(fact: Fact, *, is_own: bool) -> Topic | None:
    if fact.kind in _TELEWORK:
        return None if is_own else Topic.TELEWORK
    if fact.kind in _BOOKING:
        return Topic.OWN if is_own else Topic.BY_OTHERS
    if fact.kind in _RELEASE:
        return Topic.RELEASE
    if fact.kind in _INVITATION:
        return None if is_own else Topic.INVITATION
    if fact.kind == "booking.ended_early":
        # By a sensor: they know that they left. By somebody else: they do not.
        return Topic.BY_OTHERS if fact.actor_id is not None and not is_own else None
    if fact.kind in _SILENT:
        return None
    return _BY_PREFIX.get(fact.kind.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person chose: `(topic, way)` switched over against the default, and the hours in which no mail comes."""

    switched: frozenset[tuple[Topic, Way]] = frozenset()
    quiet_from: time | None = None
    quiet_until: time | None = None

    def wants(self, topic: Topic, way: Way) -> bool:
        return ((topic, way) in OFF_AT_FIRST) == ((topic, way) in self.switched)

    def mail_at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """When a mail that is ready now may go: at once, or when the quiet hours end."""
        if self.quiet_from is None or self.quiet_until is None or self.quiet_from == self.quiet_until:
            return now
        local = now.astimezone(zone)
        clock = local.time()
        over_night = self.quiet_from > self.quiet_until
        after, before = clock >= self.quiet_from, clock < self.quiet_until
        if not (after or before if over_night else after and before):
            return now
        on = local.date() + timedelta(days=1) if over_night and after else local.date()
        return max(now, datetime.combine(on, self.quiet_until, zone).astimezone(now.tzinfo))


# Minutes until the next try, after each failure; then it is given up.
BACKOFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))


def next_try(attempts: int, now: datetime) -> datetime | None:
    """When to try again after so many tries; None: never."""
    return now + BACKOFF[attempts - 1] if 0 < attempts <= len(BACKOFF) else None


def wanted_by(kinds: Iterable[str], kind: str) -> bool:
    """Whether a webhook that asks for `kinds` wants an event: by kind, by prefix as in `booking.*`, or all by `*`."""
    return any(one in {"*", kind} or (one.endswith(".*") and kind.startswith(one[:-1])) for one in kinds)
