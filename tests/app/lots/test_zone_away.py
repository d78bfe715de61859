"""A zone that is taken away is drawn no more, and no draw that fails keeps the others from being held."""

from __future__ import annotations

from collections.abc import Callable
from datetime import time

import pytest
from sqlalchemy import select, update

from app import pipeline
from app.database import transaction
from app.jobs import draw_due_lots
from app.lots import service
from app.lots.models import LotDraw, Outcome, State
from app.lots.service import LotRule
from app.spaces import layout
from app.spaces.models import Floor, Site, Space, Zone
from tests.app.lots.conftest import Lots
from tests.app.records.test_sheets import take
from tests.app.waitlist.test_pages import browser
from tests.fixtures.web import Api
from tests.house import OFFICE, House, at


def put_everybodys(house: House, hour: time) -> None:
    """Zone A is drawn too."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["seat"]).zone_id
        service.set_lots(session, zone_id, LotRule(hour), actor_id=None, now=at("09:00"))


def empty(lots: Lots) -> None:
    """All spaces of the zone are taken away."""
    with transaction(lots.house.engine) as session:
        for space_id in session.scalars(select(Space.id).where(Space.zone_id == lots.zone_id)).all():
            pipeline.remove_space(session, space_id, actor=lots.house.people["fujii"], now=at("10:30"))


def states(house: House) -> list[tuple[str, State]]:
    with transaction(house.engine) as session:
        return [(one.zone_code, one.state) for one in session.scalars(select(LotDraw).order_by(LotDraw.id))]


@pytest.mark.parametrize("way", ["api", "page"])
def test_the_draws_of_a_zone_go_with_it_and_the_others_are_held(
    api: Api, lots: Lots, house: House, way: str
) -> None:
    lots.put(time(15))
    put_everybodys(house, time(16))
    lots.wish("endo")
    empty(lots)
    if way == "api":
        path = f"/zones/{lots.zone_id}"
        tag = api.call("fujii", "GET", path).headers["ETag"]
        assert api.call("fujii", "DELETE", path, If_Match=tag).status_code == 204
    else:
        page = browser(api.client.application, house, "fujii", "/office").post(
            f"/office/zones/{lots.zone_id}/remove"
        )
        assert "Taken away. Its history stays." in page.text
    assert states(house) == [("B", State.CANCELLED), ("A", State.OPEN)]
    assert draw_due_lots(house.engine, at("16:00"), OFFICE) == 1
    assert states(house) == [("B", State.CANCELLED), ("A", State.DRAWN), ("A", State.OPEN)]
    with transaction(house.engine) as session:
        back = layout.add_zone(
            session, {"floor_id": house.floor_id, "code": "B", "name": "B"}, actor_id=None, now=at("17:00")
        )
        assert (back.id, back.lots_at) == (lots.zone_id, None)


def test_a_draw_that_stayed_behind_when_its_zone_went_is_called_off(lots: Lots, house: House) -> None:
    lots.put(time(15))
    put_everybodys(house, time(16))
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.id == lots.zone_id).values(removed_at=at("10:00")))
    draw_due_lots(house.engine, at("16:00"), OFFICE)
    assert states(house) == [("B", State.CANCELLED), ("A", State.DRAWN), ("A", State.OPEN)]
    with transaction(house.engine) as session:
        assert pipeline.due_draws(session, at("16:00")) == []


def free_by_hand(lots: Lots) -> None:
    with transaction(lots.house.engine) as session:
        pipeline.change_zone(
            session, lots.zone_id, {"free_seating": True}, actor=lots.house.people["fujii"], now=at("10:30")
        )


def free_by_file(lots: Lots) -> None:
    take(lots.house, "spaces", "floor,zone,free_seating,space\n3F,B,1,\n")


@pytest.mark.parametrize("set_free", [free_by_hand, free_by_file])
def test_a_zone_that_becomes_free_seating_is_drawn_no_more(
    lots: Lots, house: House, set_free: Callable[[Lots], None]
) -> None:
    lots.put()
    put_everybodys(house, time(16))
    lots.wish("endo")
    set_free(lots)
    assert states(house) == [("B", State.CANCELLED), ("A", State.OPEN)]
    with transaction(house.engine) as session:
        zone = session.get_one(Zone, lots.zone_id)
        assert (zone.free_seating, zone.lots_at) == (True, None)


def test_a_draw_that_stayed_behind_when_its_zone_became_free_seating_is_the_last(
    lots: Lots, house: House
) -> None:
    lots.put()
    with transaction(house.engine) as session:
        session.execute(update(Zone).where(Zone.id == lots.zone_id).values(free_seating=True))
    draw_due_lots(house.engine, at("16:00"), OFFICE)
    assert states(house) == [("B", State.CANCELLED)]
    assert lots.draw("16:00", day=1) is None


def test_a_draw_that_fails_is_told_in_the_log_and_keeps_no_other_from_being_held(
    lots: Lots, house: House, caplog: pytest.LogCaptureFixture
) -> None:
    lots.put(time(15))
    put_everybodys(house, time(16))
    wish = lots.wish("endo")
    with transaction(house.engine) as session:
        nowhere = Site(code="x", name="x", timezone="Nowhere/Land")
        session.add(nowhere)
        session.flush()
        floor = Floor(site_id=nowhere.id, code="x", name="x")
        session.add(floor)
        session.flush()
        session.get_one(Zone, lots.zone_id).floor_id = floor.id
    assert draw_due_lots(house.engine, at("16:00"), OFFICE) == 1
    assert states(house) == [("B", State.OPEN), ("A", State.DRAWN), ("A", State.OPEN)]
    (told,) = [one for one in caplog.records if one.name == "akiseki.jobs"]
    assert f"draw {wish.draw_id} failed" in told.getMessage()
    with transaction(house.engine) as session:
        session.get_one(Zone, lots.zone_id).floor_id = house.floor_id
    assert draw_due_lots(house.engine, at("16:01"), OFFICE) == 1
    assert lots.outcomes(wish.draw_id)["endo"].outcome is Outcome.SEATED
