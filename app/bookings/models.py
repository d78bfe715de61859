"""Bookings. What must never happen (two live bookings of a space, or of a person in a lane) the database guards:
see migrations/versions/0001 and `app.bookings.guards`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, bindparam, text
from sqlalchemy.orm import Mapped, mapped_column

from app.bookings.rules import LIVE, Booked, By, Origin, Status
from app.orm import Base, BigId, enum_text
from app.spaces.rules import Lane
from app.timespan import TimeSpan

IN_SERIES = text("series_id IS NOT NULL")
OF_GUEST = text("guest_name <> ''")
IS_LIVE = text("status IN ('held', 'booked', 'checked_in')")


class Booking(Base):
    """A span of a space for a person. `start_at`/`end_at` stay as booked; `ended_at` is when it really ended.

    `user_id` None: for a guest without an account, `guest_name`, whom `made_by` receives.
    `release_check_at`: when the no-show rule looks at it next, None once it never will again. `warned_at`: when the
    person was told that it is about to be released; `coming_at`: when they answered that they are still coming.
    `seen_at`: since when a sensor, or somebody else, had checked it in before the person did so by their own hand.
    `version` counts changes (the ETag). `erased_at`: when it lost its people (RULES 19); its
    times stay as figures.
    """

    __tablename__ = "bookings"
    __table_args__ = (
        CheckConstraint("start_at < end_at", name="span"),
        Index(
            "ix_bookings_live_space",
            "space_id",
            "start_at",
            "end_at",
            postgresql_where=IS_LIVE,
            sqlite_where=IS_LIVE,
        ),
        Index(
            "ix_bookings_live_person",
            "user_id",
            "lane",
            "start_at",
            postgresql_where=IS_LIVE,
            sqlite_where=IS_LIVE,
        ),
        Index("ix_bookings_live_end", "end_at", postgresql_where=IS_LIVE, sqlite_where=IS_LIVE),
        Index(
            "ix_bookings_release_check",
            "release_check_at",
            postgresql_where=text("status = 'booked'"),
            sqlite_where=text("status = 'booked'"),
        ),
        Index(
            "ix_bookings_space_day",
            "space_id",
            "start_at",
            postgresql_include=["end_at", "status", "user_id"],
        ),
        Index(
            "ix_bookings_series", "series_id", "start_at", postgresql_where=IN_SERIES, sqlite_where=IN_SERIES
        ),
        Index("ix_bookings_user_day", "user_id", "start_at"),
        Index("ix_bookings_host", "made_by", postgresql_where=OF_GUEST, sqlite_where=OF_GUEST),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    space_id: Mapped[int] = mapped_column(ForeignKey("spaces.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lane: Mapped[Lane] = mapped_column(enum_text(Lane))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    status: Mapped[Status] = mapped_column(enum_text(Status))
    reason: Mapped[str] = mapped_column(String(32), default="")
    origin: Mapped[Origin] = mapped_column(enum_text(Origin), default=Origin.BOOKED)
    series_id: Mapped[int | None] = mapped_column(ForeignKey("series.id"))
    title: Mapped[str] = mapped_column(String(120), default="")
    guest_name: Mapped[str] = mapped_column(String(80), default="")
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    checked_in_at: Mapped[datetime | None]
    checked_in_by: Mapped[By | None] = mapped_column(enum_text(By))
    seen_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    reclaimed: Mapped[bool] = mapped_column(default=False)
    release_check_at: Mapped[datetime | None]
    warned_at: Mapped[datetime | None]
    coming_at: Mapped[datetime | None]
    version: Mapped[int] = mapped_column(default=1)
    erased_at: Mapped[datetime | None]

    @property
    def span(self) -> TimeSpan:
        return TimeSpan(self.start_at, self.end_at)

    @property
    def host_id(self) -> int | None:
        """Who answers for it: the person booked for; of a guest without an account whoever booked."""
        return self.made_by if self.guest_name else self.user_id

    @property
    def is_live(self) -> bool:
        return self.status in LIVE

    def takes_check_in(self, *, by_other: bool = False) -> bool:
        """Whether a check-in still says something: nobody has come yet or, by the person's own hand, only the sensor or
        somebody else has said so (RULES 6)."""
        is_ones_word = self.checked_in_by is By.HAND or self.user_id is None
        return self.status is Status.BOOKED or (
            self.status is Status.CHECKED_IN and not by_other and not is_ones_word
        )

    @property
    def is_claim(self) -> bool:
        """Whether somebody sat down without a booking; quotas leave it apart, and it alone."""
        return self.origin is Origin.CLAIM

    @property
    def over_at(self) -> datetime:
        """When it stopped holding its space, or will."""
        return self.ended_at or self.end_at


class Attendee(Base):
    """Somebody invited to a booking of a room, besides the person booked for."""

    __tablename__ = "booking_attendees"
    __table_args__ = (Index(None, "user_id"),)

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)


def facts_of(
    booking: Booking, *, previous_end: datetime | None = None, expected_at: datetime | None = None
) -> Booked:
    """A booking as the rules see it; who knows more of it adds what came before and when its person is expected."""
    return Booked(
        status=booking.status,
        span=booking.span,
        made_at=booking.made_at,
        previous_end=previous_end,
        expected_at=expected_at,
        coming_at=booking.coming_at,
        reclaimed=booking.reclaimed,
    )


# Written out, not as parameters: only so do SQLite and a prepared plan see that the indexes of what is live will do.
HOLDS = Booking.status.in_(bindparam("live", LIVE, unique=True, expanding=True, literal_execute=True))
