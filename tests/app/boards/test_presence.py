"""Who is in, at home or away: by what they did themselves, for those who may know, and searching leaves a trace."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import update

from app.boards import presence
from app.boards.rules import By, Where, where_now
from app.bookings.models import Booking
from app.bookings.rules import By as CheckedInBy
from app.bookings.rules import Status
from app.clock import SteppingClock
from app.database import reading, transaction
from app.people.models import Role
from app.settings import Settings
from app.telework.rules import PlanKind
from tests.app.telework.desk import approve, ask, become, between, hire, morning, plan_ids, section_id, told
from tests.fixtures.web import Api, problem
from tests.house import DAY, House, at
from tests.statements import counted


@pytest.mark.parametrize(
    ("plan", "by_hand", "expected"),
    [
        (None, False, (Where.UNKNOWN, None)),
        (None, True, (Where.IN, By.CHECK_IN)),
        (PlanKind.OFFICE, False, (Where.UNKNOWN, None)),
        (PlanKind.OFFICE, True, (Where.IN, By.CHECK_IN)),
        (PlanKind.HOME, False, (Where.HOME, By.PLAN)),
        (PlanKind.HOME, True, (Where.HOME, By.PLAN)),
        (PlanKind.SATELLITE, False, (Where.AWAY, By.PLAN)),
        (PlanKind.TRIP, False, (Where.AWAY, By.PLAN)),
        (PlanKind.LEAVE, True, (Where.AWAY, By.PLAN)),
    ],
)
def test_where_somebody_is_comes_from_their_own_word(
    plan: PlanKind | None, by_hand: bool, expected: tuple[Where, By | None]
) -> None:
    assert where_now(plan, by_hand=by_hand) == expected


def shown(api: Api, who: str, query: str) -> dict[str, dict[str, Any]]:
    answer = api.call(who, "GET", f"/presence?{query}")
    assert answer.status_code == 200, answer.text
    return {one["name"]: one for one in answer.get_json()["items"]}


def where(api: Api, house: House) -> dict[str, str]:
    found = shown(api, "chiba", f"section={section_id(house, 'soumu')}")
    return {name: one["where"] for name, one in found.items()}


def test_rule_6_what_a_sensor_or_somebody_else_says_is_nobodys_presence(api: Api, house: House) -> None:
    house.claim("aoki", "window", "08:40")
    inferred = house.book("baba", "seat", "09:00", "12:00")
    with transaction(house.engine) as session:
        session.execute(
            update(Booking)
            .where(Booking.id == inferred.id)
            .values(status=Status.CHECKED_IN, checked_in_at=at("09:00"), checked_in_by=CheckedInBy.SENSOR)
        )
    found = shown(api, "chiba", f"section={section_id(house, 'soumu')}")
    assert {name: one["where"] for name, one in found.items()} == {
        "aoki": "in",
        "baba": "unknown",
        "chiba": "unknown",
    }
    assert (found["aoki"]["space"], found["aoki"]["since"]) == ("window", at("08:40").isoformat())
    assert (found["aoki"]["by"], found["baba"]["by"], found["baba"]["space"]) == ("check_in", None, None)


def test_an_approved_plan_holds_for_its_hours_and_one_that_is_asked_for_for_none(
    api: Api, house: House, clock: SteppingClock
) -> None:
    approve(house, *plan_ids(ask(house, "aoki", between(DAY, "09:30", "11:00"))))
    approve(house, *plan_ids(ask(house, "baba", [morning(DAY, PlanKind.TRIP)])))
    asked = ask(house, "chiba", [morning(DAY)])
    assert asked.plans
    told_at = {}
    for hour in ("09:00", "10:00", "11:30", "13:30"):
        clock.at = at(hour)
        told_at[hour] = where(api, house)
    assert [one["aoki"] for one in told_at.values()] == ["unknown", "home", "unknown", "unknown"]
    assert [one["baba"] for one in told_at.values()] == ["away", "away", "away", "unknown"]
    assert {one["chiba"] for one in told_at.values()} == {"unknown"}


def test_it_is_shown_to_those_who_see_the_days(api: Api, house: House) -> None:
    soumu, zei = section_id(house, "soumu"), section_id(house, "zei")
    assert problem(api.call("chiba", "GET", f"/presence?section={zei}")) == (403, "telework.not_allowed")
    for who in ("aoki", "fujii"):
        assert problem(api.call(who, "GET", f"/presence?section={soumu}")) == (403, "access.denied")
    assert shown(api, "chiba", "q=endo") == {}
    become(house, "chiba", role=Role.AUDITOR)
    assert shown(api, "chiba", "q=endo").keys() == {"endo"}
    for query in ("", f"section={soumu}&q=endo"):
        assert problem(api.call("chiba", "GET", f"/presence?{query}")) == (422, "request.invalid")


def test_rule_20_whoever_is_looked_up_by_name_is_told(api: Api, house: House) -> None:
    shown(api, "chiba", f"section={section_id(house, 'soumu')}")
    assert told(house, "person.") == []
    assert shown(api, "chiba", "q=ao").keys() == {"aoki"}
    (look,) = told(house, "person.")
    assert (look.subject, look.actor_id) == (f"user:{house.people['aoki'].id}", house.people["chiba"].id)


def test_it_is_read_in_pages_and_takes_as_many_queries_however_many_there_are(api: Api, house: House) -> None:
    def queries() -> int:
        with reading(house.engine) as session, counted(house.engine) as statements:
            people = presence.of_section(session, soumu, actor=house.people["chiba"], on=DAY)
            settings = Settings(database_url="sqlite://", secret_key="k" * 32)
            presence.located(session, people, now=at("09:00"), settings=settings)
        return len(statements)

    soumu = section_id(house, "soumu")
    before = queries()
    hire(house, *(f"n{number}" for number in range(5)))
    assert queries() == before
    page = api.call("chiba", "GET", f"/presence?section={soumu}&limit=5").get_json()
    rest = api.call("chiba", "GET", f"/presence?section={soumu}&cursor={page['next_cursor']}").get_json()
    assert (len(page["items"]), len(rest["items"]), rest["next_cursor"]) == (5, 3, None)
