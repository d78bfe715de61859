"""Rotations: what was asked, how the search goes, what was found and published."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.orm import Base, BigId, enum_text
from app.telework.models import ERASABLE, TeleworkPlan
from app.telework.rules import Half, PlanKind, PlanState

Key = tuple[int, date, str]  # of a cell in the office's rows: user, day, half


class State(StrEnum):
    """Where a rotation stands. NOTHING: neither a plan nor a conflict in the time given. REPLACED: one that was
    published later covers its days."""

    WAITING = "waiting"
    SEARCHING = "searching"
    FOUND = "found"
    IMPOSSIBLE = "impossible"
    NOTHING = "nothing"
    FAILED = "failed"
    CANCELLED = "cancelled"
    PUBLISHED = "published"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"


OPEN = frozenset({State.WAITING, State.SEARCHING})
IS_OPEN = text("state IN ('waiting', 'searching')")
IS_PUBLISHED = text("state = 'published'")


class SwapState(StrEnum):
    """WITHDRAWN: somebody else was faster."""

    OFFERED = "offered"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"


class RotationSetting(Base):
    """What a section's rotations must hold beside the telework rules: see `app.rotation.schemas.SettingForm`."""

    __tablename__ = "rotation_settings"

    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"), primary_key=True)
    data: Mapped[dict[str, Any]]
    changed_at: Mapped[datetime]
    changed_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))


class Rotation(Base):
    """A search and what came of it. `section_id` None: a problem that was brought along, which books nothing.

    `problem`: the documented form, with people by their ids. `plan`: the best so far, while it is searched too.
    `progress`: the level that is searched, its best and its bound; `ended_after`, `failed`: see `app.rotation.working`.
    `beat_at`: the last sign of life of the search.
    """

    __tablename__ = "rotations"
    __table_args__ = (
        CheckConstraint("first_on <= last_on", name="days"),
        CheckConstraint(
            "state <> 'published' OR (plan IS NOT NULL AND published_at IS NOT NULL)", name="published"
        ),
        Index("ix_rotations_open", "id", postgresql_where=IS_OPEN, sqlite_where=IS_OPEN),
        # A section's published months begin on different days; what overlaps is replaced in the same transaction.
        Index(
            "uq_rotations_published",
            "section_id",
            "first_on",
            unique=True,
            postgresql_where=IS_PUBLISHED,
            sqlite_where=IS_PUBLISHED,
        ),
        Index(None, "section_id", "first_on"),
        Index(None, "made_by"),
        Index(None, "last_on"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    section_id: Mapped[int | None] = mapped_column(ForeignKey("sections.id"))
    first_on: Mapped[date]
    last_on: Mapped[date]
    state: Mapped[State] = mapped_column(enum_text(State), default=State.WAITING)
    problem: Mapped[dict[str, Any]]
    seconds: Mapped[int]
    work: Mapped[int | None]
    seed: Mapped[int] = mapped_column(default=1)
    plan: Mapped[dict[str, Any] | None]
    figures: Mapped[dict[str, Any] | None]
    progress: Mapped[dict[str, Any] | None]
    conflict: Mapped[dict[str, Any] | None]
    attempts: Mapped[int] = mapped_column(default=0)
    cancel_asked: Mapped[bool] = mapped_column(default=False)
    made_at: Mapped[datetime]
    made_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    beat_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    published_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))

    @property
    def last_planned(self) -> date:
        """The last of its days that are planned: those that it was asked for may end with days that are closed."""
        return date.fromisoformat(max(self.problem["days"]))


class RotationLock(Base):
    """A cell that the chief has locked for the section's next searches: it stays as it is."""

    __tablename__ = "rotation_locks"
    __table_args__ = (
        UniqueConstraint("section_id", "user_id", "on_date", "half"),
        Index(None, "user_id"),
        Index(None, "on_date"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    section_id: Mapped[int] = mapped_column(ForeignKey("sections.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date]
    half: Mapped[Half] = mapped_column(enum_text(Half))
    kind: Mapped[PlanKind] = mapped_column(enum_text(PlanKind))


class RotationBooking(Base):
    """A seat that was booked when a rotation was published, so that withdrawing it finds it."""

    __tablename__ = "rotation_bookings"
    __table_args__ = (Index(None, "rotation_id"),)

    booking_id: Mapped[int] = mapped_column(ForeignKey("bookings.id"), primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id"))


class RotationCell(Base):
    """A half-day as it was published.

    `wrote_at`: when the rotation, or one that it took the place of, wrote the plan, which has this as its approval (or
    as its request, where somebody else must approve it) as long as nobody else has decided on it; None: the plan stood
    already. `before`: what that writing took the place of, as `app.rotation.writing` keeps it; None: there was no plan.
    """

    __tablename__ = "rotation_cells"
    __table_args__ = (
        UniqueConstraint("rotation_id", "user_id", "on_date", "half"),
        Index(None, "user_id", "on_date"),
        Index(None, "on_date"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date]
    half: Mapped[Half] = mapped_column(enum_text(Half))
    kind: Mapped[PlanKind] = mapped_column(enum_text(PlanKind))
    wrote_at: Mapped[datetime | None]
    before: Mapped[dict[str, Any] | None] = mapped_column(ERASABLE)

    def has_written(self, plan: TeleworkPlan) -> bool:
        """Whether a plan stands by the rotation's word, and by nobody's since."""
        stands_since = plan.requested_at if plan.state is PlanState.REQUESTED else plan.approved_at
        return self.wrote_at is not None and stands_since == self.wrote_at


class RotationSwap(Base):
    """Somebody is asked to come in for somebody who is absent. `cells`: the half-days on which they come, those at home
    instead, and on which the other is absent: where that is not told apart, all day."""

    __tablename__ = "rotation_swaps"
    __table_args__ = (
        Index(
            "uq_rotation_swaps_offered",
            "person_id",
            "on_date",
            unique=True,
            postgresql_where=text("state = 'offered'"),
            sqlite_where=text("state = 'offered'"),
        ),
        Index(None, "rotation_id"),
        Index(None, "absent_id"),
        Index(None, "on_date"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    rotation_id: Mapped[int] = mapped_column(ForeignKey("rotations.id"))
    absent_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    on_date: Mapped[date]
    cells: Mapped[dict[str, Any]]
    state: Mapped[SwapState] = mapped_column(enum_text(SwapState), default=SwapState.OFFERED)
    offered_at: Mapped[datetime]
    offered_by: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    answered_at: Mapped[datetime | None]

    @property
    def comes(self) -> list[Key]:
        """When whoever is asked comes in."""
        return self._theirs("comes")

    @property
    def home(self) -> list[Key]:
        """When they work at home instead."""
        return self._theirs("home")

    @property
    def away(self) -> list[Key]:
        """When whoever is absent is so."""
        halves: list[str] = self.cells.get("away", list(Half))
        return [(self.absent_id, self.on_date, half) for half in halves]

    def _theirs(self, part: str) -> list[Key]:
        return [(self.person_id, date.fromisoformat(one["on"]), one["half"]) for one in self.cells[part]]
