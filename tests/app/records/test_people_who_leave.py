"""Last days in the file of people, and the lines of those who have left."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import select

from app.database import reading, transaction
from app.events import history
from app.people import staffing
from app.people.models import Role, User
from tests.app.notifications.desk import add_hook
from tests.app.records.test_sheets import ASKED, diff, exported, take
from tests.house import House, at


def leaves_at(house: House, who: str) -> datetime | None:
    with reading(house.engine) as session:
        return session.scalars(select(User.leaves_at).where(User.id == house.people[who].id)).one()


def plan(house: House, who: str, when: datetime) -> None:
    with transaction(house.engine) as session:
        user = session.get_one(User, house.people[who].id)
        user.leaves_at = when


def gone(house: House, who: str) -> None:
    with transaction(house.engine) as session:
        staffing.leave(session, session.get_one(User, house.people[who].id), actor=None, now=at("08:00"))


def test_a_last_day_is_shown_then_planned_and_exported(house: House) -> None:
    text = "email,name,sections,leaves_on\naoki@example.jp,aoki,soumu,2026/12/31\nn@example.jp,n,zei,2027-03-31\n"
    (change,) = diff(house, "people", text).changed
    assert change.differs == {"leaves_on": ("", "2026-12-31")}
    take(house, "people", text)
    assert leaves_at(house, "aoki") == datetime.fromisoformat("2026-12-31T23:59+09:00")
    with reading(house.engine) as session:
        told = history(session, f"user:{house.people['aoki'].id}")[-1]
    assert (told.kind, told.data) == ("user.leaving", {"leaves_at": "2026-12-31T23:59:00+09:00"})
    assert "2027-03-31" in exported(house, "people").decode()
    assert diff(house, "people", text).is_empty
    assert diff(house, "people", exported(house, "people").decode()).is_empty


def test_an_empty_cell_and_the_same_day_leave_a_plan_with_its_hour(house: House) -> None:
    evening = at("17:15", day=7)
    plan(house, "aoki", evening)
    for cell in ("", evening.date().isoformat()):
        take(house, "people", f"email,name,leaves_on\naoki@example.jp,青木{cell},{cell}\n")
        assert leaves_at(house, "aoki") == evening


@pytest.mark.parametrize(
    ("who", "cell", "code"),
    [
        ("aoki", "2026-11-23", "user.leaves_in_past"),
        ("endo", "2026-12-31", "user.self"),
        ("aoki", "x", "csv.date"),
    ],
)
def test_a_last_day_that_cannot_be_is_refused(house: House, who: str, cell: str, code: str) -> None:
    asked = replace(ASKED, actor_id=house.people["endo"].id, role=Role.IT)
    refused = diff(house, "people", f"email,leaves_on\n{who}@example.jp,{cell}\n", asked).refused
    assert [(one.code, one.column) for one in refused] == [(code, "leaves_on")]


def test_who_has_left_and_still_stands_in_the_file_is_passed_over_and_told(house: House) -> None:
    file = exported(house, "people").decode()
    line = next(number for number, text in enumerate(file.splitlines(), 1) if "aoki@" in text)
    gone(house, "aoki")
    found = take(house, "people", file.replace("baba@example.jp,baba", "baba@example.jp,馬場"))
    assert ([one.key for one in found.changed], found.refused) == (["baba@example.jp"], [])
    assert [(one.line, one.code, one.value) for one in found.doubtful] == [
        (line, "csv.left", "aoki@example.jp")
    ]
    with_day = diff(house, "people", "email,leaves_on\naoki@example.jp,2026-11-20\n")
    assert ([one.code for one in with_day.doubtful], with_day.is_empty) == (["csv.left"], True)


def test_a_last_day_by_which_webhooks_fall_silent_is_told(house: House) -> None:
    add_hook(house, "http://chat.example.jp/hooks/SECRET")
    text = "email,leaves_on\naoki@example.jp,2026-12-31\nfujii@example.jp,2026-12-31\n"
    told = [(one.line, one.code, one.value) for one in diff(house, "people", text).doubtful]
    assert told == [(3, "csv.webhooks", "fujii@example.jp: chat.example.jp")]
    take(house, "people", text)
    assert diff(house, "people", text).doubtful == [], "said once, not whenever the file is read"
