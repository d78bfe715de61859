"""What people read of an event, in their language: a sentence for page and chat, a mail with its invitation.

Needs an application context, for the translations and templates; what goes out, and when, is decided in
`app.notifications`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any, NamedTuple

from flask import render_template
from flask_babel import force_locale, gettext, lazy_gettext
from flask_babel.speaklater import LazyString
from itsdangerous import BadSignature, URLSafeSerializer

from app import formats, wording
from app.bookings.models import Booking
from app.bookings.rules import Origin, Status
from app.clock import Clock
from app.events import Event
from app.notifications.calendars import Entry, invitation, published
from app.notifications.mail import About, Letter
from app.notifications.models import Message
from app.notifications.rules import DECLINED
from app.settings import Settings
from app.timespan import TimeSpan

# Kinds of which a mail carries the invitation itself.
INVITING = frozenset(
    {
        "booking.made",
        "booking.changed",
        "booking.moved",
        "booking.cancelled",
        "booking.ended_early",
        "booking.released",
        "booking.reclaimed",
        "booking.invited",
        "booking.uninvited",
    }
)
# What the links of mails and calendars do, as their buttons say it.
VERBS: Mapping[str, LazyString] = {
    "check-in": lazy_gettext("Check in"),
    "give-up": lazy_gettext("Give it up"),
    "still-coming": lazy_gettext("I am still coming"),
    "decline": lazy_gettext("I do not come"),
    "accept-offer": lazy_gettext("Take it"),
    "decline-offer": lazy_gettext("Decline"),
}
# Reasons that say no more than the sentence does.
PLAIN = frozenset({"", "cancelled", "gave_back", "reclaimed", "no_show", "no_check_in"})


def sentence(kind: str, data: Mapping[str, Any]) -> str:
    """An event in the reader's language; of a booking also how it was before, who did it, and why."""
    told = headline(kind, data)
    if not kind.startswith("booking."):
        return told
    if kind != "booking.moved" and (before := _before(data)):
        told = gettext("%(sentence)s Before: %(before)s.", sentence=told, before=before)
    if data.get("actor"):
        told = gettext("%(sentence)s By %(actor)s.", sentence=told, actor=data["actor"])
    if why := _why(data):
        told = gettext("%(sentence)s Why: %(why)s.", sentence=told, why=why)
    return str(told)


def _before(data: Mapping[str, Any]) -> str:
    """The space and the times that a change left."""
    earlier: dict[str, Any] = data.get("before") or {}
    when = _when({**data, **earlier}) if {"start", "end"} & earlier.keys() else ""
    return ", ".join(filter(None, (earlier.get("space"), when)))


def _why(data: Mapping[str, Any]) -> str:
    """The reason, with what the office says of it, and the words of whoever did it, all on one line."""
    code = str(data.get("reason") or "")
    reason = "" if code in PLAIN else str(wording.REASONS.get(code, code))
    if data.get("notice"):
        reason = gettext("%(reason)s (%(notice)s)", reason=reason, notice=data["notice"])
    told = gettext(", ").join(filter(None, (reason, data.get("why"))))
    return " ".join(told.split()).rstrip("。.")


def _when(data: Mapping[str, Any]) -> str:
    return _day(_span(data))


def _span(data: Mapping[str, Any]) -> TimeSpan:
    return TimeSpan(datetime.fromisoformat(data["start"]), datetime.fromisoformat(data["end"]))


def _day(span: TimeSpan, space: str = "") -> str:
    return " ".join(filter(None, (formats.day(span.start), formats.times(span), space)))


def days_of(data: Mapping[str, Any]) -> list[str]:
    """When and where each booking of a series is, of whose days a message is, if they are at several spaces; as they
    were then."""
    days = data.get("by_day") or ()
    are_apart = len({day["space"] for day in days}) > 1
    return [f"{_when(day)} {day['space']}" for day in days] if are_apart else []


def _days(entries: Sequence[Entry]) -> list[str]:
    """When each booking of a series is, and where, if they are at several spaces; as in the calendar of the mail."""
    are_apart = len({one.place for one in entries}) > 1
    return [_day(one.told or one.booking.span, one.place if are_apart else "") for one in entries]


