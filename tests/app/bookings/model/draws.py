"""What people and the clock do with the draw of the tax section's desks."""

from __future__ import annotations

from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import pipeline
from app.database import reading, transaction
from app.lots import service
from app.lots.models import LotDraw, LotWish
from app.lots.rules.record import commitment
from app.spaces.models import Space
from tests.app.bookings.model.lottery import DESKS, HOUR, Draw, Lottery
from tests.app.bookings.model.machine import Time
from tests.app.bookings.model.office import PEOPLE
from tests.app.bookings.model.sensors import MINUTE
from tests.house import OFFICE

wishers = st.sampled_from(["endo", "fujii", "goda", "hara", "aoki"])
has_draws = precondition(lambda self: bool(self.lottery.draws))


class Draws(Time):
    """The facility staff decide, people wish, the hour comes."""

    def __init__(self) -> None:
        super().__init__()
        self.lottery = Lottery()
        self.office.to_be_drawn = self.lottery.bars

    @rule(is_on=st.sampled_from([True, True, True, False]), no_repeat=st.integers(0, 2))
    def lots_are_put(self, is_on: bool, no_repeat: int) -> None:
        def put(session: Session) -> None:
            zone_id = session.get_one(Space, self.house.spaces["taxes"]).zone_id
            wanted = service.LotRule(HOUR if is_on else None, no_repeat, together=False)
            service.set_lots(session, zone_id, wanted, actor_id=None, now=self.now)

        self.both(put, lambda: self.lottery.put(self.now, no_repeat) if is_on else self.lottery.lift())

    @has_draws
    @rule(who=wishers, prefers=st.lists(st.sampled_from(DESKS), max_size=2, unique=True))
    def wishes(self, who: str, prefers: list[str]) -> None:
        def wish(session: Session) -> None:
            spaces = [self.house.spaces[code] for code in prefers]
            service.wish(
                session, self._newest(session), actor=self.house.people[who], now=self.now, prefers=spaces
            )

        self.both(wish, lambda: self.lottery.wish(PEOPLE[who], tuple(prefers), self.now))

    @has_draws
    @rule(who=wishers)
    def wishes_no_more(self, who: str) -> None:
        self.both(
            lambda session: service.withdraw(
                session, self._newest(session), actor=self.house.people[who], now=self.now
            ),
            lambda: self.lottery.withdraw(PEOPLE[who], self.now),
        )

    @rule(prefers=st.lists(st.sampled_from(DESKS), min_size=4, max_size=4))
    def a_day_is_drawn(self, prefers: list[str]) -> None:
        """More wish than there are desks."""
        if not self.lottery.is_on:
            self.lots_are_put(True, 1)
        for who, code in zip(("endo", "fujii", "goda", "hara"), prefers, strict=True):
            self.wishes(who, [code])
        self.the_hour_comes(0)

    @rule()
    def the_job_draws(self) -> None:
        self._throw()

        def draw_all(session: Session) -> None:
            for draw_id in pipeline.due_draws(session, self.now):
                pipeline.draw_lots(session, draw_id, self.now, OFFICE)

        self.both(draw_all, lambda: self.lottery.draw_due(self.office))

    @has_draws
    @rule(late=st.sampled_from([0, 0, 0, 10]))
    def the_hour_comes(self, late: int) -> None:
        missing = self.lottery.draws[-1].at - self.now
        if self.lottery.draws[-1].state == "open" and 0 * MINUTE <= missing <= 24 * 60 * MINUTE:
            self.time_passes(missing // MINUTE + late, sweeps=True)
            self.the_job_draws()

    def _throw(self) -> None:
        """What is left to chance, the seeds and the numbers of the wishes, is the same at each run of an example."""
        names = {person.id: name for name, person in self.house.people.items()}
        with transaction(self.house.engine) as session:
            for kept, draw in self._pairs(session):
                if draw.state != "open":
                    continue
                kept.seed = draw.seed = f"{kept.id:064x}"
                kept.commitment = commitment(kept.zone_code, kept.on_date, kept.seed, kept.nonce)
                for wish in session.scalars(select(LotWish).where(LotWish.draw_id == kept.id)):
                    wish.number = draw.wishes[names[wish.user_id]].number = wish.user_id

    def _newest(self, session: Session) -> int:
        return self._pairs(session)[-1][0].id

    def _pairs(self, session: Session) -> list[tuple[LotDraw, Draw]]:
        kept = session.scalars(select(LotDraw).order_by(LotDraw.id)).all()
        return list(zip(kept, self.lottery.draws, strict=True))

    @invariant()
    def the_draws_are_equal(self) -> None:
        name_of = {person.id: name for name, person in self.house.people.items()}
        with reading(self.house.engine) as session:
            kept = [(one.on_date, one.draw_at, one.state.value) for one, _ in self._pairs(session)]
            wishes = {
                (one.draw_id, name_of[one.user_id], one.outcome.value, one.missed)
                for one in session.scalars(select(LotWish))
            }
            plain_wishes = {
                (one.id, name, "refused" if draw.state == "missed" else wish.result, wish.missed)
                for one, draw in self._pairs(session)
                for name, wish in draw.wishes.items()
            }
        assert kept == [(one.on, one.at, one.state) for one in self.lottery.draws]
        assert wishes == plain_wishes
