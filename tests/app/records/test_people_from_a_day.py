"""A file of people may say from which day: the 1st of April is prepared, looked at, and taken beforehand."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from app.database import reading, transaction
from app.events import history
from app.people import sections, service
from app.people.models import Membership, Section
from tests.app.records.test_sheets import ASKED, diff, exported, take
from tests.house import DAY, House, at

APRIL = "2027-04-01"
MOVED = f"email,sections,from_on\naoki@example.jp,zei,{APRIL}\n"


def stays(house: House, who: str) -> list[tuple[str, str, str]]:
    """(code, first day, last day) of somebody's sections, in the order of time."""
    with reading(house.engine) as session:
        query = select(Section.code, Membership.from_on, Membership.until_on).join(
            Section, Section.id == Membership.section_id
        )
        rows = session.execute(
            query.where(Membership.user_id == house.people[who].id).order_by(Membership.from_on, Section.code)
        ).all()
    return [(code, first.isoformat(), last.isoformat() if last else "") for code, first, last in rows]


def close(house: House, code: str, last: date) -> None:
    with transaction(house.engine) as session:
        row = session.scalars(select(Section).where(Section.code == code)).one()
        sections.change(session, row, {"until_on": last}, actor_id=None, now=at("09:00"), on=DAY)


def test_from_a_day_on_one_belongs_to_other_sections(house: House) -> None:
    found = diff(house, "people", MOVED)
    assert [one.differs for one in found.changed] == [{"sections": ("soumu", "zei")}]
    assert [first for _code, first, _last in stays(house, "aoki")] == ["2026-04-01"]
    take(house, "people", MOVED)
    assert stays(house, "aoki") == [("soumu", "2026-04-01", "2027-03-31"), ("zei", APRIL, "")]
    with reading(house.engine) as session:
        then = service.get_person(session, house.people["aoki"].id, date(2027, 4, 1))
        assert then.section_ids != then.as_of(DAY).section_ids
        (event,) = history(session, f"user:{then.id}")
    assert (event.data["changes"], event.data["from_on"]) == ({"sections": ["soumu", "zei"]}, APRIL)


def test_taken_again_it_changes_nothing_and_an_export_is_of_today(house: House) -> None:
    take(house, "people", MOVED)
    assert diff(house, "people", MOVED).is_empty
    assert diff(house, "people", exported(house, "people").decode()).is_empty
    assert b"aoki@example.jp,aoki,aoki,,staff,regular,,soumu," in exported(house, "people")


def test_a_mistyped_year_is_seen_before_it_makes_another_past_and_the_log_keeps_what_was(
    house: House,
) -> None:
    mistyped = MOVED.replace(APRIL, "2006-04-01")
    (doubt,) = diff(house, "people", mistyped).doubtful
    assert (doubt.code, doubt.value) == ("csv.past_sections", "aoki@example.jp: soumu 2026-04-01")
    assert diff(house, "people", MOVED).doubtful == []
    another_too = "email,sections,from_on\naoki@example.jp,soumu|zei,2026-04-01\n"
    assert diff(house, "people", another_too).doubtful == []
    take(house, "people", mistyped)
    with reading(house.engine) as session:
        (event,) = history(session, f"user:{house.people['aoki'].id}")
    (fell_away,) = event.data["fell_away"]
    assert (fell_away["from"], fell_away["until"]) == ("2026-04-01", None)


def test_what_was_planned_for_later_falls_away(house: House) -> None:
    take(house, "people", MOVED)
    take(house, "people", "email,sections,from_on\naoki@example.jp,soumu|zei,2027/3/1\n")
    assert stays(house, "aoki") == [("soumu", "2026-04-01", ""), ("zei", "2027-03-01", "")]
    take(house, "people", MOVED)
    assert stays(house, "aoki")[-1] == ("zei", "2027-03-01", "")


def test_somebody_new_begins_on_that_day_and_without_one_today(house: House) -> None:
    text = f"email,name,sections,from_on\nnew@x.jp,新,zei,{APRIL}\nnow@x.jp,今,zei,\n"
    assert [one.differs.get("from_on") for one in diff(house, "people", text).added] == [("", APRIL), None]
    take(house, "people", text)
    with reading(house.engine) as session:
        found = dict(
            session.execute(
                select(Membership.user_id, Membership.from_on).where(Membership.from_on >= DAY)
            ).all()
        )
        by_email = {service.get_by_email(session, one).id: one for one in ("new@x.jp", "now@x.jp")}
    assert {by_email[key]: day for key, day in found.items()} == {
        "new@x.jp": date(2027, 4, 1),
        "now@x.jp": ASKED.on,
    }


@pytest.mark.parametrize("day", ["2027-04-31", "spring", "2027-04"])
def test_what_is_no_day_is_refused(house: House, day: str) -> None:
    refused = diff(house, "people", f"email,from_on\naoki@example.jp,{day}\n").refused
    assert [(one.code, one.column) for one in refused] == [("csv.date", "from_on")]


def test_a_reorganisation_is_three_files(house: House) -> None:
    """New sections, people with their day, the last day of what is old: each refused before the one before it."""
    old = "code,until_on\nsoumu,2027-03-31\n"
    assert [one.code for one in diff(house, "sections", old).refused] == ["section.in_use"]
    people = "email,sections,from_on\n" + "".join(
        f"{who}@example.jp,kikaku,{APRIL}\n" for who in ("aoki", "baba", "chiba")
    )
    assert {one.code for one in diff(house, "people", people).refused} == {"section.unknown"}
    take(house, "sections", "code,name\nkikaku,企画総務課\n")
    take(house, "people", people)
    take(house, "sections", old)
    for day, expected in (("2027-03-31", []), (APRIL, ["section.closed"])):
        text = f"email,sections,from_on\nendo@example.jp,soumu,{day}\n"
        assert [one.code for one in diff(house, "people", text).refused] == expected
    take(house, "people", "email,sections,from_on\nendo@example.jp,soumu,2027-03-01\n")
    assert stays(house, "endo")[-1] == ("soumu", "2027-03-01", "2027-03-31")


def test_a_section_that_closed_is_joined_by_no_file(house: House) -> None:
    take(house, "sections", "code,name\nold,旧課\n")
    close(house, "old", date(2026, 11, 20))
    refused = diff(house, "people", "email,sections\naoki@example.jp,soumu|old\n").refused
    assert [(one.code, one.value) for one in refused] == [("section.closed", "old")]
