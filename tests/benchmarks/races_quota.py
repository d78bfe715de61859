"""One person asks for many bookings at one moment, or many chiefs for that person: never more than the quota."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.bookings.models import Booking
from app.bookings.rules import LIVE
from app.people.models import Role, User
from app.spaces.rules import Kind
from app.spaces.service import set_policy
from tests.benchmarks.races_stage import Cast, Race, add_spaces, wanted
from tests.servers.web import Answer, Client

QUOTA = 2
LENGTH = timedelta(minutes=1)  # every request of a run has a time of its own, within the horizon


class Quota(Race):
    """A person for each slot, whose every client asks for another minute of the same focus seat."""

    name = "quota"
    kind = Kind.FOCUS_SEAT
    accepted_each = QUOTA
    refused_as = 422

    def prepare(self, session: Session, cast: Cast) -> None:
        self.cast = cast
        (self.space_id,) = add_spaces(session, cast.zone_id, self.name, 1, kind=self.kind)
        set_policy(session, self.kind, "concurrent_quota", str(QUOTA), now=cast.now, actor_id=None)
        people = cast.hire(session, self.name, len(cast.slots))
        self.ids = [user.id for user in people]
        self.tokens = self.tokens_for(session, cast, people)

    def tokens_for(self, session: Session, cast: Cast, people: list[User]) -> list[str]:
        return cast.tokens_of(session, people)

    def body(self, runner: int, slot: int) -> dict[str, object]:
        start = self.cast.slots[0] + (slot * len(self.cast.runners) + runner) * LENGTH
        return dict(wanted(self.space_id, start, LENGTH))

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[slot]}"}
        return client.try_request("POST", "/api/v1/bookings", self.body(runner, slot), headers)

    def _holding(self, session: Session) -> list[int]:
        query = (
            select(func.count())
            .where(Booking.space_id == self.space_id, Booking.status.in_(LIVE))
            .group_by(Booking.user_id)
        )
        return list(session.scalars(query))

    def won(self, session: Session) -> int:
        return self._holding(session).count(QUOTA)

    def breaches(self, session: Session) -> int:
        return sum(held > QUOTA for held in self._holding(session))


class OnBehalf(Quota):
    """The same for booths, by chiefs who each book for the person: the quota is the person's."""

    name = "on_behalf"
    kind = Kind.MEETING_BOOTH

    def tokens_for(self, session: Session, cast: Cast, people: list[User]) -> list[str]:
        return cast.tokens_of(session, cast.hire(session, "chief", len(cast.runners), Role.CHIEF))

    def ask(self, client: Client, runner: int, slot: int) -> Answer:
        headers = {"Authorization": f"Bearer {self.tokens[runner]}"}
        body = self.body(runner, slot) | {"for_user_id": self.ids[slot]}
        return client.try_request("POST", "/api/v1/bookings", body, headers)
