"""Draws, and what people wish for in them."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, Document, enum_text


class State(StrEnum):
    """Where a draw stands. MISSED: its day began before anybody drew. CANCELLED: the zone is not drawn any more."""

    OPEN = "open"
    DRAWN = "drawn"
    MISSED = "missed"
    CANCELLED = "cancelled"


class Outcome(StrEnum):
    """What became of a wish. REFUSED: a rule of booking stood before every seat; `reason` names it."""

    WAITING = "waiting"
    SEATED = "seated"
    LEFT_OUT = "left_out"
    REFUSED = "refused"


class LotDraw(Base):
    """The draw of a zone's desks for a day. `seed` and `nonce` are secret until it is drawn, `commitment` never.

    `inputs` and `result`: as published (see `app.lots.rules.record`); None before the draw.
    """

    __tablename__ = "lot_draws"
    __table_args__ = (
        UniqueConstraint("zone_id", "on_date"),
        CheckConstraint("(state = 'drawn') = (result IS NOT NULL)", name="result"),
        Index(None, "state", "draw_at"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    zone_id: Mapped[int] = mapped_column(ForeignKey("zones.id"))
    zone_code: Mapped[str] = mapped_column(String(32))
    on_date: Mapped[date]
    draw_at: Mapped[datetime]
    state: Mapped[State] = mapped_column(enum_text(State), default=State.OPEN)
    opened_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]
    commitment: Mapped[str] = mapped_column(String(64))
    seed: Mapped[str] = mapped_column(String(64))
    nonce: Mapped[str] = mapped_column(String(32))
    inputs: Mapped[dict[str, Any] | None]
    result: Mapped[list[Any] | None] = mapped_column(Document)


class LotWish(Base):
    """What a person wishes for in a draw, and what became of it.

    `number`: their name in the published record, random and of this draw alone. `prefers`: ids of spaces, the best
    first. `beside`: ids of the people they would sit with, if those name them too. `missed`: how many draws of the zone
    in a row had left them out before this one. `repeated`: they sat there in the last days, unavoidably.
    """

    __tablename__ = "lot_wishes"
    __table_args__ = (UniqueConstraint("draw_id", "number"), Index(None, "user_id", "draw_id"))

    draw_id: Mapped[int] = mapped_column(ForeignKey("lot_draws.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), primary_key=True)
    number: Mapped[int]
    prefers: Mapped[list[int]] = mapped_column(Document)
    beside: Mapped[list[int]] = mapped_column(Document)
    made_at: Mapped[datetime]
    missed: Mapped[int] = mapped_column(default=0)
    outcome: Mapped[Outcome] = mapped_column(enum_text(Outcome), default=Outcome.WAITING)
    reason: Mapped[str] = mapped_column(String(32), default="")
    position: Mapped[int | None]
    choice: Mapped[int | None]
    repeated: Mapped[bool] = mapped_column(default=False)
    booking_id: Mapped[int | None] = mapped_column(ForeignKey("bookings.id"))
