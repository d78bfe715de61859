"""Wishes and draws are kept as long as the office keeps presence, and go whether or not the zone is drawn any more."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import func, select

from app.bookings.rules import Origin
from app.database import reading
from app.lots.models import LotDraw, LotWish, State
from app.records import erasing
from app.settings import Keeping
from tests.app.lots.conftest import Lots, bookings
from tests.house import TOKYO, House, at

AS_DELIVERED = Keeping()


def kept(house: House) -> tuple[int, int]:
    """How many draws there are, and how many wishes."""
    with reading(house.engine) as session:
        return tuple(  # type: ignore[return-value]
            session.scalar(select(func.count()).select_from(one)) or 0 for one in (LotDraw, LotWish)
        )


def erase(house: House, day: int, keeping: Keeping = AS_DELIVERED) -> int:
    now = at("05:00", day=day)
    of = erasing.limits_of(keeping, now, now.date(), TOKYO)
    with reading(house.engine) as session:
        due = erasing.due_counts(session, of)["lot_draws"]
    assert erasing.erase(house.engine, of, now=now)["lot_draws"] == due
    return due


def test_wishes_of_a_zone_that_is_no_longer_drawn_go_when_presence_does(lots: Lots, house: House) -> None:
    lots.hire("goda")
    lots.put()
    lots.wish("endo", "B-3")
    lots.wish("goda")
    lots.draw()
    lots.put(None, now="17:00")
    assert [one.state for one in lots.draws()] == [State.DRAWN, State.CANCELLED]
    assert kept(house) == (2, 2)
    assert erase(house, 182) == 0
    assert erase(house, 183) == 1
    assert erase(house, 184) == 1
    assert kept(house) == (0, 0)
    assert [one.origin for one in bookings(house)] == [Origin.LOT] * 2


def test_the_operators_setting_says_how_long(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    lots.draw()
    short = Keeping(presence=timedelta(days=30))
    assert erase(house, 32, short) == 0
    assert erase(house, 33, short) == 1
    assert kept(house) == (1, 0)


def test_what_waits_to_be_drawn_stays_whatever_its_day(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    assert erase(house, 400) == 0
    assert kept(house) == (1, 1)
    lots.draw(day=400)
    erase(house, 400)
    assert [one.state for one in lots.draws()] == [State.OPEN]


def test_a_draw_forgets_nothing_by_itself(lots: Lots, house: House) -> None:
    lots.put()
    lots.wish("endo")
    lots.draw()
    lots.draw(day=300)
    assert kept(house)[1] == 1