def headline(kind: str, data: Mapping[str, Any]) -> str:
    """What happened, in one line of the reader's language."""
    days = len(data.get("bookings") or ())
    text = (wording.OF_SERIES if days else wording.MESSAGES).get(kind)
    if data.get("count"):
        text = wording.MESSAGES.get(f"{kind}/some", text)
    if text is None:
        return kind
    said = {
        "space": _spaces(data) or data.get("guest") or "",
        "when": _when(data) if data.get("start") and data.get("end") else "",
        "actor": data.get("actor") or "",
        "who": data.get("who") or gettext("Somebody"),
        "before": (data.get("before") or {}).get("space") or gettext("another space"),
        "why": _why(data),
        "until": "",
        "since": _instant(data["since"]) if data.get("since") else "",
        "gateway": data.get("gateway") or "",
        "on": formats.day(date.fromisoformat(data["on"])) if data.get("on") else "",
        "halves": ", ".join(str(wording.of_days.HALVES.get(half, half)) for half in data.get("halves") or ()),
        "to": str(wording.DAY_CLASSES.get(str(data.get("to") or ""), data.get("to") or "")),
        "url": data.get("url") or "",
        "count": data.get("count") or 0,
        "cells": wording.of_telework.cells(data.get("cells") or []),
        "lost": wording.of_telework.cells(data.get("lost") or []),
        "days": days,
        "sensors": "; ".join(
            f"{one['sensor']} ({one['spaces']}): {wording.TROUBLES.get(one['trouble'], '')}"
            for one in data.get("new") or ()
        ),
    }
    if data.get("answer_until"):
        said["until"] = formats.day(datetime.fromisoformat(data["answer_until"]))
    if data.get("hold_until"):
        said["until"] = _instant(data["hold_until"])
    return " ".join((str(text) % said).split())


def _instant(told: str) -> str:
    at = datetime.fromisoformat(told)
    return f"{formats.day(at)} {formats.hours_and_minutes(at)}"


def _spaces(data: Mapping[str, Any]) -> str:
    """The space that an event is about; of a series all of them."""
    several = dict.fromkeys(day["space"] for day in data.get("by_day") or ())
    return gettext(", ").join(several) or data.get("space") or ""


class Act(NamedTuple):
    """What a signed link asks for. `calendar`: the version of the calendar that it stands in; None: it is a mail's."""

    user_id: int
    booking_id: int
    verb: str
    calendar: int | None = None


@dataclass(frozen=True, slots=True)
class Links:
    """The addresses in mails and calendars: signed, for one booking and one person, good until the booking is over;
    those in a calendar, for as long as its own address is.

    `asked_at`: the address at which the office was reached, which serves where the operator has named none.
    """

    settings: Settings
    asked_at: str = ""

    @property
    def _signer(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.settings.secret_key, salt="act")

    @property
    def _feeds(self) -> URLSafeSerializer:
        return URLSafeSerializer(self.settings.secret_key, salt="calendar")

    @property
    def base(self) -> str:
        return (self.settings.public_url or self.asked_at).rstrip("/")

    def act(self, act: Act) -> str:
        """The page on which one button does what is asked for."""
        asked = act[:3] if act.calendar is None else act
        return f"{self.base}/a/{self._signer.dumps(list(asked))}"

    def entry(
        self,
        booking: Booking,
        space: str,
        user_id: int,
        now: datetime,
        *,
        version: int,
        changed_at: datetime | None,
    ) -> Entry:
        """A booking in its person's calendar of a version, or in the host's of a guest, with the links that act on it
        while it is theirs and not over. `changed_at`: when anything of it was changed last, if ever."""
        mine = booking.host_id == user_id and booking.end_at > now
        acts = [Act(user_id, booking.id, verb, version) for verb in _verbs_of_host(booking) if mine]
        note = "\n".join(f"{VERBS[act.verb]}: {self.act(act)}" for act in acts)
        summary = _summary(booking, space, user_id)
        return Entry(booking, summary, space, f"{self.base}/bookings", note, changed_at=changed_at)

    def read_act(self, token: str) -> Act | None:
        """What a link asks for; None where it is not ours."""
        try:
            act = Act(*self._signer.loads(token))
        except (BadSignature, ValueError, TypeError):
            return None
        return act if act.verb in VERBS else None

    def feed(self, user_id: int, version: int) -> str:
        """A person's calendar; whoever has the address reads it."""
        return f"{self.base}/calendar/{self._feeds.dumps([user_id, version])}.ics"

    def read_feed(self, token: str) -> tuple[int, int] | None:
        """(user, version) of a calendar's address; None where it is not ours."""
        try:
            user_id, version = self._feeds.loads(token)
        except (BadSignature, ValueError, TypeError):
            return None
        return user_id, version


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes the mails of an office. `sender`: the address they come from."""

    settings: Settings
    sender: str
    clock: Clock

    def __call__(self, letter: Letter) -> EmailMessage:
        with force_locale(letter.locale or self.settings.locale):
            return self._write(letter)

    def _write(self, letter: Letter) -> EmailMessage:
        message, only = letter.message, letter.only
        subject = headline(message.kind, message.data)
        mail = EmailMessage()
        mail["Subject"] = subject
        mail["From"] = formataddr((gettext("Akiseki"), self.sender))
        mail["To"] = formataddr((letter.name, letter.address))
        mail["Date"] = format_datetime(message.made_at)
        mail["Message-ID"] = message.mail_id
        mail["Auto-Submitted"] = "auto-generated"
        links = self._links(letter)
        entries = [_entry(one, message) for one in letter.about]
        facts = {
            "text": sentence(message.kind, message.data),
            "guest": message.data.get("guest"),
            "title": message.data.get("title"),
            "days": _days(entries) if only is None else (),
            "links": links,
            "name": letter.name,
        }
        mail.set_content(render_template("mail.txt", **facts))
        mail.add_alternative(render_template("mail.html", **facts), subtype="html")
        if only is not None and _is_for_calendar(message, only.booking):
            (entry,) = entries
            text = invitation(
                entry,
                domain=letter.domain,
                organizer=self.sender,
                attendee=letter.address,
                accepted=_is_asked_for(message, only.booking),
                now=self.clock(),
            ).decode()
            method = "CANCEL" if entry.is_gone else "REQUEST"
            mail.add_alternative(text, subtype="calendar", params={"method": method})
        elif len(entries) > 1:
            text = published(entries, domain=letter.domain, organizer=self.sender, now=self.clock()).decode()
            mail.add_alternative(text, subtype="calendar", params={"method": "PUBLISH"})
        return mail

    def _links(self, letter: Letter) -> list[tuple[str, str]]:
        """(text, address) of what can be done from the mail; nothing without an address of the office's own."""
        links, only = Links(self.settings), letter.only
        if not links.base:
            return []
        found = [(gettext("My bookings"), f"{links.base}/bookings")]
        if letter.message.kind.startswith("waitlist."):
            found = [(gettext("Queue"), f"{links.base}/queue")]
        if letter.message.kind == "telework.approved" and letter.message.data.get("count"):
            found.append((gettext("Booked, and not needed any more"), f"{links.base}/telework#needless"))
        if only is not None:
            verbs = _verbs(letter.message, only)
            acts = [Act(letter.message.user_id, only.booking.id, verb) for verb in verbs]
            found += [(str(VERBS[act.verb]), links.act(act)) for act in acts]
        return found


