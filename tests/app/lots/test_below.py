"""The zone of a 課 is drawn for the people of its 係 too: they wish, they are named, they are seated."""

from __future__ import annotations

from datetime import timedelta

from app.database import reading, transaction
from app.lots.models import Outcome
from app.lots.service import who_belongs
from app.people import sections, service
from app.people.models import Role
from app.people.service import NewUser
from app.spaces.service import get_zone
from tests.app.lots.conftest import Lots
from tests.house import DAY, House, at


def test_people_of_a_section_below_the_zones_wish_and_are_seated(lots: Lots, house: House) -> None:
    with transaction(house.engine) as session:
        parent_id = next(iter(lots.people["endo"].section_ids))
        values = {"code": "shomin", "name": "市民税係", "parent_id": parent_id}
        sections.add(session, values, actor_id=None, now=at("08:00"), on=DAY)
        new = NewUser("goto@example.jp", "goto", Role.STAFF, "ごとう")
        user = service.add(session, new, section_code="shomin", on=DAY, now=at("08:00"))
        lots.people["goto"] = service.get_person(session, user.id, DAY)
    lots.put()
    with reading(house.engine) as session:
        zone = get_zone(session, lots.zone_id)
        named = [one.name for one in who_belongs(session, zone, DAY + timedelta(days=1))]
    assert {"goto", "endo"} <= set(named)
    assert "aoki" not in named
    lots.wish("endo", "B-1", beside=["goto"])
    lots.wish("goto", "B-2", beside=["endo"])
    draw = lots.draw()
    assert draw is not None
    assert {one.outcome for one in lots.outcomes(draw.id).values()} == {Outcome.SEATED}
