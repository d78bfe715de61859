"""The sweeps that the jobs would have made, at their instants, for whoever plays a past time back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine

from app.database import reading
from app.pipeline import next_due

START_OF_TIME = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Sweeps:
    """`sweep` is called as the jobs would call it, at turns `every` apart; it answers how many changes it confirmed.

    The sweeps between, which would do nothing, are left out.
    """

    engine: Engine
    sweep: Callable[[datetime], int]
    every: timedelta
    swept_at: datetime = START_OF_TIME
    waits_until: datetime | None = None

    def next_at(self, read_until: datetime) -> datetime | None:
        """The next turn at which there is something to do; None: not before something is read.

        What stays due is looked at again at the next turn; nothing is swept for before what was read so far.
        """
        with reading(self.engine) as session:
            due = next_due(session)
        if due is None:
            return None
        return max(self.turn(max(due, read_until)), self.swept_at + self.every)

    def pass_time(
        self, read_until: datetime, until: datetime, *, before: Callable[[datetime], None] | None = None
    ) -> int:
        """Sweep whenever something is due, not later than `until`; returns how many changes that confirmed. `before` is
        told of each; `waits_until` says afterwards when the next is due."""
        changes = 0
        while (due := self.next_at(read_until)) and due <= until:
            if before:
                before(due)
            changes += self.sweep(due)
            self.swept_at = due
        self.waits_until = due
        return changes

    def slot(self, at: datetime) -> datetime:
        """The newest turn at or before an instant."""
        return at - (at - START_OF_TIME) % self.every

    def turn(self, at: datetime) -> datetime:
        """The first turn at or after an instant."""
        return at + (START_OF_TIME - at) % self.every
