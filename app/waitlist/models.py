"""Who waits for what."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.spaces.rules import Kind, Lane, Target
from app.timespan import TimeSpan
from app.waitlist.rules import State, Wish

IS_IN_LINE = text("state IN ('waiting', 'offered')")


class Entry(Base):
    """A place in the queue; the order of `id` is the order of asking.

    `user_id` None: somebody without an account, known by the `number` drawn in `zone_id` on `drawn_on`. `site_id` None:
    any site will do. `minutes` None: the whole span is wanted. While `offered`, `booking_id` is what is held for it,
    until `hold_until`.
    """

    __tablename__ = "waitlist_entries"
    __table_args__ = (
        CheckConstraint("start_at < end_at", name="span"),
        CheckConstraint("(number IS NULL) = (drawn_on IS NULL)", name="number_of_a_day"),
        Index("ix_waitlist_in_line", "end_at", postgresql_where=IS_IN_LINE, sqlite_where=IS_IN_LINE),
        Index("ix_waitlist_hold", "hold_until", postgresql_where=IS_IN_LINE, sqlite_where=IS_IN_LINE),
        Index("ix_waitlist_user", "user_id", "id"),
        Index("uq_waitlist_number", "zone_id", "drawn_on", "number", unique=True),
        Index("uq_waitlist_booking", "booking_id", unique=True),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    lane: Mapped[Lane] = mapped_column(enum_text(Lane))
    kind: Mapped[Kind | None] = mapped_column(enum_text(Kind))
    zone_id: Mapped[int | None] = mapped_column(ForeignKey("zones.id"))
    space_id: Mapped[int | None] = mapped_column(ForeignKey("spaces.id"))
    site_id: Mapped[int | None] = mapped_column(ForeignKey("sites.id"))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    minutes: Mapped[int | None]
    number: Mapped[int | None]
    drawn_on: Mapped[date | None]
    state: Mapped[State] = mapped_column(enum_text(State), default=State.WAITING)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
    hold_until: Mapped[datetime | None]
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    @property
    def wish(self) -> Wish:
        length = timedelta(minutes=self.minutes) if self.minutes else None
        target = Target(self.lane, self.kind, self.zone_id, self.space_id, self.site_id)
        return Wish(target, TimeSpan(self.start_at, self.end_at), length)

    @property
    def guest_name(self) -> str:
        """What stands on the booking of somebody without an account."""
        return f"No. {self.number}" if self.user_id is None else ""
