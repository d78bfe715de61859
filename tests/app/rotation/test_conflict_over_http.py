"""A conflict as the API tells it: the rules in a sentence, by why cells are given, and on which days they fail."""

from __future__ import annotations

from app.database import transaction
from app.rotation import service
from app.rotation.models import State
from app.telework.rules import PlanKind
from tests.app.rotation.months import FIRST, plan_month, search, setting
from tests.app.telework.desk import approve, ask, make_rule, morning, plan_ids, section_id
from tests.fixtures.web import Api
from tests.house import House, at


def test_what_is_locked_called_in_and_approved_is_told_apart_and_the_day_is_named(
    api: Api, house: House
) -> None:
    make_rule(house, week=4)
    ids = {who: house.people[who].id for who in ("aoki", "baba", "chiba")}
    approve(house, *plan_ids(ask(house, "baba", [morning(FIRST)])))
    approve(house, *plan_ids(ask(house, "aoki", [morning(FIRST, PlanKind.LEAVE)])))
    setting(house, covers=[{"name": "窓口", "least": 1}])
    with transaction(house.engine) as session:
        cells = {(ids["chiba"], FIRST, "am"): "home"}
        section = section_id(house, "soumu")
        service.lock_cells(session, section, cells, actor=house.people["chiba"], now=at("08:00"))
    rotation_id = plan_month(house)
    assert search(house, rotation_id).state is State.IMPOSSIBLE
    told = api.call("chiba", "GET", f"/rotations/{rotation_id}", Accept_Language="en").get_json()["conflict"]
    assert [(one["kind"], one["why"], one["frees"]) for one in told["rules"]] == [
        ("cover", "", True),
        ("fixed", "approved", True),
        ("fixed", "locked", True),
    ]
    assert told["rules"][1]["sentence"] == "baba: the half-days at home that are approved stay so."
    assert told["rules"][2]["sentence"] == "chiba: the half-days that are locked stay as they are."
    assert told["days"] == [{"on": FIRST.isoformat(), "am": 1, "pm": 0}]
    assert (told["is_each"], told["people"]) == (True, 3)
