"""Nobody can step in for all that an absence breaks: some can for a half, newcomers work at home; both databases."""

from __future__ import annotations

from html import unescape

import pytest
from flask.testing import FlaskClient

from app.database import transaction
from app.people.models import Role
from app.rotation.models import Rotation, RotationSwap, SwapState
from app.rotation.ways import Absence
from app.telework.rules import Half, PlanKind
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.app.rotation.swaps import answer, seat_section, state
from tests.app.telework.desk import become, hire
from tests.app.test_pages import client, sign_in, token_in
from tests.house import OFFICE, House

__all__ = ["client"]


@pytest.fixture
def office(house: House) -> House:
    return seat_section(house)


def published(house: House, first_day: dict[str, tuple[str, str]]) -> int:
    """A published week, in which some people's first day is so in the morning and in the afternoon."""
    rotation_id = months.planned(house)
    with transaction(house.engine) as session:
        rotation = session.get_one(Rotation, rotation_id)
        plan = dict(rotation.plan or {})
        for who, halves in first_day.items():
            person = str(house.people[who].id)
            said = dict(zip(("am", "pm"), halves, strict=True))
            plan[person] = {**plan[person], FIRST.isoformat(): said}
        rotation.plan = plan
    months.publish(house, rotation_id)
    return rotation_id


def by_halves(house: House) -> int:
    """Aoki is one of two at the counter; baba could come in the morning, kato in the afternoon."""
    hire(house, "kato")
    minded = [house.people[who].id for who in ("aoki", "baba", "kato")]
    months.setting(house, covers=[{"name": "窓口", "least": 2, "people": minded}])
    day = {"aoki": ("office", "office"), "baba": ("home", "office"), "kato": ("office", "home")}
    return published(house, day)


def kinds(house: House, who: str) -> list[PlanKind]:
    written = months.plans(house)
    return [written[house.people[who].id, FIRST, half].kind for half in Half]


def test_who_steps_in_for_a_half_leaves_the_other_to_somebody_else(office: House) -> None:
    rotation_id = by_halves(office)
    absence = Absence(office.people["aoki"].id, FIRST)
    asked = {
        who: months.offer(office, rotation_id, absence, office.people[who].id) for who in ("baba", "kato")
    }
    answer(office, asked["baba"], "baba")
    assert kinds(office, "baba") == [PlanKind.OFFICE, PlanKind.OFFICE]
    assert state(office, asked["kato"]) is SwapState.OFFERED
    answer(office, asked["kato"], "kato")
    assert kinds(office, "kato") == [PlanKind.OFFICE, PlanKind.OFFICE]


def test_a_newcomer_works_at_home_while_the_mentor_is_absent_and_the_other_offer_stays(
    office: House,
) -> None:
    hire(office, "kato")
    ids = {who: office.people[who].id for who in ("aoki", "baba", "kato")}
    months.setting(
        office,
        people=[{"user_id": ids["baba"], "mentor": ids["aoki"]}],
        covers=[{"name": "窓口", "least": 1, "people": [ids["aoki"], ids["kato"]]}],
    )
    whole = ("office", "office")
    rotation_id = published(office, {"aoki": whole, "baba": whole, "kato": ("home", "home")})
    stays, comes = (
        months.offer(office, rotation_id, Absence(ids["aoki"], FIRST), ids[who]) for who in ("baba", "kato")
    )
    answer(office, stays)
    assert state(office, stays) is SwapState.ACCEPTED
    assert kinds(office, "baba") == [PlanKind.HOME, PlanKind.HOME]
    assert not [
        one
        for one in months.seats(office)
        if one.user_id == ids["baba"] and OFFICE.day(one.start_at) == FIRST
    ]
    assert state(office, comes) is SwapState.OFFERED
    answer(office, comes, "kato")
    assert kinds(office, "kato") == [PlanKind.OFFICE, PlanKind.OFFICE]


def test_the_page_says_for_which_half_each_could_step_in_and_asks_for_it_alone(
    client: FlaskClient, office: House
) -> None:
    rotation_id = by_halves(office)
    become(office, "aoki", role=Role.CHIEF)
    sign_in(client)
    absent = str(office.people["aoki"].id)
    page = unescape(client.get(f"/rotation?on={FIRST}&absent={absent}&absent_on={FIRST}").text)
    assert "(午前だけ)" in page
    assert "(午後だけ)" in page
    form = {"absent": absent, "absent_on": FIRST.isoformat(), "absent_half": "am"}
    form |= {"csrf_token": token_in(page), "person": str(office.people["baba"].id)}
    answered = client.post(f"/rotation/{rotation_id}/swaps", data=form, follow_redirects=True)
    assert "打診しました" in unescape(answered.text)
    with transaction(office.engine) as session:
        swap = session.query(RotationSwap).one()
        assert swap.cells["away"] == ["am"]
