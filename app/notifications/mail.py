"""Mail: each message claimed, sent, marked. A crash in between repeats it once, with the same Message-ID."""

from __future__ import annotations

import logging
import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.utils import make_msgid
from io import BufferedReader
from time import monotonic
from urllib.parse import parse_qs, unquote, urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import Engine, and_, case, func, or_, select, update
from sqlalchemy.orm import Session

from app.bookings.models import Attendee, Booking
from app.bookings.rules import Status
from app.clock import Clock
from app.database import reading, transaction
from app.notifications import calendars
from app.notifications.models import Delivery, Message
from app.notifications.rules import Choices, next_try
from app.notifications.service import choices_of
from app.people.models import User
from app.punctual import PunctualReads
from app.spaces.models import Space
from app.texts import is_address

log = logging.getLogger("akiseki.mail")
AT_ONCE = 50
TIMEOUT_S = 10
# Replies of RFC 5321: from here on for good; and the one by which a server hangs up, whomever the mail is for.
PERMANENT = 500
CLOSING = 421


@dataclass(frozen=True, slots=True)
class About:
    """A booking that a message is about, as it stands now, with the code of its space. `is_readers`: whether the reader
    has to do with it: they are its host, or come to it."""

    booking: Booking
    space: str
    is_readers: bool


@dataclass(frozen=True, slots=True)
class Letter:
    """A message to be sent: to whom, in which language, and the bookings that it is about, in the order of time;
    several of a series; `domain`: what their ids end with in calendars."""

    message: Message
    address: str
    name: str
    locale: str
    about: Sequence[About]
    domain: str

    @property
    def only(self) -> About | None:
        """The one booking that it is about, if it is about one."""
        return self.about[0] if len(self.about) == 1 else None


class Refused(Exception):
    """This mail cannot be sent, now or ever: the server will not take it, or none can be written."""


class PutOff(Exception):
    """The server will not take this mail now, as for a mailbox that is full, but takes others."""


class Unreachable(Exception):
    """The server cannot be talked to, or takes nothing now; try later."""


Send = Callable[[EmailMessage], None]


@dataclass(frozen=True, slots=True)
class Server:
    """A mail server by its address: `smtp://user:password@host:587?from=akiseki@city.example.jp`, or `smtps://`.

    On `smtp` the connection is encrypted where the server offers it, and always before a password is sent.
    """

    url: str

    @property
    def sender(self) -> str:
        parts = urlsplit(self.url)
        return parse_qs(parts.query).get("from", [f"akiseki@{parts.hostname}"])[0]

    @contextmanager
    def connected(self) -> Iterator[Send]:
        """A connection for several mails; raises Unreachable."""
        try:
            server = self._connect()
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(str(error)) from error
        try:
            yield lambda mail: _send(server, mail)
        finally:
            server.close()

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.url)
        host = parts.hostname or ""
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = _PunctualOverTls(
                host, parts.port or 465, timeout=TIMEOUT_S, context=context
            )
        else:
            server = _Punctual(host, parts.port or 25, timeout=TIMEOUT_S)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
                server.ehlo()
            elif parts.username:
                server.close()
                raise smtplib.SMTPNotSupportedError(
                    "no password is sent over a connection that is not encrypted"
                )
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server


class _Punctual(smtplib.SMTP):
    """Each reply comes as a whole within the connection's timeout, however slowly it is sent."""

    _reads: PunctualReads

    def getreply(self) -> tuple[int, bytes]:
        ends = monotonic() + TIMEOUT_S
        if self.file is None and self.sock is not None:
            self._reads = PunctualReads(self.sock, ends)
            self.file = BufferedReader(self._reads)
        if self.file is not None:
            self._reads.ends = ends
        return super().getreply()


class _PunctualOverTls(_Punctual, smtplib.SMTP_SSL):
    """The same, encrypted from the first byte."""


def _send(server: smtplib.SMTP, mail: EmailMessage) -> None:
    try:
        server.send_message(mail)
    except smtplib.SMTPRecipientsRefused as error:
        code, text = next(iter(error.recipients.values()))
        kind = Refused if code >= PERMANENT else Unreachable if code == CLOSING else PutOff
        raise kind(f"{code} {text!r}") from error
    except smtplib.SMTPResponseException as error:
        kind = Refused if error.smtp_code >= PERMANENT else Unreachable
        raise kind(f"{error.smtp_code} {error.smtp_error!r}") from error
    except (OSError, smtplib.SMTPException) as error:
        raise Unreachable(str(error)) from error


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many mails do not get out: due, or tried in vain and to be tried again; and since when the first of them."""

    count: int
    since: datetime | None


def waiting(session: Session, now: datetime) -> Waiting:
    """What waits for the mail server, and not for a reader's quiet hours; one query."""
    began_at = case((Message.attempts > 0, Message.made_at), else_=Message.due_at)
    query = select(func.count(), func.min(began_at)).where(
        Message.status == Delivery.DUE, or_(Message.due_at <= now, Message.attempts > 0)
    )
    return Waiting(*session.execute(query).one())


