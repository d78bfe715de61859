"""How people are employed in time, stored and asked for; on both databases."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import select

from app.database import reading, transaction
from app.events import history
from app.people import staffing
from app.people.employing import earlier, employed, employment_on
from app.people.models import Membership, Role
from app.people.rules import Employed, Employment
from app.telework.caps.service import governed
from tests.app.people.test_staffing import account, become
from tests.app.records.test_sheets import diff, exported, take
from tests.house import DAY, House, at

REGULAR, FISCAL, OTHER = Employment.REGULAR, Employment.FISCAL_YEAR, Employment.OTHER
EVE, APRIL = DAY - timedelta(days=1), date(2027, 4, 1)


def employ(house: House, who: str, to: Employment, from_on: date | None = None) -> None:
    """Personnel enters another employment; without a day it holds from today."""
    personnel = become(house, "chiba", Role.PERSONNEL)
    with transaction(house.engine) as session:
        staffing.change(
            session,
            account(session, house, who),
            {"employment": to, "employment_from": from_on},
            on=DAY,
            actor=personnel,
            now=at("09:00"),
        )


def terms(house: House, who: str) -> Employed:
    with reading(house.engine) as session:
        return employed(session, account(session, house, who))


def test_another_employment_holds_from_today_or_the_day_named_and_is_an_event(house: House) -> None:
    employ(house, "aoki", FISCAL)
    employ(house, "aoki", FISCAL)
    employ(house, "aoki", OTHER, APRIL)
    assert terms(house, "aoki") == Employed(OTHER, ((EVE, REGULAR), (date(2027, 3, 31), FISCAL)))
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")
        people = governed(session)
    assert [one.data for one in told if one.kind == "user.changed"] == [
        {"fields": ["employment"], "employment_from": day} for day in ("2026-11-24", "2027-04-01")
    ]
    found = people[house.people["aoki"].id].employed
    assert [found.on(on) for on in (EVE, DAY, APRIL)] == [REGULAR, FISCAL, OTHER]
    assert people[house.people["baba"].id].employed == Employed(REGULAR)


def test_a_day_named_alone_and_other_details_leave_the_employment(house: House) -> None:
    employ(house, "aoki", FISCAL, APRIL)
    before = terms(house, "aoki")
    personnel = house.people["chiba"]
    for wanted in ({"employment_from": DAY}, {"kana": "あおき"}, {"employment": REGULAR}):
        with transaction(house.engine) as session:
            user = account(session, house, "aoki")
            staffing.change(session, user, wanted, on=DAY, actor=personnel, now=at("09:00"))
    assert terms(house, "aoki") == before


def test_a_query_knows_the_employment_of_a_day(house: House) -> None:
    employ(house, "aoki", FISCAL, date(2026, 4, 1))
    employ(house, "baba", FISCAL, date(2026, 4, 2))
    with reading(house.engine) as session:
        found = dict(
            session.execute(
                select(Membership.user_id, employment_on(Membership.user_id, Membership.from_on))
            ).all()
        )
    # The house's people belong to their sections from the 1st of April.
    assert found[house.people["aoki"].id] is FISCAL
    assert found[house.people["baba"].id] is REGULAR
    assert found[house.people["endo"].id] is REGULAR


def test_a_file_says_from_when_and_taken_again_it_changes_nothing(house: House) -> None:
    text = (
        "email,name,sections,employment,employment_from\n"
        "aoki@example.jp,aoki,soumu,fiscal_year,\n"
        "baba@example.jp,baba,soumu,part_time,2027/4/1\n"
        "new@example.jp,new,soumu,other,\n"
    )
    take(house, "people", text)
    assert terms(house, "aoki") == Employed(FISCAL, ((EVE, REGULAR),))
    assert terms(house, "baba") == Employed(Employment.PART_TIME, ((date(2027, 3, 31), REGULAR),))
    assert diff(house, "people", text).is_empty
    back = exported(house, "people").decode()
    assert diff(house, "people", back).is_empty
    take(house, "people", "email,kana,employment\nbaba@example.jp,ばば,regular\n")
    assert terms(house, "baba") == Employed(Employment.PART_TIME, ((date(2027, 3, 31), REGULAR),))
    with reading(house.engine) as session:
        assert set(earlier(session)) == {house.people[who].id for who in ("aoki", "baba")}
        told = history(session, f"user:{house.people['baba'].id}")
    assert told[0].data["employment_from"] == "2027-04-01"
    take(house, "people", "email,employment,employment_from\nbaba@example.jp,regular,2027-04-01\n")
    assert terms(house, "baba") == Employed(REGULAR)
