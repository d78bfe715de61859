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
    """An event as the rules see it. Of the booking that it is about: `attendees`; and `host_id`, whoever answers for
    it, and is told in the place of a guest without an account."""

    kind: str
    actor_id: int | None
    data: Mapping[str, Any]
    attendees: Sequence[int] = ()
    host_id: int | None = None

    @property
    def is_own(self) -> bool:
        """Whether somebody did it for themselves, or for their guest."""
        return self.actor_id is not None and self.actor_id == self.user_id

    @property
    def user_id(self) -> int | None:
        about = self.data.get("user_id")
        return about if isinstance(about, int) else self.host_id

    @property
    def reason(self) -> str:
        return reason_of(self.data)

    @property
    def is_of_guest(self) -> bool:
        return self.data.get("user_id") is None and self.host_id is not None


def reason_of(data: Mapping[str, Any]) -> str:
    """Why a booking is as it is now, where the event says it."""
    changes: Mapping[str, Sequence[str]] = data.get("changes") or {}
    return str(data.get("cause") or changes.get("reason", ("", ""))[1] or "")


# Done to several bookings of a series at once, they are told in one message.
OF_SERIES = frozenset(
    {
        *("booking.made", "booking.changed", "booking.cancelled"),
        *("booking.invited", "booking.uninvited"),
    }
)
# Why a booking was ended in which nobody in the room had a part, whoever it was.
_FROM_OUTSIDE = frozenset({"closed", "left", "not_available", "out_of_order", "layout"})
INVITED, DECLINED, ENDED = "booking.invited", "booking.declined", "booking.ended_early"
# A booking's change that its attendees need to know of.
_FOR_ATTENDEES = frozenset(
    {
        *("booking.changed", "booking.moved", "booking.cancelled"),
        *("booking.released", "booking.reclaimed"),
    }
)
# By kind, under which topic it is told to whom it is about: who did it themselves, and who did not.
_TOPICS: Mapping[str, tuple[Topic | None, Topic | None]] = {
    **dict.fromkeys(
        ("booking.made", "booking.changed", "booking.moved", "booking.cancelled"),
        (Topic.OWN, Topic.BY_OTHERS),
    ),
    # What was taken back by oneself is told too: the calendar was told that it is over.
    **dict.fromkeys(
        ("booking.released", "booking.release_warned", "booking.reclaimed"), (Topic.RELEASE, Topic.RELEASE)
    ),
    **dict.fromkeys((INVITED, "booking.uninvited"), (None, Topic.INVITATION)),
    # Their calendar lets go of it, if they keep it by mail; a leaver needs no telling.
    DECLINED: (Topic.OWN, None),
    **dict.fromkeys(("telework.conflict", "telework.corrected"), (None, Topic.TELEWORK)),
    # The person's own doing.
    **dict.fromkeys(
        ("series.made", "series.confirmed", "waitlist.joined", "waitlist.accepted", "waitlist.declined"),
        (None, None),
    ),
    **dict.fromkeys(("waitlist.left", "waitlist.booked_otherwise"), (None, None)),
    # Whoever is seated is told of the booking, with its invitation.
    **dict.fromkeys(("lots.wished", "lots.withdrawn", "lots.seated"), (None, None)),
}
_BY_PREFIX = {
    "series": Topic.SERIES,
    "waitlist": Topic.QUEUE,
    "lots": Topic.QUEUE,
    "telework": Topic.TELEWORK,
    "webhook": Topic.SYSTEM,
    "sensor": Topic.SYSTEM,
    "gateway": Topic.SYSTEM,
}


def recipients(fact: Fact) -> dict[int, Topic]:
    """Who is told of an event, and under which topic; the actor of nothing but of what they did for themselves."""
    found: dict[int, Topic] = {}
    topic = _topic(fact)
    if topic is not None and fact.user_id is not None:
        found[fact.user_id] = topic
    if fact.kind == DECLINED and fact.host_id is not None and fact.host_id != fact.actor_id:
        found[fact.host_id] = Topic.INVITATION
    is_ended = fact.kind == ENDED and (topic is Topic.BY_OTHERS or fact.reason in _FROM_OUTSIDE)
    if fact.kind in _FOR_ATTENDEES or is_ended:
        for attendee in fact.attendees:
            if attendee not in {fact.user_id, fact.actor_id}:
                found[attendee] = Topic.INVITATION
    return found


def _topic(fact: Fact) -> Topic | None:
    if fact.kind in _TOPICS:
        own, by_others = _TOPICS[fact.kind]
        return own if fact.is_own else by_others
    if fact.kind == ENDED and fact.actor_id is None:
        # By a sensor: they know that they left; whom a guest came to does not.
        return Topic.RELEASE if fact.is_of_guest else None
    if fact.kind == ENDED:
        return None if fact.is_own else Topic.BY_OTHERS
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


# Minutes until a webhook that fails is called once more; then the last of them, for as long as it fails.
PROBES = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15))
# It is switched off after a day of nothing but failures, of so many calls at least.
OFF_AFTER = timedelta(days=1)
OFF_AFTER_CALLS = 10


def next_probe(failures: int, now: datetime) -> datetime:
    """When a webhook that has failed so many times running is called once more, whatever waits for it."""
    return now + PROBES[min(failures, len(PROBES)) - 1]


def is_dead(failures: int, failing_since: datetime, now: datetime) -> bool:
    """Whether a webhook that has failed so many times running, for so long, is to be switched off: a short outage kills
    none, however much there is to tell, nor does a second one a week later, where there is little."""
    return failures >= OFF_AFTER_CALLS and now - failing_since >= OFF_AFTER


# What whoever keeps the building may have told elsewhere: nothing of where somebody works, signs in or is looked up.
OF_THE_BUILDING = frozenset(
    {
        *("booking", "closure", "gateway", "lots", "policy", "sensor", "series", "site", "space", "waitlist"),
        "zone",
    }
)


def is_of_the_building(kind: str) -> bool:
    """Whether a kind of event, or all of a prefix as in `booking.*`, is of the building."""
    family, dot, _rest = kind.partition(".")
    return bool(dot) and family in OF_THE_BUILDING


def wanted_by(kinds: Iterable[str], kind: str, *, hears_all: bool) -> bool:
    """Whether a webhook that asks for `kinds` is told an event: by kind, by prefix as in `booking.*`, or all by `*`;
    one that does not hear all, what is of the building alone, whatever it asks for."""
    asked = any(one in {"*", kind} or (one.endswith(".*") and kind.startswith(one[:-1])) for one in kinds)
    return asked and (hears_all or is_of_the_building(kind))