def send_due(
    engine: Engine, clock: Clock, server: Server, write: Callable[[Letter], EmailMessage], zone: ZoneInfo
) -> int:
    """Send what is due, AT_ONCE at most; returns how many were sent. A server that cannot be reached ends the round:
    what is left stays due. `zone`: the office's, for quiet hours."""
    if not _is_any_due(engine, clock()):
        return 0
    sent = 0
    try:
        with server.connected() as send:
            for _ in range(AT_ONCE):
                letter = _claim(engine, clock(), server.sender, zone)
                if letter is None:
                    break
                sent += _deliver(engine, letter, send, write)
    except Unreachable as error:
        log.warning("mail waits, since the server takes none: %s", error)
        _note(engine, clock(), str(error))
    return sent


def _is_any_due(engine: Engine, now: datetime) -> bool:
    with reading(engine) as session:
        query = select(Message.id).where(Message.status == Delivery.DUE, Message.due_at <= now).limit(1)
        return session.scalar(query) is not None


def _deliver(engine: Engine, letter: Letter, send: Send, write: Callable[[Letter], EmailMessage]) -> int:
    """Send one; 1 where the server took it. Raises Unreachable: it is due again later."""
    try:
        send(_written(letter, write))
    except Refused as error:
        # What the server says names the address, which is not for the log.
        log.warning("message %d cannot be mailed, now or ever; its row says why", letter.message.id)
        _mark(engine, letter.message.id, Delivery.FAILED, str(error))
        return 0
    except PutOff as error:
        _mark(engine, letter.message.id, Delivery.DUE, str(error))
        return 0
    except Unreachable as error:
        _mark(engine, letter.message.id, Delivery.DUE, str(error))
        raise
    _mark(engine, letter.message.id, Delivery.SENT)
    return 1


def _written(letter: Letter, write: Callable[[Letter], EmailMessage]) -> EmailMessage:
    """The mail of a letter; raises Refused where none can be written, as to an address that is none."""
    if not is_address(letter.address):
        raise Refused("no mail can be written: the address is none")
    try:
        return write(letter)
    except ValueError as error:
        raise Refused(f"no mail can be written: {error}") from error


def _claim(engine: Engine, now: datetime, sender: str, zone: ZoneInfo) -> Letter | None:
    """The next mail that is due: counted as tried, and due again later, before it is sent. What was tried too often, is
    to somebody who has left, or warns of what is past, is given up on the way; what waited for its server, or for its
    next try, into the reader's quiet hours waits for their end."""
    with transaction(engine) as session:
        while True:
            row = session.execute(
                select(Message, User)
                .join(User, User.id == Message.user_id)
                .where(Message.status == Delivery.DUE, Message.due_at <= now)
                .order_by(Message.due_at, Message.id)
                .limit(1)
                .with_for_update(skip_locked=True, of=Message)
            ).one_or_none()
            if row is None:
                return None
            message, user = row
            chosen = choices_of(session, [user.id]).get(user.id, Choices())
            if (later := chosen.mail_at(now, zone)) > now:
                message.due_at = later
                session.flush()
                continue
            message.attempts += 1
            again = next_try(message.attempts, now)
            message.due_at = chosen.mail_at(again, zone) if again else None
            message.mail_id = message.mail_id or make_msgid(domain=sender.partition("@")[2] or None)
            about = _about(session, message)
            past = message.kind == "booking.release_warned" and not any(
                _is_coming(one.booking, now) for one in about
            )
            if message.due_at is not None and user.left_at is None and not past:
                break
            message.status, message.due_at = Delivery.FAILED, None
            message.error = (
                "past" if past else message.error or ("left" if user.left_at else "tried too often")
            )
            session.flush()
        session.flush()
        domain = calendars.domain(session)
        session.expunge_all()
    return Letter(message, user.email, user.name, user.locale, about, domain)


def _about(session: Session, message: Message) -> Sequence[About]:
    """The bookings of a message; one query."""
    ids = message.data.get("bookings") or [message.data.get("booking_id") or 0]
    query = (
        select(Booking, Space.code, Attendee.user_id)
        .join(Space, Space.id == Booking.space_id)
        .join(
            Attendee,
            and_(Attendee.booking_id == Booking.id, Attendee.user_id == message.user_id),
            isouter=True,
        )
        .where(Booking.id.in_(ids))
        .order_by(Booking.start_at, Booking.id)
    )
    return [
        About(booking, code, message.user_id in {booking.host_id, attendee_id})
        for booking, code, attendee_id in session.execute(query)
    ]


def _is_coming(booking: Booking, now: datetime) -> bool:
    """Whether a release of which its person was warned is still to come (RULES 7: a warning is dropped once past)."""
    return (
        booking.status is Status.BOOKED
        and booking.coming_at is None
        and booking.release_check_at is not None
        and now < booking.release_check_at
    )


def _mark(engine: Engine, message_id: int, status: Delivery, error: str = "") -> None:
    values: dict[str, object] = {"status": status, "error": error[:200]}
    if status is not Delivery.DUE:
        values["due_at"] = None
    with transaction(engine) as session:
        session.execute(update(Message).where(Message.id == message_id).values(**values))


def _note(engine: Engine, now: datetime, error: str) -> None:
    """Keep beside what waits why it waits."""
    with transaction(engine) as session:
        session.execute(
            update(Message)
            .where(Message.status == Delivery.DUE, Message.due_at <= now)
            .values(error=error[:200])
        )