def _summary(booking: Booking, space: str, user_id: int) -> str:
    """What a booking is called in somebody's calendar; whom a guest comes to, reads for whom it is."""
    summary = booking.title or space
    if booking.guest_name and booking.host_id == user_id:
        summary = f"{gettext('For your guest %(name)s', name=booking.guest_name)} · {summary}"
    return summary


def _entry(about: About, message: Message) -> Entry:
    """A booking in the calendar of a mail's reader. All of it as it is now, whatever the mail tells: one that got out
    late carries the newest SEQUENCE too, and calendars keep what it says. Who has nothing to do with it any more reads
    no more of it than the mail tells."""
    if not about.is_readers:
        data = message.data
        by_id = dict(zip(data.get("bookings") or (), data.get("by_day") or (), strict=False))
        told = by_id.get(about.booking.id, data)
        space, span = told.get("space") or "", _span(told) if told.get("start") and told.get("end") else None
        return Entry(about.booking, data.get("title") or space, space, is_readers=False, told=span)
    return Entry(about.booking, _summary(about.booking, about.space, message.user_id), about.space)


def _verbs(message: Message, about: About) -> tuple[str, ...]:
    """What the reader of a mail can do about the booking that it is about."""
    booking = about.booking
    if booking.host_id == message.user_id:
        warned = ("still-coming",) if message.kind == "booking.release_warned" else ()
        return (*warned, *_verbs_of_host(booking))
    return ("decline",) if booking.is_live and about.is_readers else ()


def _verbs_of_host(booking: Booking) -> tuple[str, ...]:
    """What its host can do about a booking as it stands now; an offer is taken or declined first."""
    if booking.status is Status.HELD:
        return ("accept-offer", "decline-offer")
    return ("check-in", "give-up") if booking.is_live else ()


def _is_for_calendar(message: Message, booking: Booking) -> bool:
    """Whether a mail carries the invitation itself: what an attendee declines stays in its host's calendar."""
    return message.kind in INVITING or (message.kind == DECLINED and message.user_id != booking.host_id)


def _is_asked_for(message: Message, booking: Booking) -> bool:
    """Whether the reader wanted it, and so has accepted it: they booked it, or wished for it. Nobody else did yet."""
    wished = booking.made_by == message.user_id or booking.origin is Origin.LOT
    return wished and booking.host_id == message.user_id


def event_sentence(event: Event, facts: Mapping[str, Any]) -> str:
    """An event for a chat; `facts`: of what it is about. Nobody is named who is not in it, and what somebody wrote to
    those whom it concerns stays with them."""
    return sentence(event.kind, event.data | dict(facts) | {"why": "", "actor": ""})
