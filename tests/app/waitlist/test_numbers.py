"""Whoever draws a number could have a room for it by the rules, as whoever stands in line could."""

from __future__ import annotations

from datetime import time

import pytest
from sqlalchemy import select, update

from app.clock import SteppingClock
from app.database import transaction
from app.people.models import Role, User
from app.spaces import zones
from app.spaces.models import Site, Space
from app.spaces.rules import Kind, Opening
from app.spaces.service import set_policy
from tests.fixtures.web import Api, problem
from tests.house import House, at

HOPELESS = (422, "waitlist.hopeless")


@pytest.fixture
def tax_zone(house: House) -> int:
    """The tax section's zone, with a booth."""
    with transaction(house.engine) as session:
        zone_id = session.get_one(Space, house.spaces["taxes"]).zone_id
        session.add(Space(zone_id=zone_id, code="B-booth", kind=Kind.BOOTH))
    return zone_id


def draw(api: Api, who: str, zone_id: int, minutes: int = 30) -> tuple[int, str | int]:
    answer = api.call(who, "POST", "/waitlist/numbers", {"zone_id": zone_id, "minutes": minutes})
    return (201, answer.get_json()["number"]) if answer.status_code == 201 else problem(answer)


def test_no_number_is_drawn_in_another_sections_zone_but_at_its_kiosk(
    api: Api, house: House, tax_zone: int
) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "baba@example.jp").values(role=Role.KIOSK))
    assert draw(api, "aoki", tax_zone) == HOPELESS
    assert draw(api, "endo", tax_zone) == (201, 1)
    assert draw(api, "baba", tax_zone) == (201, 2)


def test_no_number_is_drawn_for_longer_than_a_room_may_be_had(api: Api, house: House, tax_zone: int) -> None:
    with transaction(house.engine) as session:
        set_policy(session, Kind.BOOTH, "max_duration", "30m", now=at("08:00"), actor_id=None)
    assert draw(api, "endo", tax_zone, 31) == HOPELESS
    assert draw(api, "endo", tax_zone, 30) == (201, 1)


@pytest.mark.parametrize("role", [Role.STAFF, Role.KIOSK])
def test_no_number_is_drawn_once_the_office_is_closed(
    api: Api, house: House, tax_zone: int, clock: SteppingClock, role: Role
) -> None:
    with transaction(house.engine) as session:
        session.execute(update(User).where(User.email == "endo@example.jp").values(role=role))
        site_id = session.scalars(select(Site.id)).one()
        opening = Opening(closes=time(17, 15))
        zones.set_opening(session, site_id, opening, actor_id=None, now=at("08:00"))
    clock.at = at("16:46")
    assert draw(api, "endo", tax_zone) == HOPELESS
    clock.at = at("16:45")
    assert draw(api, "endo", tax_zone) == (201, 1)
