"""Who could step in, asked and answered over HTTP; on both databases."""

from __future__ import annotations

from app.clock import SteppingClock
from tests.app.rotation import months
from tests.app.rotation.months import FIRST
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at


def test_what_breaks_is_told_beside_the_ways_out(api: Api, house: House) -> None:
    path, _query, body = months.to_swap(house)
    url = f"/rotations/{path['rotation_id']}/swaps?user_id={body['user_id']}&on={FIRST}"
    found = api.call("chiba", "GET", url, Accept_Language="ja").get_json()
    breaks = [(one["kind"], one["about"], one["half"], one["found"], one["limit"]) for one in found["breaks"]]
    assert breaks == [("cover", "窓口", half, 0, 1) for half in ("am", "pm")]
    assert "窓口" in found["breaks"][0]["sentence"]
    assert [one["user_id"] for one in found["swaps"]] == [body["person_id"]]
    of_half = api.call("chiba", "GET", f"{url}&half=pm").get_json()
    assert [one["half"] for one in of_half["breaks"]] == ["pm"]
    assert [[cell["half"] for cell in one["comes"]] for one in of_half["swaps"]] == [["pm"]]
    of_another = url.replace(f"user_id={body['user_id']}", f"user_id={house.people['chiba'].id}")
    assert api.call("chiba", "GET", of_another).get_json() == {"breaks": [], "swaps": []}


def test_somebody_is_asked_for_half_a_day_and_whoever_answers_is_told_of_their_seat(
    api: Api, house: House, clock: SteppingClock
) -> None:
    path, _query, body = months.to_swap(house)
    url = f"/rotations/{path['rotation_id']}/swaps"
    asked = api.call("chiba", "POST", url, body | {"half": "pm"})
    assert asked.status_code == 201, asked.text
    assert [one["half"] for one in asked.get_json()["cells"]["comes"]] == ["pm"]
    accept = f"/rotations/swaps/{asked.get_json()['id']}/accept"
    clock.at = at("17:15", day=(FIRST - DAY).days)
    assert problem(api.call("baba", "POST", accept)) == (409, "rotation.swap_late")
    clock.at = at("09:00")
    answered = api.call("baba", "POST", accept).get_json()
    assert (answered["state"], answered["unseated"]) == ("accepted", False)
